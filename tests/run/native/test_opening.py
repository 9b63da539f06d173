"""Opening a publication: each step bounded, each refusal a cause, and a key only where it belongs."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from spiritstream.model.profile import Address
from spiritstream.rtmp.events import ClientEvent, Redirected
from spiritstream.run.native import Publication, PublishError, open_publish
from spiritstream.secret import Secret
from tests.live.chunks import Amf
from tests.live.sinks import Behaviour
from tests.run.native.peers import URL, Platform
from tests.virtualtime import run_virtually

KEY = Secret("canary-key")
HERE = Address(URL, KEY)


async def opened(platform: Platform, address: Address = HERE, **options: Any) -> Publication:
    """A publication that came about, or what kept it from doing so, with nothing left open."""
    try:
        return await open_publish(address, **options)
    except PublishError:
        assert all(sock.fileno() == -1 for sock in platform.socks)
        raise


def test_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is asked for application and stream; how long each step took is known."""

    async def go() -> None:
        platform = Platform(monkeypatch)
        publication = await opened(platform, fourccs=["hvc1", "Opus"])
        (connection,) = platform.sink.connections
        assert ("live", "canary-key", URL) == (connection.app, connection.stream, connection.tc_url)
        assert ["hvc1", "Opus"] == connection.enhanced
        assert connection.published_at is not None
        timings = publication.timings
        assert None not in (timings.resolve_ms, timings.connect_ms, timings.rtmp_ms, timings.publish_ms)
        assert timings.tls_ms is None
        assert [("a.example", 1935, False)] == platform.called
        assert () == publication.via
        publication.close()
        await platform.over()

    run_virtually(go())


def test_only_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that publishes nothing does not even name the stream, and needs no goodbye."""

    async def go() -> None:
        platform = Platform(monkeypatch)
        publication = await opened(platform, publish=False)
        await publication.leave()
        (connection,) = platform.sink.connections
        assert ("live", "") == (connection.app, connection.stream)
        assert [] == connection.goodbyes
        assert publication.timings.rtmp_ms is not None
        assert publication.timings.publish_ms is None
        await platform.over()

    run_virtually(go())


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(silent=True),
        Behaviour(mute_at="connect"),
        Behaviour(mute_at="createStream"),
        Behaviour(mute_at="publish"),
    ],
)
def test_a_silent_server(monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour) -> None:
    """Ten seconds for a step, then it is a timeout, and the connection is closed."""

    async def go() -> tuple[str, float]:
        platform = Platform(monkeypatch, behaviour)
        with pytest.raises(PublishError) as caught:
            await opened(platform)
        took_s = asyncio.get_running_loop().time()
        await platform.over()
        return caught.value.cause.code, took_s

    assert ("timeout", 10.0) == run_virtually(go())


def error(code: str, description: str = "", **more: Amf) -> dict[str, Amf]:
    """A refusal's information object."""
    return {"level": "error", "code": code, "description": description, **more}


REFUSALS = {
    "wrong key": (Behaviour(refuse_publish=True), "key-rejected"),
    "taken": (
        Behaviour(refuse_with=error("NetStream.Publish.BadName", "Already publishing")),
        "already-publishing",
    ),
    "no such application": (
        Behaviour(refuse_with=error("NetConnection.Connect.InvalidApp")),
        "not-found",
    ),
    "wants a login": (
        Behaviour(refuse_with=error("NetConnection.Connect.Rejected", "[ authmod=adobe ]")),
        "auth",
    ),
    "hangs up at connect": (Behaviour(hang_up_at="connect"), "key-rejected"),
    "hangs up at createStream": (Behaviour(hang_up_at="createStream"), "key-rejected"),
    "hangs up at publish": (Behaviour(hang_up_at="publish"), "key-rejected"),
    "repeats the key": (
        Behaviour(refuse_with=error("NetStream.Publish.BadName", "canary-key is unknown")),
        "key-rejected",
    ),
}


