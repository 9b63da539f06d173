"""A controller in the background, for who applies a profile where none runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from spiritstream.cli.places import controller_log, controller_socket
from spiritstream.cli.rows import clean as printable
from spiritstream.control.client import AbsentError, RemoteError, connect
from spiritstream.errors import ExitCode, SpiritError

_READY_S = 20.0
_LOOK_S = 0.05
_LARGEST_LOG = 10_000_000
_MOST_LINES = 6


async def start_controller() -> int:
    """Start `spiritstream serve`, detached from the terminal, and wait until it answers. Its pid.

    Raises:
        SpiritError: it ends at once, or does not answer; says why, and where its log is.
    """
    log = controller_log()
    process, said_before = _spawn(log)
    end = time.monotonic() + _READY_S
    while not (pid := await _answers()):
        code = process.poll()
        # 75: another was faster, and is about to answer.
        if code is not None and code != ExitCode.BUSY:
            message = f"the controller ended at once, with {code}{_last_words(log, said_before)}"
            raise RemoteError(message, f"its log: {log}", code)
        if time.monotonic() > end:
            raise SpiritError(f"the controller does not answer within {_READY_S:g} s", f"its log: {log}")
        await asyncio.sleep(_LOOK_S)
    # It lives on when we end: that is no leak which Python should warn of.
    process.returncode = process.returncode or 0
    return pid


def _spawn(log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The process, and the size of its log before."""
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        said_before = os.fstat(descriptor).st_size
        process = subprocess.Popen(
            # -P: a module of that name in the working folder is not ours.
            [sys.executable, "-P", "-m", "spiritstream", "serve", "--background"],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            # No terminal's ctrl-C or hang-up reaches it.
            start_new_session=True,
        )
        return process, said_before
    finally:
        os.close(descriptor)


async def _answers() -> int | None:
    try:
        async with connect(controller_socket()) as peer:
            return int(peer.hello.get("pid") or 0)
    except AbsentError:
        return None


def _last_words(log: Path, said_before: int) -> str:
    lines = log.read_bytes()[said_before:].decode(errors="replace").splitlines()
    return "".join(f"\n  {printable(line)}" for line in lines[-_MOST_LINES:])
