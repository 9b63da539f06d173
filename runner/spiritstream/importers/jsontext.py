"""JSON from a file that may be damaged or hostile, with the path of whatever is wrong. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from spiritstream.importers.values import UnreadableError, decoded

_DEEPEST = 32


class _RefusedError(ValueError):
    """JSON that a careful reader does not take; its text is ours."""


def parse_json(data: bytes, file: str) -> Any:
    """The data of a JSON file.

    Raises:
        UnreadableError: it is no JSON, too deep, or names one thing twice; repeats nothing of it.
    """
    text = decoded(data, file)
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        message = f"{file}:{error.lineno}:{error.colno}: the JSON breaks off or is damaged here"
        raise UnreadableError(message, "take the file from where the program keeps it") from None
    except _RefusedError as error:
        raise UnreadableError(f"{file}: {error}", "take the file from where the program keeps it") from None
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise UnreadableError(f"{file}: no program writes JSON like this", "check the file") from None
    if _depth(found) > _DEEPEST:
        raise UnreadableError(f"{file}: no program writes JSON as deep as this", "check the file")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError("a name stands twice in one object")
    return found


def _constant(_: str) -> NoReturn:
    raise _RefusedError("a number is none")


def _depth(data: object) -> int:
    """How deep the data is, counted without recursion and only as far as it matters."""
    level, depth = [data], 0
    while level and depth <= _DEEPEST:
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        depth += 1
    return depth


class Node:
    """An object of the file with its path, whose fields are asked for by kind.

    What is absent or null is the default; without a default, it is an error.
    """

    def __init__(self, data: object, file: str, path: str = "") -> None:
        self.file = file
        self.path = path
        if not isinstance(data, dict):
            self.fail("", "an object is expected")
        self.data: dict[str, Any] = data

    def fail(self, key: str, what: str) -> NoReturn:
        """Say what is wrong with a field.

        Raises:
            UnreadableError: always.
        """
        where = self._at(key)
        raise UnreadableError(f"{self.file}: {where}: {what}" if where else f"{self.file}: {what}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        found = self._get(key, default)
        return found if isinstance(found, str) else self.fail(key, "a text is expected")

    def number(self, key: str, default: float | None = None) -> float:
        """A number."""
        found = self._get(key, default)
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.fail(key, "a number is expected")
        return found if abs(found) < 2**53 else self.fail(key, "the number is too large")

    def flag(self, key: str, default: bool | None = None) -> bool:
        """A truth value."""
        found = self._get(key, default)
        return found if isinstance(found, bool) else self.fail(key, "true or false is expected")

    def node(self, key: str) -> Node:
        """An object; where there is none, an empty one."""
        return Node(self._get(key, {}), self.file, self._at(key))

    def nodes(self, key: str) -> Iterator[Node]:
        """The objects of a list."""
        found = self._get(key, None)
        if not isinstance(found, list):
            self.fail(key, "a list is expected")
        for index, one in enumerate(found):
            yield Node(one, self.file, f"{self._at(key)}[{index}]")

    def _get(self, key: str, default: object) -> object:
        found = self.data.get(key)
        if found is None and default is None:
            self.fail(key, "it is missing")
        return default if found is None else found

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key
