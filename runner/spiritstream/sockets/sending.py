"""A socket's way out: what fits is sent at once, and somebody is told when more does. Plain or TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence

from spiritstream.sockets.tls import TlsWire

Buffer = bytes | memoryview

# POSIX's least where the system names no bound.
_MOST_BUFFERS = os.sysconf("SC_IOV_MAX") if os.sysconf("SC_IOV_MAX") > 0 else 16
# What is encrypted is taken: no more of it than a connection carries in a moment.
_TLS_PIECE_BYTES = 64 * 1024


class Sending:
    """Writes to a socket that somebody else owns. `on_room` is called once for each send that fell short."""

    def __init__(self, sock: socket.socket, tls: TlsWire | None, on_lost: Callable[[OSError], None]) -> None:
        """`on_lost` is called from the loop when a write failed, once."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._fd = sock.fileno()
        self._tls = tls
        self._on_lost = on_lost
        self._held = memoryview(b"")
        self._short = self._waiting = self._over = False
        self.on_room: Callable[[], None] = lambda: None

    @property
    def held_bytes(self) -> int:
        """What was taken, and the kernel does not have yet: TLS records."""
        return len(self._held)

    def send(self, buffers: Sequence[Buffer]) -> int:
        """How many bytes were taken; when they are fewer than given, `on_room` is called."""
        if self._over:
            return 0
        try:
            return self._send_plain(buffers) if self._tls is None else self._send_sealed(self._tls, buffers)
        except OSError as error:
            self._fail(error)
            return 0

    def answer(self) -> None:
        """Send what TLS has to say for itself: new keys, or what was wrong."""
        if self._tls is not None and not self._over:
            self._hold(self._tls.outgoing())

    def shut(self) -> None:
        """Say that nothing more follows, once everything before it is with the kernel."""
        if self._held:
            self._short, self.on_room = True, self.shut
            return
        with contextlib.suppress(OSError):
            if self._tls is not None and not self._over:
                self._sock.send(self._tls.farewell())
            self._sock.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        """Send nothing more; a TLS peer is told so, if that can be done at once."""
        if self._tls is not None and not self._held and not self._over:
            with contextlib.suppress(OSError):
                self._sock.send(self._tls.farewell())
        self._over = True
        self._loop.remove_writer(self._fd)
        self.on_room = lambda: None

    def _send_plain(self, buffers: Sequence[Buffer]) -> int:
        total = 0
        for start in range(0, len(buffers), _MOST_BUFFERS):
            piece = buffers[start : start + _MOST_BUFFERS]
            try:
                taken = self._sock.send(piece[0]) if len(piece) == 1 else self._sock.sendmsg(piece)
            except (BlockingIOError, InterruptedError):
                taken = 0
            total += taken
            if taken < sum(map(len, piece)):
                self._short = True
                self._await_room()
                break
        return total

    def _send_sealed(self, tls: TlsWire, buffers: Sequence[Buffer]) -> int:
        total = 0
        data = memoryview(b"".join(buffers))
        while total < len(data) and not self._held and not self._over:
            piece = data[total : total + _TLS_PIECE_BYTES]
            self._hold(tls.sealed(piece))
            total += len(piece)
        self._short = total < len(data)
        return total

    def _hold(self, data: bytes) -> None:
        """Send bytes that are sealed already, and keep what does not fit."""
        if data:
            self._held = memoryview(bytes(self._held) + data if self._held else data)
            self._send_held()

    def _send_held(self) -> None:
        try:
            while self._held:
                self._held = self._held[self._sock.send(self._held) :]
        except (BlockingIOError, InterruptedError):
            self._await_room()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Not at once: whoever sends is not to be called from inside."""
        if not self._over:
            self._over = True
            self._held = memoryview(b"")
            self._loop.call_soon(self._on_lost, error)

    def _await_room(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._loop.add_writer(self._fd, self._room)

    def _room(self) -> None:
        self._loop.remove_writer(self._fd)
        self._waiting = False
        self._send_held()
        if self._short and not self._held and not self._over:
            self._short = False
            self.on_room()
