"""YAML's events to data and marks, with a stack of our own: no recursion, bounded depth and size. Pure.

PyYAML's composer recurses and its constructors interpret (anchors, tags, merge keys, duplicate keys):
neither is used, so what a text means and costs is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import yaml
from yaml import events as ev

from spiritstream.config.places import Mark, Path, dotted, shown
from spiritstream.config.scalars import Scalar, plain_scalar
from spiritstream.config.yamlwords import control_character
from spiritstream.errors import Finding, ProfileError

MAX_DEPTH = 32
MAX_NODES = 20_000
_MAX_FINDINGS = 100


@dataclass(slots=True)
class _Frame:
    """An open mapping or list. `path` is `None` below something that was refused: it is read, not kept."""

    node: dict[str, object] | list[object]
    path: Path | None
    start: yaml.Mark
    is_key: bool
    slot: Path | None = None  # in a mapping: where the next value goes
    has_key: bool = False
    names: set[str] = field(default_factory=set)


class TreeBuilder:
    """Builds data and marks from events, with a stack instead of recursion."""

    def __init__(self, file: str, text: str) -> None:
        self.root: object = None
        self.marks: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.findings: list[Finding] = []
        self._file = file
        self._text = text
        self._frames: list[_Frame] = []
        self._nodes = 0
        self._documents = 0

    def feed(self, event: ev.Event) -> None:
        """Take one event in."""
        if isinstance(event, ev.DocumentStartEvent):
            self._document(event)
        elif isinstance(event, ev.NodeEvent):
            self._node(event)
        elif isinstance(event, ev.CollectionEndEvent):
            self._end(event)

    def _document(self, event: ev.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(event, "a second document starts here", "one file holds one profile")

    def _node(self, event: ev.NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._stop(event, f"more than {MAX_NODES} values in one file", "split the profile")
        is_key = bool(self._frames) and self._expects_key(self._frames[-1])
        path = None if is_key else self._slot()
        self._refuse_extras(event, path)
        if isinstance(event, ev.ScalarEvent) and is_key:
            self._key(event)
        elif isinstance(event, ev.CollectionStartEvent):
            self._begin(event, path, is_key)
        else:
            value = self._scalar(event, path) if isinstance(event, ev.ScalarEvent) else None
            self._place(path, value, self._mark(event))
            self._done(is_key)

    def _refuse_extras(self, event: ev.NodeEvent, path: Path | None) -> None:
        if event.anchor is not None:
            what = "alias" if isinstance(event, ev.AliasEvent) else "anchor"
            self._find(event, path, f"a YAML {what} is not allowed", "write the value out where it is needed")
        if getattr(event, "tag", None) is not None:
            self._find(event, path, "a YAML tag is not allowed", "remove the word that starts with '!'")

    def _scalar(self, event: ev.ScalarEvent, path: Path | None) -> Scalar:
        if control_character(event.value) is not None:
            self._find(event, path, "an escape in this text makes a control character", "remove it")
            return ""
        return plain_scalar(event.value) if event.style is None else str(event.value)

    def _key(self, event: ev.ScalarEvent) -> None:
        """The key of the mapping on top; what follows is dropped when the key is refused."""
        frame = self._frames[-1]
        frame.has_key, frame.slot = True, None
        name = self._scalar(event, frame.path)
        if event.style is None and event.value == "<<":
            self._find(event, frame.path, "a YAML merge key is not allowed", "write the values out")
        elif not isinstance(name, str):
            self._find(event, frame.path, "a key must be text", "put it in quotes")
        elif name in frame.names:
            path = None if frame.path is None else (*frame.path, name)
            said = f"the key {shown(name)!r}" if shown(name) else "this key"
            self._find(event, path, f"{said} stands here twice", "keep one of the two")
        elif frame.path is not None:
            frame.names.add(name)
            frame.slot = (*frame.path, name)
            self.keys[frame.slot] = self._mark(event)

    def _begin(self, event: ev.CollectionStartEvent, path: Path | None, is_key: bool) -> None:
        if is_key:
            self._find(event, self._frames[-1].path, "a key must be text", "put it in quotes")
        if len(self._frames) >= MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} deep", "a profile needs seven levels")
        node: dict[str, object] | list[object] = {} if isinstance(event, ev.MappingStartEvent) else []
        self._place(path, node, self._mark(event))
        self._frames.append(_Frame(node, path, _start(event), is_key))

    def _end(self, event: ev.CollectionEndEvent) -> None:
        frame = self._frames.pop()
        if frame.path is not None:
            self.marks[frame.path] = self._mark(event, frame.start)
        self._done(frame.is_key)

    @staticmethod
    def _expects_key(frame: _Frame) -> bool:
        return isinstance(frame.node, dict) and not frame.has_key

    def _slot(self) -> Path | None:
        """Where the next value goes."""
        if not self._frames:
            return ()
        frame = self._frames[-1]
        if isinstance(frame.node, dict):
            return frame.slot
        return None if frame.path is None else (*frame.path, len(frame.node))

    def _place(self, path: Path | None, value: object, mark: Mark) -> None:
        if path is None:
            return
        self.marks[path] = mark
        if not self._frames:
            self.root = value
        elif isinstance(node := self._frames[-1].node, dict):
            node[str(path[-1])] = value
        else:
            node.append(value)

    def _done(self, is_key: bool) -> None:
        """A key (which was refused) or a value is complete."""
        if self._frames:
            self._frames[-1].has_key = is_key
            self._frames[-1].slot = None

    def _mark(self, event: ev.Event, start: yaml.Mark | None = None) -> Mark:
        start = start or _start(event)
        end = cast(yaml.Mark, event.end_mark)
        # A block's end mark stands behind its last line breaks: what belongs to it ends before them.
        stop = start.index + len(self._text[start.index : end.index].rstrip())
        return Mark(start.line + 1, start.column + 1, start.index, stop)

    def _find(self, event: ev.Event, path: Path | None, message: str, hint: str) -> None:
        mark = _start(event)
        name = dotted(path or ())
        self.findings.append(Finding(self._file, mark.line + 1, mark.column + 1, name, message, hint))
        if len(self.findings) >= _MAX_FINDINGS:
            raise self._stop(event, "too many errors: the rest of the file was not read", "")

    def _stop(self, event: ev.Event, message: str, hint: str) -> ProfileError:
        mark = _start(event)
        return ProfileError([Finding(self._file, mark.line + 1, mark.column + 1, "", message, hint)])


def _start(event: ev.Event) -> yaml.Mark:
    return cast(yaml.Mark, event.start_mark)  # PyYAML's parser sets it, whatever its types say
