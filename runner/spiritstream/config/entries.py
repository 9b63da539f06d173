"""Setting and removing one entry of a YAML mapping in place: nothing else of the text changes. Pure.

The text is edited by the positions of what was read, and then read again: an edit that does not come
to exactly the wanted data (a layout that was not thought of) is refused, never written.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence

from spiritstream.config.document import Document, read_document
from spiritstream.config.edit import Edit, replace_spans, scalar_edit
from spiritstream.config.places import Mark, Path, dotted
from spiritstream.config.scalars import plain_scalar
from spiritstream.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+@=-]*", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n|\Z")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?")
_INDENT = 2


def put_entry(document: Document, path: Sequence[str], value: object) -> str:
    """The document's text with `value`, a text, number or list of texts, at `path`.

    Raises:
        UsageError: the file's layout is one that is not understood here: to be edited by hand.
    """
    if isinstance(value, list):
        value = list(dict.fromkeys(value))
    root = copy.deepcopy(document.data) if isinstance(document.data, dict) else {}
    _store(root, path, value)
    if value == _at(document.data, path):
        return document.text
    return _proved(document, _put(document, tuple(path), value), root, path)


def drop_entry(document: Document, path: Sequence[str]) -> str:
    """The document's text without the entry at `path`, and without mappings that it leaves empty.

    Raises:
        UsageError: as above.
    """
    at: Path = tuple(path)
    if _at(document.data, at) is None and at not in document.keys:
        return document.text
    while len(at) > 1 and len(_mapping(document, at[:-1])) == 1:
        at = at[:-1]
    root = copy.deepcopy(_mapping(document, ()))
    holder = _at(root, at[:-1])
    assert isinstance(holder, dict)
    del holder[at[-1]]
    return _proved(document, replace_spans(document.text, [_dropped(document, at)]), root, path)


def written(value: object, *, plain: bool = True) -> str:
    """A value as YAML, on one line; text without quotes where it needs none and `plain` is true."""
    if isinstance(value, list):
        return f"[{', '.join(written(one, plain=plain) for one in value)}]"
    if not isinstance(value, str):
        return json.dumps(value)
    safe = plain and _PLAIN.fullmatch(value) and plain_scalar(value) == value
    return value if safe else json.dumps(value, ensure_ascii=False)


def _proved(document: Document, text: str, wanted: object, path: Sequence[str]) -> str:
    """`text`, if it holds exactly the wanted data."""
    found, findings = read_document(text, document.file)
    old = read_document(document.text, document.file)[1]
    new = {finding.message for finding in findings} - {finding.message for finding in old}
    if found is None or new or _sorted(found.data) != _sorted(wanted or None):
        raise UsageError(
            f"{document.file}: {dotted(tuple(path))} cannot be changed in place: its layout is unusual",
            "edit the file by hand",
        )
    return text


def _sorted(data: object) -> object:
    """Data in which lists of the same entries are equal."""
    if isinstance(data, dict):
        return {key: _sorted(value) for key, value in data.items()}
    return sorted(data, key=str) if isinstance(data, list) else data


def _store(root: dict[str, object], path: Sequence[str], value: object) -> None:
    node = root
    for key in path[:-1]:
        below = node.get(key)
        if not isinstance(below, dict):
            below = node[key] = {}
        node = below
    node[path[-1]] = value


def _at(data: object, path: Sequence[str | int]) -> object:
    for key in path:
        if isinstance(data, list) and isinstance(key, int):
            data = data[key]
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def _mapping(document: Document, path: Path) -> dict[str, object]:
    found = _at(document.data, path)
    return found if isinstance(found, dict) else {}


def _put(document: Document, path: Path, value: object) -> str:
    text = document.text
    if path in document.keys:
        edits = _changed(document, path, value)
    else:
        parent = path[:-1]
        while parent and not isinstance(_at(document.data, parent), dict):
            parent = parent[:-1]
        below = path[len(parent) :]
        if parent + below[:1] in document.keys:  # a value where a mapping should be, or none
            edits = [_replaced(document, parent + below[:1], _flow(below[1:], value, braces=True))]
        else:
            edits = [_added(document, parent, below, value)]
    return replace_spans(text, edits)


def _flow(path: Path, value: object, *, braces: bool) -> str:
    """`{keep: {days: 30}}`."""
    inner = f"{path[0]}: " + (_flow(path[1:], value, braces=True) if path[1:] else written(value))
    return f"{{{inner}}}" if braces else inner


def _changed(document: Document, path: Path, value: object) -> list[Edit]:
    """The edits that give an entry that is there another value."""
    old = _at(document.data, path)
    mark = document.marks[path]
    if isinstance(value, list) and isinstance(old, list) and not _is_flow(document, mark):
        return _list_edits(document, path, old, value)
    if isinstance(old, dict | list) or old is None or isinstance(value, list):
        return [_replaced(document, path, written(value))]
    # What else belongs to the old scalar, such as a block's comment, is told by `scalar_edit`.
    edit = scalar_edit(document.text, mark.start, mark.end, "")
    quoted = document.text[edit.start] in "'\""
    return [Edit(edit.start, edit.end, written(value, plain=not quoted) + edit.new[2:])]


def _replaced(document: Document, path: Path, new: str) -> Edit:
    """The edit that writes `new` for a whole value, of whatever kind it is."""
    mark, key = document.marks[path], document.keys[path]
    if _is_flow(document, mark) or not isinstance(_at(document.data, path), dict | list | None):
        return Edit(mark.start, mark.end, new)
    colon = document.text.index(":", key.end) + 1
    return Edit(colon, max(colon, _end(document, path)), f" {new}")


def _list_edits(document: Document, path: Path, old: list[object], new: list[object]) -> list[Edit]:
    """Those items of a block list that vanish, and behind the last one those that come."""
    text = document.text
    starts = [_line_start(text, document.marks[(*path, index)].start) for index in range(len(old))]
    edits = [
        Edit(starts[index], _next_line(document, path, index), "")
        for index, item in enumerate(old)
        if item not in new or item in old[:index]
    ]
    column = document.marks[path].column - 1
    added = [f"{' ' * column}- {written(item)}" for item in new if item not in old]
    last = _next_line(document, path, len(old) - 1)
    return [*edits, _lines_at(text, last, added)] if added else edits


def _next_line(document: Document, path: Path, index: int) -> int:
    return _line_end(document.text, document.marks[(*path, index)].end)


def _added(document: Document, parent: Path, below: Path, value: object) -> Edit:
    """The edit that adds an entry, with the mappings that lead to it, to a mapping."""
    text = document.text
    mark = document.marks.get(parent)
    if mark and document.data is not None and _is_flow(document, mark):
        lead = ", " if _mapping(document, parent) else ""
        last = len(text[: mark.end - 1].rstrip())
        if text[last - 1] == ",":
            lead = " "
        return Edit(last, last, lead + _flow(below, value, braces=False))
    children = [document.keys[(*parent, key)] for key in _mapping(document, parent)]
    column = children[0].column - 1 if children else 0
    lines = _block(below, value, column)
    end = _line_end(text, _end(document, parent)) if parent else len(text)
    return _lines_at(text, end, lines)


def _block(path: Path, value: object, column: int) -> list[str]:
    lines = [f"{' ' * (column + depth * _INDENT)}{key}:" for depth, key in enumerate(path)]
    lines[-1] += f" {written(value)}"
    return lines


def _lines_at(text: str, place: int, lines: list[str]) -> Edit:
    """Whole lines at a place that is a line's beginning, or the end of a text without a last line end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    new = "".join(f"{line}{newline}" for line in lines)
    if place and text[place - 1] not in "\r\n":
        new = newline + new.removesuffix(newline)
    return Edit(place, place, new)


