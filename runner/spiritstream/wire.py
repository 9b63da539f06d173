"""The messages of a runner's unix socket: one JSON object a line. Pure.

The runner greets with a hello; then each request `{"id", "call", "args"}` gets one answer
`{"id", "ok"}` or `{"id", "error"}`. Values of the model travel as objects by field name. A profile
travels opened, secrets and all: the socket is the owner's alone (0600).
"""

from __future__ import annotations

import json
import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from spiritstream.errors import PeerError
from spiritstream.secret import Secret

PROTOCOL = 2
MAX_LINE_BYTES = 4 * 1024 * 1024

T = TypeVar("T")


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line.

    Raises:
        PeerError: the line is no message. The error does not repeat it.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise PeerError("the other end of the socket sent something that is no message") from None
    if not isinstance(message, dict):
        raise PeerError("the other end of the socket sent something that is no message")
    return message


def to_data(value: object) -> Any:
    """A model value as JSON data. A `Secret` is revealed: for the owner's socket and pipes only."""
    if isinstance(value, Secret):
        return value.reveal()
    if is_dataclass(value) and not isinstance(value, type):
        data = {field.name: to_data(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, **data} if _needs_kind(type(value)) else data
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_data(item) for item in value]
    return value


def _needs_kind(cls: type) -> bool:
    # The kinds of input are told apart by name; everything else by where it stands.
    return cls.__name__.endswith("Input")


def from_data(cls: type[T], data: Any) -> T:
    """The model value of type `cls` that `to_data` gave `data` for.

    Raises:
        PeerError: `data` has another shape: the other end speaks another version.
    """
    try:
        return _read(cls, data)  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise PeerError(
            f"the other end of the socket sent no {cls.__name__} that this version knows",
            "update both ends to the same version",
        ) from None


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _read(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), data)
    if origin is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in data)
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_dataclass(kind, data)
    if kind is Secret or kind is Fraction:
        return kind(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if type(data) is not kind:
        raise TypeError(kind)
    return data


def _read_union(options: tuple[Any, ...], data: Any) -> Any:
    if data is None and type(None) in options:
        return None
    kinds = [option for option in options if option is not type(None)]
    if len(kinds) == 1:
        return _read(kinds[0], data)
    named = {option.__name__: option for option in kinds}
    return _read(named[data["kind"]], data)


def _read_dataclass(cls: type, data: Any) -> Any:
    hints, given = _hints(cls), dict(data)
    if _needs_kind(cls) and given.pop("kind") != cls.__name__:
        raise ValueError(cls)
    values = {}
    for field in fields(cls):
        if field.name in given:
            values[field.name] = _read(hints[field.name], given.pop(field.name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(field.name)
    if given:
        raise ValueError(cls)
    return cls(**values)
