"""How often a target may begin a broadcast anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReconnectBudget:
    """At most `most` broadcasts begin within any `within_s` seconds; `reason` is said while one waits."""

    most: int
    within_s: float
    reason: str = ""
