"""`ffmpeg -listen 1` as a receiver, which records: the RTMP server that every ffmpeg brings.

async with ffmpeg_listening(ffmpeg, tmp_path) as listener:
    ...  # publish to listener.url() + "/KEY": one publisher, any key
    await listener.ended()      # it goes when its publisher does
    listener.recording
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.live.media import ffmpeg_running
from tests.live.nginx import new_home
from tests.live.ports import free_port
from tests.live.processes import until

_LISTENING = "0A"  # a socket's state, in /proc/net/tcp


class Listener:
    """One ffmpeg that waits for a publisher, or has one."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, recording: Path) -> None:
        self.process = process
        self.port = port
        self.recording = recording

    def url(self, app: str = "live") -> str:
        """Where to publish, without a key."""
        return f"rtmp://127.0.0.1:{self.port}/{app}"

    async def ended(self, timeout_s: float = 15) -> int:
        """Its exit status, once its publisher has gone and the recording is whole."""
        return await asyncio.wait_for(self.process.wait(), timeout_s)


@contextlib.asynccontextmanager
async def ffmpeg_listening(ffmpeg: str, folder: Path) -> AsyncIterator[Listener]:
    """A listener that is ready, until the block ends."""
    port = free_port()
    recording = new_home(folder, "listener") / "recording.flv"
    takes = ("-listen", "1", "-f", "flv", "-i", f"rtmp://127.0.0.1:{port}/live/any", "-c", "copy")
    async with ffmpeg_running(ffmpeg, *takes, "-f", "flv", recording) as process:
        await until(lambda: listens(port) or process.returncode is not None, "ffmpeg listens")
        yield Listener(process, port, recording)


def listens(port: int) -> bool:
    """Looks at the kernel's table: a connection that only tries would be taken for the publisher."""
    rows = (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[1].endswith(f":{port:04X}") and row[3] == _LISTENING for row in rows)
