"""The one table of AMF0 values: it drives reading, writing and the fuzz.

The bytes were put down by hand from the specification.
"""

from __future__ import annotations

from dataclasses import dataclass

from spiritstream.rtmp.amf import (
    MAX_DEPTH,
    MAX_VALUES,
    UNDEFINED,
    Date,
    EcmaArray,
    LongString,
    TypedObject,
    Value,
    Xml,
)
from tests.rtmp.cases import hx


@dataclass(frozen=True, slots=True)
class AmfCase:
    """Bytes, the values they hold; `differs`: why our encoder makes other bytes, empty if it does not."""

    name: str
    data: bytes
    values: list[Value]
    differs: str = ""


@dataclass(frozen=True, slots=True)
class AmfBad:
    """Bytes that must be refused, and a part of what is said."""

    name: str
    data: bytes
    says: str


_END = hx("000009")
_ONE = hx("00 3ff0000000000000")


def _nested(depth: int) -> bytes:
    """An object in an object, so many levels below the first."""
    return (hx("03 0001") + b"a") * depth + hx("03") + _END * (depth + 1)


def _nested_value(depth: int) -> Value:
    return {"a": _nested_value(depth - 1)} if depth else {}


AMF_CASES = [
    AmfCase("nothing", b"", []),
    AmfCase("one", _ONE, [1.0]),
    AmfCase("minus a half", hx("00 bfe0000000000000"), [-0.5]),
    AmfCase("infinity", hx("00 7ff0000000000000"), [float("inf")]),
    AmfCase("true and false", hx("0101 0100"), [True, False]),
    AmfCase("true, said otherwise", hx("0102"), [True], differs="true is 1"),
    AmfCase("text", hx("02 0003") + b"abc", ["abc"]),
    AmfCase("empty text", hx("02 0000"), [""]),
    AmfCase("UTF-8", hx("02 0004 c3a4e282") + hx("02 0003 e282ac"), ["ä\udce2\udc82", "€"]),
    AmfCase("Latin-1 for UTF-8", hx("02 0003 e46263"), ["\udce4bc"]),
    AmfCase("a half of a pair of surrogates", hx("02 0003 eda080"), ["\udced\udca0\udc80"]),
    AmfCase("null and undefined", hx("05 06"), [None, UNDEFINED]),
    AmfCase("a short text with a long length", hx("0c 00000002") + b"ab", [LongString("ab")]),
    AmfCase("a long text", hx("0c 00010000") + b"x" * 65_536, [LongString("x" * 65_536)]),
    AmfCase("the longest short text", hx("02 ffff") + b"x" * 65_535, ["x" * 65_535]),
    AmfCase("a date", hx("0b 4059000000000000 003c"), [Date(100.0, 60)]),
    AmfCase("XML", hx("0f 00000004") + b"<a/>", [Xml("<a/>")]),
    AmfCase("an empty object", hx("03") + _END, [{}]),
    AmfCase(
        "an object",
        hx("03 0001") + b"a" + _ONE + hx("0001") + b"b" + hx("05") + _END,
        [{"a": 1.0, "b": None}],
    ),
    AmfCase("a member without a name", hx("03 0000") + _ONE + _END, [{"": 1.0}]),
    AmfCase(
        "a name twice",
        hx("03 0001") + b"a" + _ONE + hx("0001") + b"a" + hx("05") + _END,
        [{"a": None}],
        differs="the last one counts",
    ),
    AmfCase(
        "an object in an object",
        hx("03 0001") + b"a" + hx("03 0001") + b"b" + hx("0101") + _END + _END,
        [{"a": {"b": True}}],
    ),
    AmfCase("an array by name", hx("08 00000001 0001") + b"a" + _ONE + _END, [EcmaArray({"a": 1.0}, 1)]),
    AmfCase("one that counts wrong", hx("08 00000000 0001") + b"a" + _ONE + _END, [EcmaArray({"a": 1.0}, 0)]),
    AmfCase("one that counts very wrong", hx("08 ffffffff") + _END, [EcmaArray({}, 0xFFFFFFFF)]),
    AmfCase("an array", hx("0a 00000002 05") + _ONE, [[None, 1.0]]),
    AmfCase("an empty array", hx("0a 00000000"), [[]]),
    AmfCase(
        "an object of a class",
        hx("10 0003") + b"Cls" + hx("0001") + b"a" + _ONE + _END,
        [TypedObject({"a": 1.0}, "Cls")],
    ),
    AmfCase(
        "a command",
        hx("02 0007") + b"publish" + hx("00 4014000000000000 05 02 0003") + b"key" + hx("02 0004") + b"live",
        ["publish", 5.0, None, "key", "live"],
    ),
    AmfCase("the deepest that is allowed", _nested(MAX_DEPTH), [_nested_value(MAX_DEPTH)]),
    AmfCase("as many as are allowed", hx("05") * MAX_VALUES, [None] * MAX_VALUES),
]

AMF_BAD = [
    AmfBad("half a number", hx("00 3ff0"), "cut short"),
    AmfBad("no boolean", hx("01"), "cut short"),
    AmfBad("half a text", hx("02 0003") + b"ab", "cut short"),
    AmfBad("half a length", hx("02 00"), "cut short"),
    AmfBad("a text of 4 GiB", hx("0c ffffffff") + b"ab", "cut short"),
    AmfBad("half a date", hx("0b 4059000000000000 00"), "cut short"),
    AmfBad("an object without an end", hx("03 0001") + b"a" + _ONE, "cut short"),
    AmfBad("an end of an object, outside", hx("09"), "not known"),
    AmfBad("a member without a value", hx("03 0001") + b"a" + hx("09"), "not known"),
    AmfBad("an array by name without an end", hx("08 00000001 0001") + b"a" + _ONE, "cut short"),
    AmfBad("half an array", hx("0a 00000002 05"), "cut short"),
    AmfBad("an array of 4 Gi values", hx("0a ffffffff 05"), "too many"),
    AmfBad("a movie clip", hx("04"), "not known"),
    AmfBad("a reference", hx("03") + _END + hx("07 0000"), "not known"),
    AmfBad("something unsupported", hx("0d"), "not known"),
    AmfBad("a record set", hx("0e"), "not known"),
    AmfBad("AMF3 inside", hx("11 04 01"), "not known"),
    AmfBad("a kind that is none", hx("ff"), "not known"),
    AmfBad("too deep an object", _nested(MAX_DEPTH + 1), "too deep"),
    AmfBad("100,000 levels of objects", (hx("03 0001") + b"a") * 100_000, "too deep"),
    AmfBad("100,000 levels of arrays", hx("0a 00000001") * 100_000, "too deep"),
    AmfBad("too many values", hx("05") * (MAX_VALUES + 1), "too many"),
    AmfBad(
        "too many in an array", hx("0a") + MAX_VALUES.to_bytes(4, "big") + hx("05") * MAX_VALUES, "too many"
    ),
    AmfBad("a million members", hx("03") + hx("0000 05") * 1_000_000, "too many"),
]
