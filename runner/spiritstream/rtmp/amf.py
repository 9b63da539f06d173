"""AMF0, the values inside RTMP's commands and metadata. Pure.

Source: Adobe, "Action Message Format - AMF 0" (AMF0), chapter 2. What is decoded encodes to the same
bytes again, but for a name that stands twice in one object and a "true" that is not 1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias, Union

from spiritstream.rtmp.faults import RtmpError

MAX_DEPTH = 16
MAX_VALUES = 4096
_SHORT_BYTES = 0xFFFF
_END = b"\0\0\x09"


class _Marker(IntEnum):
    NUMBER = 0
    BOOLEAN = 1
    STRING = 2
    OBJECT = 3
    NULL = 5
    UNDEFINED = 6
    ECMA_ARRAY = 8
    STRICT_ARRAY = 10
    DATE = 11
    LONG_STRING = 12
    XML = 15
    TYPED_OBJECT = 16


class Undefined:
    """ActionScript's undefined, which is not its null. There is one: `UNDEFINED`."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


@dataclass(frozen=True, slots=True)
class Date:
    """A point in time: milliseconds since 1970 (UTC), and a time zone that AMF0 reserves (2.13)."""

    ms: float
    zone: int = 0


class LongString(str):
    """A string written with a 4-byte length (2.14), which longer ones than 65,535 bytes are anyway."""

    __slots__ = ()


class Xml(LongString):
    """An XML document (2.17), as text."""

    __slots__ = ()


class EcmaArray(dict[str, "Value"]):
    """An object that says how many members it has (2.10). `count` is what the sender said, often wrong."""

    def __init__(self, members: Mapping[str, Value] | None = None, count: int | None = None) -> None:
        super().__init__(members or {})
        self.count = count


class TypedObject(dict[str, "Value"]):
    """An object of a named class (2.18)."""

    def __init__(self, members: Mapping[str, Value] | None = None, name: str = "") -> None:
        super().__init__(members or {})
        self.name = name


Value: TypeAlias = Union[bool, float, str, Undefined, Date, dict[str, "Value"], list["Value"], None]  # noqa: UP007


def decode(data: bytes) -> list[Value]:
    """The values in `data`, one after the other, to its end.

    Text that is no UTF-8 keeps its bytes as surrogates (`surrogateescape`): old encoders write Latin-1.

    Raises:
        RtmpError: cut short, an unknown kind of value, a reference (2.9), AMF3 inside, or a bound is passed
            (`MAX_DEPTH`, `MAX_VALUES`).
    """
    reader = _Reader(data)
    values = []
    while reader.at < len(data):
        values.append(reader.value(0))
    return values


def decode_leading(data: bytes) -> list[Value]:
    """The values in `data` up to the first that cannot be read: commands carry arguments of all kinds behind
    those that matter, and some encoders a byte too many.
    """
    reader = _Reader(data)
    values: list[Value] = []
    with suppress(RtmpError):
        while reader.at < len(data):
            values.append(reader.value(0))
    return values


def encode(*values: Value) -> bytes:
    """The bytes of `values`, one after the other. An `int` is written as the number it is.

    Raises:
        ValueError: a name is longer than 65,535 bytes, or the values nest deeper than `MAX_DEPTH`.
        TypeError: AMF0 has no such value.
    """
    out = bytearray()
    for value in values:
        _write(out, value, 0)
    return bytes(out)


