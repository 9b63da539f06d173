"""The pretend platforms of a measurement, in a process of their own, so that their work disturbs nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench.served import Served, served

_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Visit:
    """One connection to a platform. Times are `time.monotonic()`'s."""

    connected_at: float
    first_media_at: float | None
    closed_at: float | None
    arrivals: list[float] = field(repr=False)
    video_ms: list[int] = field(repr=False)
    """The timestamps of its pictures, in the order in which they came."""


class Platforms:
    """Several sinks, each on its own port."""

    def __init__(self, process: Served) -> None:
        self._process = process
        self.pid = process.pid
        self.urls: list[str] = process.greeting["urls"]

    def pause(self, number: int) -> None:
        """One of them reads nothing any more."""
        self._process.tell("pause", number)

    def visits(self) -> list[list[Visit]]:
        """For each platform its connections. Asking takes the platforms' time: not during a measurement."""
        return [[_visit(seen) for seen in sink] for sink in self._process.tell("report")["sinks"]]

    def wait_media(self, *since: float, timeout_s: float = 30) -> list[list[Visit]]:
        """Look now and then until each platform has a connection whose media began after its `since`.

        Raises:
            TimeoutError: saying which has none.
        """
        limit = time.monotonic() + timeout_s
        while True:
            seen = self.visits()
            moments = since or (0.0,) * len(seen)
            dark = [n for n, at in enumerate(moments) if first_media_after(seen[n], at) is None]
            if not dark:
                return seen
            if time.monotonic() > limit:
                raise TimeoutError(f"no media within {timeout_s:g} s at platform {dark}")
            time.sleep(_POLL_S)


def _visit(seen: dict[str, Any]) -> Visit:
    return Visit(
        connected_at=seen["connected_at"],
        first_media_at=seen["first_media_at"],
        closed_at=seen["closed_at"],
        arrivals=[at for at, *_ in seen["media"]],
        video_ms=[ms for _, kind, ms, *_ in seen["media"] if kind == "VIDEO"],
    )


def first_media_after(visits: list[Visit], since: float) -> float | None:
    """When the first media of a connection that began to carry media after `since` arrived."""
    return next((v.first_media_at for v in visits if v.first_media_at and v.first_media_at > since), None)


def arrivals(visits: list[Visit]) -> list[float]:
    """When media came to a platform, whatever the connection."""
    return [at for visit in visits for at in visit.arrivals]


@contextlib.contextmanager
def platforms(count: int, *, media: bool = True) -> Iterator[Platforms]:
    """`count` well-behaved platforms; with `media` they remember when each message came."""
    options = ["--sinks", str(count), *(["--media"] if media else [])]
    with served("tests.live.serve_sinks", *options) as process:
        yield Platforms(process)