def test_what_else_is_hidden_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that was given for a key is part of what the server is asked for, and may come back."""

    async def go() -> PublishError:
        refusal = error("NetStream.Publish.BadName", "live?token=canary is unknown")
        platform = Platform(monkeypatch, Behaviour(refuse_with=refusal))
        with pytest.raises(PublishError) as caught:
            address = Address(f"{URL}?token=canary", Secret("key-of-it"))
            await opened(platform, address, hidden=[Secret("token=canary")])
        await platform.over()
        return caught.value

    failed = run_virtually(go())
    assert "is unknown" in failed.message
    assert "canary" not in f"{failed!r} {failed} {failed.cause}"


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A server's no is a cause with advice at once, without the key."""
    behaviour, code = REFUSALS[name]

    async def go() -> PublishError:
        platform = Platform(monkeypatch, behaviour)
        with pytest.raises(PublishError) as caught:
            await opened(platform)
        await platform.over()
        assert 0 == asyncio.get_running_loop().time()
        return caught.value

    failed = run_virtually(go())
    assert code == failed.cause.code
    assert (failed.message, failed.hint) == (failed.cause.message, failed.cause.advice)
    assert failed.hint
    assert "canary" not in f"{failed!r} {failed} {failed.cause}"
    assert failed.timings.publish_ms is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(4000), "not-rtmp"),
        (b"\x15\x03\x01\x00\x02\x02\x0a", "not-rtmp"),  # TLS: "unexpected message"
        (b"", "reset"),
    ],
)
def test_no_rtmp_there(monkeypatch: pytest.MonkeyPatch, answer: bytes, code: str) -> None:
    """Another protocol's server is told from one that hangs up."""

    async def go() -> str:
        platform = Platform(monkeypatch)

        async def accept(sock: socket.socket) -> None:
            sock.sendall(answer)
            sock.shutdown(socket.SHUT_WR)
            others.append(sock)

        others: list[socket.socket] = []
        platform.accept = accept
        with pytest.raises(PublishError) as caught:
            await opened(platform)
        for sock in others:
            sock.close()
        return caught.value.cause.code

    assert code == run_virtually(go())


def test_what_the_network_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that does not come about is told with its step, and how far it came."""

    async def go() -> None:
        platform = Platform(monkeypatch)
        platform.failures = [ConnectionRefusedError(111, "refused"), TimeoutError()]
        for code in ("refused", "timeout"):
            with pytest.raises(PublishError) as caught:
                await opened(platform)
            assert code == caught.value.cause.code
            assert caught.value.timings.resolve_ms is not None
            assert caught.value.timings.connect_ms is None

    run_virtually(go())


def test_a_login_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address with a user name is refused before anything is sent."""

    async def go() -> None:
        platform = Platform(monkeypatch)
        with pytest.raises(PublishError) as caught:
            await opened(platform, Address(URL, KEY, "user", Secret("canary-pass")))
        assert "auth" == caught.value.cause.code
        assert [] == platform.called

    run_virtually(go())


def redirect(url: str) -> Behaviour:
    """A server that sends everybody elsewhere."""
    more: Amf = {"code": 302.0, "redirect": url}
    return Behaviour(refuse_with=error("NetConnection.Connect.Rejected", "moved", ex=more))


def test_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect that may be followed is, and the key goes only to where it leads."""

    async def go() -> None:
        platform = Platform(monkeypatch, redirect("rtmps://b.example:444/edge"))
        look = asyncio.create_task(opened(platform, Address("rtmps://a.example/live", KEY)))
        while not platform.sink.connections:
            await asyncio.sleep(0)
        platform.sink.behaviour = Behaviour()
        publication = await look
        assert [("a.example", 443, True), ("b.example", 444, True)] == platform.called
        first, second = platform.sink.connections
        assert ("live", "") == (first.app, first.stream)
        assert ("edge", "canary-key") == (second.app, second.stream)
        assert ("a.example",) == publication.via
        publication.close()
        await platform.over()

    run_virtually(go())


def test_a_redirect_with_a_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends us on and closes, both in one read, has sent us on."""
    heard = Publication._heard

    def heard_and_closed(self: Publication, event: ClientEvent) -> None:
        heard(self, event)
        if isinstance(event, Redirected):
            self._ended(None)

    monkeypatch.setattr(Publication, "_heard", heard_and_closed)

    async def go() -> None:
        platform = Platform(monkeypatch, redirect("rtmps://b.example/edge"))
        look = asyncio.create_task(opened(platform, Address("rtmps://a.example/live", KEY)))
        while not platform.sink.connections:
            await asyncio.sleep(0)
        platform.sink.behaviour = Behaviour()
        publication = await look
        assert ("a.example",) == publication.via
        publication.close()
        await platform.over()

    run_virtually(go())


@pytest.mark.parametrize(
    ("url", "calls"),
    [
        ("rtmps://a.example/live", 3),  # round in circles
        ("rtmp://a.example/live", 1),
        ("rtmp://canary-key.example/live", 1),
        ("nonsense", 1),
    ],
)
def test_redirects_end(monkeypatch: pytest.MonkeyPatch, url: str, calls: int) -> None:
    """Two are followed at most, and none that could lead a key astray; the person is told where to."""

    async def go() -> None:
        platform = Platform(monkeypatch, redirect(url))
        with pytest.raises(PublishError) as caught:
            await opened(platform, Address("rtmps://a.example/live", KEY))
        assert "redirected" == caught.value.cause.code
        assert calls == len(platform.called)
        assert "canary" not in str(caught.value)
        assert "" == "".join(connection.stream for connection in platform.sink.connections)
        await platform.over()

    run_virtually(go())
