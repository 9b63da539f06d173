"""What comes in is measured from what really comes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spiritstream.media.flv import Tag
from spiritstream.media.meter import Meter
from spiritstream.media.sps import Picture
from spiritstream.model.status import Incoming
from tests.media.tags import frame, key, sound

NTSC = Fraction(30000, 1001)


def shown(
    rate: Fraction | float, seconds: float, *, keyframe_every: int = 60, start_ms: int = 0
) -> list[Tag]:
    """Frames at that rate, stamped in whole milliseconds as a publisher does."""
    count = int(seconds * rate)
    stamps = [start_ms + round(n * 1000 / rate) for n in range(count)]
    return [key(ms) if n % keyframe_every == 0 else frame(ms) for n, ms in enumerate(stamps)]


def met(*tags: Tag) -> Meter:
    """A meter that has seen `tags`, each when it was due."""
    meter = Meter()
    for tag in tags:
        meter.add(tag.time_ms / 1000, [tag])
    return meter


@pytest.mark.parametrize("seconds", [3.0, 7.3, 60.0])
@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (Fraction(24000, 1001), 23.976),
        (24, 24.0),
        (25, 25.0),
        (NTSC, 29.97),
        (30, 30.0),
        (50, 50.0),
        (Fraction(60000, 1001), 59.94),
        (60, 60.0),
        (120, 120.0),
        (12.5, 12.5),
        (1, 1.0),
    ],
)
def test_the_frame_rate_is_counted(rate: Fraction | float, expected: float, seconds: float) -> None:
    """Whole milliseconds do not blur the rate: 29.97 is told from 30."""
    assert expected == pytest.approx(met(*shown(rate, seconds)).fps(), abs=0.002)


def test_jitter_does_not_change_the_frame_rate() -> None:
    """Frames that are stamped up to 12 ms early or late are as many as they are."""
    jitter = (0, 12, -9, 5, -12, 3, 8, -4)
    tags = [tag.at(20 + tag.time_ms + jitter[n % 8]) for n, tag in enumerate(shown(30, 10))]
    assert 30.0 == pytest.approx(met(*tags).fps(), abs=0.2)


def test_frames_that_are_left_out_are_seen() -> None:
    """A publisher that cannot keep up and drops every fifth frame shows 24, not 30."""
    assert 24.0 == met(*(tag for n, tag in enumerate(shown(30, 10)) if n % 5 != 3)).fps()


def test_the_frame_rate_follows_a_change() -> None:
    """What was before the last seconds does not count."""
    assert 60.0 == met(*shown(30, 10), *shown(60, 8, start_ms=10_000)).fps()


def test_sound_is_no_frame() -> None:
    """Only the picture's tags count."""
    tags = [tag for one in shown(25, 5) for tag in (one, sound(one.time_ms), sound(one.time_ms + 20))]
    assert 25.0 == met(*tags).fps()


def test_a_moment_is_too_short_to_measure() -> None:
    """Under a second there is no figure, and none without frames."""
    assert met().fps() is None
    assert met(*shown(30, 0.9)).fps() is None


def test_the_longest_keyframe_interval_counts() -> None:
    """An encoder puts in keyframes at cuts: what matters is how long one may wait for the next."""
    keys = [key(ms) for ms in (0, 2000, 2400, 4400)]
    assert 2.0 == met(*keys).keyframe_s()
    assert 0.5 == met(*keys, *[key(4400 + 500 * n) for n in range(1, 5)]).keyframe_s()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        ([key(0)], None),
        ([key(0), frame(5000)], None),
        ([key(0), frame(11_000)], 11.0),
        ([key(0), key(2000), frame(3900)], 2.0),
        ([key(0), key(2000), frame(6500)], 4.5),
    ],
)
def test_a_group_that_does_not_end_is_seen(tags: list[Tag], expected: float | None) -> None:
    """No second keyframe is needed to tell that there is none for long."""
    assert expected == met(*tags).keyframe_s()


def test_another_source_is_measured_anew() -> None:
    """The pause between two publishers is no keyframe interval, and no low frame rate."""
    meter = met(*shown(30, 6))
    meter.restart()
    assert (None, None) == (meter.fps(), meter.keyframe_s())
    for tag in shown(60, 5, start_ms=8_000):
        meter.add(tag.time_ms / 1000, [tag])
    assert (60.0, 1.0) == (meter.fps(), meter.keyframe_s())


@pytest.mark.parametrize("step_s", [0.01, 0.1, 0.33, 1.0])
def test_the_bit_rate_is_the_same_however_it_is_cut(step_s: float) -> None:
    """6 Mbit/s in small pieces or in large ones."""
    meter = Meter()
    piece = frame(0, size=int(750_000 * step_s) - 20)
    for n in range(int(12 / step_s)):
        meter.add(n * step_s, [piece])
    assert 6_000_000 == pytest.approx(meter.bitrate_bps((n + 0.5) * step_s), rel=0.002)


def test_the_bit_rate_goes_down_to_nothing_in_silence() -> None:
    """A source that sends no more shows less each second, and then nothing."""
    meter = Meter()
    for n in range(100):
        meter.add(n / 10, [frame(n * 100, size=10_000)])
    falling = [meter.bitrate_bps(9.9 + silence_s) for silence_s in (0, 2, 4, 6)]
    assert sorted(falling, reverse=True) == falling
    assert 0 == falling[-1] < falling[-2]


def test_before_anything_came_there_is_nothing() -> None:
    """No rate, no codec, no size."""
    nothing = Meter().incoming(1000.0, codecs={"video": None, "audio": None}, picture=None, clock_faults=0)
    assert Incoming() == nothing


def test_all_figures_together() -> None:
    """Measured ones, and those that others know."""
    meter = met(*shown(NTSC, 7))
    codecs = {"video": "h264", "audio": "aac"}
    found = meter.incoming(7.0, codecs=codecs, picture=Picture(1920, 1080, 30.0), clock_faults=3)
    assert Incoming(found.bitrate_bps, "h264", "aac", "1920x1080", 29.97, 2.002, 3) == found
    assert found.bitrate_bps > 0


def test_the_declared_frame_rate_stands_in_until_one_is_measured() -> None:
    """And no frame rate is told of a source that shows no frames any more."""

    def fps(now: float) -> float | None:
        return meter.incoming(now, codecs={}, picture=Picture(1, 1, 50.0), clock_faults=0).fps

    meter = Meter()
    assert fps(0.0) is None
    meter.add(0.0, [key(0)])
    assert 50.0 == fps(0.1)
    for tag in shown(25, 3)[1:]:
        meter.add(tag.time_ms / 1000, [tag])
    assert 25.0 == fps(3.0)
    assert fps(9.0) is None
