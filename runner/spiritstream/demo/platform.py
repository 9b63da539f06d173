"""A pretend platform: a real RTMP receiver, made of ffmpeg, that can be taken down and brought back."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Sequence

from spiritstream.demo.arrivals import Arrivals
from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.child import Argv, Child, spawn

# Below the ports that the kernel gives to outgoing connections: a platform that is down for a while finds
# its port still free.
_PORTS = range(20_000, 32_000)
_LOOK_S = 0.1
# ffmpeg in listen mode looks at nothing else. So long may it outlive us where the kernel does not end it.
_LISTEN_S = 20
_PAUSE_S = 0.2


class PretendPlatform:
    """Receives one publisher at a time, and starts listening again when it leaves."""

    def __init__(self, name: str, port: int, ffmpeg: str) -> None:
        self.name = name
        self.port = port
        self.arrivals = Arrivals()
        self._ffmpeg = ffmpeg
        self._up = asyncio.Event()
        self._up.set()
        self._child: Child | None = None
        self._closing = False

    @property
    def url(self) -> str:
        """Where to publish."""
        return f"rtmp://127.0.0.1:{self.port}/live"

    def take_down(self) -> None:
        """Go away as a platform does that crashes: in the middle of everything."""
        self._up.clear()
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def bring_back(self) -> None:
        """Listen again, at the same place."""
        self._up.set()

    def close(self) -> None:
        """The show is over: count no more, and listen no more once the publisher leaves."""
        self._closing = True
        self.arrivals.end(time.monotonic())

    async def keep(self) -> None:
        """Listen, and again, until `close` or cancelled."""
        while not self._closing:
            await self._up.wait()
            await self._receive()

    async def _receive(self) -> None:
        child = self._child = spawn(lambda fd: _receiver(self._ffmpeg, self.url, fd))
        try:
            while child.returncode is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(child.wait(), _LOOK_S)
                figures = child.progress
                self.arrivals.note(time.monotonic(), child, figures.frame or 0, figures.size_bytes or 0)
        finally:
            self._child = None
            child.signal(signal.SIGKILL)
            await child.wait()
        if child.returncode and not child.progress.frame:
            await asyncio.sleep(_PAUSE_S)  # it cannot listen: not in a tight loop


def _receiver(ffmpeg: str, url: str, progress_fd: int) -> Argv:
    """An ffmpeg that takes whatever key comes, and throws away what it brings.

    Probing is kept short: it would show as a gap.
    """
    return (
        *(ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"),
        *("-stats_period", str(_LOOK_S), "-progress", f"pipe:{progress_fd}"),
        *("-probesize", "4096", "-analyzeduration", "0"),
        *("-listen", "1", "-timeout", str(_LISTEN_S), "-i", f"{url}/any"),
        *("-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", "-y", "/dev/null"),
    )


@contextlib.asynccontextmanager
async def pretend_platforms(names: Sequence[str], ffmpeg: str) -> AsyncIterator[dict[str, PretendPlatform]]:
    """Platforms that receive while the context lasts, by name. Nothing of them is left afterwards."""
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    platforms = {name: PretendPlatform(name, port, ffmpeg) for name, port in ports.items()}
    tasks = [asyncio.create_task(platform.keep(), name=platform.name) for platform in platforms.values()]
    try:
        yield platforms
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def free_ports(count: int) -> list[int]:
    """Different ports of loopback that nobody uses."""
    found: list[int] = []
    for port in random.sample(_PORTS, 100 + count):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise SpiritError("no free ports were found on loopback", "end some of the programs that listen there")
