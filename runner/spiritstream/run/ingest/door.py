"""The listener's side towards the network: strangers come in here, publishers leave it for their runner."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from spiritstream.rtmp.events import PlayRefused, Publish
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.server import ServerSession
from spiritstream.run.ingest.gate import Denied, Gate
from spiritstream.run.ingest.limits import Buckets, Crowd, Limits
from spiritstream.run.ingest.relay import REST_S, Relay
from spiritstream.sockets import StreamSocket

_READ_BYTES = 8 * 1024
_NOISE_BYTES = 1536
# For a peer to hear why it was refused, before its connection is cut.
_FAREWELL_S = 1.0
# When this process or the machine has no descriptor left.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_EXHAUSTED_S = 0.2
_TLS_HELLO = 0x16


@dataclass(frozen=True, slots=True)
class Peer:
    """Who connected. `counted` is the address as far as limits go: `None` on loopback, a /64 of IPv6."""

    host: str
    port: int
    counted: str | None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Denial(Exception):
    """This connection will not publish."""

    def __init__(self, kind: Denied, app: str | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.app = app


class Door:
    """Accepts connections, leads each up to `publish`, and hands it over or shows it out."""

    def __init__(
        self,
        listening: socket.socket,
        gate: Gate,
        limits: Limits,
        *,
        hand_over: Callable[[int, socket.socket, bytes, Peer], bool],
        denied: Callable[[Denial, Peer], None],
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Owns `listening`. `hand_over` gives a holder a connection, and whether that was possible."""
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._gate = gate
        self._limits = limits
        self._hand_over = hand_over
        self._denied = denied
        self._tls = tls
        self._crowd = Crowd(limits)
        self._buckets = Buckets(limits)
        self._numbers = itertools.count()
        self._guests: dict[int, tuple[asyncio.Task[None], Peer]] = {}
        self._relays: set[Relay] = set()
        self._accepting = asyncio.create_task(self._accept())

    @property
    def half_open(self) -> int:
        """How many connections have not published yet."""
        return len(self._crowd)

    async def close(self) -> None:
        """Close the port, and everything that came through it and is still here."""
        self._listening.close()
        tasks = [self._accepting, *(task for task, _ in self._guests.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for relay in list(self._relays):
            relay.close()

    async def _accept(self) -> None:
        while True:
            try:
                sock, address = await self._loop.sock_accept(self._listening)
            except OSError as error:
                # The connection that was waiting may be gone already.
                await asyncio.sleep(_EXHAUSTED_S if error.errno in _EXHAUSTED else 0)
                continue
            self._enter(sock, peer_of(address))
            # In a flood there is always a next one; those who are in get their turn all the same.
            await asyncio.sleep(0)

    def _enter(self, sock: socket.socket, peer: Peer) -> None:
        if peer.counted and not self._buckets.allow(peer.counted, self._loop.time()):
            self._denied(Denial(Denied.RATE), peer)
            sock.close()
            return
        number = next(self._numbers)
        for gone in self._crowd.enter(number, peer.counted):
            leaving, who = self._guests[gone]
            leaving.cancel()
            self._denied(Denial(Denied.CROWD), who)
        task = asyncio.create_task(self._receive(number, sock, peer))
        self._guests[number] = task, peer
        task.add_done_callback(lambda _: self._guests.pop(number, None))

    async def _receive(self, number: int, sock: socket.socket, peer: Peer) -> None:
        """One connection, from its first byte until it is somebody else's, or closed."""
        try:
            async with asyncio.timeout(self._limits.publish_s):
                if self._tls is not None:
                    sock = await self._unwrapped(sock, self._tls())
                await _Guest(sock, self._gate, self._limits, lambda: self._crowd.greeted(number)).led(
                    lambda holder, replay: self._hand_over(holder, sock, replay, peer)
                )
        except Denial as denial:
            self._denied(denial, peer)
        except TimeoutError:
            self._denied(Denial(Denied.LATE), peer)
        except OSError:
            pass  # it left, as anybody may
        finally:
            self._crowd.leave(number)
            sock.close()

    async def _unwrapped(self, sock: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        """What a TLS connection says in clear, as a socket of ours."""
        try:
            outer = await StreamSocket.accepted(
                sock, tls=tls, timeout_s=self._limits.publish_s, rest_s=REST_S
            )
        except ssl.SSLError:
            raise Denial(Denied.TLS) from None
        relay = Relay(outer, self._relays.discard)
        self._relays.add(relay)
        return relay.far


class _Guest:
    """A connection that has not published yet."""

    def __init__(self, sock: socket.socket, gate: Gate, limits: Limits, greeted: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._gate = gate
        self._limits = limits
        self._greeted: Callable[[], None] | None = greeted
        self._session = ServerSession(os.urandom(_NOISE_BYTES))
        self._received = 0

    async def led(self, hand_over: Callable[[int, bytes], bool]) -> None:
        """Lead it to its `publish`, then hand it over to the holder with all that it has said.

        Raises:
            Denial: it may not publish, and has been told so as far as it understands.
            OSError: it is gone.
        """
        while (asked := await self._listen()) is None:
            pass
        found = self._gate.find(asked.app, asked.name, asked.query)
        if isinstance(found, Denied):
            await self._refuse(Denial(found, asked.app))
        elif not hand_over(found, self._session.replay):
            await self._refuse(Denial(Denied.RUNNER, asked.app))

    async def _listen(self) -> Publish | None:
        data = await self._loop.sock_recv(self._sock, _READ_BYTES)
        if not data:
            raise ConnectionResetError
        self._received += len(data)
        if self._received == len(data) and data[0] == _TLS_HELLO:
            raise Denial(Denied.TLS)
        try:
            events = self._session.feed(data)
        except RtmpError:
            raise Denial(Denied.GARBLED) from None
        await self._send()
        if self._session.greeted and self._greeted:
            self._greeted()
            self._greeted = None
        for event in events:
            if isinstance(event, Publish):
                return event
            if isinstance(event, PlayRefused):
                await self._show_out(Denial(Denied.PLAY, event.app))
        if self._received > self._limits.bytes:
            raise Denial(Denied.GARBLED)
        return None

    async def _refuse(self, denial: Denial) -> None:
        self._session.refuse()
        await self._send()
        await self._show_out(denial)

    async def _show_out(self, denial: Denial) -> None:
        """Let it hear our last words: to close while it still sends would take them back."""
        with contextlib.suppress(OSError, TimeoutError):
            self._sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(_FAREWELL_S):
                while await self._loop.sock_recv(self._sock, _READ_BYTES):
                    await asyncio.sleep(0)  # one that never stops would otherwise never be timed out
        raise denial

    async def _send(self) -> None:
        if out := self._session.outgoing():
            await self._loop.sock_sendall(self._sock, out)


def peer_of(address: tuple[object, ...]) -> Peer:
    """Who stands behind a socket's address."""
    host = str(address[0]).removeprefix("::ffff:").partition("%")[0]
    port = address[1] if isinstance(address[1], int) else 0
    if host == "::1" or host.startswith("127."):
        return Peer(host, port, None)
    # Whoever has one address of IPv6 has 2^64 of them.
    network = socket.inet_pton(socket.AF_INET6, host)[:8].hex() if ":" in host else host
    return Peer(host, port, network)
