"""A runner that hangs: since when, which process it is, and its end when a person wants it.

It is never replaced by itself: what it sends may go on without it, and is worth more than an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from spiritstream.control.runnerlock import holder, no_runner
from spiritstream.errors import PeerError

GRACE_S = 2.0
"""What one that does not answer is given to end in order, before it is killed."""
_KILLED_S = 10.0
_LOOK_S = 0.05
_PS_S = 5.0
_MODULE = "spiritstream.cli.runner"


class Silence:
    """Which runners have not answered lately, and for how long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def missed(self, name: str, pid: int | None) -> str:
        """Count a call that was not answered; what there is to say of that."""
        silent_s = self._clock() - self._since.setdefault(name, self._clock())
        who = f"its process, pid {pid}," if pid else "it"
        how_long = f"has not answered for {silent_s:.0f} s" if silent_s >= 1 else "does not answer"
        advice = f"if this goes on, `spiritstream restart {name}` replaces it"
        return f"{who} {how_long}; what it sends may go on all the same; {advice}"

    def heard(self, name: str) -> None:
        """It answered, or it is gone."""
        self._since.pop(name, None)


def hung_runner(lock: Path, name: str) -> int | None:
    """The pid of the runner that holds the lock of `name`.

    `None` if nobody does, or if no controller has started it: it may be somebody's `spiritstream run`.
    """
    with no_runner(lock) as free:
        if free:
            return None
    pid = holder(lock)
    words = _words(pid) if pid else []
    return pid if _MODULE in words and words[words.index(_MODULE) + 1 :][:1] == [name] else None


async def end_hung(lock: Path, name: str) -> None:
    """End the runner that holds the lock of `name`; returns when the lock is free.

    Raises:
        PeerError: it is not known which process that is, it is none of a controller's, or it does not end.
    """
    pid = await asyncio.to_thread(hung_runner, lock, name)
    if pid is None:
        # One that was killed has no command line any more, and its last threads may still hold the lock.
        if await _released(lock, GRACE_S):
            return
        who = holder(lock)
        raise PeerError(
            f"the runner of '{name}' does not answer, and no controller started it",
            f"see what it is, and end it by hand: kill {who}" if who else "end it by hand",
        )
    for number, within_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, _KILLED_S)):
        send(pid, number)
        if await _released(lock, within_s):
            return
    raise PeerError(f"the runner of '{name}' (pid {pid}) does not end, not even by SIGKILL")


def send(pid: int, number: int) -> None:
    """Signal a runner; SIGKILL goes to its whole process group. Harmless when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # Started by `spawn`, it leads a group of its own.
        if number == signal.SIGKILL and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def _words(pid: int) -> list[str]:
    """The command line of a process; empty if it cannot be had."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_PS_S, check=True
        ).stdout.split()
    return []


async def _released(lock: Path, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while True:
        with no_runner(lock) as free:
            if free:
                return True
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_LOOK_S)
