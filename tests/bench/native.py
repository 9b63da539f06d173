"""One publisher to 20 native targets, beside one ffmpeg with `tee`, and beside nginx-rtmp's `push`.

Everybody gets the same publisher, an ffmpeg that sends 6 Mbit/s by RTMP, and takes it in by its own means:
the cost of that is counted on every side, that of the publisher and of the platforms on none. `tee` is also
measured with a file that it reads itself, which spares it the network on that side.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.bench.arithmetic import paired_ratios, turned
from tests.bench.figures import Figure, Judged
from tests.bench.household import Cost, cost_of, household
from tests.bench.lab import Lab
from tests.bench.platforms import Platforms, platforms
from tests.bench.publishers import Door, door, ffmpeg_publisher
from tests.bench.show import Show, on_air, profile_text, rtmp_input, source_group
from tests.bench.tee import published, read_by_itself, tee_running
from tests.live.nginx import NginxRtmp, missing, nginx_rtmp

TARGETS = 20
CPU_LIMIT = 0.6
MEMORY_LIMIT_MIB = 40.0
_SETTLE_S = 4.0
_HEADROOM_S = 25.0

_OURS, _NGINX = "runner", "nginx-rtmp push"
_BY_RTMP, _BY_FILE = "tee", "tee, its own file"

Ways = Mapping[str, Callable[[], Cost]]


def measure(lab: Lab) -> list[Figure]:
    """All ways in turn, in another order each round, so that a noisy neighbour meets them all."""
    source = lab.media(lab.seconds + _HEADROOM_S)
    ways = _ways(lab, source)
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(lab.rounds):
        for name in turned(list(ways), number):
            # nginx has no limit to keep: one look is enough.
            if name != _NGINX or number == 0:
                found[name].append(ways[name]())
    return [*_ratios(lab, found), *_alone(found), *_memory(found)]


def _ways(lab: Lab, source: Path) -> Ways:
    ways: dict[str, Callable[[], Cost]] = {_OURS: partial(_runner, lab, source)}
    for name, ffmpeg in lab.ffmpegs.items():
        ways[f"{_BY_RTMP}, {name}"] = partial(_tee, lab, source, ffmpeg)
        ways[f"{_BY_FILE}, {name}"] = partial(_tee_of_file, lab, source, ffmpeg)
    if not missing():
        ways[_NGINX] = partial(_nginx, lab, source)
    return ways


def _runner(lab: Lab, source: Path) -> Cost:
    with (
        platforms(TARGETS, media=False) as sinks,
        show_of(lab, sinks.urls) as (show, at),
        ffmpeg_publisher(lab.ffmpeg, source, at) as publisher,
    ):
        show.wait_live()
        _settle(sinks)
        return cost_of(family(show, sinks.pid, publisher), lab.seconds)


@contextlib.contextmanager
def show_of(lab: Lab, urls: Sequence[str]) -> Iterator[tuple[Show, Door]]:
    """A runner that takes a publisher, and sends to these targets itself."""
    at = door()
    targets = {f"target{n}": url for n, url in enumerate(urls)}
    text = profile_text(rtmp_input(at.port), source_group(targets), sender="native")
    with on_air(lab.room(), text, lab.ffmpeg) as show:
        yield show, at


def family(show: Show, *strangers: int) -> list[int]:
    """The runner, and after it what belongs to it."""
    return sorted(household(*strangers), key=lambda pid: pid != show.pid)


def _tee(lab: Lab, source: Path, ffmpeg: str) -> Cost:
    at = door()
    with (
        platforms(TARGETS, media=False) as sinks,
        tee_running(ffmpeg, published(at), sinks.urls) as pid,
        ffmpeg_publisher(lab.ffmpeg, source, at),
    ):
        _settle(sinks)
        return cost_of([pid], lab.seconds)


def _tee_of_file(lab: Lab, source: Path, ffmpeg: str) -> Cost:
    reading = read_by_itself(source)
    with platforms(TARGETS, media=False) as sinks, tee_running(ffmpeg, reading, sinks.urls) as pid:
        _settle(sinks)
        return cost_of([pid], lab.seconds)


def _nginx(lab: Lab, source: Path) -> Cost:
    async def serving() -> Cost:
        # nginx asks us whether the publisher may come in: the loop has to go on meanwhile.
        async with nginx_rtmp(lab.room(), record=False, push=sinks.urls) as nginx:
            return await asyncio.to_thread(_pushed, lab, source, sinks, nginx)

    with platforms(TARGETS, media=False) as sinks:
        return asyncio.run(serving())


def _pushed(lab: Lab, source: Path, sinks: Platforms, nginx: NginxRtmp) -> Cost:
    assert nginx.pid is not None
    with ffmpeg_publisher(lab.ffmpeg, source, Door(nginx.port)):
        _settle(sinks)
        return cost_of([nginx.pid], lab.seconds)


def _settle(sinks: Platforms) -> None:
    sinks.wait_media(timeout_s=60)
    time.sleep(_SETTLE_S)


def _ratios(lab: Lab, found: Mapping[str, Sequence[Cost]]) -> Iterator[Figure]:
    ours = [cost.cores for cost in found[_OURS]]
    for way, limit, note in (
        (_BY_RTMP, CPU_LIMIT, "both take the publisher"),
        (_BY_FILE, None, "only the runner takes a publisher"),
    ):
        for name in lab.ffmpegs:
            theirs = [cost.cores for cost in found[f"{way}, {name}"]]
            ratios = tuple(paired_ratios(ours, theirs))
            yield Figure(f"CPU, runner / {way}, {name}", ratios, limit=limit, note=note)


def _alone(found: Mapping[str, Sequence[Cost]]) -> Iterator[Figure]:
    for name, costs in found.items():
        yield Figure(f"{name}: of a core", tuple(cost.percent for cost in costs), "%")
    yield Figure("runner: wakes", tuple(cost.wakes_per_s for cost in found[_OURS]), "/s")


def _memory(found: Mapping[str, Sequence[Cost]]) -> Iterator[Figure]:
    for name, costs in found.items():
        limit = MEMORY_LIMIT_MIB if name == _OURS else None
        memory = tuple(cost.pss_mib for cost in costs)
        yield Figure(f"{name}: memory (PSS)", memory, "MiB", limit=limit, judged=Judged.HIGHEST)
        if name == _OURS:
            beside = tuple(cost.beside_pss_kib / 1024 for cost in costs)
            yield Figure("  of it the listener's", beside, "MiB", judged=Judged.HIGHEST)
