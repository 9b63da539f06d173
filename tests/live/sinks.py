"""A pretend platform: a real RTMP receiver that can stall, crawl, flap, stay silent or refuse.

    async with rtmp_sink() as sink:
        ...  # publish to sink.url() + "/KEY"
        connection = await sink.wait_media(100)

What arrives is noted, not kept: time, kind, timestamp, size, checksum. Times are the loop's, which is
`time.monotonic()`, so that they compare with other processes' of this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from tests.live.arrivals import Connection, note
from tests.live.chunks import Amf, ChunkReader, Message, Type, amf_decode, pack, pack_command

_HANDSHAKE_BYTES = 1536
_READ_BYTES = 256 * 1024
_WINDOW_BYTES = 2_500_000
_PING, _PONG = b"\0\6", b"\0\7"
# Of one whole video frame: a sender that follows it (ffmpeg does) costs us little to read.
_CHUNK_BYTES = 65_536
# What the kernel holds for a receiver that does not read hides a stall for seconds.
_SMALL_BUFFER_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a sink treats a connection. Amounts are bytes of media."""

    silent: bool = False
    """Accepts, and never says a word."""
    refuse_publish: bool = False
    """Answers every publish with NetStream.Publish.BadName."""
    refuse_keys: frozenset[str] = frozenset()
    """Does so for these keys only."""
    stall_after: int | None = None
    """Stops reading, and keeps the connection."""
    close_after: int | None = None
    """Closes the connection."""
    read_bps: int | None = None
    """Reads no faster than this."""
    refuse_with: dict[str, Amf] | None = None
    """Answers with this instead: a connect, if its code is NetConnection's, else every publish."""
    hang_up_at: str = ""
    """Closes the connection when it hears this command, without a word."""
    mute_at: str = ""
    """Says nothing to this command."""
    ignores_pings: bool = False
    """As servers may that do not know them."""

    @property
    def reads_everything(self) -> bool:
        """Whether nothing will hold the sender up."""
        return self.stall_after is None and self.read_bps is None


class RtmpSink:
    """The receiver. Everything it saw is in `connections`, oldest first."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        """May be exchanged: new connections follow the new one."""
        self.connections: list[Connection] = []
        self.port = 0
        self.paused = False
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._peers: set[_Peer] = set()
        self._changed = asyncio.Event()

    def url(self, app: str = "live") -> str:
        """Where to publish, without a key."""
        return f"{'rtmps' if self._tls else 'rtmp'}://127.0.0.1:{self.port}/{app}"

    async def start(self, port: int = 0) -> None:
        """Listens: on the same port again after `stop`, so that the platform is back where it was."""
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", port or self.port))
        if not self.behaviour.reads_everything:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
        self.port = listener.getsockname()[1]
        self._server = await loop.create_server(lambda: _Peer(self), sock=listener, ssl=self._tls)

    async def stop(self) -> None:
        """Goes away like a platform that crashes: connections are cut, new ones refused."""
        if self._server:
            self._server.close()
            self.cut()
            await self._until(lambda: not self._peers, "every connection is closed", 5)
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cuts all connections, and goes on listening."""
        for peer in self._peers:
            peer.abort()

    def pause(self) -> None:
        """Reads nothing more, from new connections too, and keeps them open."""
        self.paused = True
        for peer in self._peers:
            peer.pause()

    def resume(self) -> None:
        """Reads again."""
        self.paused = False
        for peer in self._peers:
            peer.resume()

    async def wait_connected(self, n: int = 1, timeout_s: float = 15) -> Connection:
        """The `n`th connection, once it is there."""
        await self._until(lambda: len(self.connections) >= n, f"{n} connections", timeout_s)
        return self.connections[n - 1]

    async def wait_publish(self, n: int = 1, timeout_s: float = 15) -> Connection:
        """The connection of the `n`th publish that was accepted."""
        return await self._wait_nth(n, lambda c: c.published_at is not None, f"{n} publishes", timeout_s)

    async def wait_media(self, count: int = 1, n: int = 1, timeout_s: float = 15) -> Connection:
        """The `n`th connection with media, once it has `count` messages of it."""
        await self._wait_nth(n, lambda c: c.media_count > 0, f"media on {n} connections", timeout_s)
        connection = [c for c in self.connections if c.media_count][n - 1]
        await self._until(lambda: connection.media_count >= count, f"{count} media messages", timeout_s)
        return connection

    async def wait_closed(self, n: int = 1, timeout_s: float = 15) -> Connection:
        """The `n`th connection that ended, once it has."""
        return await self._wait_nth(n, lambda c: c.closed_at is not None, f"{n} closed", timeout_s)

    async def _wait_nth(
        self, n: int, fits: Callable[[Connection], bool], what: str, timeout_s: float
    ) -> Connection:
        await self._until(lambda: sum(map(fits, self.connections)) >= n, what, timeout_s)
        return [c for c in self.connections if fits(c)][n - 1]

    async def _until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            seen = ", ".join(map(str, self.connections)) or "nobody"
            raise TimeoutError(f"not within {timeout_s:g} s: {what}; seen: {seen}") from None

    def _joined(self, peer: _Peer) -> None:
        self._peers.add(peer)
        self.connections.append(peer.connection)
        self._changed.set()

    def _left(self, peer: _Peer) -> None:
        self._peers.discard(peer)
        self._changed.set()

    def _news(self) -> None:
        self._changed.set()