def _dropped(document: Document, path: Path) -> Edit:
    """The edit that removes an entry: its lines, or in a flow mapping its text and one comma."""
    text, start = document.text, document.keys[path].start
    end = _end(document, path)
    if not _is_flow(document, document.marks[path[:-1]]):
        return Edit(_line_start(text, start), _line_end(text, end), "")
    if comma := re.compile(r"\s*,[ \t]*").match(text, end):
        return Edit(start, comma.end(), "")
    before = text[:start].rstrip()
    return Edit(len(before) - 1 if before.endswith(",") else start, end, "")


def _is_flow(document: Document, mark: Mark) -> bool:
    return document.text[mark.start : mark.start + 1] in ("{", "[")


def _end(document: Document, path: Path) -> int:
    """Where a value really ends: a block's own mark also covers the comments that follow it."""
    mark = document.marks[path]
    value = _at(document.data, path)
    if not isinstance(value, dict | list) or not value or _is_flow(document, mark):
        return max(mark.end, document.keys[path].end + 1 if path in document.keys else 0)
    below = value if isinstance(value, dict) else range(len(value))
    return max(_end(document, (*path, key)) for key in below)


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _line_end(text: str, index: int) -> int:
    """Behind the line's end, when only a comment still follows on it; else the place itself."""
    rest = _REST_OF_LINE.match(text, index)
    end = _LINE_END.match(text, rest.end() if rest else index)
    return end.end() if end else index