class _Reader:
    """Reads on from `at`; never past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0
        self.at = 0

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise RtmpError("AMF values nest too deep")
        self._count(1)
        read = _READERS.get(self._uint(1))
        if read is None:
            raise RtmpError("AMF holds a kind of value that is not known")
        return read(self, depth)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise RtmpError("AMF holds too many values")

    def _take(self, size: int) -> bytes:
        start = self.at
        self.at += size
        if self.at > len(self._data):
            raise RtmpError("AMF is cut short")
        return self._data[start : self.at]

    def _uint(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _text(self, size_bytes: int) -> str:
        return self._take(self._uint(size_bytes)).decode(errors="surrogateescape")

    def _number(self, _depth: int) -> float:
        return float(struct.unpack(">d", self._take(8))[0])

    def _boolean(self, _depth: int) -> bool:
        return self._uint(1) != 0

    def _string(self, _depth: int) -> str:
        return self._text(2)

    def _long_string(self, _depth: int) -> str:
        return LongString(self._text(4))

    def _xml(self, _depth: int) -> str:
        return Xml(self._text(4))

    def _null(self, _depth: int) -> None:
        return None

    def _undefined(self, _depth: int) -> Undefined:
        return UNDEFINED

    def _date(self, _depth: int) -> Date:
        ms, zone = struct.unpack(">dh", self._take(10))
        return Date(ms, zone)

    def _members(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while not self._data.startswith(_END, self.at):
            name = self._text(2)
            members[name] = self.value(depth + 1)
        self.at += len(_END)
        return members

    def _ecma_array(self, depth: int) -> EcmaArray:
        count = self._uint(4)
        return EcmaArray(self._members(depth), count)

    def _typed_object(self, depth: int) -> TypedObject:
        name = self._text(2)
        return TypedObject(self._members(depth), name)

    def _strict_array(self, depth: int) -> list[Value]:
        count = self._uint(4)
        if count > MAX_VALUES:
            raise RtmpError("AMF holds too many values")
        return [self.value(depth + 1) for _ in range(count)]


_READERS: Final[dict[int, Callable[[_Reader, int], Value]]] = {
    _Marker.NUMBER: _Reader._number,
    _Marker.BOOLEAN: _Reader._boolean,
    _Marker.STRING: _Reader._string,
    _Marker.OBJECT: _Reader._members,
    _Marker.NULL: _Reader._null,
    _Marker.UNDEFINED: _Reader._undefined,
    _Marker.ECMA_ARRAY: _Reader._ecma_array,
    _Marker.STRICT_ARRAY: _Reader._strict_array,
    _Marker.DATE: _Reader._date,
    _Marker.LONG_STRING: _Reader._long_string,
    _Marker.XML: _Reader._xml,
    _Marker.TYPED_OBJECT: _Reader._typed_object,
}


def _write(out: bytearray, value: Value, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("the values nest too deep for AMF")
    if value is None:
        out.append(_Marker.NULL)
    elif isinstance(value, bool):
        out += bytes((_Marker.BOOLEAN, value))
    elif isinstance(value, int | float):
        out += struct.pack(">Bd", _Marker.NUMBER, value)
    elif isinstance(value, str):
        _write_string(out, value)
    elif isinstance(value, Undefined):
        out.append(_Marker.UNDEFINED)
    elif isinstance(value, Date):
        out += struct.pack(">Bdh", _Marker.DATE, value.ms, value.zone)
    elif isinstance(value, dict):
        _write_object(out, value, depth)
    elif isinstance(value, list):
        out += struct.pack(">BI", _Marker.STRICT_ARRAY, len(value))
        for item in value:
            _write(out, item, depth + 1)
    else:
        raise TypeError(f"AMF has no value like {type(value).__name__}")


def _write_string(out: bytearray, value: str) -> None:
    text = value.encode(errors="surrogateescape")
    if isinstance(value, Xml):
        out += struct.pack(">BI", _Marker.XML, len(text))
    elif isinstance(value, LongString) or len(text) > _SHORT_BYTES:
        out += struct.pack(">BI", _Marker.LONG_STRING, len(text))
    else:
        out += struct.pack(">BH", _Marker.STRING, len(text))
    out += text


def _write_object(out: bytearray, value: dict[str, Value], depth: int) -> None:
    if isinstance(value, EcmaArray):
        out += struct.pack(">BI", _Marker.ECMA_ARRAY, len(value) if value.count is None else value.count)
    elif isinstance(value, TypedObject):
        out.append(_Marker.TYPED_OBJECT)
        _write_name(out, value.name)
    else:
        out.append(_Marker.OBJECT)
    for name, member in value.items():
        _write_name(out, name)
        _write(out, member, depth + 1)
    out += _END


def _write_name(out: bytearray, name: str) -> None:
    text = name.encode(errors="surrogateescape")
    if len(text) > _SHORT_BYTES:
        raise ValueError("a name is too long for AMF")
    out += len(text).to_bytes(2, "big") + text
