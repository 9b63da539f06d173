"""Which processes hang on this one, also those whose parent has died: nothing may be left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Process:
    """A living process, as /proc shows it."""

    pid: int
    parent: int
    name: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        """Short, and without its arguments: they may hold a key."""
        return f"{self.name} (pid {self.pid}, parent {self.parent})"


def adopt_orphans() -> None:
    """Makes this process the parent of whatever its descendants leave behind, so that it is found."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def alive(pid: int) -> bool:
    """Whether `pid` runs. A zombie does not: it only waits to be counted by its parent."""
    return _read(pid) is not None


def processes() -> Iterator[Process]:
    """Every living process of this machine."""
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else ():
        if entry.name.isdecimal() and (process := _read(int(entry.name))):
            yield process


def descendants(root: int | None = None) -> list[Process]:
    """The living processes below `root` (this process), nearest first."""
    everyone = list(processes())
    found: list[Process] = []
    parents = {root or os.getpid()}
    while parents:
        children = [process for process in everyone if process.parent in parents]
        found += children
        parents = {process.pid for process in children}
    return found


def kill(pid: int) -> None:
    """SIGKILL, also for a process that is gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    """Waits for a condition of the world outside, which cannot wake us.

    Raises:
        TimeoutError: naming `what` did not come true.
    """
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.02)


def _read(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # pid (name) state parent ...: the name may hold anything, so look from its last bracket on.
    name, _, rest = stat.partition("(")[2].rpartition(")")
    state, parent = rest.split()[:2]
    if state in "ZX":
        return None
    return Process(pid, int(parent), name, tuple(argv.split("\0")[:-1]))


@contextlib.asynccontextmanager
async def quietly(*command: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program of the test's own that nobody listens to, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
