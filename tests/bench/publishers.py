"""Who publishes to the show: a real ffmpeg, or a program of ours that stamps what it sends."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import proc
from tests.bench.served import Served, end, served
from tests.bench.show import KEY
from tests.live.media import publishing
from tests.live.ports import free_port

_LISTENS_S = 20.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where the publisher of a show goes."""

    port: int

    @property
    def url(self) -> str:
        """Without the key."""
        return f"rtmp://127.0.0.1:{self.port}/live"

    def wait_open(self) -> None:
        """Wait until somebody listens.

        Raises:
            TimeoutError: nobody does.
        """
        limit = time.monotonic() + _LISTENS_S
        while not proc.listening(self.port):
            if time.monotonic() > limit:
                raise TimeoutError(f"nobody listens within {_LISTENS_S:g} s")
            time.sleep(0.05)


def door() -> Door:
    """One that nobody stands behind yet."""
    return Door(free_port())


@contextlib.contextmanager
def ffmpeg_publisher(ffmpeg: str, source: Path, to: Door) -> Iterator[int]:
    """An ffmpeg that publishes a file at its own speed, for as long as the block lasts. Gives its pid."""
    to.wait_open()
    command = [ffmpeg, "-nostdin", "-v", "error", *map(str, publishing(source, f"{to.url}/{KEY}"))]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        end(process)


@dataclass(frozen=True, slots=True)
class Writes:
    """How our publisher writes to its connection."""

    chunk_bytes: int
    each_chunk: bool
    """A write for each chunk, as librtmp and ffmpeg do it, and not for each message."""


@contextlib.contextmanager
def own_publisher(source: Path, url: str, writes: Writes) -> Iterator[Served]:
    """Our program that publishes a file at its own speed. Its `report` says what was sent when."""
    options = ["--chunk-bytes", str(writes.chunk_bytes), *(["--each-chunk"] if writes.each_chunk else [])]
    with served("tests.bench.publisher", url, str(source), *options) as process:
        yield process
