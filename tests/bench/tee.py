"""One ffmpeg with `tee` and a fifo for each target: what ours is compared with."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.publishers import Door
from tests.bench.served import end
from tests.bench.show import KEY


def read_by_itself(source: Path) -> tuple[str, ...]:
    """Its input: a file at its own speed, for ever."""
    return "-re", "-stream_loop", "-1", "-i", str(source)


def published(to: Door) -> tuple[str, ...]:
    """Its input: whoever publishes to it, once."""
    return "-listen", "1", "-i", f"{to.url}/{KEY}"


@contextlib.contextmanager
def tee_running(ffmpeg: str, source: Iterable[str], urls: Iterable[str]) -> Iterator[int]:
    """For as long as the block lasts. Gives its pid."""
    slaves = "|".join(f"[f=flv:onfail=ignore:flvflags=no_duration_filesize]{url}/{KEY}" for url in urls)
    command = [ffmpeg, "-nostdin", "-v", "fatal", *source]
    command += ["-map", "0", "-c", "copy", "-f", "tee", "-use_fifo", "1", slaves]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        end(process)
