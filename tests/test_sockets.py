"""Stream sockets: everything arrives, nothing waits, every end is heard of, and no name is taken on trust."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from spiritstream.model.status import TcpFigures
from spiritstream.sockets import StreamSocket, client_tls, connect
from spiritstream.sockets.lookup import look_up
from tests.live.processes import until
from tests.live.tls import server_tls
from tests.virtualtime import run_virtually

HERE = "127.0.0.1"
MEBI = 1024 * 1024
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Heard:
    """What a stream socket told."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.ends: list[OSError | None] = []
        self.room = 0
        self.over = asyncio.Event()
        self.writable = asyncio.Event()

    def begin(self, sock: StreamSocket) -> StreamSocket:
        """Listen to a socket."""
        sock.begin(self.data.append, self._ended, self._room)
        return sock

    def _ended(self, error: OSError | None) -> None:
        self.ends.append(error)
        self.over.set()

    def _room(self) -> None:
        self.room += 1
        self.writable.set()

    @property
    def text(self) -> bytes:
        """All that came."""
        return b"".join(self.data)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback, by its port, for as long as the block lasts."""
    under_way: set[asyncio.Task[Any]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async with await asyncio.start_server(handle, HERE, 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.wait_for(asyncio.gather(*under_way, return_exceptions=True), 10)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads nothing and says nothing until the other end is gone."""
    await reader.read()


@pytest.fixture(params=["plain", "tls"])
def contexts(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Any]:
    """What server and client need for a connection of each kind."""
    if request.param == "plain":
        return None, None
    return server_tls(tmp_path), ssl.create_default_context(cafile=tmp_path / "cert.pem")


async def connected(port: int, tls: ssl.SSLContext | None = None, **options: Any) -> StreamSocket:
    """A connection to a server of `serving`."""
    return await StreamSocket.connect(HERE, port, tls=tls, timeout_s=10, **options)


async def test_everything_arrives(contexts: tuple[Any, Any]) -> None:
    """What is sent in many buffers, in parts as they fit, arrives whole and in order; so does the answer."""
    buffers = [os.urandom(n % 5000 + 1) for n in range(0, 30_000, 7)]
    payload = b"".join(buffers)
    taken_at = asyncio.Event()

    async def digest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken_at.wait()  # until then nothing is read
        seen = hashlib.sha256(await reader.readexactly(len(payload)))
        writer.write(seen.digest())
        writer.close()

    async with serving(digest, contexts[0]) as port:
        heard = Heard()
        sock = heard.begin(await connected(port, contexts[1]))
        taken = sock.send(buffers)
        assert 0 < taken < len(payload)
        taken_at.set()
        while taken < len(payload):
            await asyncio.wait_for(heard.writable.wait(), 10)
            heard.writable.clear()
            taken += sock.send([memoryview(payload)[taken:]])
        await asyncio.wait_for(heard.over.wait(), 10)
    assert hashlib.sha256(payload).digest() == heard.text
    assert [None] == heard.ends


async def test_a_peer_that_does_not_read(contexts: tuple[Any, Any]) -> None:
    """It holds nobody up: a send takes what fits and returns, and the figures show what waits."""
    async with serving(silence, contexts[0]) as port:
        sock = await connected(port, contexts[1])
        # The reader's own buffer is 128 KiB, then the kernels' fill.
        sent = 0
        while taken := sock.send([bytes(MEBI)]):
            sent += taken
        assert 0 == sock.send([b"more"])
        unsent = sock.figures().unsent_bytes
        if sys.platform == "linux":
            assert unsent is not None
            assert 0 < unsent <= sent + MEBI
        sock.close()


