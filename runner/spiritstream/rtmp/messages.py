"""RTMP's message types, the bodies of its control messages, and messages that wrap others. Pure.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0, sections 5.4 (protocol control),
6.2 and 7.1.7 (user control), 7.1 (message types).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from spiritstream.rtmp.chunks import Message
from spiritstream.rtmp.faults import RtmpError

MAX_PARTS = 4096
_PART_HEADER_BYTES = 11
_BACK_POINTER_BYTES = 4


class Kind(IntEnum):
    """Message types (5.4, 7.1). What is not here is nothing that a publisher needs."""

    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA = 18
    COMMAND = 20
    AGGREGATE = 22


_WITHOUT_AMF3: Final[dict[int, Kind]] = {Kind.COMMAND_AMF3: Kind.COMMAND, Kind.DATA_AMF3: Kind.DATA}


class Control(IntEnum):
    """Events of a user control message (7.1.7)."""

    STREAM_BEGIN = 0
    STREAM_EOF = 1
    STREAM_DRY = 2
    SET_BUFFER_LENGTH = 3
    STREAM_IS_RECORDED = 4
    PING_REQUEST = 6
    PING_RESPONSE = 7


class Limit(IntEnum):
    """How a peer takes a Set Peer Bandwidth (5.4.5)."""

    HARD = 0
    SOFT = 1
    DYNAMIC = 2


def pack_number(value: int) -> bytes:
    """The body of a Set Chunk Size, Abort, Acknowledgement (modulo 2**32: 5.4.3) or Window Size."""
    return (value & 0xFFFFFFFF).to_bytes(4, "big")


def unpack_number(body: bytes) -> int:
    """The number in the body of one of the messages of `pack_number`.

    Raises:
        RtmpError: the body is too short.
    """
    if len(body) < 4:
        raise RtmpError("a control message is cut short")
    return int.from_bytes(body[:4], "big")


def pack_peer_bandwidth(window_bytes: int, limit: Limit = Limit.DYNAMIC) -> bytes:
    """The body of a Set Peer Bandwidth (5.4.5)."""
    return pack_number(window_bytes) + bytes((limit,))


def pack_control(event: Control, value: int) -> bytes:
    """The body of a user control message about a message stream, or with a ping's token (modulo 2**32)."""
    return struct.pack(">HI", event, value & 0xFFFFFFFF)


def unpack_control(body: bytes) -> tuple[int, int]:
    """A user control message's event (one of `Control`, or one that is not known) and its first value.

    A value that is not there is 0: other implementations add events of their own, with bodies of their own.

    Raises:
        RtmpError: there is not even an event.
    """
    if len(body) < 2:
        raise RtmpError("a control message is cut short")
    return int.from_bytes(body[:2], "big"), int.from_bytes(body[2:6], "big")


def without_amf3(message: Message) -> Message:
    """A command or data message in AMF3's envelope as the AMF0 one it holds (7.1.1, 7.1.2).

    The envelope is one byte that says "AMF0 follows"; some senders of data leave it out. Any other message is
    returned as it is.
    """
    kind = _WITHOUT_AMF3.get(message.kind)
    if kind is None:
        return message
    return Message(kind, message.time_ms, message.stream_id, message.body.removeprefix(b"\0"))


def split_aggregate(message: Message) -> list[Message]:
    """The messages in an aggregate message (7.1.6): FLV tags, each with a back pointer.

    Their times count from the first one's, which stands for the aggregate's own time. The message stream is
    the aggregate's too.

    Raises:
        RtmpError: cut short, another aggregate inside, or more than `MAX_PARTS` messages.
    """
    body, at = message.body, 0
    parts: list[Message] = []
    first_ms = 0
    while at < len(body):
        kind, time_ms, end = _part(body, at)
        if not parts:
            first_ms = time_ms
        if len(parts) == MAX_PARTS:
            raise RtmpError("an aggregate message holds too many messages")
        time_ms = (message.time_ms + time_ms - first_ms) & 0xFFFFFFFF
        parts.append(Message(kind, time_ms, message.stream_id, body[at + _PART_HEADER_BYTES : end]))
        # What it points back to is not looked at, and the last one may be missing: readers differ on both.
        at = end + _BACK_POINTER_BYTES
    return parts


def _part(body: bytes, at: int) -> tuple[int, int, int]:
    """Type, time and end of the message that begins at `at`."""
    if len(body) < at + _PART_HEADER_BYTES:
        raise RtmpError("an aggregate message is cut short")
    kind = body[at]
    end = at + _PART_HEADER_BYTES + int.from_bytes(body[at + 1 : at + 4], "big")
    if end > len(body):
        raise RtmpError("an aggregate message is cut short")
    if kind == Kind.AGGREGATE:
        raise RtmpError("an aggregate message holds another one")
    # As in an FLV tag, the time's highest byte comes last.
    return kind, int.from_bytes(body[at + 4 : at + 7], "big") | body[at + 7] << 24, end
