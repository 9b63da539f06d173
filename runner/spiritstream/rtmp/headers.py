"""The headers of RTMP chunks: what they say, what they leave out, and how they are written. Pure.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0, section 5.3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from spiritstream.rtmp.faults import RtmpError

MAX_BYTES = 3 + 11 + 4
MAX_STREAM = 65_599
_SIZES = (11, 7, 3, 0)
_EXTENDED = 0xFFFFFF


def read_basic(head: bytes) -> tuple[int, int, int] | None:
    """Type, chunk stream and size of the basic header that `head` begins with (5.3.1.1); none: incomplete."""
    if not head:
        return None
    size = {0: 2, 1: 3}.get(head[0] & 63, 1)
    if len(head) < size:
        return None
    number = head[0] & 63 if size == 1 else int.from_bytes(head[1:size], "little") + 64
    return head[0] >> 6, number, size


def basic(form: int, number: int) -> bytes:
    """The basic header for a chunk of type `form`.

    Raises:
        ValueError: there is no such chunk stream.
    """
    if not 2 <= number <= MAX_STREAM:
        raise ValueError("there is no such chunk stream")
    if number < 64:
        return bytes((form << 6 | number,))
    if number < 320:
        return bytes((form << 6, number - 64))
    return bytes((form << 6 | 1,)) + (number - 64).to_bytes(2, "little")


class Incoming:
    """One chunk stream that is read: what its last header said, and what is there of its message.

    `step_ms` is what that header's time field held: the time since the message before, or, in a header of
    type 0, the timestamp itself. No `body`: no message is begun.
    """

    __slots__ = ("body", "extended", "kind", "length", "omits_extended", "step_ms", "stream_id", "time_ms")

    def __init__(self) -> None:
        self.body = bytearray()
        self.extended = False
        self.omits_extended: bool | None = None
        self.kind = self.length = self.step_ms = self.stream_id = self.time_ms = 0

    def begin(self, form: int, fields: bytes) -> int | None:
        """Reads a header of type 0, 1 or 2: a message begins. The header's size; none: it is not complete.

        Raises:
            RtmpError: the last message has not ended.
        """
        extended = fields[:3] == b"\xff\xff\xff"
        end = _SIZES[form]
        size = end + 4 * extended
        if len(fields) < size:
            return None
        if self.body:
            raise RtmpError("the peer begins a message before it has ended the last one")
        self.extended = extended
        self.step_ms = int.from_bytes(fields[end:size] if extended else fields[:3], "big")
        self.time_ms = self.step_ms if form == 0 else (self.time_ms + self.step_ms) & 0xFFFFFFFF
        if form < 2:
            self.length, self.kind = int.from_bytes(fields[3:6], "big"), fields[6]
        if form == 0:
            self.stream_id = int.from_bytes(fields[7:11], "little")
        return size

    def repeat(self, fields: bytes) -> int | None:
        """Reads a header of type 3: a message goes on, or one like the last begins. Size as for `begin`."""
        size = self._repeated_bytes(fields[:4]) if self.extended else 0
        if size is not None and not self.body:
            # After a type 0 the step is that one's timestamp (5.3.1.2.4), and ffmpeg counts on it.
            if size:
                self.step_ms = int.from_bytes(fields[:size], "big")
            self.time_ms = (self.time_ms + self.step_ms) & 0xFFFFFFFF
        return size

    def _repeated_bytes(self, field: bytes) -> int | None:
        """How long the extended timestamp in a header of type 3 is; none if that is not known yet.

        The specification demands the field (5.3.1.3), and some senders leave it out. What stands there the
        first time tells the ones from the others.
        """
        if self.omits_extended is None:
            expected = self.step_ms.to_bytes(4, "big")
            if not expected.startswith(field):
                self.omits_extended = True
            elif len(field) == 4:
                self.omits_extended = False
        if self.omits_extended:
            return 0
        return 4 if len(field) == 4 else None


@dataclass(slots=True)
class Outgoing:
    """One chunk stream that is written: its last message. `step_ms`: none after a header of type 0."""

    kind: int
    length: int
    stream_id: int
    time_ms: int
    step_ms: int | None = None


def pack(number: int, last: Outgoing | None, new: Outgoing) -> tuple[bytes, bytes]:
    """The header of the first chunk of `new`, which follows `last`, and the one of each further chunk.

    Raises:
        ValueError: there is no such chunk stream.
    """
    form, field = _choose(last, new)
    head = basic(form, number)
    if form < 3:
        head += min(field, _EXTENDED).to_bytes(3, "big")
    if form < 2:
        head += new.length.to_bytes(3, "big") + bytes((new.kind,))
    if form == 0:
        head += new.stream_id.to_bytes(4, "little")
    extended = field.to_bytes(4, "big") if field >= _EXTENDED else b""
    return head + extended, basic(3, number) + extended


def _choose(last: Outgoing | None, new: Outgoing) -> tuple[int, int]:
    """The header's type and its time field; notes in `new` which step a type 3 would repeat."""
    if last is None or last.stream_id != new.stream_id:
        return 0, new.time_ms
    step = (new.time_ms - last.time_ms) & 0xFFFFFFFF
    if step >> 31:  # time has gone back, which only a timestamp can say
        return 0, new.time_ms
    new.step_ms = step
    if (last.kind, last.length) != (new.kind, new.length):
        return 1, step
    # Directly after a type 0, type 3 means its timestamp to the specification (5.3.1.2.4) and to ffmpeg, but
    # a step of 0 to nginx-rtmp: type 2 is clear to all.
    return (3 if step == last.step_ms else 2), step
