"""A runner's line to its listener: what it does when that refuses, leaves, hangs, or is another version."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.model.profile import RtmpInput
from spiritstream.run.ingest.channel import PROTOCOL, Channel, Words
from spiritstream.run.ingest.gate import digest_of
from spiritstream.run.ingest.link import Events, Link
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.secret import Secret
from tests.virtualtime import run_virtually

HELLO: Words = {"hello": "listener", "protocol": PROTOCOL, "salt": "00ff"}
REFUSAL = {"code": "key-taken", "message": "profile a has it", "advice": "take another"}


@pytest.fixture
def lodging() -> Iterator[Lodging]:
    """A short place for a socket."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Lodging(Path(name), "127.0.0.1", 1935)


class Fake:
    """A listener that says what the test wants."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.heard: list[Words] = []
        self.channel: Channel | None = None
        self.ended = False

    async def welcome(self, *said: Words) -> Channel:
        """The next runner's line, and what it hears at once."""
        line, _ = await asyncio.get_running_loop().sock_accept(self._listening)
        self.channel = Channel(line, lambda words, *_: self.heard.append(words), self._end)
        for words in said:
            self.channel.send(words)
        await asyncio.sleep(0.05)
        return self.channel

    def _end(self) -> None:
        self.ended = True


class Show:
    """A link, its fake listener, and what it reported."""

    def __init__(self, lodging: Lodging, listening: socket.socket) -> None:
        self.listener = Fake(listening)
        self.publishers: list[tuple[bytes, str]] = []
        self.denied: list[tuple[str, str, int]] = []
        self.trouble: list[str] = []
        wanted = RtmpInput("127.0.0.1", 1935, "/live/", Secret("canary"))
        events = Events(self._publisher, lambda *said: self.denied.append(said), self.trouble.append)
        self.link = Link(wanted, "show", lodging, events)

    def _publisher(self, sock: socket.socket, replay: bytes, peer: str) -> None:
        sock.close()
        self.publishers.append((replay, peer))


@contextlib.asynccontextmanager
async def linked(lodging: Lodging) -> AsyncIterator[Show]:
    """A link that has a listener to find."""
    with lodging.listen() as listening:
        show = Show(lodging, listening)
        show.link.start()
        try:
            yield show
        finally:
            if show.listener.channel:
                show.listener.channel.close()
            await show.link.leave()


def test_it_registers_without_the_key(lodging: Lodging) -> None:
    """The listener gets profile, app and a digest by its own salt; what it reports is passed on."""

    async def main() -> None:
        async with linked(lodging) as show:
            line = await show.listener.welcome(HELLO)
            (said,) = show.listener.heard
            assert ("show", "live") == (said["register"]["profile"], said["register"]["app"])
            assert digest_of(b"\0\xff", "canary").hex() == said["register"]["digest"]
            assert "canary" not in str(said)
            near, far = socket.socketpair()
            line.send({"registered": True})
            line.send({"publisher": "10.0.0.7:5"}, b"replay", give=[near])
            line.send({"denied": "key", "peer": "10.0.0.8", "times": 3})
            line.send({"trouble": "a broken certificate"})
            await asyncio.sleep(0.05)
            assert (True, None) == (show.link.joined.is_set(), show.link.refused)
            assert [(b"replay", "10.0.0.7:5")] == show.publishers
            assert [("key", "10.0.0.8", 3)] == show.denied
            assert ["a broken certificate"] == show.trouble
            near.close()
            assert b"" == far.recv(1)
            far.close()

    run_virtually(main())


def test_a_refusal_is_shown_and_tried_again(lodging: Lodging) -> None:
    """What stands in the way may go: it asks again after five seconds."""

    async def main() -> None:
        async with linked(lodging) as show:
            line = await show.listener.welcome(HELLO, {"refused": REFUSAL})
            refused = show.link.refused
            assert refused is not None
            assert ("key-taken", "profile a has it", "take another", True) == (
                refused.code,
                refused.message,
                refused.advice,
                refused.person,
            )
            assert show.listener.ended
            line.close()
            await asyncio.sleep(4)
            await show.listener.welcome(HELLO, {"registered": True})
            assert (True, None) == (show.link.joined.is_set(), show.link.refused)

    run_virtually(main())


USELESS: dict[str, tuple[list[Words], str]] = {
    "another version": ([HELLO | {"protocol": PROTOCOL + 1}], "is of another version"),
    "another answer": ([HELLO, {"welcome": True}], "is of another version"),
    "silent from the start": ([], "does not answer"),
    "silent after the hello": ([HELLO], "does not answer"),
}


@pytest.mark.parametrize(("said", "message"), USELESS.values(), ids=USELESS)
def test_a_useless_listener_is_told_apart(lodging: Lodging, said: list[Words], message: str) -> None:
    """One of another version, or one that hangs: it says so, and what to do."""

    async def main() -> None:
        async with linked(lodging) as show:
            await show.listener.welcome(*said)
            await asyncio.sleep(5)
            refused = show.link.refused
            assert refused is not None
            assert message in refused.message
            assert refused.advice

    run_virtually(main())


def test_one_that_is_just_leaving_is_not_the_last(lodging: Lodging) -> None:
    """A listener that ends while we come is no refusal: the next one is found at once."""

    async def main() -> None:
        async with linked(lodging) as show:
            for _ in range(3):
                (await show.listener.welcome()).close()
            (await show.listener.welcome(HELLO)).close()
            await show.listener.welcome(HELLO, {"registered": True})
            assert (True, None) == (show.link.joined.is_set(), show.link.refused)
            assert [] == show.trouble

    run_virtually(main())


def test_a_lost_listener_is_joined_anew(lodging: Lodging) -> None:
    """It dies: the loss is told, and the registration made again."""

    async def main() -> None:
        async with linked(lodging) as show:
            (await show.listener.welcome(HELLO, {"registered": True})).close()
            await show.listener.welcome(HELLO | {"salt": "aa"}, {"registered": True})
            assert show.link.joined.is_set()
            assert ["the listener for 127.0.0.1:1935 is gone: it is started anew"] == show.trouble
            assert digest_of(b"\xaa", "canary").hex() == show.listener.heard[-1]["register"]["digest"]

    run_virtually(main())


def test_leaving_waits_until_the_port_is_closed(lodging: Lodging) -> None:
    """A stopped show's port is free when it says that it has stopped."""

    async def main() -> None:
        async with linked(lodging) as show:
            line = await show.listener.welcome(HELLO, {"registered": True})
            leaving = asyncio.create_task(show.link.leave())
            await asyncio.sleep(1)
            assert {"leave": True} == show.listener.heard[-1]
            assert not leaving.done()
            line.send({"left": True})
            line.close()
            await asyncio.sleep(0.05)
            assert leaving.done()

    run_virtually(main())
