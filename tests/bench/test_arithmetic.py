"""The bench's arithmetic; what it measures is never asserted."""

from __future__ import annotations

import pytest

from tests.bench.arithmetic import (
    Stamp,
    delays_s,
    longest_gap_s,
    missing,
    next_after,
    paired_ratios,
    percentile,
    slope,
    turned,
)
from tests.bench.figures import Figure, Judged, table


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], 10.0),
        ([1.0, 2.0, 5.0, 9.0], 4.0),
        ([4.0], 6.0),
        ([0.5, 11.0], 9.5),
        ([1.0, 2.0, 3.0], 7.0),
    ],
)
def test_longest_gap(times: list[float], expected: float) -> None:
    """A gap also lies before the first and after the last arrival of a window."""
    assert expected == longest_gap_s(times, since=0.0, until=10.0)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)])
def test_percentile(share: float, expected: float) -> None:
    """A percentile is one of the values: at least that share of them is no larger."""
    assert expected == percentile(list(range(100, 0, -1)), share)


def test_percentile_of_nothing() -> None:
    """Nothing measured is nothing, not a failure at the end of a long run."""
    assert 0.0 == percentile([], 0.99)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], 0.0),
        ([(1, 5)], 0.0),
        ([(1, 5), (1, 7)], 0.0),
        ([(0, 1), (1, 3), (2, 5)], 2.0),
        ([(0, 1), (1, 1)], 0.0),
    ],
)
def test_slope(points: list[tuple[float, float]], expected: float) -> None:
    """The slope is that of the best line; too few points have none."""
    assert pytest.approx(expected) == slope(points)


def test_ratios_are_by_round() -> None:
    """A slow round does not make another round's partner look good."""
    assert [0.5, 2.0] == paired_ratios([1.0, 4.0], [2.0, 2.0])


@pytest.mark.parametrize(
    ("judged", "limit", "verdict"),
    [
        (Judged.MEDIAN, 2.0, "ok"),
        (Judged.MEDIAN, 1.9, "over"),
        (Judged.HIGHEST, 8.9, "over"),
        (Judged.HIGHEST, 9.0, "ok"),
        (Judged.HIGHEST, None, ""),
    ],
)
def test_verdict(judged: Judged, limit: float | None, verdict: str) -> None:
    """The median or the highest is held against the limit, which itself is still ok."""
    assert verdict == Figure("f", (1.0, 2.0, 9.0), limit=limit, judged=judged).verdict


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.4, "ms", "0.4 ms"),
        (12.34, "ms", "12 ms"),
        (-0.26, "ms", "-0.3 ms"),
        (3.96, "%", "4.0 %"),
        (0.594, "", "0.59"),
        (0.149, "µs", "0.15 µs"),
        (812.4, "/s", "812 /s"),
    ],
)
def test_number(value: float, unit: str, expected: str) -> None:
    """As many digits as the figure is good for."""
    (line,) = table([Figure("f", (value,), unit)])
    assert expected == line.removeprefix("  f").strip()


def test_table_fits_its_longest_name() -> None:
    """The values stand under each other, whatever the names."""
    lines = table([Figure("short", (1.0,)), Figure("a name that is longer than all others " * 2, (1.0,))])
    assert 1 == len({line.index("1.00") for line in lines})


def test_table_shows_value_limit_and_spread() -> None:
    """A line has the figure, its limit, the verdict, and from where to where it went."""
    lines = table(
        [Figure("gap", (10.0, 30.0), "ms", limit=20.0), Figure("size", (1.25,), "MiB", note="alone")]
    )
    assert [
        ["gap", "20", "ms", "<=", "20", "ms", "ok", "median", "of", "2:", "10", "ms", "..", "30", "ms"],
        ["size", "1.2", "MiB", "alone"],
    ] == [line.split() for line in lines]


@pytest.mark.parametrize(
    ("sent", "arrived", "expected"),
    [
        ([], [], []),
        ([(1.0, 7)], [(1.25, 7)], [0.25]),
        ([(1.0, 7), (2.0, 8)], [(2.5, 8), (3.0, 7)], [2.0, 0.5]),
        ([(1.0, 7)], [(1.25, 7), (9.0, 7)], [0.25]),
        ([(1.0, 7), (2.0, 7), (3.0, 8)], [(1.5, 7), (2.5, 7), (3.5, 8)], [0.5]),
        ([(1.0, 7), (2.0, 8)], [(2.5, 8)], [0.5]),
        ([(1.0, 7)], [(0.5, 9), (1.5, 7)], [0.5]),
    ],
    ids=["none", "one", "out of order", "came twice", "sent twice", "lost", "from before"],
)
def test_delays(
    sent: list[tuple[float, int]], arrived: list[tuple[float, int]], expected: list[float]
) -> None:
    """A frame's delay ends with its first arrival; frames that look alike, or are lost, have none."""
    assert expected == delays_s([Stamp(*stamp) for stamp in sent], [Stamp(*stamp) for stamp in arrived])


@pytest.mark.parametrize(("number", "expected"), [(0, "abc"), (1, "bca"), (2, "cab"), (3, "abc")])
def test_turned(number: int, expected: str) -> None:
    """Each round begins with another one, and leaves none out."""
    assert list(expected) == turned(list("abc"), number)


def test_turned_of_nothing() -> None:
    """Nothing to measure is no failure."""
    assert [] == turned([], 1)


@pytest.mark.parametrize(
    ("timestamps_ms", "expected"),
    [
        ([], 0),
        ([7], 0),
        ([0, 33, 67, 100], 0),
        ([0, 0, 33], 0),
        ([0, 33, 100], 1),
        ([0, 200], 5),
        ([100, 0, 33], 0),
    ],
    ids=["none", "one", "rounded", "two at once", "one missing", "five missing", "began again"],
)
def test_missing(timestamps_ms: list[int], expected: int) -> None:
    """Frames are missing where the timestamps make longer steps than one frame's."""
    assert expected == missing(timestamps_ms, 1000 / 30)


@pytest.mark.parametrize(
    ("causes", "effects", "expected"),
    [
        ([], [1.0], []),
        ([1.0], [0.5, 1.25, 1.5], [(1.0, 1.25)]),
        ([1.0, 2.0], [1.5, 2.5], [(1.0, 1.5), (2.0, 2.5)]),
        ([1.0, 2.0], [2.5], [(2.0, 2.5)]),
        ([1.0, 2.0], [1.5, 1.25], [(1.0, 1.25)]),
    ],
    ids=["no cause", "the first after it", "each its own", "too late", "in any order"],
)
def test_next_after(causes: list[float], effects: list[float], expected: list[tuple[float, float]]) -> None:
    """An effect belongs to the last cause before it; a cause without any is left out."""
    assert expected == next_after(causes, effects)
