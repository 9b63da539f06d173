"""Burying what nobody else does: in a container the controller is process 1, and inherits every orphan.

A runner that is killed leaves its ffmpegs; a controller that was killed leaves its runners. When they end,
their parent is to take their exit status, or they fill the table of processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

EVERY_S = 5.0
_PROC = Path("/proc")


async def reap_orphans(every_s: float = EVERY_S) -> None:
    """Take the exit status of dead children that nobody here waits for; returns at once unless process 1."""
    if os.getpid() != 1:
        return
    before: frozenset[int] = frozenset()
    while True:
        await asyncio.sleep(every_s)
        before = await asyncio.to_thread(reap, before)


def reap(before: frozenset[int]) -> frozenset[int]:
    """Bury the dead children that were dead at the last look, too; the ones that are dead now.

    Whoever started a child takes its status at once: one that is dead for two looks is an orphan. Waits
    for the disk.
    """
    now = _dead_children() if _is_anyone_dead() else frozenset()
    for pid in now & before:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return now - before


def _is_anyone_dead() -> bool:
    """Whether any child is dead, without taking its status: most often none is, and that costs one call."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return False


def _dead_children() -> frozenset[int]:
    ours, found = os.getpid(), set()
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # pid (name) state parent: the name may hold anything, so look from its last bracket on.
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state == "Z" and int(parent) == ours:
                    found.add(int(entry.name))
    return frozenset(found)
