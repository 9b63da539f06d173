"""What is made of measured values. Pure."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Stamp(NamedTuple):
    """When a frame was sent or had arrived, and its checksum."""

    at: float
    checksum: int


def longest_gap_s(times: Sequence[float], since: float, until: float) -> float:
    """The longest time in which nothing arrived, from `since` to `until`, both edges included.

    Edges count: a target that gets nothing at all has a gap as long as the window.
    """
    inside = [time for time in times if since < time < until]
    return max(b - a for a, b in pairwise([since, *inside, until]))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The rise of the straight line that fits (x, y) points best, per unit of x; 0 for fewer than two."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def paired_ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, so that what slowed the machine down in one round slowed both sides."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def delays_s(sent: Sequence[Stamp], arrived: Sequence[Stamp]) -> list[float]:
    """How long each frame took that was sent once: to its first arrival. What never arrived has no delay."""
    times = Counter(stamp.checksum for stamp in sent)
    first: dict[int, float] = {}
    for stamp in arrived:
        first.setdefault(stamp.checksum, stamp.at)
    return [
        first[stamp.checksum] - stamp.at
        for stamp in sent
        if times[stamp.checksum] == 1 and stamp.checksum in first
    ]


def turned(things: Sequence[T], number: int) -> list[T]:
    """The same things, beginning with another one for each `number`."""
    start = number % len(things) if things else 0
    return [*things[start:], *things[:start]]


def missing(timestamps_ms: Sequence[int], frame_ms: float) -> int:
    """How many frames are missing from a stream of `frame_ms` each, by its timestamps."""
    return sum(max(0, round((b - a) / frame_ms) - 1) for a, b in pairwise(timestamps_ms))


def next_after(causes: Sequence[float], effects: Sequence[float]) -> list[tuple[float, float]]:
    """Each cause's moment with that of the first effect after it and before the next cause.

    A cause that had none is left out.
    """
    found = []
    for cause, end in pairwise([*causes, math.inf]):
        after = [effect for effect in effects if cause < effect < end]
        if after:
            found.append((cause, min(after)))
    return found
