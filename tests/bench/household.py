"""Whose processor time and memory counts: everything that hangs on us, but for what only stands beside."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench import proc
from tests.live.processes import Process, descendants


def without(processes: Iterable[Process], strangers: Iterable[int]) -> list[Process]:
    """`processes`, nearest first, but for the strangers and what hangs on them."""
    known, kept = set(strangers), []
    for process in processes:
        if process.pid in known or process.parent in known:
            known.add(process.pid)
        else:
            kept.append(process)
    return kept


def household(*strangers: int) -> list[int]:
    """The processes that a show consists of, also those that have left their parent.

    `strangers` are what we started beside it: platforms and publishers. Needs `adopt_orphans`.
    """
    return [process.pid for process in without(descendants(), strangers)]


@dataclass(frozen=True, slots=True)
class Cost:
    """What some processes took in one window."""

    cores: float
    """Processor time; 1 is a whole core."""
    pss_kib: int
    """Memory at its end."""
    beside_pss_kib: int
    """What of it is not the first process's."""
    wakes_per_s: float

    @property
    def percent(self) -> float:
        """Of one core."""
        return 100 * self.cores

    @property
    def pss_mib(self) -> float:
        """All memory, in MiB."""
        return self.pss_kib / 1024


def cost_of(pids: Sequence[int], seconds: float) -> Cost:
    """Look at processes for so long.

    Raises:
        ProcessLookupError: one of them has ended meanwhile.
    """
    before = _look(pids)
    time.sleep(seconds)
    after = _look(pids)
    took, cpu, wakes = (b - a for a, b in zip(before, after, strict=True))
    memory = [proc.pss_kib(pid) for pid in pids]
    return Cost(cpu / took, sum(memory), sum(memory[1:]), wakes / took)


def _look(pids: Sequence[int]) -> tuple[float, float, int]:
    return time.monotonic(), sum(map(proc.ran_s, pids)), sum(map(proc.wakes, pids))
