"""The runner's own figures over time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from tests.bench import proc
from tests.bench.arithmetic import slope
from tests.live.processes import descendants

# What a runner takes in its first minutes is not a leak: its first queues, its first restarts.
_WARM_SHARE = 0.2
_LONGEST_WARM_S = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the runner."""

    at_s: float
    resident_kib: int
    descriptors: int
    threads: int
    children: int
    beside_kib: int = 0
    """Resident memory of its children that are no ffmpeg: the listener."""


def take_sample(pid: int, at_s: float) -> Sample:
    """Look at a running process.

    Raises:
        ProcessLookupError: it has ended.
    """
    children = descendants(pid)
    beside_kib = 0
    for child in children:
        # It may be gone since the look at who is there.
        with contextlib.suppress(ProcessLookupError):
            beside_kib += 0 if child.name.startswith("ffmpeg") else proc.resident_kib(child.pid)
    return Sample(
        at_s, proc.resident_kib(pid), proc.descriptors(pid), proc.threads(pid), len(children), beside_kib
    )


def after_warm_up(samples: list[Sample]) -> list[Sample]:
    """Without the first fifth, which is five minutes at most."""
    warm_s = min(_LONGEST_WARM_S, _WARM_SHARE * samples[-1].at_s) if samples else 0.0
    return [sample for sample in samples if sample.at_s >= warm_s]


def memory_slope_kib_per_min(samples: list[Sample]) -> float:
    """The rise of resident memory, by least squares."""
    return slope([(sample.at_s / 60, sample.resident_kib) for sample in samples])


def later_half(samples: list[Sample]) -> list[Sample]:
    """Those of the second half of their time: whether a rise goes on."""
    if not samples:
        return []
    middle_s = (samples[0].at_s + samples[-1].at_s) / 2
    return [sample for sample in samples if sample.at_s >= middle_s]
