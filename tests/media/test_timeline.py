"""One monotonic clock, whatever the source's clock does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.media.timeline import Timeline

A, V = 8, 9


def place(timeline: Timeline, *stamps: tuple[int, int]) -> list[int]:
    """Our times for (kind, time) pairs."""
    return [timeline.place(kind, time) for kind, time in stamps]


def test_a_source_begins_where_it_is_told_and_keeps_its_distances() -> None:
    """The first frame is anchored; all others keep their distance to it, audio and video alike."""
    timeline = Timeline()
    timeline.restart(1000)
    assert [1000, 1007, 1040, 1030] == place(timeline, (V, 500), (A, 507), (V, 540), (A, 530))


@pytest.mark.parametrize("bits", [24, 31, 32])
def test_a_wrap_of_the_sources_clock_is_not_seen(bits: int) -> None:
    """At 24, 31 and 32 bits the clock goes on, also for sound that is late from before the wrap."""
    top = 1 << bits
    timeline = Timeline()
    stamps = [(V, top - 40), (A, top - 30), (V, 0), (A, top - 10), (V, 40), (A, 10), (V, 80)]
    assert [0, 10, 40, 30, 80, 50, 120] == place(timeline, *stamps)


def test_a_new_connection_goes_on_after_the_last() -> None:
    """A source that starts at zero again is placed where it is told; never before what was sent."""
    timeline = Timeline()
    place(timeline, (V, 0), (V, 40), (A, 41))
    assert 80 == timeline.end_ms
    timeline.restart(5000)
    assert [5000, 5040] == place(timeline, (V, 0), (V, 40))
    timeline.restart(10)
    assert [5080, 5120] == place(timeline, (V, 0), (V, 40))


def test_a_new_connection_is_placed_where_it_is_told_after_any_pause() -> None:
    """Also a minute later, when headers came first and the wall clock no longer speaks for the pause."""
    timeline = Timeline()
    place(timeline, (V, 0), (A, 5))
    timeline.restart(60_000)
    assert [60_000, 59_990, 60_040] == place(timeline, (V, 700), (A, 690), (V, 740))
    assert 0 == timeline.faults


def test_a_jump_back_goes_on_where_we_are() -> None:
    """A source's clock that is set back by more than disorder explains does not set ours back."""
    timeline = Timeline()
    assert [0, 40, 80, 120] == place(timeline, (V, 100_000), (V, 100_040), (V, 50_000), (V, 50_040))


def test_around_a_jump_late_frames_of_the_old_clock_are_recognised() -> None:
    """Sound that still carries the old clock stays beside its picture."""
    timeline = Timeline()
    placed = place(
        timeline,
        (V, 100_000),
        (A, 100_000),
        (V, 100_040),
        (V, 50_000),
        (A, 100_045),
        (V, 50_040),
        (A, 50_010),
    )
    assert [0, 0, 40, 80, 45, 120, 90] == placed


def test_a_short_pause_stays_as_long_as_it_was() -> None:
    """Ten seconds without a frame are ten seconds."""
    timeline = Timeline()
    assert [0, 10_000] == place(timeline, (V, 0), (V, 10_000))


def test_a_long_pause_is_believed_when_the_wall_clock_agrees() -> None:
    """A source that pauses for an hour and shows it in its clock is right; without the hour it is a fault."""
    timeline = Timeline()
    timeline.place(V, 0)
    assert 3_600_000 == timeline.place(V, 3_600_000, elapsed_ms=3_600_000)
    assert 3_600_040 == timeline.place(V, 3_600_040)
    assert 3_600_080 == timeline.place(V, 9_000_000)


def test_equal_times_are_set_apart() -> None:
    """Muxers refuse two frames of one stream at the same time."""
    assert [0, 1, 2] == place(Timeline(), (V, 5), (V, 5), (V, 5))


def test_headers_stand_where_the_next_frame_will() -> None:
    """Before the first frame of a source, its metadata is placed at the anchor."""
    timeline = Timeline()
    timeline.restart(700)
    assert 700 == timeline.header()


TOP = 1 << 32


@pytest.mark.parametrize(
    ("stamps", "faults"),
    [
        pytest.param([(V, 0), (A, 0), (V, 40), (A, 23), (V, 80), (A, 46)], 0, id="as it should be"),
        pytest.param([(V, 0), (A, 1500), (V, 40), (A, 1520), (V, 80)], 0, id="sound far ahead"),
        pytest.param([(V, 5), (A, 5), (V, 5), (A, 5), (V, 5)], 0, id="equal times"),
        pytest.param([(V, 5), (V, 5), (V, 5), (V, 6), (V, 7)], 0, id="forward again, behind where we set it"),
        pytest.param([(V, TOP - 40), (A, TOP - 30), (V, 0), (A, TOP - 10), (V, 40)], 0, id="a wrap"),
        pytest.param([(V, 0), (V, 9_000), (V, 9_040)], 0, id="a pause"),
        pytest.param([(V, 0), (V, 40), (V, 20), (V, 80)], 1, id="one frame that ran backwards"),
        pytest.param([(V, 0), (V, 40), (V, 20), (V, 30), (V, 80)], 1, id="a step back is one fault"),
        pytest.param([(V, 900), (A, 900), (V, 0), (A, 0), (V, 40), (A, 20)], 2, id="one in each stream"),
        pytest.param([(V, 100_000), (V, 100_040), (V, 50_000), (V, 50_040)], 1, id="a jump back"),
        pytest.param([(V, 0), (V, 40), (V, 90_000), (V, 90_040)], 1, id="a jump ahead"),
        pytest.param(
            [(V, 100_000), (A, 100_000), (V, 50_000), (A, 100_020), (V, 50_040), (A, 50_010)], 1,
            id="a jump that the other stream follows",
        ),
        pytest.param([(V, 0), (V, 90_000), (V, 180_000), (V, 270_000)], 3, id="each jump counts"),
    ],
)  # fmt: skip
def test_faults_of_the_sources_clock_are_counted(stamps: list[tuple[int, int]], faults: int) -> None:
    """A timestamp that jumped, or ran backwards in its own stream, is a fault; disorder and wraps are not."""
    timeline = Timeline()
    place(timeline, *stamps)
    assert faults == timeline.faults


def test_a_new_source_is_no_fault_of_the_clock() -> None:
    """Its clock begins anew, and its sound may begin a bit before its picture."""
    timeline = Timeline()
    place(timeline, (V, 100_000), (A, 100_010))
    timeline.restart(timeline.end_ms)
    place(timeline, (V, 100), (A, 60), (V, 140), (A, 83))
    assert 0 == timeline.faults


def test_a_long_pause_is_no_fault_when_the_wall_clock_agrees() -> None:
    """An honest hour of silence."""
    timeline = Timeline()
    timeline.place(V, 0)
    timeline.place(V, 3_600_000, elapsed_ms=3_600_000)
    assert 0 == timeline.faults


@given(st.lists(st.tuples(st.sampled_from([A, V]), st.integers(0, 2**32 - 1)), max_size=60), st.data())
def test_no_stream_ever_goes_back(stamps: list[tuple[int, int]], data: st.DataObject) -> None:
    """Whatever a source says, and wherever it restarts, each stream's time only grows."""
    timeline = Timeline()
    last: dict[int, int] = {}
    for kind, time_ms in stamps:
        if data.draw(st.integers(0, 9)) == 0:
            timeline.restart(data.draw(st.integers(0, 2**33)))
        placed = timeline.place(kind, time_ms)
        assert placed > last.get(kind, -1)
        last[kind] = placed
