"""Asking on a unix socket: answers and errors as they come, and a bound on every wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from spiritstream.calls import answering
from spiritstream.control.client import AbsentError, RemoteError, connect
from spiritstream.errors import BusyError, ExitCode, PeerError, TamperedError
from spiritstream.wire import PROTOCOL


@pytest.fixture
async def path() -> AsyncIterator[Path]:
    """A place for a socket."""
    with TemporaryDirectory(prefix="spirit-") as folder:
        yield Path(folder) / "s"


@contextlib.asynccontextmanager
async def peer_at(path: Path, calls: dict[str, Any], protocol: int = PROTOCOL) -> AsyncIterator[None]:
    """A server that answers these calls."""

    def hello() -> dict[str, Any]:
        return {"hello": "runner", "protocol": protocol, "version": "1.2"}

    async with answering(path, "runner", hello, calls, BusyError("busy")):
        yield


@contextlib.asynccontextmanager
async def raw_at(path: Path, said: bytes) -> AsyncIterator[None]:
    """A server that says one thing, and then no more."""
    gone = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await gone.wait()
        writer.close()

    server = await asyncio.start_unix_server(converse, str(path))
    try:
        yield
    finally:
        gone.set()
        server.close()


async def test_answers_come_to_who_asked(path: Path) -> None:
    """The greeting, and each call's own answer."""

    async def double(args: dict[str, Any]) -> Any:
        return args["value"] * 2

    async with peer_at(path, {"double": double}), connect(path) as peer:
        assert ("runner", "1.2") == (peer.hello["hello"], peer.hello["version"])
        both = await asyncio.gather(peer.call("double", value=1), peer.call("double", value=2))
        assert [2, 4] == list(both)


async def test_an_error_keeps_its_words_and_its_code(path: Path) -> None:
    """As if it had been raised here."""

    async def fail(args: dict[str, Any]) -> Any:
        raise TamperedError("it was changed", "look who did")

    async with peer_at(path, {"fail": fail}), connect(path) as peer:
        with pytest.raises(RemoteError) as caught:
            await peer.call("fail")
    error = caught.value
    assert ("it was changed", "look who did", ExitCode.TAMPERED) == (
        error.message,
        error.hint,
        error.exit_code,
    )


async def test_nobody_there(path: Path) -> None:
    """No socket, or one that a dead process left: a class of its own, as the caller may start somebody."""
    with pytest.raises(AbsentError):
        await connect(path).__aenter__()
    async with raw_at(path, b""):
        pass
    with pytest.raises(AbsentError):
        await connect(path).__aenter__()


async def test_another_protocol_is_not_spoken(path: Path) -> None:
    """One can be found and named, and is told nothing."""
    async with peer_at(path, {}, PROTOCOL + 1), connect(path) as peer:
        assert not peer.speaks_ours
        with pytest.raises(PeerError, match=r"version 1\.2"):
            await peer.call("status")


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", "does not answer"), (b"nonsense\n", "no message"), (b"[1]\n", "no message")],
    ids=["silent", "garbled", "no object"],
)
async def test_a_greeting_that_is_none(path: Path, said: bytes, words: str) -> None:
    """Refused within a bound."""
    async with raw_at(path, said):
        with pytest.raises(PeerError, match=words):
            await connect(path, within_s=0.2).__aenter__()


async def _hang(args: dict[str, Any]) -> Any:
    await asyncio.Event().wait()


async def test_a_call_that_is_not_answered(path: Path) -> None:
    """It fails within its bound."""
    async with peer_at(path, {"hang": _hang}), connect(path) as peer:
        with pytest.raises(PeerError, match=r"within 0\.1 s"):
            await peer.call("hang", within_s=0.1)


@pytest.mark.parametrize("call", [_hang])
async def test_one_that_leaves_is_noticed(path: Path, call: Callable[..., Awaitable[Any]]) -> None:
    """By whoever waits for an answer, whoever waits for its end, and whoever asks later."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(peer_at(path, {"hang": call}))
        async with connect(path) as peer:
            waiting = asyncio.create_task(peer.call("hang"))
            await asyncio.sleep(0)
            await stack.aclose()
            with pytest.raises(PeerError, match="left"):
                await waiting
            await asyncio.wait_for(peer.gone(), 5)
            with pytest.raises(PeerError, match="left"):
                await peer.call("hang")
