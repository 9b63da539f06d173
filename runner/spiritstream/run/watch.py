"""Is it alive? Judged by whether media advances, never by whether a process exists. Pure."""

from __future__ import annotations

from enum import StrEnum

STALL_S = 15.0
QUIET_S = 3.0


class Verdict(StrEnum):
    """What a look found."""

    NOTHING = "nothing"  # too early to say
    ADVANCING = "advancing"
    STARVED = "starved"  # nothing comes in that could be passed on
    STALLED = "stalled"  # media comes in, and does not come out
    CLOGGED = "clogged"  # it comes out, but the queue has been full for as long


class Watch:
    """Looks at a unit's two counters: what it was given and what it has passed on."""

    def __init__(self, now: float, stall_s: float = STALL_S, quiet_s: float = QUIET_S) -> None:
        self._stall_s = stall_s
        self._quiet_s = quiet_s
        self._given = 0.0
        self._passed = 0.0
        self._given_at = now
        self._passed_at = now
        self._clear_at = now
        self.advanced = False

    def look(self, now: float, *, given: float, passed: float, full: bool = False) -> Verdict:
        """Judge by counters that only ever grow; `full` says that the queue has overflowed or nearly so."""
        fresh = passed > self._passed
        if given > self._given:
            # After a silence nobody can have passed anything on: its time to stall starts now.
            if now - self._given_at > self._quiet_s:
                self._passed_at = self._clear_at = now
            self._given, self._given_at = given, now
        if fresh:
            self._passed, self._passed_at = passed, now
            self.advanced = True
        if not full:
            self._clear_at = now
        return self._verdict(now, fresh)

    def _verdict(self, now: float, fresh: bool) -> Verdict:
        if now - self._given_at > self._quiet_s:
            return Verdict.STARVED
        if now - self._passed_at >= self._stall_s:
            return Verdict.STALLED
        if now - self._clear_at >= self._stall_s:
            return Verdict.CLOGGED
        return Verdict.ADVANCING if fresh else Verdict.NOTHING
