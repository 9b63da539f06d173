"""A connection to a server that takes, or has taken, our stream: what is sent, heard, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spiritstream.model.status import Cause, TcpFigures
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.events import ClientEvent, Connected, Ended, Pong, Publishing, Redirected, Refused
from spiritstream.rtmp.faults import RtmpError
from spiritstream.run.native import answers
from spiritstream.run.native.failures import failure
from spiritstream.secret import Secret
from spiritstream.sockets import StreamSocket

Buffer = bytes | memoryview

PING_S = 5.0
# So many pings without a sign of life from a server that has answered one before: it is gone.
_UNANSWERED = 3
_LEAVE_S = 1.0
# Of our answers that a server has not read.
_MOST_ANSWERS_BYTES = 64 * 1024
# S0, S1 and S2 (RTMP 1.0, section 5.2): before so much has come there was no handshake.
_HANDSHAKE_BYTES = 1 + 2 * 1536


@dataclass(frozen=True, slots=True)
class Timings:
    """How long each step took, in milliseconds; `None` for those that did not come to their end."""

    resolve_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    rtmp_ms: float | None = None
    publish_ms: float | None = None


class Publication:
    """One connection. `over` is set when it is lost, and `cause` then says why.

    What is given to `send` goes out in order and whole, or the connection is lost.
    """

    def __init__(
        self, sock: StreamSocket, session: ClientSession, *, host: str, secrets: Sequence[Secret]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._session = session
        self._host = host
        self._secrets = secrets
        self._pending: list[Buffer] = []
        self._news = asyncio.Event()
        self._received = 0
        self._unanswered = 0
        self._answers_bytes = 0
        self._answers_pings = False
        self._timer: asyncio.TimerHandle | None = None
        self.media = session.media
        self.in_step, self.went_on = session.in_step, session.went_on
        self.on_room: Callable[[], None] = lambda: None
        self.over = asyncio.Event()
        self.cause: Cause | None = None
        self.redirect = ""
        self.connected = self.publishing = False
        self.sent_bytes = 0
        self.timings = Timings()
        self.via: tuple[str, ...] = ()
        """The hosts that sent us on to this one."""

    @property
    def peer(self) -> str:
        """The other end's address and port."""
        return self._sock.peer

    @property
    def step(self) -> str:
        """What is under way: handshake, connect, createStream, publish, publishing."""
        return "handshake" if self._received < _HANDSHAKE_BYTES else self._session.step

    @property
    def busy(self) -> bool:
        """Whether the kernel takes no more at present; `on_room` is called when it does."""
        return bool(self._pending)

    def begin(self) -> None:
        """Start with the handshake."""
        self._sock.begin(self._arrived, self._ended, self._room)
        self._session.start()
        self._answer()

    async def reach(self, what: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `what` holds, or it is over (`False`).

        Raises:
            TimeoutError: neither in time.
        """
        async with asyncio.timeout(timeout_s):
            while not what() and not self.over.is_set():
                self._news.clear()
                await self._news.wait()
        return what()

    def send(self, buffers: Sequence[Buffer]) -> None:
        """Send what fits now and keep the rest, which goes out first when there is room."""
        if self._pending:
            self._pending += buffers
            return
        taken = self._sock.send(buffers)
        self.sent_bytes += taken
        if len(buffers) != 1 or taken < len(buffers[0]):
            self._pending = _rest(buffers, taken)

    def figures(self) -> TcpFigures:
        """The kernel's figures of the connection."""
        return self._sock.figures()

    async def leave(self) -> None:
        """Say goodbye, and close once the server has it, in bounded time."""
        self._calm()
        self.send([self._session.leave()])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self.reach(lambda: not self._pending, _LEAVE_S)
                await self._sock.finish(_LEAVE_S)
        self.close()

    def close(self) -> None:
        """Close at once, without a word."""
        self._calm()
        self._sock.close()
        # Who feeds us holds a queue, and shall not wait for a collector.
        self.on_room = lambda: None
        self._pending = []
        self.over.set()
        self._news.set()

    def keep_asking(self) -> None:
        """Ping from now on."""
        self._timer = self._loop.call_later(PING_S, self._ping)

    def _ping(self) -> None:
        if self._answers_pings and self._unanswered >= _UNANSWERED:
            self._lose(answers.silent())
            return
        self.keep_asking()
        # Behind what is stuck it would say nothing of the server; that is judged by what goes out.
        if not self._pending:
            self._unanswered += 1
            self.send([self._session.ping(int(self._loop.time() * 1000))])

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arrived(self, data: bytes) -> None:
        self._received += len(data)
        self._unanswered = 0
        try:
            events = self._session.feed(data)
        except RtmpError:
            self._lose(answers.not_rtmp())
            return
        for event in events:
            self._heard(event)
        self._answer()
        self._news.set()

    def _heard(self, event: ClientEvent) -> None:
        match event:
            case Connected():
                self.connected = True
            case Publishing():
                self.publishing = True
            case Pong():
                self._answers_pings = True
            case Redirected(url):
                self.redirect = url
            case Refused(step, code, description):
                self._lose(answers.refused(step, code, description, self._secrets))
            case Ended(code, description):
                self._lose(answers.ended(code, description, self._secrets))

    def _answer(self) -> None:
        if (out := self._session.outgoing()) and not self.over.is_set():
            self._answers_bytes = self._answers_bytes + len(out) if self._pending else 0
            if self._answers_bytes > _MOST_ANSWERS_BYTES:
                self._lose(answers.silent())  # it asks, and does not read
                return
            self.send([out])

    def _room(self) -> None:
        pending, self._pending = self._pending, []
        self.send(pending)
        if not self._pending:
            self._news.set()
            self.on_room()

    def _ended(self, error: OSError | None) -> None:
        # A reset while the stream is announced says no more than an end in order.
        if error is None or (self.step != "publishing" and isinstance(error, ConnectionError)):
            self._lose(answers.hung_up(self.step))
        else:
            self._lose(failure(error, step=self.step, host=self._host))

    def _lose(self, cause: Cause) -> None:
        if self.cause is None and not self.over.is_set():
            self.cause = cause
        self.close()


def _rest(buffers: Sequence[Buffer], taken: int) -> list[Buffer]:
    """What is left of `buffers` without their first `taken` bytes."""
    for index, buffer in enumerate(buffers):
        if taken < len(buffer):
            return [memoryview(buffer)[taken:], *buffers[index + 1 :]]
        taken -= len(buffer)
    return []
