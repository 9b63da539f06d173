"""Publishers of the test's own, and an input that takes them: everything exact, nothing at its own pace.

async with receiving(folder, key="canary") as there, publisher(there.port, key="canary") as one:
    await one.sends(*headers(), *group(0))
    await there.has(10)
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.flv import AUDIO, VIDEO, FlvReader, Role, Tag, body_of
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import RtmpInput
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.events import ClientEvent, Publishing, Refused
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.run.ingest.unit import RtmpUnit
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from tests.live.ports import free_port
from tests.live.processes import Process, descendants, until

_NO_FFMPEG = Ffmpeg(Path("/nowhere/ffmpeg"), (5, 1), "5.1", "PATH")
KEY = "canary-in"


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Path(name)


def tags_of(path: Path) -> list[Tag]:
    """The tags of an FLV file."""
    return FlvReader().feed(path.read_bytes())


class Lines(logging.Handler):
    """What the runner's log says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.said.append(record.getMessage())

    async def says(self, *texts: str) -> str:
        """Wait for a line with all the texts."""

        def found() -> list[str]:
            return [line for line in self.said if all(text in line for text in texts)]

        await until(lambda: bool(found()), f"a line with {texts} among {self.said}")
        return found()[0]


@contextlib.contextmanager
def log_lines() -> Iterator[Lines]:
    """The log of every runner in this process, while the block lasts."""
    log = logging.getLogger("spiritstream.runner")
    lines, level = Lines(), log.level
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        log.removeHandler(lines)
        log.setLevel(level)


class Receiving:
    """An input on air with nothing behind its hub but this."""

    def __init__(self, unit: RtmpUnit, hub: Hub, lodging: Lodging) -> None:
        self.unit = unit
        self.hub = hub
        self.lodging = lodging
        self.port = lodging.port
        self.tags: list[Tag] = []
        hub.attach(self)

    def push(self, tags: Sequence[Tag]) -> None:
        """Keep what comes."""
        self.tags += tags

    def frames(self, kind: int = VIDEO) -> list[Tag]:
        """The frames of one kind that came."""
        return [
            tag for tag in self.tags if tag.kind == kind and tag.role in (Role.KEY, Role.FRAME, Role.SOUND)
        ]

    async def has(self, frames: int, kind: int = VIDEO) -> None:
        """Wait for so many frames."""
        await until(
            lambda: len(self.frames(kind)) >= frames, f"{frames} frames, not {len(self.frames(kind))}"
        )

    async def open(self) -> None:
        """Wait until publishers may come, or until it has failed."""
        await until(lambda: self.unit.state not in (State.IDLE, State.STARTING), "an open input")

    def assert_rising(self) -> None:
        """No stream's clock stands still or runs back."""
        for kind in (VIDEO, AUDIO):
            times = [tag.time_ms for tag in self.frames(kind)]
            assert sorted(set(times)) == times


@contextlib.asynccontextmanager
async def receiving(
    folder: Path, *, port: int = 0, key: str | None = KEY, profile: str = "show", **wanted: Any
) -> AsyncIterator[Receiving]:
    """An input that listens on loopback, its listener's socket in `folder`, until the block ends."""
    rtmp = RtmpInput("127.0.0.1", port or free_port(), "live", Secret(key) if key else None)
    rtmp = replace(rtmp, **wanted)
    hub = Hub()
    unit = RtmpUnit(rtmp, hub, Tools(_NO_FFMPEG, draw=lambda: 0.0, runtime=folder), profile)
    there = Receiving(unit, hub, Lodging(folder, rtmp.host, rtmp.port))
    unit.start()
    try:
        await there.open()
        yield there
    finally:
        await unit.stop()


class Publisher:
    """A client of ours, which sends what it is told."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: ClientSession
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._session = session
        self.events: list[ClientEvent] = []
        self.closed = False
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._reader.read(65536):
                self.events += self._session.feed(data)
                self._writer.write(self._session.outgoing())
        self.closed = True

    @property
    def publishing(self) -> bool:
        """Whether it was let in."""
        return any(isinstance(event, Publishing) for event in self.events)

    @property
    def refused(self) -> Refused | None:
        """What it was told when it was not."""
        return next((event for event in self.events if isinstance(event, Refused)), None)

    async def answered(self, timeout_s: float = 10) -> None:
        """Wait until it was let in, or was not."""
        await until(
            lambda: self.publishing or self.refused is not None or self.closed, "an answer", timeout_s
        )

    async def sends(self, *tags: Tag) -> None:
        """Send media, as fast as it is taken."""
        for tag in tags:
            self._writer.writelines(self._session.media(tag.kind, tag.time_ms, body_of(tag)))
            await self._writer.drain()

    @contextlib.asynccontextmanager
    async def playing(self, tags: Sequence[Tag], *, at_ms: int = 0) -> AsyncIterator[None]:
        """Send a clip over and over at its own speed, from a time of its clock on, until the block ends."""
        playing = asyncio.create_task(self._play(tags, at_ms))
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    async def _play(self, tags: Sequence[Tag], at_ms: int) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        length_ms = tags[-1].time_ms + 33
        for n in itertools.count():
            for tag in tags:
                due_s = (n * length_ms + tag.time_ms) / 1000
                await asyncio.sleep(max(0.0, began + due_s - clock()))
                await self.sends(tag.at(at_ms + n * length_ms + tag.time_ms))

    async def leaves(self, *, goodbye: bool = True) -> None:
        """End its connection, with or without a word."""
        if goodbye and not self._writer.is_closing():
            self._writer.write(self._session.leave())
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@contextlib.asynccontextmanager
async def publisher(
    port: int,
    *,
    key: str = KEY,
    app: str = "live",
    tls: ssl.SSLContext | None = None,
    chunk_bytes: int = 60_000,
    answered: bool = True,
) -> AsyncIterator[Publisher]:
    """A publisher that has its answer, unless told not to wait for it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    session = ClientSession(
        app=app,
        tc_url=f"rtmp://127.0.0.1:{port}/{app}",
        key=Secret(key),
        noise=os.urandom(1536),
        chunk_bytes=chunk_bytes,
    )
    session.start()
    writer.write(session.outgoing())
    one = Publisher(reader, writer, session)
    try:
        if answered:
            await one.answered()
        yield one
    finally:
        await one.leaves()


@contextlib.asynccontextmanager
async def raw(
    port: int, data: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that says only this."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def is_closed(reader: asyncio.StreamReader, timeout_s: float = 10) -> bool:
    """Wait until the other end has closed, whatever it says before."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(timeout_s):
            while await reader.read(65536):
                pass
    return True


def listeners(port: int) -> list[Process]:
    """The listener processes of a port."""
    return [p for p in descendants() if "spiritstream.run.ingest.listener" in p.argv and str(port) in p.argv]
