"""What came of the demo, as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_HEADINGS = ("target", "at the end", "received", "frames", "dropped GOPs", "longest gap", "restarts")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One target: what its sender says of it, and what its platform got. `live` is what both say."""

    target: str
    live: bool
    state: str
    cause: str
    frames: int
    bytes: int
    gap_s: float
    dropped_gops: int
    restarts: int


def summary(outcomes: Sequence[Outcome]) -> str:
    """A table of all targets."""
    lines = [_HEADINGS, *(_cells(outcome) for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    # Words to the left, numbers to the right.
    sides = "<<" + ">" * (len(widths) - 2)
    return "\n".join(
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True))
        for line in lines
    )


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        outcome.target,
        "live" if outcome.live else _trouble(outcome),
        f"{outcome.bytes / 1e6:.1f} MB",
        str(outcome.frames),
        str(outcome.dropped_gops),
        f"{outcome.gap_s:.1f} s",
        str(outcome.restarts),
    )


def _trouble(outcome: Outcome) -> str:
    return "dark" if outcome.state == "live" else outcome.state


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """For each target that was not live at the end: what it was instead."""
    return [
        f"{outcome.target} was {_trouble(outcome)}" + (f": {outcome.cause}" if outcome.cause else "")
        for outcome in outcomes
        if not outcome.live
    ]
