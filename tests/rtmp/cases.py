"""The one table of chunk streams: it drives reading, writing and the fuzz.

A case holds bytes that were put down by hand from the specification, and what its writer did to make
them: messages written on chunk streams, chunk sizes announced. Where our own writer would choose other
bytes for the same messages, the case says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.faults import RtmpError


@dataclass(frozen=True, slots=True)
class Put:
    """A message is written on a chunk stream."""

    csid: int
    message: Message


Step: TypeAlias = Put | int
"""A message, or a chunk size that is announced."""


@dataclass(frozen=True, slots=True)
class Case:
    """`differs`: why our writer makes other bytes of the same steps; empty: it makes the same."""

    name: str
    data: bytes
    steps: tuple[Step, ...]
    differs: str = ""

    @property
    def messages(self) -> list[Message]:
        """What a reader makes of it."""
        return [step.message for step in self.steps if isinstance(step, Put)]


@dataclass(frozen=True, slots=True)
class Bad:
    """Bytes that a reader must refuse, and a part of what it says."""

    name: str
    data: bytes
    says: str


def put(csid: int, kind: int, time_ms: int, stream_id: int, body: bytes) -> Put:
    """A step, short enough for a table."""
    return Put(csid, Message(kind, time_ms, stream_id, body))


def write(steps: tuple[Step, ...]) -> bytes:
    """What our writer makes of the steps."""
    writer = ChunkWriter()
    out: list[bytes | memoryview] = []
    for step in steps:
        if isinstance(step, int):
            out.append(writer.set_chunk_bytes(step))
        else:
            m = step.message
            out += writer.write(m.kind, m.body, time_ms=m.time_ms, stream_id=m.stream_id, csid=step.csid)
    return b"".join(out)


def read(pieces: list[bytes]) -> tuple[list[Message], str]:
    """All messages of the pieces, fed one after the other, and the error that ended it, if any."""
    reader = ChunkReader()
    messages: list[Message] = []
    for piece in pieces:
        try:
            messages += reader.feed(piece)
        except RtmpError as error:
            return messages, str(error)
    return messages, ""


def filler(size: int, seed: int = 1) -> bytes:
    """A body without a pattern that chunking could hide behind."""
    return bytes((seed + i * 7 + (i >> 3)) & 0xFF for i in range(size))


def hx(text: str) -> bytes:
    """Bytes from hexadecimal digits, with spaces where they help."""
    return bytes.fromhex(text)


def cut(header: str, body: bytes, size: int = 128) -> bytes:
    """A body in chunks of `size`, with `header` (hexadecimal) before each but the first."""
    return hx(header).join(body[i : i + size] for i in range(0, len(body), size))


def _resize(size: int) -> bytes:
    """Set Chunk Size, as the first message of chunk stream 2."""
    return hx("02 000000 000004 01 00000000") + size.to_bytes(4, "big")


B129, B300, B1000, B5000 = filler(129), filler(300), filler(1000), filler(5000)
B40K = filler(40_000)
HVC1 = hx("91") + b"hvc1" + filler(40)

CASES = [
    Case("nothing", b"", ()),
    Case(
        "a type 0 header",
        hx("03 0003e8 000004 14 00000000") + b"abcd",
        (put(3, 20, 1000, 0, b"abcd"),),
    ),
    Case(
        "the message stream's number has its low byte first",
        hx("04 000000 000001 09 04030201") + b"v",
        (put(4, 9, 0, 0x01020304, b"v"),),
    ),
    Case("an empty message", hx("04 000000 000000 08 01000000"), (put(4, 8, 0, 1, b""),)),
    Case(
        "empty messages in a row",
        hx("04 000005 000000 08 01000000 84000005 c4"),
        (put(4, 8, 5, 1, b""), put(4, 8, 10, 1, b""), put(4, 8, 15, 1, b"")),
    ),
    Case(
        "a body of just one chunk",
        hx("04 000000 000080 09 01000000") + B129[:128],
        (put(4, 9, 0, 1, B129[:128]),),
    ),
    Case(
        "a body of one chunk and a byte",
        hx("04 000000 000081 09 01000000") + cut("c4", B129),
        (put(4, 9, 0, 1, B129),),
    ),
    Case(
        "a long body, many chunks",
        hx("06 000000 009c40 09 01000000") + cut("c6", B40K),
        (put(6, 9, 0, 1, B40K),),
    ),
    Case(
        "a body that looks like chunk headers",
        hx("04 000000 00012c 09 01000000") + cut("c4", b"\xc4" * 300),
        (put(4, 9, 0, 1, b"\xc4" * 300),),
    ),
    Case(
        "all four types of header",
        hx("04 0003e8 000004 08 01000000")
        + b"aaaa"  # everything
        + hx("44 000014 000005 08")
        + b"bbbbb"  # another length
        + hx("c4")
        + b"ccccc"  # the same step again
        + hx("84 000015")
        + b"ddddd"  # another step
        + hx("c4")
        + b"eeeee"
        + hx("44 000015 000005 09")
        + b"fffff",  # another kind
        (
            put(4, 8, 1000, 1, b"aaaa"),
            put(4, 8, 1020, 1, b"bbbbb"),
            put(4, 8, 1040, 1, b"ccccc"),
            put(4, 8, 1061, 1, b"ddddd"),
            put(4, 8, 1082, 1, b"eeeee"),
            put(4, 9, 1103, 1, b"fffff"),
        ),
    ),
    Case(
        "type 3 after type 0 repeats its timestamp",
        hx("04 000017 000002 08 01000000") + b"aa" + hx("c4") + b"bb" + hx("c4") + b"cc",
        (put(4, 8, 23, 1, b"aa"), put(4, 8, 46, 1, b"bb"), put(4, 8, 69, 1, b"cc")),
        differs="readers disagree on it, so we write type 2 there",
    ),
    Case(
        "type 2 directly after type 0",
        hx("04 000017 000002 08 01000000") + b"aa" + hx("84 000017") + b"bb" + hx("c4") + b"cc",
        (put(4, 8, 23, 1, b"aa"), put(4, 8, 46, 1, b"bb"), put(4, 8, 69, 1, b"cc")),
    ),
    Case(
        "two messages of several chunks, the second with type 3",
        hx("04 000000 00012c 09 01000000")
        + cut("c4", B300)
        + hx("84 000028")
        + cut("c4", B300[::-1])
        + hx("c4")
        + cut("c4", B300),
        (put(4, 9, 0, 1, B300), put(4, 9, 40, 1, B300[::-1]), put(4, 9, 80, 1, B300)),
    ),
    Case(
        "time goes back",
        hx("04 000064 000001 08 01000000") + b"a" + hx("04 000032 000001 08 01000000") + b"b",
        (put(4, 8, 100, 1, b"a"), put(4, 8, 50, 1, b"b")),
    ),
    Case(
        "time stands still",
        hx("04 000064 000001 08 01000000") + b"a" + hx("84 000000") + b"b" + hx("c4") + b"c",
        (put(4, 8, 100, 1, b"a"), put(4, 8, 100, 1, b"b"), put(4, 8, 100, 1, b"c")),
    ),
    Case(
        "two message streams on one chunk stream",
        hx("04 000064 000001 08 01000000") + b"a" + hx("04 000065 000001 08 02000000") + b"b",
        (put(4, 8, 100, 1, b"a"), put(4, 8, 101, 2, b"b")),
    ),
    Case(
        "the last timestamp that needs no extension",
        hx("04 fffffe 000001 08 01000000") + b"a",
        (put(4, 8, 0xFFFFFE, 1, b"a"),),
    ),
    Case(
        "the first timestamp that needs one",
        hx("04 ffffff 000001 08 01000000 00ffffff") + b"a",
        (put(4, 8, 0xFFFFFF, 1, b"a"),),
    ),
    Case(
        "an extended timestamp, again on every further chunk",
        hx("04 ffffff 0003e8 09 01000000 01000000")
        + cut("c4 01000000", B1000)
        + hx("84 000028")
        + cut("c4", B1000),
        (put(4, 9, 0x1000000, 1, B1000), put(4, 9, 0x1000028, 1, B1000)),
    ),
    Case(
        "an extended timestamp, left out on further chunks",
        hx("04 ffffff 0003e8 09 01000000 01000000")
        + cut("c4", B1000)
        + hx("04 ffffff 000082 09 01000000 01000028")
        + cut("c4", B300[:130]),
        (put(4, 9, 0x1000000, 1, B1000), put(4, 9, 0x1000028, 1, B300[:130])),
        differs="the specification demands what is left out here",
    ),
    Case(
        "left out, before a body that looks like it",
        hx("04 ffffff 000084 09 01000000 01020304")
        + cut("c4", bytes(128) + hx("01020305"))
        + hx("04 ffffff 000084 09 01000000 01020306")
        + cut("c4", bytes(128) + hx("01020306")),
        (
            put(4, 9, 0x1020304, 1, bytes(128) + hx("01020305")),
            put(4, 9, 0x1020306, 1, bytes(128) + hx("01020306")),
        ),
        differs="the specification demands what is left out here",
    ),
    Case(
        "extended steps",
        hx("04 000000 000002 09 01000000")
        + b"aa"
        + hx("44 ffffff 000003 09 01000001")
        + b"bbb"
        + hx("c4 01000001")
        + b"ccc"
        + hx("84 ffffff 01000002")
        + b"ddd",
        (
            put(4, 9, 0, 1, b"aa"),
            put(4, 9, 0x1000001, 1, b"bbb"),
            put(4, 9, 0x2000002, 1, b"ccc"),
            put(4, 9, 0x3000004, 1, b"ddd"),
        ),
    ),
    Case(
        "an extended step in type 3 that is another one",
        hx("04 000000 000002 09 01000000")
        + b"aa"
        + hx("44 ffffff 000081 09 01000001")
        + cut("c4 01000001", B129)
        + hx("c4 01000002")
        + cut("c4 01000002", B129),
        (put(4, 9, 0, 1, b"aa"), put(4, 9, 0x1000001, 1, B129), put(4, 9, 0x2000003, 1, B129)),
        differs="ffmpeg writes it; to the specification type 3 repeats the step",
    ),
    Case(
        "time wraps at 32 bits in type 3",
        hx("04 ffffff 000001 09 01000000 ffffffe0") + b"a" + hx("84 000018") + b"b" + hx("c4") + b"c",
        (put(4, 9, 0xFFFFFFE0, 1, b"a"), put(4, 9, 0xFFFFFFF8, 1, b"b"), put(4, 9, 0x10, 1, b"c")),
    ),
    Case(
        "time wraps at 32 bits",
        hx("04 ffffff 000001 09 01000000 fffffff0") + b"a" + hx("84 000020") + b"b",
        (put(4, 9, 0xFFFFFFF0, 1, b"a"), put(4, 9, 0x10, 1, b"b")),
    ),
    Case(
        "chunk streams with one, two and three bytes",
        hx("3f 000000 000001 08 01000000")
        + b"a"
        + hx("0000 000000 000001 08 01000000")
        + b"b"
        + hx("00ff 000000 000001 08 01000000")
        + b"c"
        + hx("010001 000000 000001 08 01000000")
        + b"d"
        + hx("01ffff 000000 000001 08 01000000")
        + b"e",
        tuple(
            put(csid, 8, 0, 1, bytes((body,)))
            for csid, body in zip((63, 64, 319, 320, 65_599), b"abcde", strict=True)
        ),
    ),
    Case(
        "further chunks of long chunk stream numbers, with extended timestamps",
        hx("00ff ffffff 0003e8 09 01000000 02000000")
        + cut("c0ff 02000000", B1000)
        + hx("01ffff ffffff 0003e8 09 01000000 02000000")
        + cut("c1ffff 02000000", B1000),
        (put(319, 9, 0x2000000, 1, B1000), put(65_599, 9, 0x2000000, 1, B1000)),
    ),
    Case(
        "a small chunk stream number in three bytes",
        hx("010000 000000 000001 08 01000000") + b"a" + hx("8000 000001") + b"b",
        (put(64, 8, 0, 1, b"a"), put(64, 8, 1, 1, b"b")),
        differs="we write the shortest form",
    ),
    Case(
        "sound between the chunks of a picture",
        hx("06 000000 00012c 09 01000000")
        + B300[:128]
        + hx("04 000000 000003 08 01000000")
        + b"aaa"
        + hx("c6")
        + B300[128:256]
        + hx("84 000017")
        + b"bbb"
        + hx("c6")
        + B300[256:],
        (put(4, 8, 0, 1, b"aaa"), put(4, 8, 23, 1, b"bbb"), put(6, 9, 0, 1, B300)),
        differs="we write one message after the other",
    ),
    Case(
        "two long messages, chunk by chunk in turn, then one alone",
        hx("06 000000 001388 09 01000000")
        + B5000[:128]
        + hx("04 000000 0003e8 08 01000000")
        + B1000[:128]
        + b"".join(
            hx("c6") + B5000[at : at + 128] + hx("c4") + B1000[at : at + 128] for at in range(128, 1000, 128)
        )
        + hx("c6")
        + cut("c6", B5000[1024:]),
        (put(4, 8, 0, 1, B1000), put(6, 9, 0, 1, B5000)),
        differs="we write one message after the other",
    ),
    Case(
        "larger chunks",
        _resize(4096) + hx("06 000000 001388 09 01000000") + cut("c6", B5000, 4096),
        (4096, put(6, 9, 0, 1, B5000)),
    ),
    Case(
        "chunks of 16 MiB",
        _resize(0x1000000) + hx("06 000000 009c40 09 01000000") + B40K,
        (0x1000000, put(6, 9, 0, 1, B40K)),
    ),
    Case(
        "chunks of the largest size that can be said",
        _resize(0x7FFFFFFF) + hx("06 000000 000081 09 01000000") + B129,
        (0x7FFFFFFF, put(6, 9, 0, 1, B129)),
    ),
    Case(
        "chunks of one byte, then of 128",
        _resize(1)
        + hx("06 000000 000005 09 01000000")
        + cut("c6", b"abcde", 1)
        + hx("82 000000")
        + cut("c2", hx("00000080"), 1)
        + hx("46 000000 00012c 09")
        + cut("c6", B300),
        (1, put(6, 9, 0, 1, b"abcde"), 128, put(6, 9, 0, 1, B300)),
    ),
    Case(
        "the chunk size changes in the middle of a message",
        hx("06 000000 0003e8 09 01000000")
        + B1000[:128]
        + hx("c6")
        + B1000[128:256]
        + _resize(512)
        + hx("c6")
        + B1000[256:768]
        + hx("82 000000 00000010")
        + hx("c6")
        + cut("c6", B1000[768:], 16),
        (put(6, 9, 0, 1, B1000),),
        differs="we write one message after the other",
    ),
    Case(
        "a chunk size with bytes after it",
        hx("02 000000 000006 01 00000000") + hx("00000200 0000") + hx("06 000000 00012c 09 01000000") + B300,
        (put(6, 9, 0, 1, B300),),
        differs="a chunk size has four bytes",
    ),
    Case(
        "a message is given up",
        hx("06 000000 00012c 09 01000000")
        + B300[:128]
        + hx("02 000000 000004 02 00000000 00000006")
        + hx("46 000028 000003 09")
        + b"abc",
        (put(6, 9, 40, 1, b"abc"),),
        differs="we give no message up",
    ),
    Case(
        "messages are given up that are not there",
        hx("02 000000 000004 02 00000000 00000006")
        + hx("c2 00000002")
        + hx("06 000000 000003 09 01000000")
        + b"abc",
        (put(6, 9, 0, 1, b"abc"),),
        differs="we give no message up",
    ),
    Case(
        "a chunk stream begins with type 1",
        hx("42 000000 000006 04") + hx("0007 00000001"),
        (put(2, 4, 0, 0, hx("0007 00000001")),),
        differs="only type 0 may begin one",
    ),
    Case(
        "control messages pass",
        hx("02 000000 000004 05 00000000 002625a0")
        + hx("42 000000 000005 06 002625a0 02")
        + hx("42 000000 000006 04 0006 00000001"),
        (
            put(2, 5, 0, 0, hx("002625a0")),
            put(2, 6, 0, 0, hx("002625a002")),
            put(2, 4, 0, 0, hx("000600000001")),
        ),
    ),
    Case(
        "Enhanced RTMP passes",
        hx("06 000000 00002d 09 01000000") + HVC1,
        (put(6, 9, 0, 1, HVC1),),
    ),
    Case(
        "a type of message that nobody knows",
        hx("05 000000 000003 ff 01000000") + b"???",
        (put(5, 255, 0, 1, b"???"),),
    ),
]

BAD = [
    Bad("type 1, 2 or 3 first: type 2", hx("84 000000"), "without a full header"),
    Bad("type 1, 2 or 3 first: type 3", hx("c4"), "without a full header"),
    Bad(
        "a message begins inside another",
        hx("04 000000 000081 09 01000000") + B129[:128] + hx("04 000000 000001 09 01000000"),
        "before it has ended",
    ),
    Bad(
        "a message goes on with a header of type 1",
        hx("04 000000 000000 09 01000000") + (hx("44 000000 00012c 09") + B300[:128]) * 2,
        "before it has ended",
    ),
    Bad("a message of 16 MiB", hx("04 000000 ffffff 09 01000000"), "longer than allowed"),
    Bad("chunks of no byte", _resize(0), "chunk size"),
    Bad("chunks of 2 GiB", _resize(0x80000000), "chunk size"),
    Bad("half a chunk size", hx("02 000000 000003 01 00000000 000001"), "cut short"),
    Bad("an empty abort", hx("02 000000 000000 02 00000000"), "cut short"),
    Bad(
        "65 chunk streams",
        b"".join(hx("00") + bytes((i,)) + hx("000000 000000 08 01000000") for i in range(65)),
        "more chunk streams",
    ),
    Bad(
        "three messages of 8 MiB, none complete",
        _resize(0x800000 - 1)
        + b"".join(
            bytes((csid,)) + hx("000000 800000 09 01000000") + bytes(0x800000 - 1) for csid in (4, 5, 6)
        ),
        "begun more messages",
    ),
]
