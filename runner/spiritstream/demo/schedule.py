"""When what happens in the demo. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_S = 10.0
# Less than the 0.5 + 1 + 2 + 4 s between the tries: the next one finds the platform up again.
_OUTAGE_S = 7.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds since all targets were live; `outage_s` is how long a platform is down."""

    kill_s: float
    outage_at_s: float
    outage_s: float
    end_s: float

    @classmethod
    def within(cls, seconds: float) -> Schedule:
        """For what is left of the show, and never so short that there is no time to come back."""
        length_s = max(seconds, SHORTEST_S)
        return cls(0.15 * length_s, 0.4 * length_s, min(_OUTAGE_S, 0.16 * length_s), length_s)