async def test_end_in_order(contexts: tuple[Any, Any]) -> None:
    """What came before the end is handed on first; the end comes once, without an error."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"last words")
        writer.close()

    async with serving(speak, contexts[0]) as port:
        heard = Heard()
        sock = heard.begin(await connected(port, contexts[1]))
        await asyncio.wait_for(heard.over.wait(), 10)
    assert (b"last words", [None]) == (heard.text, heard.ends)
    assert 0 == sock.send([b"too late"])
    assert (-1, TcpFigures()) == (sock.fileno(), sock.figures())


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection the rude way."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_reset(contexts: tuple[Any, Any]) -> None:
    """A connection that is cut is told from one that ends."""

    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with serving(cut, contexts[0]) as port:
        heard = Heard()
        heard.begin(await connected(port, contexts[1]))
        await asyncio.wait_for(heard.over.wait(), 10)
    (error,) = heard.ends
    assert isinstance(error, ConnectionResetError)


async def test_last_words_before_a_lost_send() -> None:
    """A server that says why and hangs up is heard, though a send is what notices it first."""
    gone = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"no, because")
        await writer.drain()
        reset(writer)
        gone.set()

    async with serving(refuse) as port:
        sock = await connected(port)
        sock.send([b"?"])
        await gone.wait()
        await asyncio.sleep(0)
        heard = Heard()
        # Both are noticed by the same turn of the loop: the send comes before the read.
        heard.begin(sock)
        assert 0 == sock.send([b"media"])
        assert [] == heard.ends, "nobody is called from inside a call"
        await asyncio.wait_for(heard.over.wait(), 10)
    assert b"no, because" == heard.text
    assert 1 == len(heard.ends)


async def test_no_word_after_close() -> None:
    """Whoever closes hears nothing any more, neither of what had come nor of the end."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await reader.read()
        writer.close()

    async with serving(speak) as port:
        sock = await connected(port)
        heard = Heard()
        heard.begin(sock)
        sock.close()
        sock.close()
        other = Heard()
        second = other.begin(await connected(port))
        await until(lambda: b"hello" == other.text, "another connection hears", 10)
        second.close()
        heard.begin(sock)
        await asyncio.wait_for(heard.over.wait(), 10)
    assert b"" == heard.text
    assert isinstance(heard.ends[0], ConnectionError), "listening to what is closed is told at once"


def pair(**options: Any) -> tuple[socket.socket, StreamSocket]:
    """Two ends of one connection, in this process."""
    ours, theirs = socket.socketpair()
    return theirs, StreamSocket(ours, **options)


def test_small_packets_become_one_read() -> None:
    """With a rest, what trickles in during it is handed on together; without one, each at once."""

    async def trickle(rest_s: float) -> list[bytes]:
        theirs, sock = pair(rest_s=rest_s)
        heard = Heard()
        heard.begin(sock)
        for n in range(6):
            theirs.send(b"%d" % n)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        theirs.send(b"!")
        await asyncio.sleep(1)
        theirs.close()
        await heard.over.wait()
        return heard.data

    assert [b"0", b"1", b"2", b"3", b"4", b"5", b"!"] == run_virtually(trickle(0.0))
    assert [b"0", b"12", b"34", b"5", b"!"] == run_virtually(trickle(0.024))


