"""Whether a path stays inside some folders: as it is written, and as links lead at this moment."""

# Text in, text out: what is checked is the very text that is opened later.
# ruff: noqa: PTH118, PTH119, PTH120

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import IO

_ENTRIES_MAX = 10_000
_PLACEHOLDER = re.compile(r"%(.)", re.DOTALL)
_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Place(Enum):
    """Where a path leads: inside, outside, or inside but for a link on the way."""

    INSIDE = auto()
    OUTSIDE = auto()
    LINKED = auto()


class LeavesError(OSError):
    """At this moment the path leads outside."""


def normal(folder: Path, path: str) -> str:
    """A path as it is opened: whole, and without `..`."""
    return "/" + os.path.normpath(os.path.join(folder.absolute(), path)).lstrip("/")


def place_of(path: str, folders: Iterable[Path]) -> Place:
    """Where a path, as `normal` makes it, leads.

    Of a path that is written as one outside, nothing is looked at: who may not read it learns nothing of it.
    """
    real = [os.path.realpath(folder) for folder in folders]
    written = [*real, *(normal(Path("/"), str(folder)) for folder in folders)]
    try:
        if not any(_is_below(path, root) for root in written):
            return Place.OUTSIDE
        leads = os.path.realpath(path)
    except ValueError:  # a null character, half of a surrogate pair
        return Place.OUTSIDE
    return Place.INSIDE if any(_is_below(leads, root) for root in real) else Place.LINKED


def open_within(path: str, folders: Iterable[Path]) -> IO[bytes]:
    """The file, opened, when it lies inside the folders; no link that is made meanwhile is followed.

    Raises:
        LeavesError: it leads outside.
        OSError, ValueError: it cannot be opened.
    """
    leads = os.path.realpath(path)
    for root in map(os.path.realpath, folders):
        if _is_below(leads, root):
            return _opened(root, [part for part in leads[len(root) :].split("/") if part])
    raise LeavesError


def _opened(root: str, parts: list[str]) -> IO[bytes]:
    at = os.open(root if parts else os.path.dirname(root), _DIRECTORY)
    try:
        *between, last = parts or [os.path.basename(root)]
        for part in between:
            before, at = at, os.open(part, _DIRECTORY, dir_fd=at)
            os.close(before)
        file = os.open(last, _FILE, dir_fd=at)
    finally:
        os.close(at)
    stream = os.fdopen(file, "rb")
    if not stat.S_ISREG(os.fstat(file).st_mode):
        stream.close()
        raise OSError(0, "it is not a file")
    return stream


def record_place(path: str, folder: Path) -> Place:
    """Where a recording's path leads, whatever its placeholders stand for; `folder` itself is outside."""
    real, written = os.path.realpath(folder), normal(Path("/"), str(folder))
    root = next((one for one in (written, real) if _is_below(path, one) and path != one), None)
    if root is None:
        return Place.OUTSIDE
    parts = path[len(root.rstrip("/")) + 1 :].split("/")
    # Some placeholders are empty in some places, such as %p: `.%p.` would be a way up.
    if any("%" in part and _PLACEHOLDER.sub("", part) in (".", "..") for part in parts):
        return Place.OUTSIDE
    try:
        inside = all(_is_below(os.path.realpath(one), real) for one in _existing(root, parts))
    except ValueError:
        return Place.OUTSIDE
    return Place.INSIDE if inside else Place.LINKED


def _existing(root: str, parts: list[str]) -> Iterator[str]:
    """What is there by now of a path that has placeholders in it, up to each of them, and its end."""
    plain = next((index for index, part in enumerate(parts) if "%" in part), len(parts))
    if plain:
        root = os.path.join(root, *parts[:plain])
        yield root
    if plain == len(parts):
        return
    first, rest = parts[plain], parts[plain + 1 :]
    for name, is_link, is_folder in _entries(root, _PLACEHOLDER.split(first)[::2]):
        if is_link:
            yield os.path.join(root, name)
        elif is_folder and rest:
            yield from _existing(os.path.join(root, name), rest)


def _may_be(name: str, texts: list[str]) -> bool:
    """Whether a name is these texts with anything between them.

    No regular expression: whoever chooses the texts could have it try for years.
    """
    first, last = texts[0], texts[-1]
    if len(texts) == 1:
        return name == first
    at, end = len(first), len(name) - len(last)
    for text in texts[1:-1]:
        if (found := name.find(text, at, max(end, 0))) < 0:
            return False
        at = found + len(text)
    return name.startswith(first) and name.endswith(last) and at <= end


def _entries(folder: str, texts: list[str]) -> list[tuple[str, bool, bool]]:
    found: list[tuple[str, bool, bool]] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _may_be(entry.name, texts) and len(found) < _ENTRIES_MAX:
                is_link = entry.is_symlink()
                if is_link or entry.is_dir(follow_symlinks=False):
                    found.append((entry.name, is_link, not is_link))
    return found


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
