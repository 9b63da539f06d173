"""RTMPS: the listener has the keys of TLS, and passes on what is inside.

A TLS connection cannot be handed over, its state is in this process: the runner is handed the other end of a
socket pair instead. So these publishers end when the listener is killed; plain ones do not.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from spiritstream.sockets import StreamSocket

# About ten seconds of a large stream, for a runner that is busy.
_HELD_BYTES = 16 * 1024 * 1024
_FAREWELL_S = 1.0
# Small records come together: each wake-up costs more than what it brings.
REST_S = 0.005


class _Lane:
    """One direction: what comes goes on, and what does not fit waits."""

    def __init__(self, to: StreamSocket, overflown: Callable[[], None]) -> None:
        self._to = to
        self._overflown = overflown
        self._held = bytearray()
        self._blocked = False

    def take(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > _HELD_BYTES:
            self._overflown()
        elif not self._blocked:
            self.flush()

    def flush(self) -> None:
        sent = self._to.send([bytes(self._held)])
        del self._held[:sent]
        self._blocked = bool(self._held)


class Relay:
    """Between a TLS connection and a runner, for as long as both are there."""

    def __init__(self, outer: StreamSocket, on_over: Callable[[Relay], None]) -> None:
        """Owns `outer`. `far` is the end for whoever takes the publisher, who owns it."""
        near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self._outer = outer
        self._inner = StreamSocket(near)
        self._on_over = on_over
        self._farewell: asyncio.Task[None] | None = None
        inwards, outwards = _Lane(self._inner, self.close), _Lane(outer, self.close)
        self._inner.begin(outwards.take, lambda _: self._left(), inwards.flush)
        outer.begin(inwards.take, lambda _: self.close(), outwards.flush)

    def _left(self) -> None:
        """The runner has closed its end: what it said last still reaches the publisher."""
        self._farewell = asyncio.create_task(self._outer.finish(_FAREWELL_S))
        self._farewell.add_done_callback(lambda _: self.close())

    def close(self) -> None:
        """End both connections."""
        self._inner.close()
        self._outer.close()
        if self._farewell is not None:
            self._farewell.cancel()
        self._on_over(self)
