"""Processor time and memory for one input and three passthrough targets, beside one ffmpeg with `tee`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench import proc
from tests.bench.arithmetic import paired_ratios
from tests.bench.figures import Figure, Judged
from tests.bench.lab import Lab
from tests.bench.platforms import Platforms, platforms
from tests.bench.show import files_input, on_air, profile_text, source_group
from tests.bench.tee import read_by_itself, tee_running

TARGETS = 3
_SETTLE_S = 3.0
# What starting and settling take of a file, so that none is measured while it begins anew.
_HEADROOM_S = 20.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What the runner cost in one window, in cores (1 is a whole one)."""

    runner: float
    senders: float
    input: float
    resident_kib: int


def measure(lab: Lab) -> list[Figure]:
    """Ours and theirs by turns, so that a noisy neighbour meets both."""
    source = lab.media(lab.seconds + _HEADROOM_S)
    ours: list[Cost] = []
    theirs: list[float] = []
    for number in range(lab.rounds):
        if number % 2:
            theirs.append(_tee(lab, source))
            ours.append(_runner(lab, source))
        else:
            ours.append(_runner(lab, source))
            theirs.append(_tee(lab, source))
    return _figures(ours, theirs, limit=0.7 if _is_new(lab.version) else 1.0)


def _is_new(version: str) -> bool:
    major = version.partition(".")[0].lstrip("n")
    return major.isdecimal() and int(major) >= 9


def _figures(ours: list[Cost], theirs: list[float], limit: float) -> list[Figure]:
    def percent(values: list[float]) -> tuple[float, ...]:
        return tuple(100 * value for value in values)

    ratios = paired_ratios([cost.runner + cost.senders for cost in ours], theirs)
    everything = paired_ratios([cost.runner + cost.senders + cost.input for cost in ours], theirs)
    alone = percent([cost.runner for cost in ours])
    resident = tuple(cost.resident_kib / 1024 for cost in ours)
    return [
        Figure(
            "CPU, runner + senders / tee with fifo",
            tuple(ratios),
            limit=limit,
            note="tee reads its file itself",
        ),
        Figure("CPU, the input child counted too / tee", tuple(everything)),
        Figure("runner's own process, of a core", alone, "%", limit=2.0),
        Figure("three senders, of a core", percent([cost.senders for cost in ours]), "%"),
        Figure("input child, of a core", percent([cost.input for cost in ours]), "%"),
        Figure("tee with fifo, of a core", percent(theirs), "%"),
        Figure("runner's own process, resident", resident, "MiB", limit=40.0, judged=Judged.HIGHEST),
    ]


def _runner(lab: Lab, source: Path) -> Cost:
    with platforms(TARGETS, media=False) as sinks:
        urls = {f"target{n}": url for n, url in enumerate(sinks.urls)}
        with on_air(lab.room(), profile_text(files_input([source]), source_group(urls)), lab.ffmpeg) as show:
            show.wait_live()
            _settle(sinks)
            pids = show.pids()
            senders = [pids[name] for name in urls]
            before = _cores(show.pid, senders, pids["input"])
            time.sleep(lab.seconds)
            after = _cores(show.pid, senders, pids["input"])
            seconds = after[0] - before[0]
            runner, sending, reading = ((b - a) / seconds for a, b in zip(before[1:], after[1:], strict=True))
            return Cost(runner, sending, reading, proc.resident_kib(show.pid))


def _cores(runner: int, senders: list[int], reader: int) -> tuple[float, float, float, float]:
    return time.monotonic(), proc.ran_s(runner), sum(map(proc.ran_s, senders)), proc.ran_s(reader)


def _tee(lab: Lab, source: Path) -> float:
    with (
        platforms(TARGETS, media=False) as sinks,
        tee_running(lab.ffmpeg, read_by_itself(source), sinks.urls) as pid,
    ):
        _settle(sinks)
        before, began = proc.ran_s(pid), time.monotonic()
        time.sleep(lab.seconds)
        return (proc.ran_s(pid) - before) / (time.monotonic() - began)


def _settle(sinks: Platforms) -> None:
    sinks.wait_media()
    time.sleep(_SETTLE_S)
