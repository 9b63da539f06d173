"""What both ends of a connection do alike below the commands: count, acknowledge, answer pings. Pure.

Source: Adobe, "Real-Time Messaging Protocol" 1.0, sections 5.4 (protocol control messages), 6.2 and
7.1.7 (user control messages).
"""

from __future__ import annotations

from collections.abc import Iterator

from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.events import Acknowledged, Pong
from spiritstream.rtmp.messages import Control, Kind, pack_control, pack_number, unpack_control, unpack_number

# Half of what common servers allow between acknowledgements: early is harmless, late can stop a peer.
DEFAULT_WINDOW_BYTES = 2_500_000
_CONTROL_CSID = 2


class Link:
    """One connection after its handshake."""

    def __init__(self, max_messages: int | None = None) -> None:
        """`max_messages` is how many the peer may send until `trust`."""
        self.writer = ChunkWriter()
        self._reader = ChunkReader(max_messages=max_messages)
        self._out: list[bytes | memoryview] = []
        self._received = self._acknowledged = 0
        self._window = DEFAULT_WINDOW_BYTES
        self._peer_limit = 0

    def take(self, data: bytes) -> Iterator[Message | Pong | Acknowledged]:
        """What `data` completes, without what is dealt with here.

        Raises:
            RtmpError: the peer breaks the protocol.
        """
        self._received += len(data)
        for message in self._reader.feed(data):
            if message.kind > Kind.PEER_BANDWIDTH:
                yield message
            elif (news := self._control(message)) is not None:
                yield news
        if self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            self.control(Kind.ACKNOWLEDGEMENT, pack_number(self._received))

    def trust(self) -> None:
        """The peer may send messages without number."""
        self._reader.max_messages = None

    def _control(self, message: Message) -> Pong | Acknowledged | None:
        body = message.body
        match message.kind:
            case Kind.ACKNOWLEDGEMENT:
                return Acknowledged(unpack_number(body))
            case Kind.WINDOW_SIZE:
                self._window = max(1, unpack_number(body))
            case Kind.PEER_BANDWIDTH:
                self._limit(unpack_number(body))
            case Kind.USER_CONTROL:
                return self._user_control(*unpack_control(body))
        return None

    def _limit(self, window: int) -> None:
        """The peer asks to be told our window when it is another than before (5.4.5)."""
        if window != self._peer_limit:
            self._peer_limit = window
            self.control(Kind.WINDOW_SIZE, pack_number(window))

    def _user_control(self, event: int, value: int) -> Pong | None:
        if event == Control.PING_REQUEST:
            self.user_control(Control.PING_RESPONSE, value)
        return Pong(value) if event == Control.PING_RESPONSE else None

    def control(self, kind: int, body: bytes) -> None:
        """Say something about the connection itself."""
        self._out += self.writer.write(kind, body, csid=_CONTROL_CSID)

    def user_control(self, event: Control, value: int) -> None:
        """Say that a stream begins, or ping, or answer a ping."""
        self.control(Kind.USER_CONTROL, pack_control(event, value))

    def command(self, body: bytes, *, stream_id: int = 0, csid: int = 3) -> None:
        """Send a command, packed already."""
        self._out += self.writer.write(Kind.COMMAND, body, stream_id=stream_id, csid=csid)

    def set_chunk_bytes(self, count: int) -> None:
        """Write in chunks of this size from now on, and say so."""
        self._out.append(self.writer.set_chunk_bytes(count))

    def outgoing(self) -> bytes:
        """What is to be sent now; it is handed out once."""
        out, self._out = b"".join(self._out), []
        return out