@contextlib.asynccontextmanager
async def rtmp_sink(
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    silent: bool = False,
    refuse_publish: bool = False,
    refuse_keys: Iterable[str] = (),
    stall_after: int | None = None,
    close_after: int | None = None,
    read_bps: int | None = None,
) -> AsyncIterator[RtmpSink]:
    """A sink that listens on loopback for as long as the block lasts."""
    behaviour = Behaviour(silent, refuse_publish, frozenset(refuse_keys), stall_after, close_after, read_bps)
    sink = RtmpSink(behaviour, tls)
    await sink.start(port)
    try:
        yield sink
    finally:
        await sink.stop()


class _Peer(asyncio.BufferedProtocol):
    """One connection: reads into one buffer, and keeps no media."""

    def __init__(self, sink: RtmpSink) -> None:
        self._sink = sink
        self._behaviour = sink.behaviour
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._greeting = bytearray()
        self._greeted = False
        self._reader = ChunkReader()
        self._received = self._acknowledged = 0
        self._stalled = False
        self.connection = Connection(self._loop.time())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink._joined(self)
        if self._sink.paused:
            self.pause()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.closed_at = self._loop.time()
        self._sink._left(self)

    def abort(self) -> None:
        """Cuts the connection, whatever is under way."""
        self._transport.abort()

    def pause(self) -> None:
        """Stops reading."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Reads again, unless it was to stall for good."""
        if not (self._stalled or self._sink.paused or self._transport.is_closing()):
            self._transport.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._behaviour.silent:
            return
        data = self._buffer[:nbytes]
        self._received += nbytes
        if not self._greeted:
            data = memoryview(self._greet(data))
        for message in self._reader.feed(data):
            self._heard(message)
        if self._received - self._acknowledged > _WINDOW_BYTES // 2:
            self._acknowledged = self._received
            self._transport.write(
                pack(Type.ACKNOWLEDGEMENT, (self._received & 0xFFFFFFFF).to_bytes(4, "big"))
            )
        self._hold_up(nbytes)
        self._sink._news()

    def _greet(self, data: memoryview) -> bytes:
        """The simple handshake: C0 C1 in, S0 S1 S2 out, C2 in. Returns what came after it."""
        before = len(self._greeting)
        self._greeting += data
        if before <= _HANDSHAKE_BYTES < len(self._greeting):
            echo = self._greeting[1 : 1 + _HANDSHAKE_BYTES]
            self._transport.write(b"\x03" + bytes(_HANDSHAKE_BYTES) + echo)
        end = 1 + 2 * _HANDSHAKE_BYTES
        self._greeted = len(self._greeting) >= end
        return bytes(self._greeting[end:])

    def _heard(self, message: Message) -> None:
        if message.type == Type.COMMAND:
            self._command(amf_decode(message.body))
        elif message.type == Type.USER_CONTROL and message.body[:2] == _PING:
            self.connection.pings += 1
            if not self._behaviour.ignores_pings:
                self._transport.write(pack(Type.USER_CONTROL, _PONG + message.body[2:]))
        elif message.type in (Type.AUDIO, Type.VIDEO) and message.body:
            now = self._loop.time()
            connection = self.connection
            connection.first_media_at = connection.first_media_at or now
            connection.media.append(note(message, now))
            connection.media_count += 1
            connection.media_bytes += len(message.body)

    def _command(self, values: list[Amf]) -> None:
        if values and values[0] in (self._behaviour.hang_up_at, self._behaviour.mute_at):
            if values[0] == self._behaviour.hang_up_at:
                self._transport.close()
            return
        match values:
            case ["connect", float() as transaction, dict() as about, *_]:
                self.connection.app = str(about.get("app", ""))
                self.connection.tc_url = str(about.get("tcUrl", ""))
                codecs = about.get("fourCcList")
                self.connection.enhanced = (
                    [str(codec) for codec in codecs] if isinstance(codecs, list) else []
                )
                self._answer_connect(transaction)
            case ["createStream", float() as transaction, *_]:
                self._transport.write(pack_command("_result", transaction, None, 1.0))
            case ["publish", _, _, str() as stream, *_]:
                self.connection.stream = stream
                self._answer_publish(stream)
            case ["deleteStream" | "FCUnpublish" as goodbye, *_]:
                self.connection.goodbyes.append(goodbye)
                self._transport.close()

    def _answer_connect(self, transaction: float) -> None:
        size = _WINDOW_BYTES.to_bytes(4, "big")
        refusal = self._behaviour.refuse_with
        if refusal and str(refusal.get("code")).startswith("NetConnection"):
            chunk = pack(Type.SET_CHUNK_SIZE, _CHUNK_BYTES.to_bytes(4, "big"))
            self._transport.write(chunk + pack_command("_error", transaction, None, refusal))
            return
        self._transport.write(
            pack(Type.WINDOW_SIZE, size)
            + pack(Type.PEER_BANDWIDTH, size + b"\x02")
            + pack(Type.SET_CHUNK_SIZE, _CHUNK_BYTES.to_bytes(4, "big"))
            + pack_command(
                "_result",
                transaction,
                {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0},
                {"level": "status", "code": "NetConnection.Connect.Success", "description": "Hello."},
            )
        )

    def _answer_publish(self, stream: str) -> None:
        behaviour = self._behaviour
        refused = behaviour.refuse_publish or behaviour.refuse_with or stream in behaviour.refuse_keys
        level, code = ("error", "BadName") if refused else ("status", "Start")
        about: Amf = behaviour.refuse_with or {
            "level": level,
            "code": f"NetStream.Publish.{code}",
            "description": "Invalid stream key" if refused else code,
        }
        self._transport.write(pack_command("onStatus", 0.0, None, about, stream=1))
        if refused:
            self._transport.close()
        else:
            self.connection.published_at = self._loop.time()

    def _hold_up(self, nbytes: int) -> None:
        """Stalls, closes or crawls, if that is how this sink behaves."""
        media, behaviour = self.connection.media_bytes, self._behaviour
        if behaviour.close_after is not None and media >= behaviour.close_after:
            self.abort()
        elif behaviour.stall_after is not None and media >= behaviour.stall_after:
            self._stalled = True
            self.pause()
        elif behaviour.read_bps and media:
            self.pause()
            self._loop.call_later(nbytes * 8 / behaviour.read_bps, self.resume)
