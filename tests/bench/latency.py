"""How much later a frame is at a platform because the runner stands between it and the publisher.

One program of ours publishes, and stamps each frame before it sends it; a platform stamps it once it has all
of it. The same is done without the runner; frames are told apart by their checksums. All clocks are this
machine's monotonic one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.arithmetic import Stamp, delays_s, percentile, turned
from tests.bench.figures import Figure
from tests.bench.lab import Lab
from tests.bench.native import TARGETS, show_of
from tests.bench.publishers import Writes, own_publisher
from tests.bench.served import Served, served

LIMIT_MS = 20.0
_SETTLE_S = 3.0
_HEADROOM_S = 15.0
_P95 = 0.95
# As OBS and ffmpeg write: 4096 bytes of a frame at a time.
_WRITES = Writes(chunk_bytes=4096, each_chunk=True)

_DIRECT = "publisher straight to the platform"
_ONE, _MANY = "through the runner", f"through the runner to {TARGETS}"


def measure(lab: Lab) -> list[Figure]:
    """With and without the runner by turns; and once through a runner that has more to do."""
    source = lab.media(lab.seconds + _HEADROOM_S)
    ways = {_DIRECT: partial(_direct, lab, source), _ONE: partial(_through, lab, source, 1)}
    found: dict[str, list[list[float]]] = {name: [] for name in (*ways, _MANY)}
    for number in range(lab.rounds):
        for name in turned(list(ways), number):
            found[name].append(ways[name]())
    found[_MANY].append(_through(lab, source, TARGETS))
    return [
        _added("latency added at the median", found[_DIRECT], found[_ONE], 0.5, LIMIT_MS),
        _added("latency added at 95 %", found[_DIRECT], found[_ONE], _P95),
        _added(f"latency added at the median, {TARGETS} targets", found[_DIRECT], found[_MANY], 0.5),
        _added(f"latency added at 95 %, {TARGETS} targets", found[_DIRECT], found[_MANY], _P95),
        *(_median(name, rounds) for name, rounds in found.items()),
    ]


def _added(
    name: str,
    direct: Sequence[Sequence[float]],
    through: Sequence[Sequence[float]],
    share: float,
    limit: float | None = None,
) -> Figure:
    """Round by round, where there are as many of both."""
    pairs = zip(through, direct, strict=False)
    values = [1000 * (percentile(ours, share) - percentile(theirs, share)) for ours, theirs in pairs]
    return Figure(name, tuple(values), "ms", limit=limit)


def _median(name: str, rounds: Sequence[Sequence[float]]) -> Figure:
    values = tuple(1000 * percentile(delays, 0.5) for delays in rounds)
    return Figure(f"  {name}: median", values, "ms", note=f"{sum(map(len, rounds))} frames")


def _direct(lab: Lab, source: Path) -> list[float]:
    with (
        served("tests.bench.receiving") as sinks,
        own_publisher(source, sinks.greeting["urls"][0], _WRITES) as own,
    ):
        return _window(lab, own, sinks)


def _through(lab: Lab, source: Path, targets: int) -> list[float]:
    with (
        served("tests.bench.receiving", "--sinks", str(targets)) as sinks,
        show_of(lab, sinks.greeting["urls"]) as (show, at),
    ):
        at.wait_open()
        with own_publisher(source, at.url, _WRITES) as own:
            show.wait_live()
            return _window(lab, own, sinks)


def _window(lab: Lab, own: Served, sinks: Served) -> list[float]:
    """The delays of all frames of a window, to all platforms."""
    time.sleep(_SETTLE_S)
    since = time.monotonic()
    time.sleep(lab.seconds)
    sent = [Stamp(at, checksum) for at, checksum in own.tell("report")["sent"] if at >= since]
    time.sleep(_SETTLE_S)  # what is under way arrives
    arrived = [[Stamp(*stamp) for stamp in sink] for sink in sinks.tell("report")["sinks"]]
    return [delay for stamps in arrived for delay in delays_s(sent, stamps)]