def test_no_rest_while_much_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rest never slows a fast peer down: it comes when all that was there has been read."""
    monkeypatch.setattr("spiritstream.sockets.stream._READS", 1)

    async def flood() -> float:
        theirs, sock = pair(rest_s=1.0)
        heard = Heard()
        heard.begin(sock)
        theirs.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(theirs, bytes(MEBI))
        while len(heard.text) < MEBI:
            await asyncio.sleep(0.001)
        theirs.close()
        await heard.over.wait()
        return loop.time()

    # 16 reads of 64 KiB: with a rest after each it would be 16 s.
    assert run_virtually(flood()) < 10


def test_after_a_pause_the_first_packet_is_heard_at_once() -> None:
    """A peer that pauses is waited for without a wake-up, and what comes then does not wait for a rest."""

    async def pause() -> tuple[int, float]:
        theirs, sock = pair(rest_s=0.5)
        heard = Heard()
        heard.begin(sock)
        loop = asyncio.get_running_loop()
        theirs.send(b"before")
        await asyncio.sleep(60.1)
        armed = sum(handle.when() < 1e6 for handle in loop._scheduled if not handle.cancelled())  # type: ignore[attr-defined]
        began = loop.time()
        theirs.send(b"after")
        while heard.text != b"beforeafter":
            await asyncio.sleep(0.001)
        took_s = loop.time() - began
        sock.close()
        theirs.close()
        return armed, round(took_s, 1)

    assert (0, 0.0) == run_virtually(pause())


def test_who_listened_to_a_closed_connection_is_free_at_once() -> None:
    """Nothing of it waits for the garbage collector: it may hold a queue full of media."""

    async def close() -> list[Heard]:
        theirs, sock = pair()
        heard = Heard()
        heard.begin(sock)
        gone = weakref.ref(heard)
        gc.disable()
        try:
            del heard
            sock.close()
            return [left for left in [gone()] if left is not None]
        finally:
            gc.enable()
            theirs.close()

    assert [] == run_virtually(close())


async def test_figures() -> None:
    """A TCP connection has round trip, unsent bytes and retransmits on Linux; any other socket has none."""
    async with serving(silence) as port:
        sock = await connected(port)
        sock.send([b"x"])
        figures = sock.figures()
        assert sock.peer == f"{HERE}:{port}"
        sock.close()
    if sys.platform == "linux":
        assert figures.rtt_ms is not None
        assert 0 < figures.rtt_ms < 10_000
        assert 0 == figures.retransmits
        assert figures.unsent_bytes is not None
    theirs, other = pair()
    assert (None, None) == (other.figures().rtt_ms, other.figures().retransmits)
    other.close()
    theirs.close()


async def test_finish(contexts: tuple[Any, Any]) -> None:
    """Everything that was taken reaches the peer before the end, though the peer talks all the time."""
    came = asyncio.get_running_loop().create_future()

    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(10_000))
        await asyncio.sleep(0.02)
        came.set_result(await reader.read())
        writer.close()

    async with serving(chat, contexts[0]) as port:
        sock = await connected(port, contexts[1])
        sent = sock.send([os.urandom(200_000)])
        await asyncio.wait_for(sock.finish(10), 5)
        assert sent == len(await asyncio.wait_for(came, 10))


def test_finish_is_bounded() -> None:
    """A peer that never closes is not waited for longer than asked."""

    async def late() -> float:
        theirs, sock = pair()
        await sock.finish(1.5)
        theirs.close()
        return asyncio.get_running_loop().time()

    assert 1.5 == run_virtually(late())


# Getting there.


async def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind((HERE, 0))
        port: int = sock.getsockname()[1]
        return port


async def test_refused() -> None:
    """Nobody listens: an error at once, after the name was found."""
    steps: list[str] = []
    with pytest.raises(ConnectionRefusedError):
        await connected(await closed_port(), done=steps.append)
    assert ["resolve"] == steps


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example", ".."])
async def test_no_such_host(host: str) -> None:
    """A name that leads nowhere, or is none, is an error of its own kind."""
    with pytest.raises(socket.gaierror):
        await StreamSocket.connect(host, 1, timeout_s=20)


class Roads:
    """Replaces looking up and connecting: each address answers after its own time, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *roads: tuple[socket.AddressFamily, Any]) -> None:
        loop = asyncio.get_running_loop()
        self.roads = dict(enumerate(roads))
        self.tried: list[tuple[float, int]] = []
        monkeypatch.setattr(connect, "look_up", self._look_up)
        monkeypatch.setattr(loop, "sock_connect", self._connect)

    async def _look_up(self, *_: Any, **__: Any) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (n,)) for n, (family, _) in self.roads.items()]

    async def _connect(self, sock: socket.socket, address: tuple[int]) -> None:
        self.tried.append((round(asyncio.get_running_loop().time(), 3), address[0]))
        outcome = self.roads[address[0]][1]
        if isinstance(outcome, OSError):
            raise outcome
        await asyncio.sleep(outcome)


V4, V6 = socket.AF_INET, socket.AF_INET6
REFUSED = OSError(errno.ECONNREFUSED, "refused")
NO_ROAD = OSError(errno.ENETUNREACH, "no road")
NEVER = 1_000_000.0


