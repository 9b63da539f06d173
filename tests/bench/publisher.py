"""Publishes a FLV file at its own speed, and stamps each frame: `python -m tests.bench.publisher URL FILE`.

The first line on stdout, once the server has taken the publish, is `{}`. Then one answer for each line on
stdin: `report`, answered `{"sent": [[when, checksum], ...]}` for the video frames. The file is played once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from spiritstream.media.flv import VIDEO, FlvReader, Role, Tag
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.events import Publishing, Refused
from spiritstream.secret import Secret
from tests.bench.show import KEY

_TAG_HEADER, _TAG_TRAILER = 11, 4
_READ_BYTES = 64 * 1024
_ANSWER_S = 10.0


class Publisher:
    """One connection that publishes."""

    def __init__(self, sock: socket.socket, session: ClientSession, *, each_chunk: bool) -> None:
        """`each_chunk`: every chunk is a write of its own, as librtmp does it, and not each message."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._session = session
        self._each_chunk = each_chunk
        self._turn = asyncio.Lock()
        self.sent: list[tuple[float, int]] = []

    async def open(self) -> None:
        """From the handshake to the server's yes.

        Raises:
            RuntimeError: the server says no, or hangs up.
        """
        self._session.start()
        while True:
            await self._loop.sock_sendall(self._sock, self._session.outgoing())
            data = await self._loop.sock_recv(self._sock, _READ_BYTES)
            events = self._session.feed(data)
            if any(isinstance(event, Publishing) for event in events):
                return
            if not data or any(isinstance(event, Refused) for event in events):
                raise RuntimeError("the server does not let the publisher in")

    async def listen(self) -> None:
        """Take the server's acknowledgements, and answer its pings."""
        while data := await self._loop.sock_recv(self._sock, _READ_BYTES):
            self._session.feed(data)
            if answer := self._session.outgoing():
                async with self._turn:
                    await self._loop.sock_sendall(self._sock, answer)

    async def play(self, tags: list[Tag]) -> None:
        """Send each tag when it is due."""
        began = self._loop.time()
        for tag in tags:
            await asyncio.sleep(max(0.0, began + tag.time_ms / 1000 - self._loop.time()))
            await self._send(tag)

    async def _send(self, tag: Tag) -> None:
        body = memoryview(tag.raw)[_TAG_HEADER:-_TAG_TRAILER]
        buffers = self._session.media(tag.kind, tag.time_ms, body)
        chunks = [b"".join(buffers[n : n + 2]) for n in range(0, len(buffers), 2)]
        if not self._each_chunk:
            chunks = [b"".join(chunks)]
        if tag.kind == VIDEO and tag.role in (Role.KEY, Role.FRAME):
            self.sent.append((time.monotonic(), zlib.crc32(body)))
        async with self._turn:
            for chunk in chunks:
                await self._loop.sock_sendall(self._sock, chunk)


async def publish(options: argparse.Namespace) -> None:
    """Publish until the file or stdin ends."""
    tags = FlvReader().feed(options.file.read_bytes())
    address = urlsplit(options.url)
    session = ClientSession(
        app=address.path.strip("/"),
        tc_url=options.url,
        key=Secret(KEY),
        noise=os.urandom(1536),
        chunk_bytes=options.chunk_bytes,
    )
    with socket.create_connection((address.hostname, address.port), _ANSWER_S) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        publisher = Publisher(sock, session, each_chunk=options.each_chunk)
        await asyncio.wait_for(publisher.open(), _ANSWER_S)
        print("{}", flush=True)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(publisher.listen()), group.create_task(publisher.play(tags))]
            await _answer(publisher)
            for task in tasks:
                task.cancel()


async def _answer(publisher: Publisher) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        known = line == "report"
        print(json.dumps({"sent": publisher.sent} if known else {"error": "not understood"}), flush=True)


def main() -> None:
    """Read the options, and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url", help="without the key")
    parser.add_argument("file", type=Path)
    parser.add_argument("--chunk-bytes", type=int, default=60_000)
    parser.add_argument("--each-chunk", action="store_true", help="a write for each chunk, not each message")
    asyncio.run(publish(parser.parse_args()))


if __name__ == "__main__":
    main()
