"""One publisher that was handed over: what it says becomes tags, and a dead one is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from spiritstream.media.flv import Tag, body_of
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.events import ClientEvent, Pong, Publishing, Refused
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.server import ServerSession
from spiritstream.run.ingest.publisher import Publisher
from spiritstream.secret import Secret
from tests.media.tags import group, headers
from tests.virtualtime import run_virtually

NOISE = bytes(range(256)) * 6


class Peer:
    """The publisher's own end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.session = ClientSession(app="live", tc_url="rtmp://host/live", key=Secret("canary"), noise=NOISE)

    def led_up_to_publish(self) -> bytes:
        """Play listener and publisher up to `publish`; what the publisher said since the handshake."""
        server = ServerSession(NOISE)
        self.session.start()
        while not server.replay or self.session.step != "publish":
            server.feed(self.session.outgoing())
            self.session.feed(server.outgoing())
        server.feed(self.session.outgoing())
        return server.replay

    def hears(self) -> list[ClientEvent]:
        """What the server has said."""
        try:
            return list(self.session.feed(self.sock.recv(65536)))
        except BlockingIOError:
            return []

    def packed(self, tag: Tag) -> bytes:
        """Media as it travels."""
        return b"".join(self.session.media(tag.kind, tag.time_ms, body_of(tag)))

    def sends(self, *tags: Tag) -> None:
        """Media."""
        for tag in tags:
            self.sock.sendall(self.packed(tag))


class Show:
    """A publisher, its own end, and what came of it."""

    def __init__(self, peer: Peer, publisher: Publisher) -> None:
        self.peer = peer
        self.publisher = publisher
        self.tags: list[Tag] = []
        self.ends: list[str] = []

    def accept(self) -> None:
        """Let it publish."""
        self.publisher.accept(self.tags.extend, self.ends.append)

    async def passes(self, seconds: float) -> None:
        """Time, with a look twice a second."""
        for _ in range(round(seconds * 2)):
            await asyncio.sleep(0.5)
            self.publisher.look(asyncio.get_running_loop().time())


@contextlib.asynccontextmanager
async def handed_over(*early: Tag) -> AsyncIterator[Show]:
    """A publisher as the listener hands it over; `early` came right behind its `publish`."""
    far, near = socket.socketpair()
    far.setblocking(False)
    peer = Peer(far)
    replay = peer.led_up_to_publish() + b"".join(map(peer.packed, early))
    publisher = Publisher(near, replay, "10.0.0.7:5", asyncio.get_running_loop().time)
    try:
        yield Show(peer, publisher)
    finally:
        publisher.close()
        far.close()


def test_what_it_sends_becomes_tags() -> None:
    """Bodies, times and kinds are the publisher's own; it is told that it may publish."""

    async def main() -> None:
        async with handed_over() as show:
            show.accept()
            assert any(isinstance(event, Publishing) for event in show.peer.hears())
            sent = [*headers(), *group(0xFFFFFFF0)]
            show.peer.sends(*sent)
            await asyncio.sleep(1)
            wanted = [(tag.kind, tag.time_ms & 0xFFFFFFFF, body_of(tag)) for tag in sent]
            assert wanted == [(tag.kind, tag.time_ms, body_of(tag)) for tag in show.tags]
            assert [] == show.ends

    run_virtually(main())


def test_what_comes_before_the_answer_counts() -> None:
    """A publisher that does not wait for our word: what the listener read beyond `publish` comes first."""

    async def main() -> None:
        sent = [*headers(), *group(0)]
        async with handed_over(*sent[:5]) as show:
            assert [] == show.tags
            show.accept()
            show.peer.sends(*sent[5:])
            await asyncio.sleep(1)
            assert [body_of(tag) for tag in sent] == [body_of(tag) for tag in show.tags]

    run_virtually(main())


def test_a_refused_one_is_told() -> None:
    """It hears BadName with the reason, and its connection is closed."""

    async def main() -> None:
        async with handed_over() as show:
            refusing = asyncio.create_task(show.publisher.refuse("somebody publishes here already"))
            await asyncio.sleep(0.1)
            (refused,) = [event for event in show.peer.hears() if isinstance(event, Refused)]
            assert ("publish", "NetStream.Publish.BadName") == (refused.step, refused.code)
            assert "already" in refused.description
            show.peer.sock.close()
            await refusing

    run_virtually(main())


ENDS: dict[str, tuple[Callable[[Peer], None], str]] = {
    "it closes": (lambda peer: peer.sock.close(), "left"),
    "it says goodbye": (lambda peer: peer.sock.sendall(peer.session.leave()), "unpublished"),
    "it talks nonsense": (
        lambda peer: peer.sock.sendall(b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\0"),
        "garbled",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_end_is_told_once_with_its_reason(case: str) -> None:
    """However it ends, it is said once, and why."""
    act, expected = ENDS[case]

    async def main() -> None:
        async with handed_over() as show:
            show.accept()
            show.peer.hears()
            show.peer.sends(*headers(), *group(0))
            await asyncio.sleep(0.5)
            act(show.peer)
            await asyncio.sleep(0.5)
            assert [expected] == show.ends
            assert not show.publisher.open
            assert show.tags

    run_virtually(main())


def test_a_silent_one_is_pinged_and_given_up() -> None:
    """Asked after 10 s and 20 s, given up after 30 s without a byte."""

    async def main() -> None:
        async with handed_over() as show:
            show.accept()
            await show.passes(29.5)
            assert [] == show.ends
            await show.passes(1)
            assert ["silent"] == show.ends

    run_virtually(main())


def test_one_that_answers_pings_may_be_silent_for_ever() -> None:
    """A paused encoder is alive; its media's silence is counted from its last media all the same."""

    async def main() -> None:
        async with handed_over() as show:
            show.accept()
            for _ in range(200):
                await show.passes(0.5)
                # Answers go out by themselves once the ping is read.
                assert not any(isinstance(event, Pong) for event in show.peer.hears())
                show.peer.sock.sendall(show.peer.session.outgoing())
            assert [] == show.ends
            assert 0 == show.publisher.media_at
            assert show.publisher.heard_at > 80

    run_virtually(main())


def test_what_makes_no_sense_is_closed() -> None:
    """A replay that is no RTMP: the socket is not left open."""

    async def main() -> None:
        far, near = socket.socketpair()
        with pytest.raises(RtmpError):
            Publisher(near, b"\xff" * 100, "10.0.0.7:5", asyncio.get_running_loop().time)
        assert -1 == near.fileno()
        far.close()

    run_virtually(main())
