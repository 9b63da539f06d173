"""A platform's HTTPS for lists of servers, on loopback: it notes what it is asked, and answers as it is told.

async with platform(tls, json_reply({...})) as asked:
    ...  # ask asked.lookup("/ingests")
    assert asked.paths == ["/ingests"]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from spiritstream.model.servers import Lookup, LookupForm

HERE = "127.0.0.1"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Writing = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answering = Callable[[str], bytes | Writing]


def reply(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    """A plain answer."""
    head = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def json_reply(data: object) -> bytes:
    """An answer in JSON."""
    return reply(json.dumps(data).encode())


@dataclass(slots=True)
class Asked:
    """What came: each question's path and head, and where it is asked."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    def lookup(
        self, path: str, form: LookupForm = LookupForm.INGESTS, *, sends_key: bool = False, host: str = HERE
    ) -> Lookup:
        """A look-up that asks here."""
        return Lookup(f"https://{host}:{self.port}{path}", form, sends_key)


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback, by its port, for as long as the block lasts; nothing of it is left then."""
    under_way: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await handler(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, HERE, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await server.wait_closed()


@contextlib.asynccontextmanager
async def platform(tls: ssl.SSLContext, answer: bytes | Answering) -> AsyncIterator[Asked]:
    """HTTPS for as long as the block lasts; `answer` may depend on the path, or be written by hand."""
    asked = Asked()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.heads.append(head)
        asked.paths.append(head.split(" ")[1])
        said = answer(asked.paths[-1]) if callable(answer) else answer
        if isinstance(said, bytes):
            writer.write(said)
            await writer.drain()
        else:
            await said(writer)

    async with serving(handle, tls) as asked.port:
        yield asked


async def for_ever(_writer: asyncio.StreamWriter) -> None:
    """Says nothing, and does not hang up."""
    await asyncio.Event().wait()


async def a_byte_at_a_time(writer: asyncio.StreamWriter) -> None:
    """Says something all the time, and never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


def broken_off(said: bytes) -> Writing:
    """Says so much, and is gone."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    return write


def kept_open(said: bytes) -> Writing:
    """Says everything, and does not hang up, whatever it was asked for."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        await asyncio.Event().wait()

    return write
