"""How a place in a profile is named: the dotted path, without showing what could be a secret. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)
# `h264` and `x264_opts` have three digits; stream keys have more, or hyphens.
_MOST_DIGITS = 3
# The mappings whose keys are names that the author chose: these are shown when they are valid names.
_NAMED = ("groups", "targets")
UNSHOWN = "?"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text: line and column count from 1, `text[start:end]` is what stands there."""

    line: int
    column: int
    start: int
    end: int


def shown(key: str) -> str:
    """`key` if it looks like a setting's name, else nothing: a mis-pasted stream key can be a key too."""
    word = _WORD.fullmatch(key) and sum(c.isdigit() for c in key) <= _MOST_DIGITS
    return key if word else ""


def dotted(path: Path) -> str:
    """`groups.mobile.video.fps`, `input.files[1]`; a `?` stands for a key that is better not shown."""
    text = ""
    for index, part in enumerate(path):
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        named = index > 0 and path[index - 1] in _NAMED and NAME.fullmatch(part)
        text += ("." if text else "") + (part if named else shown(part) or UNSHOWN)
    return text
