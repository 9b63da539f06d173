"""A pretend platform at the other end of a socket pair, for tests on a virtual clock.

    platform = Platform(monkeypatch)
    publication = await open_publish(Address(URL, Secret("canary-key")))
    connection = platform.sink.connections[0]

TCP has a clock of its own; a socket pair hands over at once. Names are not looked up, and TLS is only noted.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from spiritstream.sockets import StreamSocket
from tests.live.sinks import Behaviour, RtmpSink, _Peer

URL = "rtmp://a.example/live"
Accept = Callable[[socket.socket], Any]


class Platform:
    """Takes the place of every host. `sink` is what answers, `called` whom they wanted to reach."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour | None = None) -> None:
        self.sink = RtmpSink(behaviour or Behaviour())
        self.called: list[tuple[str, int, bool]] = []
        self.failures: list[Exception] = []
        """What befalls the next ones instead."""
        self.socks: list[StreamSocket] = []
        self.accept: Accept = self._rtmp
        monkeypatch.setattr(StreamSocket, "connect", self._connect)

    async def _connect(
        self, host: str, port: int, *, tls: Any, timeout_s: float, done: Callable[[Any], None]
    ) -> StreamSocket:
        self.called.append((host, port, tls is not None))
        done("resolve")
        if self.failures:
            raise self.failures.pop(0)
        done("connect")
        ours, theirs = socket.socketpair()
        await self.accept(theirs)
        self.socks.append(StreamSocket(ours))
        return self.socks[-1]

    async def _rtmp(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: _Peer(self.sink), sock)

    async def over(self) -> None:
        """Let everything end that is under way."""
        self.sink.cut()
        for _ in range(5):
            await asyncio.sleep(0)
