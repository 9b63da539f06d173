"""A measured figure beside its limit, as text and as data. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Judged(StrEnum):
    """Which of several values stands for them all."""

    MEDIAN = "median"
    HIGHEST = "highest"


# Figures of several measurements stand under each other.
_NAME_WIDTH = 46


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, measured once or several times. Without a limit it is only shown."""

    name: str
    values: tuple[float, ...]
    unit: str = ""
    limit: float | None = None
    judged: Judged = Judged.MEDIAN
    note: str = ""

    @property
    def value(self) -> float:
        """The value that is shown first, and held against the limit."""
        return max(self.values) if self.judged is Judged.HIGHEST else statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`ok` or `over`; empty without a limit."""
        if self.limit is None:
            return ""
        return "ok" if self.value <= self.limit else "over"

    def data(self) -> dict[str, Any]:
        """For `--output json`."""
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "judged": str(self.judged),
            "values": list(self.values),
            "limit": self.limit,
            "verdict": self.verdict or None,
            "note": self.note,
        }


def table(figures: Iterable[Figure]) -> list[str]:
    """A line for each figure: name, value, limit, verdict, spread, note."""
    rows = list(figures)
    width = max((_NAME_WIDTH, *(len(figure.name) for figure in rows)))
    return [_line(figure, width).rstrip() for figure in rows]


def _line(figure: Figure, width: int) -> str:
    limit = "" if figure.limit is None else f"<= {_number(figure.limit, figure.unit)}"
    spread = ""
    if len(figure.values) > 1:
        low, high = min(figure.values), max(figure.values)
        spread = (
            f"{figure.judged} of {len(figure.values)}: "
            f"{_number(low, figure.unit)} .. {_number(high, figure.unit)}"
        )
    remarks = "; ".join(part for part in (spread, figure.note) if part)
    return (
        f"  {figure.name:<{width}} {_number(figure.value, figure.unit):>10} {limit:>12}"
        f"  {figure.verdict:<4}  {remarks}"
    )


def _number(value: float, unit: str) -> str:
    if unit == "ms":
        digits = 0 if abs(value) >= 10 else 1
    else:
        digits = 0 if unit in ("KiB", "/s") else 1 if unit in ("MiB", "%") else 2
    return f"{value:.{digits}f} {unit}".rstrip()
