"""RTMP as far as a receiver needs it: the chunk stream and AMF0. Pure, and none of the product's code."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

_EXTENDED = 0xFFFFFF  # a timestamp field of all ones: the real one follows in four bytes
_HEADER_BYTES = (11, 7, 3, 0)  # of a chunk's message header, by its format

Amf: TypeAlias = "bool | float | str | dict[str, Amf] | list[Amf] | None"


class Type(IntEnum):
    """The RTMP message types that matter here."""

    SET_CHUNK_SIZE = 1
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA = 18
    COMMAND = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One whole RTMP message."""

    type: int
    timestamp_ms: int
    body: bytes


@dataclass(slots=True)
class _Stream:
    """What one chunk stream remembers between its chunks."""

    timestamp: int = 0
    delta: int = 0
    length: int = 0
    type: int = 0
    extended: bool = False
    body: bytearray = field(default_factory=bytearray)


class ChunkReader:
    """Turns the bytes after the handshake into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._streams: dict[int, _Stream] = {}
        self._chunk_size = 128

    def feed(self, data: memoryview) -> Iterator[Message]:
        """The messages that `data` completes."""
        self._buffer += data
        at = 0
        try:
            while (step := self._chunk(at)) is not None:
                at, message = step
                if message and message.type == Type.SET_CHUNK_SIZE:
                    self._chunk_size = int.from_bytes(message.body[:4], "big") & 0x7FFFFFFF
                elif message:
                    yield message
        finally:
            del self._buffer[:at]

    def _chunk(self, at: int) -> tuple[int, Message | None] | None:
        """One whole chunk from `at`: where it ends, and the message it completes. None: not all here."""
        buffer = self._buffer
        start = _basic_header(buffer, at)
        if start is None:
            return None
        at, form, number = start
        stream = self._streams.setdefault(number, _Stream())
        end = at + _HEADER_BYTES[form]
        header = bytes(buffer[at:end])
        extended = header[:3] == b"\xff\xff\xff" if form < 3 else stream.extended
        body = end + 4 * extended
        length = int.from_bytes(header[3:6], "big") if form < 2 else stream.length
        size = min(length - len(stream.body), self._chunk_size)
        if len(buffer) < body + size:
            return None
        time = int.from_bytes(buffer[end:body] if extended else header[:3], "big")
        if not stream.body:
            _begin(stream, form, time, header)
        stream.extended = extended
        stream.body += memoryview(buffer)[body : body + size]
        return body + size, _finished(stream)


def _basic_header(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    """Where the message header starts, its format, and the number of the chunk stream."""
    if len(buffer) <= at:
        return None
    form, number = buffer[at] >> 6, buffer[at] & 0x3F
    end = at + {0: 2, 1: 3}.get(number, 1)
    if len(buffer) < end:
        return None
    if number < 2:
        number = 64 + int.from_bytes(buffer[at + 1 : end], "little")
    return end, form, number


def _begin(stream: _Stream, form: int, time: int, header: bytes) -> None:
    """A new message starts: an absolute time, a step, or the same step again.

    After an absolute time the same step again is that time (RTMP 1.0, 5.3.1.2.4), and ffmpeg does write that.
    """
    if form == 0:
        stream.timestamp = stream.delta = time
    else:
        stream.delta = time if form < 3 else stream.delta
        stream.timestamp = (stream.timestamp + stream.delta) & 0xFFFFFFFF
    if form < 2:
        stream.length, stream.type = int.from_bytes(header[3:6], "big"), header[6]


def _finished(stream: _Stream) -> Message | None:
    if len(stream.body) < stream.length:
        return None
    message = Message(stream.type, stream.timestamp, bytes(stream.body))
    stream.body.clear()
    return message


def pack(kind: Type, body: bytes, *, chunk: int = 2, stream: int = 0) -> bytes:
    """One message in one chunk: for answers, which come after our own large chunk size."""
    return (
        bytes((chunk, 0, 0, 0)) + struct.pack(">I", len(body) << 8 | kind) + struct.pack("<I", stream) + body
    )


def pack_command(*values: Amf, stream: int = 0) -> bytes:
    """A command message: name, transaction, and what follows."""
    return pack(Type.COMMAND, b"".join(amf_encode(value) for value in values), chunk=3, stream=stream)


def amf_encode(value: Amf) -> bytes:
    """`value` in AMF0."""
    match value:
        case None:
            return b"\x05"
        case bool():
            return bytes((1, value))
        case int() | float():
            return struct.pack(">Bd", 0, value)
        case str():
            return b"\x02" + _amf_text(value)
        case dict():
            pairs = b"".join(_amf_text(name) + amf_encode(item) for name, item in value.items())
            return b"\x03" + pairs + b"\0\0\x09"
        case list():
            return struct.pack(">BI", 10, len(value)) + b"".join(map(amf_encode, value))


def _amf_text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def amf_decode(body: bytes) -> list[Amf]:
    """All AMF0 values of a command's body."""
    values: list[Amf] = []
    at = 0
    while at < len(body):
        value, at = _amf_value(body, at)
        values.append(value)
    return values


def _amf_value(body: bytes, at: int) -> tuple[Amf, int]:
    marker, at = body[at], at + 1
    if marker == 0:
        return struct.unpack_from(">d", body, at)[0], at + 8
    if marker == 1:
        return bool(body[at]), at + 1
    if marker == 2:
        return _amf_name(body, at)
    if marker in (3, 8):
        return _amf_object(body, at + (4 if marker == 8 else 0))
    if marker in (5, 6):
        return None, at
    if marker == 10:
        return _amf_list(body, at)
    raise ValueError(f"AMF0 marker {marker} is not understood")


def _amf_name(body: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    return body[at + 2 : end].decode(), end


def _amf_list(body: bytes, at: int) -> tuple[list[Amf], int]:
    items: list[Amf] = []
    count, at = int.from_bytes(body[at : at + 4], "big"), at + 4
    for _ in range(count):
        item, at = _amf_value(body, at)
        items.append(item)
    return items, at


def _amf_object(body: bytes, at: int) -> tuple[dict[str, Amf], int]:
    pairs: dict[str, Amf] = {}
    while body[at : at + 3] != b"\0\0\x09":
        name, at = _amf_name(body, at)
        pairs[name], at = _amf_value(body, at)
    return pairs, at + 3
