"""The same documents as `tree.py` makes, by libyaml and much faster; what is in doubt is left to it. Pure.

libyaml and PyYAML's own parser do not agree on every text. So only texts of which it is known that they
read them alike are read here, and only those with nothing wrong in them: a finding, its words and its
place always come from PyYAML's parser. tests/config/test_quick.py compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml import events as ev

from spiritstream.config.places import Mark, Path
from spiritstream.config.scalars import plain_scalar
from spiritstream.config.tree import MAX_DEPTH, MAX_NODES

# Where the two differ: line breaks other than "\n", tabs, escapes, a '?' inside brackets; and, where they
# stand at the beginning of something, directives, block scalars, anchors, aliases and tags.
_RARE = re.compile(r"[\t\r\x85\u2028\u2029\ufeff\\?|>&*!%]")
# Not there when PyYAML was built without libyaml.
_PARSER: Any = getattr(yaml, "CSafeLoader", None)

Span = tuple[Any, Any]
Parts = tuple[object, Mapping[Path, Mark], Mapping[Path, Mark]]
"""A document's data, the marks of its values, and those of its keys."""


class _Doubt(Exception):
    """Something that the thorough way has to look at."""


def read_quickly(text: str) -> Parts | None:
    """A text that is certainly good; `None`: read it thoroughly. It holds no control characters."""
    if _PARSER is None or any(_is_doubtful(found) for found in _RARE.finditer(text)):
        return None
    events = _PARSER(text)
    try:
        return _Reading(text, events.get_event).whole()
    except (_Doubt, yaml.YAMLError, ValueError, OverflowError):
        return None
    finally:
        events.dispose()


def _is_doubtful(found: re.Match[str]) -> bool:
    before = found.string[found.start() - 1 : found.start()] if found.start() else "\n"
    match found[0]:
        case "%":
            return before == "\n"
        case "|" | ">" | "&" | "*" | "!":
            return not before.isalnum()
    return True


class _Marks(Mapping[Path, Mark]):
    """Marks by path, each made when it is asked for: of most, nobody ever wants to know."""

    def __init__(self, text: str, spans: dict[Path, Span]) -> None:
        self._text = text
        self._spans = spans

    def __getitem__(self, path: Path) -> Mark:
        start, end = self._spans[path]
        first = start.index
        # As in tree.py: a block's end mark stands behind its last line breaks.
        stop = first + len(self._text[first : end.index].rstrip())
        return Mark(start.line + 1, start.column + 1, first, stop)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)


class _Reading:
    """Makes data and marks from events, and gives up at the first thing that is not plain and good."""

    __slots__ = ("_keys", "_marks", "_next", "_nodes", "_text")

    def __init__(self, text: str, next_event: Any) -> None:
        self._text = text
        self._next = next_event
        self._marks: dict[Path, Span] = {}
        self._keys: dict[Path, Span] = {}
        self._nodes = 0

    def whole(self) -> Parts:
        """The one document that the text holds."""
        self._expect(ev.StreamStartEvent)
        self._expect(ev.DocumentStartEvent)
        root = self._node(self._next(), ())
        if not isinstance(root, dict):
            raise _Doubt
        self._expect(ev.DocumentEndEvent)
        self._expect(ev.StreamEndEvent)
        return root, _Marks(self._text, self._marks), _Marks(self._text, self._keys)

    def _expect(self, kind: type[ev.Event]) -> None:
        if type(self._next()) is not kind:
            raise _Doubt

    def _node(self, event: Any, path: Path) -> object:
        """The value that begins with `event`. As deep as MAX_DEPTH at most."""
        self._count()
        kind = type(event)
        if kind is ev.ScalarEvent:
            if not event.value and not event.style:
                raise _Doubt  # nothing stands there: the two say differently where
            self._marks[path] = event.start_mark, event.end_mark
            return event.value if event.style else plain_scalar(event.value)
        if len(path) >= MAX_DEPTH:
            raise _Doubt
        if kind is ev.MappingStartEvent:
            return self._mapping(event, path)
        if kind is ev.SequenceStartEvent:
            return self._list(event, path)
        raise _Doubt

    def _mapping(self, start: Any, path: Path) -> dict[str, object]:
        node: dict[str, object] = {}
        while type(event := self._next()) is not ev.MappingEndEvent:
            name = self._key(event)
            if name in node:
                raise _Doubt
            slot = (*path, name)
            self._keys[slot] = event.start_mark, event.end_mark
            node[name] = self._node(self._next(), slot)
        self._marks[path] = start.start_mark, event.end_mark
        return node

    def _key(self, event: Any) -> str:
        self._count()
        if type(event) is not ev.ScalarEvent:
            raise _Doubt
        if event.style:
            return str(event.value)
        name = plain_scalar(event.value)
        if not isinstance(name, str) or name == "<<":
            raise _Doubt
        return name

    def _list(self, start: Any, path: Path) -> list[object]:
        node: list[object] = []
        while type(event := self._next()) is not ev.SequenceEndEvent:
            node.append(self._node(event, (*path, len(node))))
        self._marks[path] = start.start_mark, event.end_mark
        return node

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Doubt