@pytest.mark.parametrize(
    ("roads", "tried", "outcome"),
    [
        ([(V4, 0.1)], [(0.0, 0)], 0.1),
        # A silent address costs a quarter of a second, a refusing one nothing.
        ([(V6, NEVER), (V4, 0.1)], [(0.0, 0), (0.25, 1)], 0.35),
        ([(V6, NO_ROAD), (V4, 0.1)], [(0.0, 0), (0.0, 1)], 0.1),
        # Families take turns.
        ([(V6, NEVER), (V6, NEVER), (V4, 0.1)], [(0.0, 0), (0.25, 2)], 0.35),
        # The first may still win.
        ([(V6, 0.4), (V4, NEVER)], [(0.0, 0), (0.25, 1)], 0.4),
        # Of several failures the most telling one.
        ([(V6, NO_ROAD), (V4, REFUSED)], [(0.0, 0), (0.0, 1)], errno.ECONNREFUSED),
        ([(V4, REFUSED), (V6, NO_ROAD)], [(0.0, 0), (0.0, 1)], errno.ECONNREFUSED),
        ([(V6, NO_ROAD)], [(0.0, 0)], errno.ENETUNREACH),
        ([], [], errno.EHOSTUNREACH),
        # All in bounded time, and so many at most.
        ([(V4, NEVER)] * 9, [(0.25 * n, n) for n in range(6)], "TimeoutError"),
    ],
)
def test_addresses_in_turn(
    monkeypatch: pytest.MonkeyPatch, roads: list[Any], tried: list[Any], outcome: Any
) -> None:
    """A host's addresses are tried one beside the other, and the first that answers is used."""

    async def go() -> Any:
        loop = asyncio.get_running_loop()
        made = Roads(monkeypatch, *roads)
        try:
            (await StreamSocket.connect("host", 1, timeout_s=10)).close()
            return made.tried, round(loop.time(), 3)
        except TimeoutError:
            assert 10 == round(loop.time(), 3)
            return made.tried, "TimeoutError"
        except OSError as error:
            return made.tried, error.errno

    assert (tried, outcome) == run_virtually(go())


def test_a_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking a name up is bounded too."""

    async def go() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        steps: list[str] = []

        async def look_up(*_: Any, **__: Any) -> list[Any]:
            await asyncio.sleep(NEVER)
            return []

        monkeypatch.setattr(connect, "look_up", look_up)
        with pytest.raises(TimeoutError):
            await StreamSocket.connect("host", 1, timeout_s=10, done=steps.append)
        return steps, loop.time()

    assert ([], 10.0) == run_virtually(go())


async def test_lookups_that_hang_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """They sit in threads of their own, one for each host; who asks again waits for the same one."""
    asked: list[str] = []
    answer: Any = socket.getaddrinfo
    go = threading.Event()

    def hanging(host: str, *rest: Any, flags: int = 0, **more: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            return answer(host, *rest, flags=flags, **more)
        asked.append(host)
        go.wait(20)
        return [(V4, socket.SOCK_STREAM, 6, "", (HERE, 1))]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    names = [f"host-{n}.example" for n in range(12)]
    lookups = [asyncio.create_task(look_up(name, 1)) for name in [*names, *names]]
    assert "free" == await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 10)
    lookups[0].cancel()
    go.set()
    found = await asyncio.gather(*lookups, return_exceptions=True)
    assert sorted(names) == sorted(asked)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[12] == found[1]


async def test_a_farewell_that_is_called_off_closes_all_the_same() -> None:
    """Whoever ends in a hurry leaves no connection behind."""
    ours, theirs = socket.socketpair()
    with theirs:
        sock = StreamSocket(ours)
        farewell = asyncio.create_task(sock.finish(20))
        await asyncio.sleep(0)
        farewell.cancel()
        await asyncio.gather(farewell, return_exceptions=True)
        assert -1 == sock.fileno()


# TLS.


async def say_name(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Tells which protocol was agreed on."""
    writer.write(str(writer.get_extra_info("ssl_object").version()).encode())
    writer.close()


