"""Control messages are packed and unpacked; envelopes are opened."""

from __future__ import annotations

import pytest

from spiritstream.rtmp.chunks import Message
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.messages import (
    MAX_PARTS,
    Control,
    Kind,
    Limit,
    pack_control,
    pack_number,
    pack_peer_bandwidth,
    split_aggregate,
    unpack_control,
    unpack_number,
    without_amf3,
)
from tests.rtmp.cases import hx

PACKED = [
    ("a number", pack_number(2_500_000), "002625a0"),
    ("a count of received bytes that wraps", pack_number(2**32 + 5), "00000005"),
    ("peer bandwidth", pack_peer_bandwidth(2_500_000), "002625a0 02"),
    ("peer bandwidth, hard", pack_peer_bandwidth(1, Limit.HARD), "00000001 00"),
    ("a stream begins", pack_control(Control.STREAM_BEGIN, 1), "0000 00000001"),
    ("a ping", pack_control(Control.PING_REQUEST, 2**32 + 7), "0006 00000007"),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in PACKED], ids=[c[0] for c in PACKED])
def test_control_messages_are_packed(body: bytes, expected: str) -> None:
    """Bodies are laid out as in sections 5.4 and 7.1.7."""
    assert hx(expected) == body


def test_a_number_is_read() -> None:
    """Four bytes are a number; what follows them is left alone."""
    assert 2_500_000 == unpack_number(hx("002625a0")) == unpack_number(hx("002625a0 02"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("0006 00000007", (Control.PING_REQUEST, 7)),
        ("0003 00000001 00000bb8", (Control.SET_BUFFER_LENGTH, 1)),
        ("001f", (31, 0)),
        ("0020 0102", (32, 0x0102)),
    ],
)
def test_user_control_is_read(body: str, expected: tuple[int, int]) -> None:
    """Event and first value; an event that others have made up may be shorter."""
    assert expected == unpack_control(hx(body))


@pytest.mark.parametrize("body", [b"", b"\0\0\1"])
def test_a_number_that_is_cut_short_is_refused(body: bytes) -> None:
    """Less than four bytes are no number."""
    with pytest.raises(RtmpError, match="cut short"):
        unpack_number(body)


@pytest.mark.parametrize("body", [b"", b"\0"])
def test_an_event_that_is_cut_short_is_refused(body: bytes) -> None:
    """Less than two bytes are no event."""
    with pytest.raises(RtmpError, match="cut short"):
        unpack_control(body)


ENVELOPES = [
    ("a command", Kind.COMMAND_AMF3, "00 0200", Kind.COMMAND, "0200"),
    ("data", Kind.DATA_AMF3, "00 0200", Kind.DATA, "0200"),
    ("data without the byte", Kind.DATA_AMF3, "0200", Kind.DATA, "0200"),
    ("an empty one", Kind.COMMAND_AMF3, "", Kind.COMMAND, ""),
    ("a plain command", Kind.COMMAND, "00 0200", Kind.COMMAND, "00 0200"),
    ("video", Kind.VIDEO, "00 0200", Kind.VIDEO, "00 0200"),
    ("something unknown", 255, "00", 255, "00"),
]


@pytest.mark.parametrize("case", ENVELOPES, ids=[case[0] for case in ENVELOPES])
def test_amf3_envelopes_are_opened(case: tuple[str, int, str, int, str]) -> None:
    """A command or data message for AMF3 that holds AMF0 becomes the plain one; others stay as they are."""
    _, kind, body, expected_kind, expected = case
    assert Message(expected_kind, 5, 1, hx(expected)) == without_amf3(Message(kind, 5, 1, hx(body)))


def part(kind: int, time_ms: int, body: bytes) -> bytes:
    """A message inside an aggregate: an FLV tag with its back pointer."""
    stamp = (time_ms & 0xFFFFFF).to_bytes(3, "big") + bytes((time_ms >> 24,))
    head = bytes((kind,)) + len(body).to_bytes(3, "big") + stamp + bytes(3)
    return head + body + (11 + len(body)).to_bytes(4, "big")


def whole(body: bytes, time_ms: int = 1000) -> Message:
    """An aggregate message."""
    return Message(Kind.AGGREGATE, time_ms, 3, body)


def test_an_aggregate_is_split() -> None:
    """Its parts are on its message stream, at its own time plus their distance from the first part."""
    body = part(8, 500, b"aa") + part(9, 540, b"v" * 300) + part(18, 541, b"")
    expected = [Message(8, 1000, 3, b"aa"), Message(9, 1040, 3, b"v" * 300), Message(18, 1041, 3, b"")]
    assert expected == split_aggregate(whole(body))


@pytest.mark.parametrize(
    ("own", "first", "second", "expected"),
    [
        (0, 0, 40, [0, 40]),
        (1000, 1000, 1040, [1000, 1040]),
        (1000, 900, 890, [1000, 990]),
        (2**32 - 10, 0, 20, [2**32 - 10, 10]),
        (5, 2**32 - 10, 10, [5, 25]),
        (5, 0xFFFFFF, 0x1000001, [5, 7]),
    ],
)
def test_times_in_an_aggregate_are_relative(own: int, first: int, second: int, expected: list[int]) -> None:
    """Times count from the first part's, in 32 bits, backwards too; the fourth byte is the highest."""
    body = part(9, first, b"a") + part(9, second, b"b")
    assert expected == [m.time_ms for m in split_aggregate(whole(body, own))]


def test_an_empty_aggregate_holds_nothing() -> None:
    """No body, no messages."""
    assert [] == split_aggregate(whole(b""))


def test_the_last_back_pointer_may_be_missing() -> None:
    """The last part may end the body."""
    assert 2 == len(split_aggregate(whole((part(9, 0, b"a") + part(9, 0, b"b"))[:-4])))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (part(9, 0, b"abc")[:10], "cut short"),
        (part(9, 0, b"abc")[:-5], "cut short"),
        (part(9, 0, b"abc") + b"\x09", "cut short"),
        (hx("09 ffffff 00000000 000000"), "cut short"),
        (part(22, 0, part(9, 0, b"abc")), "another"),
        (part(9, 0, b"") * (MAX_PARTS + 1), "too many"),
    ],
    ids=["half a header", "half a body", "a byte more", "a large claim", "one in another", "too many"],
)
def test_a_bad_aggregate_is_refused(body: bytes, says: str) -> None:
    """Cut short, nested or endless: refused in words of ours."""
    with pytest.raises(RtmpError, match=says):
        split_aggregate(whole(body))


def test_as_many_parts_as_are_allowed() -> None:
    """The bound itself is allowed."""
    assert MAX_PARTS == len(split_aggregate(whole(part(9, 0, b"") * MAX_PARTS)))
