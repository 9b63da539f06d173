"""A target that stops reading: what the others notice, and what it costs the runner."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from spiritstream.media.queue import QUEUE_BYTES
from tests.bench import proc
from tests.bench.figures import Figure, Judged
from tests.bench.lab import GROUP_BYTES, Lab
from tests.bench.platforms import platforms
from tests.bench.show import files_input, on_air, profile_text, source_group
from tests.bench.starting import GAP_LIMIT_S, gap_figure, gap_s

_SAMPLE_S = 0.25
_SETTLE_S = 4.0
_MIB = 1024 * 1024
_STALLED = 1


def measure(lab: Lab) -> list[Figure]:
    """A shorter time without the stall, for comparison; then the stall."""
    quiet_s = lab.stall_s / 3
    source = lab.media(lab.stall_s + quiet_s + 20)
    with platforms(3) as sinks:
        urls = {f"target{n}": url for n, url in enumerate(sinks.urls)}
        with on_air(lab.room(), profile_text(files_input([source]), source_group(urls)), lab.ffmpeg) as show:
            show.wait_live()
            time.sleep(_SETTLE_S)
            with _memory(show.pid) as quiet:
                quiet_at = time.monotonic()
                time.sleep(quiet_s)
            with _memory(show.pid) as stalled:
                sinks.pause(_STALLED)
                stalled_at = time.monotonic()
                time.sleep(lab.stall_s)
            seen = sinks.visits()
    others = [visits for n, visits in enumerate(seen) if n != _STALLED]
    undisturbed = max(gap_s(visits, quiet_at, quiet_s) for visits in others)
    disturbed = max(gap_s(visits, stalled_at, lab.stall_s) for visits in others)
    bound_mib = (QUEUE_BYTES + GROUP_BYTES) / _MIB
    growth_mib = (max(stalled.kib) - max(quiet.kib)) / 1024
    return [
        gap_figure(f"others' longest gap in {quiet_s:g} s, undisturbed", [undisturbed]),
        gap_figure(f"  more while a target stalls {lab.stall_s:g} s", [disturbed - undisturbed], GAP_LIMIT_S),
        Figure(
            "runner's memory while a target stalls: growth",
            (growth_mib,),
            "MiB",
            limit=bound_mib,
            judged=Judged.HIGHEST,
            note=f"from {max(quiet.kib) / 1024:.1f} MiB; the limit is the queue's bound and one GOP",
        ),
    ]


@dataclass(slots=True)
class _Memory:
    kib: list[int] = field(default_factory=list)


@contextmanager
def _memory(pid: int) -> Iterator[_Memory]:
    """Samples a process's resident memory for as long as the block lasts."""
    memory, done = _Memory([proc.resident_kib(pid)]), threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE_S):
            memory.kib.append(proc.resident_kib(pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield memory
    finally:
        done.set()
        sampler.join()