async def test_tls_is_verified_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared context trusts what the environment names, asks for the name, and is made once."""
    server = server_tls(tmp_path)
    asked: list[str | None] = []
    server.sni_callback = lambda _sock, name, _context: asked.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    client_tls.cache_clear()
    try:
        steps: list[str] = []
        heard = Heard()
        async with serving(say_name, server) as port:
            # The name also has an IPv6 address, where nobody listens.
            sock = await StreamSocket.connect(
                "localhost", port, tls=client_tls(), timeout_s=10, done=steps.append
            )
            heard.begin(sock)
            await asyncio.wait_for(heard.over.wait(), 10)
        assert client_tls() is client_tls()
    finally:
        client_tls.cache_clear()
    assert (b"TLSv1.3", ["localhost"]) == (heard.text, asked)
    assert ["resolve", "connect", "tls"] == steps


async def test_tls_of_yesterday_is_refused(tmp_path: Path) -> None:
    """Nothing older than TLS 1.2 is spoken."""
    server = server_tls(tmp_path)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    context = client_tls()
    assert (ssl.TLSVersion.TLSv1_2, True, ssl.CERT_REQUIRED) == (
        context.minimum_version,
        context.check_hostname,
        context.verify_mode,
    )
    trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    heard = Heard()
    async with serving(say_name, server) as port:
        heard.begin(await connected(port, trusting))
        await asyncio.wait_for(heard.over.wait(), 10)
    assert b"TLSv1.2" == heard.text


# The certificate, whether it is trusted, and OpenSSL's verification code.
CERTIFICATES: dict[str, tuple[dict[str, Any], bool, int]] = {
    "untrusted": ({}, False, 18),
    "expired": ({"ends_in_days": -1}, True, 10),
    "other address": ({"address": "127.0.0.2"}, True, 64),
}


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_certificate_that_is_not_accepted(tmp_path: Path, name: str) -> None:
    """The connection does not come about, and says which fault it was."""
    options, trusted, code = CERTIFICATES[name]
    server = server_tls(tmp_path, **options)
    client = ssl.create_default_context(cafile=tmp_path / "cert.pem" if trusted else None)
    async with serving(silence, server) as port:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await connected(port, client)
    assert code == caught.value.verify_code


async def test_no_tls_there(tmp_path: Path) -> None:
    """A server that speaks something else fails the handshake; so does one that hangs up on it."""
    context = ssl.create_default_context()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 what do you want?\r\n")

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    for server in (greet, hang_up):
        async with serving(server) as port:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await connected(port, context)


async def test_garbage_inside_tls(tmp_path: Path) -> None:
    """A connection that stops being TLS has failed, after what came whole before."""

    async def degrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"good")
        await reader.readexactly(1)
        os.write(writer.get_extra_info("socket").fileno(), b"\xffgarbage" * 10)
        with contextlib.suppress(OSError):
            await reader.read()

    async with serving(degrade, server_tls(tmp_path)) as port:
        heard = Heard()
        sock = heard.begin(await connected(port, ssl.create_default_context(cafile=tmp_path / "cert.pem")))
        sock.send([b"?"])
        await asyncio.wait_for(heard.over.wait(), 10)
    assert b"good" == heard.text
    assert isinstance(heard.ends[0], ssl.SSLError)


def test_a_tls_server_that_is_silent() -> None:
    """The handshake is bounded like the rest."""

    async def go() -> tuple[list[str], float]:
        listener = socket.create_server((HERE, 0))

        steps: list[str] = []
        with listener, pytest.raises(TimeoutError):
            await connected(listener.getsockname()[1], ssl.create_default_context(), done=steps.append)
        return steps, asyncio.get_running_loop().time()

    assert (["resolve", "connect"], 10.0) == run_virtually(go())


async def test_accepted(tmp_path: Path) -> None:
    """A connection that was made to us does its handshake too, and then is one like any other."""
    loop = asyncio.get_running_loop()
    server, trusting = server_tls(tmp_path), ssl.create_default_context(cafile=tmp_path / "cert.pem")
    with socket.create_server((HERE, 0)) as listener:
        listener.setblocking(False)
        client = asyncio.create_task(connected(listener.getsockname()[1], trusting))
        raw, _ = await loop.sock_accept(listener)
        ours = await StreamSocket.accepted(raw, tls=server, timeout_s=10)
        theirs = await client
        heard = Heard()
        heard.begin(ours)
        theirs.send([b"hello ", memoryview(b"there")])
        await asyncio.wait_for(theirs.finish(0.2), 10)
        await asyncio.wait_for(heard.over.wait(), 10)
    assert (b"hello there", [None]) == (heard.text, heard.ends)


async def test_accepted_from_who_speaks_no_tls(tmp_path: Path) -> None:
    """Garbage instead of a handshake is an error, and the connection is closed."""
    theirs, ours = socket.socketpair()
    theirs.sendall(b"GET / HTTP/1.0\r\n\r\n" * 10)
    with pytest.raises(ssl.SSLError):
        await StreamSocket.accepted(ours, tls=server_tls(tmp_path), timeout_s=10)
    assert -1 == ours.fileno()
    theirs.close()
