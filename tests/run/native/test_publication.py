"""A publication that lives: its signs of life, its order under back-pressure, and its ends."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable

import pytest

from spiritstream.media.hub import Hub
from spiritstream.model.profile import Address
from spiritstream.model.status import Cause
from spiritstream.rtmp.messages import Control, pack_control
from spiritstream.run.native import Publication, open_publish
from spiritstream.run.native.outlet import Outlet
from spiritstream.secret import Secret
from tests.live.chunks import Type, pack, pack_command
from tests.live.sinks import Behaviour
from tests.run.native.peers import URL, Platform
from tests.virtualtime import run_virtually

Story = Callable[[Platform, Publication], Awaitable[None]]


def tell(monkeypatch: pytest.MonkeyPatch, story: Story, behaviour: Behaviour | None = None) -> None:
    """Run a story with a publication, on a virtual clock that starts at 0."""

    async def go() -> None:
        platform = Platform(monkeypatch, behaviour)
        publication = await open_publish(Address(URL, Secret("canary-key")))
        await story(platform, publication)
        publication.close()
        await platform.over()

    run_virtually(go())


def code(cause: Cause | None) -> str:
    """A cause's name."""
    assert cause is not None
    return cause.code


def test_pings_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life is asked for every five seconds, for as long as it takes."""

    async def story(platform: Platform, publication: Publication) -> None:
        publication.keep_asking()
        await asyncio.sleep(3601)
        assert 720 == platform.sink.connections[0].pings
        assert not publication.over.is_set()

    tell(monkeypatch, story)


def test_pings_that_are_no_longer_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answered one and then misses three is gone."""

    async def story(platform: Platform, publication: Publication) -> None:
        publication.keep_asking()
        await asyncio.sleep(6)
        platform.sink.pause()
        await publication.over.wait()
        assert 25 == asyncio.get_running_loop().time()
        assert "timeout" == code(publication.cause)

    tell(monkeypatch, story)


def test_pings_that_were_never_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not know pings is not thought to be gone."""

    async def story(platform: Platform, publication: Publication) -> None:
        publication.keep_asking()
        await asyncio.sleep(301)
        assert 60 == platform.sink.connections[0].pings
        assert not publication.over.is_set()

    tell(monkeypatch, story, Behaviour(ignores_pings=True))


def test_back_pressure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit goes out later, whole and in order; whoever sends is told when there is room."""

    async def story(platform: Platform, publication: Publication) -> None:
        publication.keep_asking()
        await asyncio.sleep(6)
        platform.sink.pause()
        rooms: list[int] = []
        publication.on_room = lambda: rooms.append(publication.sent_bytes)
        bodies = [bytes((0x27, 1, n)) * 100_000 for n in range(8)]
        for n, body in enumerate(bodies):
            publication.send(publication.media(Type.VIDEO, 40 * n, body))
        stuck = publication.sent_bytes
        assert 0 < stuck < 8 * 300_000
        await asyncio.sleep(60)
        connection = platform.sink.connections[0]
        assert ([], stuck, True) == (rooms, publication.sent_bytes, publication.busy)
        platform.sink.resume()
        while connection.media_count < len(bodies):
            await asyncio.sleep(0.01)
        assert [(40 * n, 300_000) for n in range(8)] == [(m.timestamp_ms, m.size) for m in connection.media]
        assert 1 == len(rooms)
        assert not publication.over.is_set(), "pings were not sent into what was stuck"

    tell(monkeypatch, story)


@pytest.mark.parametrize("clean", [True, False])
def test_goodbye(monkeypatch: pytest.MonkeyPatch, clean: bool) -> None:
    """Leaving tells the server that the stream is over; closing tells it nothing."""

    async def story(platform: Platform, publication: Publication) -> None:
        publication.send(publication.media(Type.VIDEO, 0, b"\x17\x01last"))
        if clean:
            await publication.leave()
        else:
            publication.close()
        (connection,) = platform.sink.connections
        while connection.closed_at is None:
            await asyncio.sleep(0)
        assert 1 == connection.media_count
        assert (["FCUnpublish", "deleteStream"] if clean else []) == connection.goodbyes
        assert publication.cause is None
        assert 0 == asyncio.get_running_loop().time()

    tell(monkeypatch, story)


def test_a_goodbye_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that reads nothing is left after a second, with or without something stuck before it."""

    async def story(platform: Platform, publication: Publication) -> None:
        platform.sink.pause()
        publication.send(publication.media(Type.VIDEO, 0, bytes(2_000_000)))
        await publication.leave()
        assert 1 == asyncio.get_running_loop().time()

    tell(monkeypatch, story)


def test_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut is over, with a cause; what is sent then goes nowhere, and harms nobody."""

    async def story(platform: Platform, publication: Publication) -> None:
        platform.sink.cut()
        await publication.over.wait()
        assert "reset" == code(publication.cause)
        publication.send([b"more"])
        publication.close()
        assert "reset" == code(publication.cause)

    tell(monkeypatch, story)


def test_ended_by_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends the stream and says why is believed, though it hangs up in the same breath."""

    async def story(platform: Platform, publication: Publication) -> None:
        (peer,) = platform.sink._peers
        why = {"level": "error", "code": "NetStream.Publish.Denied", "description": "canary-key has expired"}
        peer._transport.write(pack_command("onStatus", 0.0, None, dict(why), stream=1))
        peer._transport.close()
        await publication.over.wait()
        assert "key-rejected" == code(publication.cause)
        assert "canary" not in repr(publication.cause)

    tell(monkeypatch, story)


def test_nonsense_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that breaks the protocol is left."""

    async def story(platform: Platform, publication: Publication) -> None:
        (peer,) = platform.sink._peers
        peer._transport.write(b"\xff" * 5000)
        await publication.over.wait()
        assert "not-rtmp" == code(publication.cause)

    tell(monkeypatch, story)


def test_a_server_that_asks_and_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our answers to its pings are not kept without end: it is left."""

    async def story(platform: Platform, publication: Publication) -> None:
        platform.sink.pause()
        for n in range(8):
            publication.send(publication.media(Type.VIDEO, 40 * n, bytes((0x27, 1, n)) * 100_000))
        (peer,) = platform.sink._peers
        ping = pack(Type.USER_CONTROL, pack_control(Control.PING_REQUEST, 7))
        async with asyncio.timeout(60):
            while not publication.over.is_set():
                peer._transport.write(ping * 200)
                await asyncio.sleep(0.01)
        assert "timeout" == code(publication.cause)
        platform.sink.resume()

    tell(monkeypatch, story)


def test_a_lost_connection_frees_its_queue_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that flaps all day must not pile up queues until the garbage collector comes by."""

    async def story(platform: Platform, publication: Publication) -> None:
        hub = Hub(asyncio.get_running_loop().time)
        outlet = Outlet(hub, publication)
        gone = weakref.ref(outlet)
        outlet.detach()
        gc.disable()
        try:
            publication.close()
            del outlet
            assert gone() is None
        finally:
            gc.enable()

    tell(monkeypatch, story)
