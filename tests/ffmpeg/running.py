"""Runs a command line as the runner does, with its secrets revealed, and keeps what it said."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, NamedTuple

from spiritstream.ffmpeg.address import Argv
from spiritstream.secret import Secret

Build = Callable[[int], Argv]
_END_S = 40


class Called(NamedTuple):
    """What a call came to. `out` is media, `said` is stderr, `progress` the last report."""

    status: int
    out: bytes
    said: str
    progress: str


def revealed(argv: Argv) -> list[str]:
    """What the process gets."""
    return [arg.reveal() if isinstance(arg, Secret) else arg for arg in argv]


class Running(NamedTuple):
    """A process that runs."""

    process: asyncio.subprocess.Process
    progress: IO[bytes]


@contextlib.asynccontextmanager
async def running(build: Build) -> AsyncIterator[Running]:
    """The process for as long as the block lasts; it is killed at its end."""
    with tempfile.TemporaryFile() as progress:
        process = await asyncio.create_subprocess_exec(
            *revealed(build(progress.fileno())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(progress.fileno(),),
        )
        try:
            yield Running(process, progress)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


async def call(build: Build, stdin: Path | None = None) -> Called:
    """Run it to its end, on a file's bytes."""
    async with running(build) as (process, progress):
        async with asyncio.timeout(_END_S):
            out, said = await process.communicate(stdin.read_bytes() if stdin else b"")
        progress.seek(0)
        assert process.returncode is not None
        reports = progress.read().decode()
        return Called(process.returncode, out, said.decode(errors="replace"), reports)
