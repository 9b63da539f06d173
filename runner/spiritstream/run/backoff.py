"""How long to wait before the next try. Pure: randomness comes in."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_S = 60.0
# A cause that needs a person starts slower, but may heal all the same (a name server that comes up late).
PERSON_S = 10.0
# So long must media advance before old failures are forgotten.
STEADY_S = 60.0


class Backoff:
    """Delays of 0, then up to 1, 2, 4 … 60 s, each drawn evenly between 0 and its bound (full jitter).

    The first retry does not wait: most losses are a single dropped connection.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        """`draw` gives a number from 0 to 1, such as `random.random`."""
        self._draw = draw
        self._failures = 0

    def next_delay_s(self, *, person: bool = False) -> float:
        """The delay before the next try, in seconds; `person` when only a person can mend the cause:
        then 10, 20, 40, 60 s, and at least three quarters of that.
        """
        failures = self._failures
        self._failures += 1
        doublings = min(failures, 10)
        if person:
            return (0.75 + 0.25 * self._draw()) * min(LONGEST_S, PERSON_S * 2.0**doublings)
        if failures == 0:
            return 0.0
        return self._draw() * min(LONGEST_S, 2.0 ** (doublings - 1))

    def reset(self) -> None:
        """Media has advanced long enough: start over."""
        self._failures = 0
