"""As process 1 of a container, the controller buries what its dead leave behind; with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spiritstream.cli.reaping import reap, reap_orphans

# Prints what it sees of its children, dead or alive, as process 1 or as one that adopts orphans.
PROGRAM = """
import asyncio, ctypes, os, subprocess, time
from spiritstream.cli import reaping

def zombies():
    return len(reaping._dead_children())

async def main():
    ours = await asyncio.create_subprocess_exec("sh", "-c", "cat; exit 3", stdin=asyncio.subprocess.PIPE)
    # Each of these leaves a child to us when it ends.
    for _ in range(3):
        subprocess.run(["sh", "-c", "(sleep 0.05; exit 4) & exit 0"], check=True)
    until = time.monotonic() + 20
    while zombies() < 3 and time.monotonic() < until:
        await asyncio.sleep(0.02)
    print("left to us:", zombies())
    if os.getpid() == 1:
        burying = asyncio.create_task(reaping.reap_orphans(0.5))
        while zombies() and time.monotonic() < until:
            await asyncio.sleep(0.02)
    else:
        first = reaping.reap(frozenset())
        print("after one look:", zombies())
        assert not reaping.reap(first)
    print("buried:", not zombies())
    ours.stdin.close()
    print("ours ended with", await ours.wait())

if os.getpid() != 1:
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
asyncio.run(main())
"""
AS_FIRST = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def run(*before: str) -> subprocess.CompletedProcess[str]:
    """The program's words."""
    command = [*before, sys.executable, "-c", PROGRAM]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)


def may_be_first() -> bool:
    """Whether a process can be the first of a namespace here."""
    try:
        return 0 == subprocess.run([*AS_FIRST, "true"], capture_output=True, timeout=20).returncode
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_orphans_are_buried_at_the_second_look() -> None:
    """Without a namespace: whoever is dead at two looks is nobody's; a child of ours keeps its status."""
    done = run()
    assert (0, "") == (done.returncode, done.stderr)
    said = ["left to us: 3", "after one look: 3", "buried: True", "ours ended with 3"]
    assert said == done.stdout.splitlines()


@pytest.mark.skipif(not may_be_first(), reason="process 1 needs a PID namespace: root, and `unshare`")
def test_process_one_buries_orphans() -> None:
    """In a PID namespace of its own, as in a container."""
    done = run(*AS_FIRST)
    assert (0, "") == (done.returncode, done.stderr)
    assert ["left to us: 3", "buried: True", "ours ended with 3"] == done.stdout.splitlines()


async def test_nobody_else_looks_for_orphans() -> None:
    """Where init does it, nothing is done."""
    assert 1 != os.getpid()
    await reap_orphans(1e9)


def test_without_children_there_is_nothing_to_bury(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not even /proc is looked through."""
    monkeypatch.setattr("spiritstream.cli.reaping._PROC", tmp_path / "nowhere")
    monkeypatch.setattr("spiritstream.cli.reaping._is_anyone_dead", lambda: False)
    assert frozenset() == reap(frozenset({4711}))
