"""Asking a runner or a controller on its unix socket: one connection, any number of calls.

async with connect(path) as peer:
    status = await peer.call("status")
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from spiritstream.calls import peer_uid
from spiritstream.errors import ExitCode, PeerError, SpiritError
from spiritstream.wire import MAX_LINE_BYTES, PROTOCOL, decode, encode

GREET_S = 5.0
CALL_S = 30.0


class AbsentError(PeerError):
    """Nobody listens there."""


class SilentError(PeerError):
    """Somebody is there, and does not answer in time."""


class RemoteError(SpiritError):
    """What the other end said, with its exit code."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = ExitCode(code) if code in set(ExitCode) else ExitCode.UNEXPECTED


@contextlib.asynccontextmanager
async def connect(path: Path, *, within_s: float = GREET_S) -> AsyncIterator[Peer]:
    """A conversation with whoever listens at `path`, for as long as the context lasts.

    Raises:
        AbsentError: nobody listens there.
        SilentError: it does not greet in time.
        PeerError: it is another user's.
    """
    peer = await greet(path, within_s=within_s)
    try:
        yield peer
    finally:
        peer.close()
        await peer.gone()


async def greet(path: Path, *, within_s: float = GREET_S) -> Peer:
    """As `connect`, for a connection that is kept: whoever asks for it closes it."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
            _check_owner(writer, path)
            return Peer(path, decode(await reader.readline()), reader, writer)
    except (FileNotFoundError, ConnectionRefusedError):
        raise AbsentError(f"nobody listens at {path}") from None
    except BaseException as error:
        if writer is not None:
            writer.close()
        if isinstance(error, TimeoutError):
            raise SilentError(f"{path} does not answer", "it may be busy: try again") from None
        if isinstance(error, OSError | ValueError):
            raise PeerError(f"{path} cannot be talked to", "is it a socket of spiritstream's?") from None
        raise


class Peer:
    """The other end of a socket, and what it said in greeting."""

    def __init__(
        self, path: Path, hello: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.path = path
        self.hello = hello
        self._reader = reader
        self._writer = writer
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listening = asyncio.create_task(self._listen(), name=f"answers from {path.name}")

    @property
    def speaks_ours(self) -> bool:
        """Whether it speaks our version of the protocol; calls to one that does not are refused here."""
        return self.hello.get("protocol") == PROTOCOL

    async def call(self, name: str, /, *, within_s: float = CALL_S, **args: Any) -> Any:
        """What it answers.

        Raises:
            RemoteError: what it says is wrong, with its hint and exit code.
            SilentError: it takes longer than `within_s`.
            PeerError: it left, or speaks another version of the protocol.
        """
        if not self.speaks_ours:
            raise PeerError(
                f"{self.path.name} is of version {str(self.hello.get('version'))[:40]}, and speaks otherwise",
                "restart it with the version that is installed now",
            )
        if self._listening.done():
            raise self._left()
        self._asked += 1
        number = self._asked
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within_s):
                self._writer.write(encode({"id": number, "call": name, "args": args}))
                # Both at once: one who leaves may do so before it has read us.
                await asyncio.gather(self._drain(), answer)
        except TimeoutError:
            raise SilentError(
                f"{self.path.name} does not answer within {within_s:g} s", "try again"
            ) from None
        finally:
            del self._waiting[number]
        return _result(answer.result())

    async def gone(self) -> None:
        """Wait until the other end has left, or `close` was called."""
        await asyncio.wait({self._listening})

    def close(self) -> None:
        """End the conversation."""
        self._listening.cancel()
        self._writer.close()

    async def _drain(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                message = decode(line)
                waiting = self._waiting.get(message.get("id", 0))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        except (OSError, ValueError, TypeError, PeerError):
            pass  # a line that is no message: of no more use
        finally:
            self._writer.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(self._left())

    def _left(self) -> PeerError:
        return PeerError(f"{self.path.name} has left the conversation", "see whether it still runs")


def _result(message: dict[str, Any]) -> Any:
    error = message.get("error")
    if not isinstance(error, dict):
        return message.get("ok")
    code = error.get("code")
    raise RemoteError(
        str(error.get("message", "it failed")),
        str(error.get("hint", "")),
        code if isinstance(code, int) else 1,
    )


def _check_owner(writer: asyncio.StreamWriter, path: Path) -> None:
    """Refuse another user's socket: what we send holds secrets."""
    if peer_uid(writer) not in (os.getuid(), None):
        raise PeerError(f"{path} belongs to another user", "is XDG_RUNTIME_DIR yours?")
