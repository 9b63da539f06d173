"""What readings of a source prove, for somebody who only watches: whether a target may go off the air."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Files = Mapping[str, bytes]

PROOF_S = 1.0
# From a reading to what follows from it: runners are compared, the disk is written.
LATE_S = 0.25


@dataclass
class Proofs:
    """The readings so far: when, and what was read; `None` for one that was not whole."""

    readings: list[tuple[float, Files | None]] = field(default_factory=list)

    def read(self, now: float, files: Files | None) -> None:
        """Take note of a reading."""
        self.readings.append((now, files))
        del self.readings[:-200]

    def hold(self, now: float, is_off: Callable[[Files], bool]) -> bool:
        """Whether whole readings a second apart, and those between them, say that something is off.

        The last of them may be a moment old: whoever acts on it may have been overtaken by another.
        """
        ends = range(len(self.readings), 0, -1)
        recent = [n for n in ends if n == len(self.readings) or self.readings[n][0] >= now - LATE_S]
        return any(_hold(self.readings[:n], is_off) for n in recent)


def _hold(readings: Sequence[tuple[float, Files | None]], is_off: Callable[[Files], bool]) -> bool:
    if not readings or readings[-1][1] is None:
        return False
    for taken, files in reversed(readings):
        # One that was not whole in between says nothing, neither for it nor against it.
        if files is None:
            continue
        if not is_off(files):
            return False
        if readings[-1][0] - taken >= PROOF_S - 0.001:
            return True
    return False
