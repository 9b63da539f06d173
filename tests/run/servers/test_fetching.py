"""Asking a real HTTPS server: good ones, bad ones, those that never end. No word of a key is left behind."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spiritstream.model.servers import Lookup, LookupForm
from spiritstream.run.servers.fetching import MOST_BYTES, fetch
from spiritstream.run.servers.proxy import proxy_for
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.secret import Secret
from spiritstream.sockets import client_tls
from tests.live.ports import refused_port
from tests.live.tls import server_tls
from tests.run.servers.platforms import (
    HERE,
    Answering,
    a_byte_at_a_time,
    broken_off,
    for_ever,
    kept_open,
    platform,
    reply,
    serving,
)

KEY = Secret("canary/key?a=b&c=d e")
LONG_S, SHORT_S = 20.0, 0.3
PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's certificate is."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> ssl.SSLContext:
    """What the server needs."""
    return server_tls(folder)


@pytest.fixture
def trusting(server: ssl.SSLContext, folder: Path) -> ssl.SSLContext:
    """A client that trusts this server's certificate."""
    return ssl.create_default_context(cafile=folder / "cert.pem")


def clean(error: UnansweredError, caplog: pytest.LogCaptureFixture) -> str:
    """The reason, in which no word of question or answer is; nor is one in a log."""
    shown = f"{error!r} {error} {error.__cause__!r} {caplog.text}"
    assert "canary" not in shown
    return error.reason


