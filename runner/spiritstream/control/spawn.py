"""Starting a process that lives on when we are killed, or end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

from spiritstream.control.client import RemoteError
from spiritstream.errors import SpiritError
from spiritstream.wire import decode

_MOST_SAID = 64 * 1024


async def spawn(command: Sequence[str], environment: Mapping[str, str]) -> Spawned:
    """Start a process in a session of its own. What it says on stderr at first is ours to read.

    Raises:
        OSError: no process can be made.
    """
    reading, writing = os.pipe()
    try:
        # Not asyncio's: it kills, when its loop ends, what it has started.
        process = await asyncio.to_thread(
            subprocess.Popen,
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=writing,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Spawned(process, reading)


class Spawned:
    """A process that we started, until we leave it to itself."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int) -> None:
        self.pid = process.pid
        self._process = process
        self._reading: int | None = reading
        # It may live longer than the loop: whenever it ends, its exit status is taken.
        threading.Thread(target=process.wait, name=f"reaper of {process.pid}", daemon=True).start()

    async def said(self, within_s: float) -> bytes:
        """What it says last on its stderr until it closes it. To be called once.

        Raises:
            TimeoutError: it does not close it.
        """
        assert self._reading is not None
        reader = asyncio.StreamReader()
        pipe = os.fdopen(self._reading, "rb", buffering=0)
        self._reading = None
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            async with asyncio.timeout(within_s):
                said = b""
                while piece := await reader.read(_MOST_SAID):
                    said = (said + piece)[-_MOST_SAID:]
                return said
        finally:
            transport.close()

    def kill(self) -> None:
        """End it at once; harmless when it is gone."""
        if self._reading is not None:
            os.close(self._reading)
            self._reading = None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)


def failure(said: bytes) -> SpiritError | None:
    """What keeps a runner from coming up; `None` if it said no such thing, but only a library's warning."""
    for line in said.splitlines():
        with contextlib.suppress(SpiritError, KeyError, TypeError, ValueError):
            error = decode(line)["error"]
            message = f"its runner does not start: {error['message']}"
            return RemoteError(message, str(error["hint"]), int(error["code"]))
    return None
