"""A client of a runner's socket.

async with asking(path) as ask:
    units = (await ask("status"))["units"]
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from spiritstream.model.profile import Profile
from spiritstream.wire import MAX_LINE_BYTES, decode, encode, to_data

ANSWER_S = 15


class RefusedError(Exception):
    """The runner answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.message: str = error["message"]
        self.hint: str = error["hint"]
        self.code: int = error["code"]


class Asking:
    """One connection, after its hello."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: dict[str, Any]
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.hello = hello
        self._ids = itertools.count(1)

    async def __call__(self, call: str, profile: Profile | None = None, **args: object) -> Any:
        """What the runner answers; a profile is sent opened.

        Raises:
            RefusedError: it answers with an error.
        """
        if profile is not None:
            args["profile"] = to_data(profile)
        number = next(self._ids)
        self.writer.write(encode({"id": number, "call": call, "args": args}))
        answer = decode(await self.line())
        assert number == answer.pop("id")
        if "error" in answer:
            raise RefusedError(answer["error"])
        assert {"ok"} == answer.keys()
        return answer["ok"]

    async def line(self) -> bytes:
        """The next line; empty at the end."""
        return await asyncio.wait_for(self.reader.readline(), ANSWER_S)

    async def closed(self) -> bool:
        """Wait until the runner closes the connection. Whether it said nothing more before."""
        with contextlib.suppress(ConnectionError):
            return b"" == await asyncio.wait_for(self.reader.read(), ANSWER_S)
        return True


@contextlib.asynccontextmanager
async def asking(path: Path) -> AsyncIterator[Asking]:
    """A connection to the runner whose socket is at `path`."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
    try:
        hello = await asyncio.wait_for(reader.readline(), ANSWER_S)
        yield Asking(reader, writer, decode(hello) if hello else {})
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
