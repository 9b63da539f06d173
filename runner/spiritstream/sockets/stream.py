"""A connected stream socket: what arrives is handed on, what fits is sent, and nothing ever waits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence

from spiritstream.model.status import TcpFigures
from spiritstream.sockets import tcp
from spiritstream.sockets.connect import Step, connect, shaken
from spiritstream.sockets.sending import Buffer, Sending
from spiritstream.sockets.tls import TlsWire

_READ_BYTES = 64 * 1024
# So many reads in a row, then the others get their turn.
_READS = 8
# After so many rests without anything new the peer has paused.
_EMPTY_READS = 10


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


class StreamSocket:
    """Owns a connected socket, plain or TLS. All callbacks come from the loop, none from inside a call.

    When the other end is gone the socket is closed, and `on_end` has heard of it: what came before is
    always handed on first, as a server's last words say why it hung up.
    """

    def __init__(self, sock: socket.socket, *, rest_s: float = 0.0, tls: TlsWire | None = None) -> None:
        """`rest_s` is how long to wait after a read before the next one: many small packets are then
        read at once, which costs less than each wake-up does. `tls` has its handshake behind it.
        """
        tcp.prepare(sock)
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._fd = sock.fileno()
        self._rest_s = rest_s
        self._tls = tls
        self._sending = Sending(sock, tls, self._lost)
        self._begun = False
        self._selecting = False
        self._empty_reads = 0
        self._open = True
        self._resting: asyncio.TimerHandle | None = None
        self._on_data: Callable[[bytes], None] = _nothing
        self._on_end: Callable[[OSError | None], None] = _nothing
        self.peer = tcp.peer_of(sock)

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float,
        rest_s: float = 0.0,
        done: Callable[[Step], None] = _nothing,
    ) -> StreamSocket:
        """A connection to a host's first address that answers, within `timeout_s` for everything.

        `done` hears of each step that is complete: `resolve`, `connect`, `tls`.

        Raises:
            OSError: no such host (`socket.gaierror`), refused, no way there.
            ssl.SSLError: the TLS handshake failed, or the certificate was not accepted.
            TimeoutError: it took too long; the step is the one that `done` has not heard of.
        """
        async with asyncio.timeout(timeout_s):
            sock, wire = await connect(host, port, tls, done)
        return cls(sock, rest_s=rest_s, tls=wire)

    @classmethod
    async def accepted(
        cls, sock: socket.socket, *, tls: ssl.SSLContext, timeout_s: float, rest_s: float = 0.0
    ) -> StreamSocket:
        """A connection that was made to us, its TLS handshake done. Owns `sock` at once.

        Raises:
            OSError, ssl.SSLError, TimeoutError: the handshake failed; the socket is closed.
        """
        try:
            tcp.prepare(sock)
            async with asyncio.timeout(timeout_s):
                wire = await shaken(sock, TlsWire(tls, server_name=None))
        except BaseException:
            sock.close()
            raise
        return cls(sock, rest_s=rest_s, tls=wire)

    def begin(
        self,
        on_data: Callable[[bytes], None],
        on_end: Callable[[OSError | None], None] = _nothing,
        on_writable: Callable[[], None] = _nothing,
    ) -> None:
        """Read from now on. `on_end` comes once: `None` for an end in order, else what went wrong.

        Called again, it only exchanges who hears.
        """
        self._on_data, self._on_end, self._sending.on_room = on_data, on_end, on_writable
        if self._open and not self._begun:
            self._begun = True
            self._select(True)
            if self._tls:
                # The peer's first words may have come with the end of its handshake.
                self._loop.call_soon(self._readable)
        elif not self._open:
            self._loop.call_soon(on_end, ConnectionError("the connection is closed"))

    def send(self, buffers: Sequence[Buffer]) -> int:
        """How many bytes of `buffers` were taken, without waiting.

        When they are fewer than given, `on_writable` is called once as soon as more fits. A connection
        that is lost takes nothing; `on_end` hears of it. Plain sockets take the buffers without a copy.
        """
        return self._sending.send(buffers) if self._open else 0

    def figures(self) -> TcpFigures:
        """The kernel's own figures of the connection."""
        return tcp.figures(self._sock, self._sending.held_bytes) if self._open else TcpFigures()

    def fileno(self) -> int:
        """The descriptor, for handing the connection to another process; -1 once closed."""
        return self._fd if self._open else -1

    async def finish(self, timeout_s: float) -> None:
        """Let what was sent reach the peer and wait for its end, for so long at most, then close.

        A close that meets unread data would be a reset, and could overtake what we said last.
        """
        over = asyncio.Event()
        if self._open:
            self.begin(_nothing, lambda _: over.set(), _nothing)
            self._sending.shut()
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await over.wait()
            finally:
                self.close()

    def close(self) -> None:
        """Close at once; what the kernel has taken is still sent. No callback comes any more."""
        if not self._open:
            return
        self._open = False
        self._sending.stop()
        self._calm()
        self._select(False)
        self._sock.close()
        # Whoever heard us, and all that it holds, is free at once, not when a collector comes by.
        self._on_data = self._on_end = _nothing

    # Reading.

    def _readable(self) -> None:
        """Hand on what is there, and rest before looking again."""
        self._calm()
        for _ in range(_READS):
            count = self._read()
            if count < _READ_BYTES:
                break
        if self._open and self._rest_s:
            self._rest(count)

    def _rest(self, count: int) -> None:
        # While packets keep coming a timer is enough: the selector need not be told each time, and would
        # wake us for the first half of a frame.
        self._empty_reads = 0 if count else self._empty_reads + 1
        awake = self._empty_reads < _EMPTY_READS
        self._select(not awake)
        if awake:
            rest_s = self._rest_s if count < _READ_BYTES else 0.0
            self._resting = self._loop.call_later(rest_s, self._readable)

    def _select(self, wanted: bool) -> None:
        """Let the selector tell when something arrives, or not."""
        if wanted and not self._selecting:
            self._loop.add_reader(self._fd, self._readable)
        elif not wanted and self._selecting:
            self._loop.remove_reader(self._fd)
        self._selecting = wanted

    def _calm(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _read(self) -> int:
        """Read once, and hand it on: how many bytes came; 0 when nothing is there, or nobody any more."""
        if not self._open:
            return 0
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            data = None
        except OSError as error:
            self._ended(error)
            return 0
        if self._tls:
            self._read_sealed(self._tls, data)
        elif data:
            self._on_data(data)
        elif data is not None:
            self._ended(None)
        return len(data) if data else 0

    def _read_sealed(self, tls: TlsWire, data: bytes | None) -> None:
        if data is not None:
            tls.arrived(data)
        if text := tls.opened():
            self._on_data(text)
        self._sending.answer()
        if tls.ended:
            self._ended(tls.failure)

    def _lost(self, error: OSError) -> None:
        """A send failed: hear the peer's last words before saying so."""
        while self._read():
            pass
        self._ended(error)

    def _ended(self, error: OSError | None) -> None:
        if self._open:
            on_end = self._on_end
            self.close()
            on_end(error)
