"""Changing YAML in place: the new value's bytes change and nothing else. Pure.

Offsets count characters of the text as it was read, with its own line ends, as PyYAML's marks do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PROPERTIES = re.compile(r"(?:[!&]\S*\s+)*")
_BLOCK_INDICATOR = re.compile(r"[|>][0-9+-]{0,2}")
_LINE_END = re.compile(r"\r\n|\r|\n|\Z")
_WRITABLE = re.compile(r"[ !#-&(-\[\]-~]*")  # printable ASCII without quotes and backslash


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in place of `text[start:end]`. The new text may be shown; the old one is not kept here."""

    start: int
    end: int
    new: str


def replace_spans(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all edits made; ValueError if they overlap or lie outside."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not position <= edit.start <= edit.end <= len(text):
            raise ValueError("edits overlap or lie outside of the text")
        parts += text[position : edit.start], edit.new
        position = edit.end
    return "".join(parts) + text[position:]


def scalar_edit(text: str, start: int, end: int, value: str) -> Edit:
    """The edit that writes `value` in place of the scalar at `text[start:end]`, whatever its style.

    Single quotes stay single quotes; everything else becomes a double-quoted scalar, which is valid
    in block and flow context alike. A block scalar keeps the comment of its first line; its content
    goes, and the line break and blank lines behind it stay.
    """
    if not _WRITABLE.fullmatch(value):
        raise ValueError("only printable ASCII without quotes and backslash is written")
    properties = _PROPERTIES.match(text, start, end)
    start = properties.end() if properties else start
    quote = "'" if text[start:end].startswith("'") else '"'
    new = f"{quote}{value}{quote}"
    if block := _BLOCK_INDICATOR.match(text, start, end):
        new += _first_line_rest(text, block.end(), end)
        end = start + len(text[start:end].rstrip())
    return Edit(start, end, new)


def inner_edit(text: str, start: int, end: int, old: str, new: str) -> Edit:
    """The edit that writes `new` in place of the sealed value `old` in the scalar at `text[start:end]`.

    Where the value stands there as it is, quotes and layout stay; where it is folded or escaped, the
    whole scalar is written anew.
    """
    if text.count(old, start, end) != 1:
        return scalar_edit(text, start, end, new)
    at = text.index(old, start, end)
    return Edit(at, at + len(old), new)


def _first_line_rest(text: str, start: int, end: int) -> str:
    """What stands behind a block scalar's indicator on its line: white space and a comment."""
    line_end = _LINE_END.search(text, start, end)
    return text[start : line_end.start() if line_end else end].rstrip()
