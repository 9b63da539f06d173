"""One publisher that the listener handed over: its connection, its session, and its media as tags."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from spiritstream.media.flv import AUDIO, VIDEO, Tag, make_tag
from spiritstream.rtmp.events import Event, Media, Unpublished
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.server import ServerSession
from spiritstream.sockets import StreamSocket

# Each wake-up costs more than the packets it brings; a frame waits half of this on average.
_REST_S = 0.030
# A connection without a word is asked for a sign of life, and given up when there is none.
_PING_S = 10.0
_DEAD_S = 30.0
_MOST_UNSENT_BYTES = 64 * 1024


class Publisher:
    """Answer it with `accept` or `refuse`. `peer` is where it is from.

    `heard_at` is when it last sent anything, `media_at` when media; both by the clock that it is given.
    """

    def __init__(self, sock: socket.socket, replay: bytes, peer: str, clock: Callable[[], float]) -> None:
        """Owns `sock`. `replay` is what it has sent to the listener.

        Raises:
            RtmpError: that makes no sense; the socket is closed.
        """
        try:
            self._session, self._early = ServerSession.resumed(replay)
        except RtmpError:
            sock.close()
            raise
        self._sock = StreamSocket(sock, rest_s=_REST_S)
        self._clock = clock
        self._unsent = b""
        self._pinged_at: float | None = None
        self._on_tags: Callable[[list[Tag]], None] = lambda _: None
        self._on_end: Callable[[str], None] = lambda _: None
        self.peer = peer
        self.since = self.heard_at = self.media_at = clock()
        self.open = True

    def accept(self, on_tags: Callable[[list[Tag]], None], on_end: Callable[[str], None]) -> None:
        """Let it publish. `on_end` is called once with why it ended, unless it is closed by us."""
        self._on_tags, self._on_end = on_tags, on_end
        self.since = self.heard_at = self.media_at = self._clock()
        self._session.accept()
        self._send()
        self._happened(self._early)
        if self.open:
            self._sock.begin(self._heard, lambda error: self._end("lost" if error else "left"), self._send)

    async def refuse(self, description: str) -> None:
        """Tell it that it may not publish now, and close once it has heard that."""
        self._session.refuse(description=description)
        self._send()
        self.open = False
        await self._sock.finish(1.0)

    def close(self) -> None:
        """End the connection."""
        self.open = False
        self._sock.close()

    def look(self, now: float) -> None:
        """Ping it when it is silent, and end it when it does not answer either."""
        silent_s = now - self.heard_at
        if silent_s >= _DEAD_S:
            self._end("silent")
        elif silent_s >= _PING_S and (self._pinged_at is None or now - self._pinged_at >= _PING_S):
            self._pinged_at = now
            self._session.ping(int(now * 1000))
            self._send()

    def _heard(self, data: bytes) -> None:
        self.heard_at = self._clock()
        try:
            self._happened(self._session.feed(data))
        except RtmpError:
            self._end("garbled")
            return
        self._send()

    def _happened(self, events: Sequence[Event]) -> None:
        tags = [make_tag(e.kind, e.time_ms, e.body) for e in events if isinstance(e, Media) and e.body]
        if any(tag.kind in (AUDIO, VIDEO) for tag in tags):
            self.media_at = self.heard_at
        if tags:
            self._on_tags(tags)
        if any(isinstance(event, Unpublished) for event in events):
            self._send()
            self._end("unpublished")

    def _send(self) -> None:
        self._unsent += self._session.outgoing()
        if self._unsent and self.open:
            self._unsent = self._unsent[self._sock.send([self._unsent]) :]
            if len(self._unsent) > _MOST_UNSENT_BYTES:
                self._end("deaf")

    def _end(self, how: str) -> None:
        if self.open:
            self.close()
            self._on_end(how)
