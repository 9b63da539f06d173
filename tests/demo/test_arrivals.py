"""What a platform counts."""

from __future__ import annotations

import pytest

from spiritstream.demo.arrivals import Arrivals


def arrivals(*notes: tuple[float, str, int, int]) -> Arrivals:
    """After some notes: when, connection, frames, bytes."""
    made = Arrivals()
    for note in notes:
        made.note(*note)
    return made


@pytest.mark.parametrize(
    ("notes", "frames", "size", "gap_s"),
    [
        pytest.param([], 0, 0, 0.0, id="nothing"),
        pytest.param([(5.0, "a", 0, 0), (9.0, "a", 0, 100)], 0, 100, 0.0, id="no frame yet: no gap"),
        pytest.param([(5.0, "a", 10, 1000)], 10, 1000, 0.0, id="the first frames end no gap"),
        pytest.param(
            [(5.0, "a", 10, 1000), (5.5, "a", 20, 2000), (6.0, "a", 30, 3000)],
            *(30, 3000, 0.5),
            id="one connection",
        ),
        pytest.param(
            [(5.0, "a", 10, 1000), (5.5, "a", 10, 1000), (8.0, "a", 20, 2000)],
            *(20, 2000, 3.0),
            id="a silence",
        ),
        pytest.param(
            [(5.0, "a", 10, 1000), (6.0, "b", 0, 0), (7.0, "b", 5, 500)],
            *(15, 1500, 2.0),
            id="the next connection",
        ),
    ],
)
def test_note(notes: list[tuple[float, str, int, int]], frames: int, size: int, gap_s: float) -> None:
    """Counts add up over connections, and the longest time without a new frame is kept."""
    made = arrivals(*notes)
    assert (frames, size, gap_s) == (made.frames, made.bytes, made.gap_s)


def test_end() -> None:
    """The silence at the end of the show counts; what happens after it does not."""
    made = arrivals((5.0, "a", 10, 1000))
    made.end(7.0)
    made.end(20.0)
    made.note(30.0, "b", 5, 500)
    assert (10, 1000, 2.0) == (made.frames, made.bytes, made.gap_s)


def test_silence() -> None:
    """How long a platform is dark is counted from its last frame."""
    assert 0.0 == Arrivals().silent_s(9.0)
    assert 4.0 == arrivals((5.0, "a", 10, 1000)).silent_s(9.0)
