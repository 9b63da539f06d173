"""RTMP chunk streams: messages cut into chunks, and put together again. Pure.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0, sections 5.3 (chunking), 5.4.1 (Set
Chunk Size) and 5.4.2 (Abort).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from spiritstream.rtmp import headers
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.headers import Incoming, Outgoing

FIRST_CHUNK_BYTES = 128
MAX_CHUNK_BYTES = 0x7FFFFFFF
_MAX_BODY_BYTES = 0xFFFFFF
_CONTROL_STREAM = 2
_SET_CHUNK_SIZE, _ABORT = 1, 2
# So many continuation chunks are looked at together. More would save nothing, and what a look costs must
# stay in proportion to what it finds: a peer that interleaves its streams lets us find one chunk a look.
_RUN = 128

Buffer: TypeAlias = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its type, its time (32 bits of milliseconds), its message stream, its body."""

    kind: int
    time_ms: int
    stream_id: int
    body: bytes = field(repr=False)


class ChunkReader:
    """Puts messages together from a stream of bytes, however it is cut. One for each connection.

    Set Chunk Size and Abort are obeyed and not returned. Memory follows what has arrived, not what a header
    claims: `max_held_bytes` bounds all unfinished messages together. `max_messages` bounds what a peer that
    is not known yet can make us look at (an empty message takes one byte); `None` is without a bound.
    """

    def __init__(
        self,
        *,
        max_message_bytes: int = 8 * 1024 * 1024,
        max_streams: int = 64,
        max_held_bytes: int = 16 * 1024 * 1024,
        max_messages: int | None = None,
    ) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_streams = max_streams
        self._max_held_bytes = max_held_bytes
        self._chunk_bytes = FIRST_CHUNK_BYTES
        self._streams: dict[int, Incoming] = {}
        self._buffer = bytearray()
        self._at = 0
        self._open: Incoming | None = None  # the stream whose chunk is being read
        self._left = 0  # what is still to come of that chunk
        self._repeated = b""  # that chunk's header, if the next one may look the same
        self._held = 0
        self._finished = 0
        self.max_messages = max_messages

    @property
    def held_bytes(self) -> int:
        """What is kept of messages that are not complete."""
        return self._held + len(self._buffer)

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, oldest first.

        Raises:
            RtmpError: the bytes break the protocol or a bound; the reader is of no more use. Messages that
                `data` completes before that are lost.
        """
        self._buffer += data
        messages: list[Message] = []
        while self._read_chunk(messages):
            pass
        del self._buffer[: self._at]
        self._at = 0
        return messages

    def _read_chunk(self, messages: list[Message]) -> bool:
        """Whether a chunk came to its end."""
        stream = self._open or self._read_header()
        if stream is None:
            return False
        self._open = stream
        self._take(stream)
        if self._left:
            return False
        self._open = None
        if self._repeated and len(stream.body) < stream.length:
            self._take_run(stream)
        if len(stream.body) == stream.length:
            self._finish(stream, messages)
        return True

    def _read_header(self) -> Incoming | None:
        """The stream that the next chunk belongs to; none if its header is not complete."""
        head = bytes(self._buffer[self._at : self._at + headers.MAX_BYTES])
        basic = headers.read_basic(head)
        if basic is None:
            return None
        form, number, start = basic
        stream = self._streams.get(number) or self._new_stream(number, form)
        size = stream.repeat(head[start:]) if form == 3 else stream.begin(form, head[start:])
        if size is None:
            return None
        if stream.length > self._max_message_bytes:
            raise RtmpError("the peer begins a message that is longer than allowed")
        self._at += start + size
        self._left = min(self._chunk_bytes, stream.length - len(stream.body))
        self._repeated = head[: start + size] if form == 3 else b""
        return stream

    def _new_stream(self, number: int, form: int) -> Incoming:
        # librtmp begins a stream with type 1 when it answers a ping; the missing message stream is 0 then.
        if form > 1:
            raise RtmpError("the peer begins a chunk stream without a full header")
        if len(self._streams) == self._max_streams:
            raise RtmpError("the peer uses more chunk streams than allowed")
        self._streams[number] = stream = Incoming()
        return stream

    def _take(self, stream: Incoming) -> None:
        """Takes what is there of a chunk."""
        start = self._at
        size = min(self._left, len(self._buffer) - start)
        self._hold(size)
        stream.body += self._buffer[start : start + size]
        self._at = start + size
        self._left -= size

    def _take_run(self, stream: Incoming) -> None:
        """Takes all whole chunks in the buffer whose headers repeat the last one, at a stroke."""
        header, start = self._repeated, self._at
        stride = len(header) + self._chunk_bytes
        here = (len(self._buffer) - start) // stride
        count = min(here, (stream.length - len(stream.body)) // self._chunk_bytes, _RUN)
        for offset, byte in enumerate(header):
            column = self._buffer[start + offset : start + count * stride : stride]
            count = len(column) - len(column.lstrip(bytes((byte,))))
        if not count:
            return
        self._hold(count * self._chunk_bytes)
        block = self._buffer[start : start + count * stride]
        for gone in range(len(header)):
            del block[:: stride - gone]
        stream.body += block
        self._at = start + count * stride

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._max_held_bytes:
            raise RtmpError("the peer has begun more messages than it may")

    def _finish(self, stream: Incoming, messages: list[Message]) -> None:
        self._finished += 1
        if self.max_messages is not None and self._finished > self.max_messages:
            raise RtmpError("the peer sends more messages than allowed")
        body = bytes(stream.body)
        self._drop(stream)
        if stream.kind == _SET_CHUNK_SIZE:
            self._chunk_bytes = _control_value(body)
            if not 1 <= self._chunk_bytes <= MAX_CHUNK_BYTES:
                raise RtmpError("the peer sets a chunk size that cannot be")
        elif stream.kind == _ABORT:
            aborted = self._streams.get(_control_value(body))
            if aborted:
                self._drop(aborted)
        else:
            messages.append(Message(stream.kind, stream.time_ms, stream.stream_id, body))

    def _drop(self, stream: Incoming) -> None:
        self._held -= len(stream.body)
        stream.body.clear()


def _control_value(body: bytes) -> int:
    if len(body) < 4:
        raise RtmpError("a control message is cut short")
    return int.from_bytes(body[:4], "big")


class ChunkWriter:
    """Cuts messages into chunks, with the shortest headers that every reader understands.

    `chunk_bytes` is the size in force; `set_chunk_bytes` changes it.
    """

    def __init__(self) -> None:
        self.chunk_bytes = FIRST_CHUNK_BYTES
        self._streams: dict[int, Outgoing] = {}

    def last(self, csid: int) -> Outgoing | None:
        """The last message of a chunk stream, if there was one: it decides on the next one's header."""
        return self._streams.get(csid)

    def went_on(self, csid: int, last: Outgoing) -> None:
        """Others wrote what was sent since on a chunk stream; `last` was the last of it."""
        self._streams[csid] = last

    def set_chunk_bytes(self, size: int) -> bytes:
        """The message that announces `size`, to be sent at once: what is written next is cut by it.

        Raises:
            ValueError: no chunk can have that size.
        """
        if not 1 <= size <= MAX_CHUNK_BYTES:
            raise ValueError("no chunk can have that size")
        message = b"".join(self.write(_SET_CHUNK_SIZE, size.to_bytes(4, "big"), csid=_CONTROL_STREAM))
        self.chunk_bytes = size
        return message

    def write(
        self, kind: int, body: Buffer, *, time_ms: int = 0, stream_id: int = 0, csid: int = 3
    ) -> list[Buffer]:
        """The chunks of one message, as buffers to be sent one after the other. `body` is not copied.

        `time_ms` is taken modulo 2**32. Messages of one `csid` must be sent in the order they are written.

        Raises:
            ValueError: the body is longer than a header can say (16 MiB less 1), or there is no such `csid`.
        """
        size = len(body)
        if size > _MAX_BODY_BYTES:
            raise ValueError("the body is too long for a message")
        new = Outgoing(kind, size, stream_id, time_ms & 0xFFFFFFFF)
        header, further = headers.pack(csid, self._streams.get(csid), new)
        self._streams[csid] = new
        if size <= self.chunk_bytes:
            return [header, body] if size else [header]
        view = memoryview(body)
        buffers: list[Buffer] = []
        for start in range(0, size, self.chunk_bytes):
            buffers += header, view[start : start + self.chunk_bytes]
            header = further
        return buffers