async def test_a_good_answer(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """The body as it is, by address and by name. A question that needs no key has none, whatever it says."""
    async with platform(server, reply(b'{"a": 1}')) as asked:
        for host in (HERE, "localhost"):
            lookup = asked.lookup("/in?x={stream_key}", host=host)
            assert b'{"a": 1}' == await fetch(lookup, KEY, timeout_s=LONG_S, tls=trusting)
    assert ["/in?x={stream_key}"] * 2 == asked.paths
    assert f"\r\nHost: 127.0.0.1:{asked.port}\r\n" in asked.heads[0]
    assert "canary" not in asked.heads[0]


async def test_the_key_is_encoded(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """What would end a query, or begin a path, is part of the key."""
    async with platform(server, reply(b"{}")) as asked:
        lookup = asked.lookup("/api?id={stream_key}", LookupForm.NIMO, sends_key=True)
        await fetch(lookup, KEY, timeout_s=LONG_S, tls=trusting)
    assert ["/api?id=canary%2Fkey%3Fa%3Db%26c%3Dd%20e"] == asked.paths


@pytest.mark.parametrize(
    "said", [reply(b"{}"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
)
async def test_who_does_not_hang_up_is_not_waited_for(
    said: bytes, server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """An answer is over when it is whole."""  # fmt: skip
    async with platform(server, lambda _: kept_open(said)) as asked:
        assert b"{}" == await fetch(asked.lookup("/"), None, timeout_s=LONG_S, tls=trusting)


MOVED = reply(b"canary", "302 Found", "Location: https://b.example/canary")
BAD: dict[str, tuple[bytes | Answering, str, float, bool]] = {
    "hangs": (lambda _: for_ever, "timed out", SHORT_S, False),
    "drips": (lambda _: a_byte_at_a_time, "timed out", SHORT_S, False),
    "too long": (reply(b"canary " * MOST_BYTES), "too long", LONG_S, False),
    "endless": (b"HTTP/1.1 200 OK\r\n\r\n" + b"canary " * MOST_BYTES, "too long", LONG_S, False),
    "a redirect": (MOVED, "sends us elsewhere, status 302", LONG_S, False),
    "not found": (reply(b"canary", "404 Not Found"), "status 404", LONG_S, True),
    "forbidden": (reply(b"canary", "403 Forbidden"), "status 403", LONG_S, True),
    "too many": (reply(b"canary", "429 Too Many Requests"), "status 429", LONG_S, False),
    "broken": (reply(b"canary", "500 Internal Server Error"), "status 500", LONG_S, False),
    "nothing there": (reply(b"", "204 No Content"), "status 204", LONG_S, False),
    "hangs up": (lambda _: broken_off(b""), "broke off", LONG_S, False),
    "cut": (lambda _: broken_off(reply(b"canary" * 9)[:-5]), "broke off", LONG_S, False),
    "no HTTP": (b"canary\r\n\r\n", "no HTTP", LONG_S, False),
}


@pytest.mark.parametrize(("answer", "reason", "within_s", "person"), BAD.values(), ids=BAD)
async def test_bad_answers(
    answer: bytes | Answering,
    reason: str,
    within_s: float,
    person: bool,
    server: ssl.SSLContext,
    trusting: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each ends within the bound, with a reason and whose fault it is. Nothing is followed or asked twice."""
    caplog.set_level(logging.DEBUG)
    async with platform(server, answer) as asked:
        lookup = asked.lookup("/{stream_key}", LookupForm.SHOWROOM, sends_key=True)
        with pytest.raises(UnansweredError) as caught:
            await fetch(lookup, KEY, timeout_s=within_s, tls=trusting)
    assert reason in clean(caught.value, caplog)
    assert person is caught.value.person
    assert 1 == len(asked.paths)


async def test_a_certificate_of_nobody_gets_no_question(server: ssl.SSLContext) -> None:
    """The key is said to a verified host only: another one hears nothing at all."""
    async with platform(server, reply(b"{}")) as asked:
        lookup = asked.lookup("/{stream_key}", LookupForm.SHOWROOM, sends_key=True)
        with pytest.raises(UnansweredError, match="certificate"):
            await fetch(lookup, KEY, timeout_s=LONG_S, tls=ssl.create_default_context())
    assert [] == asked.heads


@pytest.mark.parametrize("bad", [{"address": "127.0.0.2", "host": "b.example"}, {"ends_in_days": -1}])
async def test_a_certificate_for_another_name_or_time(
    bad: dict[str, object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither is taken, though its authority is trusted."""
    context = server_tls(tmp_path, **bad)  # type: ignore[arg-type]
    trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    async with platform(context, reply(b"{}")) as asked:
        lookup = asked.lookup("/{stream_key}", LookupForm.DACAST, sends_key=True)
        with pytest.raises(UnansweredError) as caught:
            await fetch(lookup, KEY, timeout_s=LONG_S, tls=trusting)
    assert "its certificate was not accepted" == clean(caught.value, caplog)
    assert [] == asked.heads


async def test_the_environment_names_the_authorities(
    server: ssl.SSLContext, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE is honoured where nobody hands over a context."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
    client_tls.cache_clear()
    try:
        async with platform(server, reply(b"{}")) as asked:
            assert b"{}" == await fetch(asked.lookup("/"), None, timeout_s=LONG_S)
    finally:
        client_tls.cache_clear()


async def test_nobody_there(trusting: ssl.SSLContext) -> None:
    """A closed port is told from a server that is slow."""
    with refused_port() as port, pytest.raises(UnansweredError, match="connection refused"):
        lookup = Lookup(f"https://127.0.0.1:{port}/", LookupForm.INGESTS)
        await fetch(lookup, None, timeout_s=LONG_S, tls=trusting)


async def test_no_tls_there(trusting: ssl.SSLContext) -> None:
    """A server that speaks something else gets no question."""
    heard = bytearray()

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{}")
        heard.extend(await reader.read(10_000))
        await writer.drain()

    async with serving(shout) as port:
        lookup = Lookup(f"https://127.0.0.1:{port}/{{stream_key}}", LookupForm.NIMO, True)
        with pytest.raises(UnansweredError, match="TLS failed"):
            await fetch(lookup, KEY, timeout_s=LONG_S, tls=trusting)
    assert b"canary" not in heard


async def test_a_name_that_is_not_there(trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that is offline."""
    import socket

    ask = socket.getaddrinfo

    def none(host: str, *more: object, **options: object) -> object:
        if host == "a.example":
            raise socket.gaierror(socket.EAI_NONAME, "canary")
        return ask(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", none)
    with pytest.raises(UnansweredError, match="its host was not found"):
        await fetch(Lookup("https://a.example/", LookupForm.INGESTS), None, timeout_s=LONG_S, tls=trusting)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/{stream_key}", "https://u:p@127.0.0.1/", "file:///etc/passwd", "https://a b/"]
)
async def test_only_https_is_asked(url: str) -> None:
    """Anything else is refused before a connection is made."""
    with pytest.raises(UnansweredError, match="not a good https:// one"):
        await fetch(Lookup(url, LookupForm.NIMO, True), KEY, timeout_s=LONG_S)


async def test_no_key_no_question() -> None:
    """What is only given for a key is not asked for without one."""
    with pytest.raises(UnansweredError, match="it needs the key"):
        await fetch(Lookup("https://a.example/{stream_key}", LookupForm.NIMO, True), None, timeout_s=LONG_S)


async def test_it_can_be_interrupted(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """Whoever asks may stop at any moment, and the connection is gone."""
    gone = asyncio.Event()

    async def until_gone(writer: asyncio.StreamWriter) -> None:
        try:
            await writer.wait_closed()
        except OSError:
            pass
        finally:
            gone.set()

    async with platform(server, lambda _: until_gone) as asked:
        task = asyncio.create_task(fetch(asked.lookup("/"), None, timeout_s=LONG_S, tls=trusting))
        async with asyncio.timeout(LONG_S):
            while not asked.paths:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await gone.wait()
    assert task.cancelled()


# Proxies.


class Tunnel:
    """A proxy: what it was asked for, and what it answers."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n") -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.carried = bytearray()
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        if b" 200 " in self.answer:
            host, port = self.heads[-1].split()[1].decode().rsplit(":", 1)
            there, back = await asyncio.open_connection(host.strip("[]"), int(port))
            try:
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
            finally:
                back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(10_000):
                self.carried += data
                writer.write(data)
        writer.close()


@contextlib.asynccontextmanager
async def tunnel(proxy: Tunnel) -> AsyncIterator[Tunnel]:
    """The proxy on loopback."""
    async with serving(proxy.handle) as proxy.port:
        yield proxy


async def test_a_proxy_is_honoured(
    server: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for a tunnel, with its login; inside it the platform is verified, and the key is sealed."""
    async with tunnel(Tunnel()) as proxy, platform(server, reply(b"{}")) as asked:
        monkeypatch.setenv("https_proxy", f"http://me:p%40ss@{HERE}:{proxy.port}")
        lookup = asked.lookup("/{stream_key}", LookupForm.NIMO, sends_key=True)
        assert b"{}" == await fetch(lookup, KEY, timeout_s=LONG_S, tls=trusting)
        with pytest.raises(UnansweredError, match="certificate"):
            await fetch(lookup, KEY, timeout_s=LONG_S, tls=ssl.create_default_context())
    assert 1 == len(asked.paths)
    assert proxy.heads[0].startswith(f"CONNECT {HERE}:{asked.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in proxy.heads[0]
    assert b"canary" not in proxy.carried


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Login required\r\n\r\n", "the proxy refused"),
        (b"HTTP/1.1 503 No\r\n\r\n", "the proxy refused"),
        (b"", "the proxy hung up"),
        (b"canary\r\n\r\n", "the proxy refused"),
    ],
)
async def test_a_proxy_that_does_not_want(
    answer: bytes, reason: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said that it was the proxy."""
    async with tunnel(Tunnel(answer)) as proxy:
        monkeypatch.setenv("https_proxy", f"{HERE}:{proxy.port}")
        with pytest.raises(UnansweredError, match=reason):
            await fetch(
                Lookup("https://a.example/", LookupForm.INGESTS), None, timeout_s=LONG_S, tls=trusting
            )


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({}, None),
        ({"https_proxy": "http://p.example:3128"}, ("p.example", 3128)),
        ({"HTTPS_PROXY": "p.example:3128"}, ("p.example", 3128)),
        ({"all_proxy": "http://p.example"}, ("p.example", 80)),
        ({"http_proxy": "http://p.example"}, None),
        ({"https_proxy": "http://p.example", "no_proxy": "b.example,a.example"}, None),
        ({"https_proxy": "http://p.example", "no_proxy": "*"}, None),
        ({"https_proxy": "http://[::1]:3128"}, ("::1", 3128)),
    ],
)
def test_which_proxy(
    environment: dict[str, str], where: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's usual names."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for("a.example")
    assert where == (found and (found.host, found.port))


@pytest.mark.parametrize(
    "url", ["socks5://p.example:1080", "https://p.example", "http://", "http://p:canary/"]
)
def test_a_proxy_of_another_kind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not gone round: somebody wanted it."""
    monkeypatch.setenv("https_proxy", url)
    with pytest.raises(UnansweredError, match="not an http:// one") as caught:
        proxy_for("a.example")
    assert "canary" not in repr(caught.value)


def test_a_proxys_login_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by `repr`, either."""
    monkeypatch.setenv("https_proxy", "http://me:canary@p.example")
    found = proxy_for("a.example")
    assert found is not None
    assert found.authorization
    assert base64.b64encode(b"me:canary").decode() not in repr(found)
