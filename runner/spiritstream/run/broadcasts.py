"""How often a target begins a broadcast anew, where each connection is one. Pure: time comes in."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.status import Cause

CODE = "reconnect-budget"


class Broadcasts:
    """The broadcasts that have begun, held against a platform's budget; without one nothing waits.

    Only a connection on which media advanced is a broadcast: the platform has then shown something. What a
    server refuses, or drops before that, is retried as everywhere.
    """

    def __init__(self, budget: ReconnectBudget | None) -> None:
        self._budget = budget
        self._begun: deque[float] = deque(maxlen=budget.most if budget else 0)
        self._on_air = False

    def held_to(self, budget: ReconnectBudget | None) -> None:
        """Another budget counts from now on, with what has begun under the one before."""
        self._budget = budget
        self._begun = deque(self._begun, maxlen=budget.most if budget else 0)

    def connecting(self) -> None:
        """A connection is being made: the first media on it will begin a broadcast."""
        self._on_air = False

    def media(self, now: float) -> None:
        """Media advances."""
        if not self._on_air:
            self._on_air = True
            self._begun.append(now)

    def wait_s(self, now: float) -> float:
        """How long the next broadcast has to wait."""
        if self._budget is None or len(self._begun) < self._budget.most:
            return 0.0
        return max(0.0, self._begun[0] + self._budget.within_s - now)

    def held_back(self, delay_s: float, cause: Cause, now: float, name: str) -> tuple[float, Cause]:
        """When to try again after `cause`, and what is said of it: both as they come in, if nothing waits.

        `delay_s` is the usual delay, which spreads targets that were lost together: it comes on top.
        `name` is the unit's, for people.
        """
        wait_s = self.wait_s(now)
        if self._budget is None or wait_s <= delay_s:
            return delay_s, cause
        message = f"{cause.message.rstrip('.')}; {_explained(self._budget)}"
        if cause.person:
            # What a person has to mend stays what it is.
            return wait_s + delay_s, replace(cause, message=message)
        advice = f"`spiritstream restart {name}` tries at once"
        return wait_s + delay_s, Cause(CODE, message, advice)


def _explained(budget: ReconnectBudget) -> str:
    begun = f"{budget.most} broadcasts began" if budget.most > 1 else "a broadcast began"
    minutes = budget.within_s / 60
    within = f"{minutes:g} minute" + ("" if minutes == 1 else "s")
    return f"{begun} within {within}, so the next one waits ({budget.reason.rstrip('.')})"
