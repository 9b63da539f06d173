"""One look at a folder of profiles: every file's bytes, and what could not be read.

Unchanged files are known by inode, size and times and are not opened again, so that a look at
1,000 of them costs milliseconds.
"""

# A thousand Path objects would cost more than the look.
# ruff: noqa: PTH112, PTH114, PTH116, PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spiritstream.config.commonfile import find_common, is_ours
from spiritstream.config.shelf import EMPTY, FOLDER, PlatformFile, Shelf, bounded, find_beside, shelf_of
from spiritstream.control.source import (
    ALL_BYTES_MAX,
    COMMON,
    DEPTH_MAX,
    FILES_MAX,
    SUFFIXES,
    Entry,
    is_legible,
    shown,
)
from spiritstream.control.taking import (
    BusyError,
    Identity,
    Stamp,
    UnreadableError,
    identity_of,
    stamp_of,
    taken,
)

_NAMES_MAX = 50_000
# Two writes within one tick of the file system's clock leave the same times. Whoever is read this long
# after a stamp was first seen is known by it from then on.
_SURE_S = 2.0


@dataclass(frozen=True)
class Look:
    """What one look at a folder saw. Two looks are equal when everything read is.

    `faults` are by file, and each makes what is missing prove nothing; `notes` tell of things
    skipped. `busy` are the files being written. `folders` are those that matter, by path. `platforms` are
    those beside the profiles: what is wrong with one concerns those who name it, and nobody else.
    """

    identity: Identity | None
    entries: Mapping[str, Entry]
    common: Entry | None
    faults: Mapping[str, str]
    notes: tuple[str, ...]
    busy: frozenset[str]
    folders: Mapping[str, Identity] = field(compare=False)
    platforms: Shelf = EMPTY


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: Stamp
    since_s: float
    sure: bool
    entry: Entry


class Tree:
    """A folder that is looked at again and again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, _Known] = {}

    def look(self, now_s: float) -> Look:
        """Everything that is there now; `now_s` is a monotonic clock's. Raises nothing; blocks."""
        before = identity_of(self._root)
        walk = _Walk(self._root, self._known, now_s)
        if before is None:
            missing = "is not a folder" if os.path.lexists(self._root) else "is not there"
            walk.faults[""] = f"the folder {missing}"
        else:
            walk.all()
            if identity_of(self._root) != before:
                walk.busy[""] = "the folder was replaced while it was read"
            elif lock := _checkout(self._root):
                walk.busy[""] = f"git is changing the folder: {lock} is there"
            self._known = walk.known | walk.known_platforms
        return walk.result(before)


class _Walk:
    """One way through the tree, and what is found on it."""

    def __init__(self, root: Path, known: Mapping[str, _Known], now_s: float) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._before = known
        self._now_s = now_s
        self._names = self._bytes = 0
        self._links: list[tuple[str, str, int]] = []
        self.known: dict[str, _Known] = {}
        self.known_platforms: dict[str, _Known] = {}
        self._shelf = EMPTY
        self.faults: dict[str, str] = {}
        self.busy: dict[str, str] = {}
        self._notes: list[str] = []
        self._folders: dict[str, Identity] = {}

    def result(self, identity: Identity | None) -> Look:
        """What was found, as a value."""
        entries = {file: known.entry for file, known in self.known.items()}
        common = entries.pop(COMMON, None)
        notes = tuple(self._notes)
        faults = self.faults | self.busy
        busy = frozenset(self.busy)
        return Look(identity, entries, common, faults, notes, busy, self._folders, self._shelf)

    def all(self) -> None:
        """Walk the whole tree: real folders first, so that a link to one of them adds nothing."""
        self._descend("", self._real, 0)
        common = os.path.join(self._real, COMMON)
        if os.path.islink(common):
            self._link(COMMON, common, 0)
        elif os.path.lexists(common):
            self._file(COMMON, common)
        elif above := find_common(self._root / COMMON):
            self._above(above)
        if beside := find_beside(self._root):
            self._platforms(beside)
        for folder, real, depth in self._links:
            if real not in self._folders:
                self._descend(folder, real, depth)

    def _platforms(self, beside: Path) -> None:
        """The platforms beside the profiles: at the top of the folder, or above it as its repository's."""
        at_top = beside.parent == self._root
        shown = FOLDER if at_top else str(beside)
        shelf = shelf_of(beside, shown, self._root)
        if identity := identity_of(beside):
            self._folders[os.path.realpath(beside)] = identity
        files = {id: self._platform(id, shown, beside, shelf) for id in shelf.files}
        self._shelf = bounded(Shelf({id: file for id, file in files.items() if file}, shelf.faults), shown)

    def _platform(self, id: str, shown: str, beside: Path, shelf: Shelf) -> PlatformFile | None:
        file, path = f"{shown}/{id}.yaml", os.path.realpath(beside / f"{id}.yaml")
        try:
            if not Path(path).is_relative_to(os.path.realpath(beside.parent)) or not is_ours(
                Path(path), self._root
            ):
                return shelf.files[id]
            known = self.known_platforms[file] = self._read(file, path)
        except FileNotFoundError:
            return None
        except BusyError as error:
            self.busy[file] = f"{file}: {error}"
            return None
        except UnreadableError as error:
            return PlatformFile(file, b"", str(error))
        except OSError as error:
            return PlatformFile(file, b"", _why(error))
        return PlatformFile(file, known.entry.data)

    def _above(self, common: Path) -> None:
        """A `.spiritstream.yaml` above the folder: its repository's."""
        if identity := identity_of(common.parent):
            self._folders[str(common.parent)] = identity
        try:
            if is_ours(common):
                self._file(COMMON, str(common.resolve()))
            else:
                self._fault(COMMON, f"{common} belongs to another user, and is not taken")
        except OSError as error:
            self._fault(COMMON, _why(error))

    def _descend(self, folder: str, path: str, depth: int) -> None:
        if depth > DEPTH_MAX:
            self._notes.append(f"{shown(folder)}: too deep, not read")
            return
        identity = identity_of(path)
        try:
            with os.scandir(path) as listing:
                items = sorted(listing, key=lambda item: item.name)
        except OSError as error:
            self._fault(folder, _why(error))
            return
        if identity:
            self._folders[path] = identity
        for item in items:
            self._names += 1
            if self._names > _NAMES_MAX:
                self._fault("", f"there are more than {_NAMES_MAX:,} names in the folder")
                return
            if item.name == COMMON and folder:
                self._notes.append(f"{shown(folder)}{COMMON}: not read, only the one at the top is")
            elif not item.name.startswith("."):
                try:
                    self._item(f"{folder}{item.name}", item, depth)
                except OSError as error:
                    self._fault(f"{folder}{item.name}", _why(error))

    def _item(self, file: str, item: os.DirEntry[str], depth: int) -> None:
        is_folder = not item.is_symlink() and item.is_dir(follow_symlinks=False)
        if not is_legible(item.name):
            if is_folder or item.name.endswith(SUFFIXES):
                self._notes.append(f"{shown(file)}: not read, its name is not plain UTF-8 text")
        elif item.is_symlink():
            self._link(file, item.path, depth)
        elif is_folder and item.name == FOLDER:
            if depth:
                self._notes.append(f"{shown(file)}/: not read, only the one at the top is")
        elif is_folder:
            self._descend(f"{file}/", item.path, depth + 1)
        elif item.name.endswith(SUFFIXES):
            self._file(file, item.path)

    def _link(self, file: str, path: str, depth: int) -> None:
        is_ours = file.endswith(SUFFIXES)
        try:
            real = os.path.realpath(path, strict=True)
        except OSError as error:
            if is_ours:
                self._fault(file, _why(error))
            return
        inside = real.startswith(self._real.rstrip("/") + "/")
        if os.path.isdir(real):
            if file.split("/")[-1] == FOLDER:
                return
            if inside:
                self._links.append((f"{file}/", real, depth + 1))
            else:
                self._notes.append(f"{file}: not read, the link leaves the folder")
        elif is_ours and inside:
            parent = os.path.dirname(real)
            if identity := identity_of(parent):
                self._folders.setdefault(parent, identity)
            self._file(file, real)
        elif is_ours:
            self._fault(file, "the link leaves the folder; put the file itself there")

    def _file(self, file: str, path: str) -> None:
        try:
            known = self._read(file, path)
        except FileNotFoundError:
            return
        except BusyError as error:
            self.busy[file] = f"{shown(file)}: {error}"
        except UnreadableError as error:
            self._fault(file, str(error))
        except OSError as error:
            self._fault(file, _why(error))
        else:
            self._bytes += len(known.entry.data)
            if len(self.known) >= FILES_MAX:
                self._fault("", f"there are more than {FILES_MAX:,} files in the folder")
            elif self._bytes > ALL_BYTES_MAX:
                self._fault("", f"the files hold more than {ALL_BYTES_MAX // 1024**2} MiB together")
            else:
                self.known[file] = known

    def _read(self, file: str, path: str) -> _Known:
        before = self._before.get(file)
        if before and before.sure and stamp_of(os.stat(path, follow_symlinks=False)) == before.stamp:
            return before
        stamp, data = taken(path)
        entry = Entry(file, data, (self._root / file).parent)
        if before is None or before.stamp != stamp:
            return _Known(stamp, self._now_s, False, entry)
        kept = before.entry if before.entry.data == data else entry
        return _Known(stamp, before.since_s, self._now_s - before.since_s >= _SURE_S, kept)

    def _fault(self, file: str, why: str) -> None:
        self.faults.setdefault(file, f"{shown(file)}: {why}" if file else why)


def _checkout(root: Path) -> str | None:
    """The lock that git holds while it changes a work tree, when the folder lies in one."""
    real = Path(root).resolve()
    for folder in (real, *real.parents):
        lock = folder / ".git" / "index.lock"
        if os.path.lexists(lock):
            return str(lock)
    return None


def _why(error: OSError) -> str:
    reason = error.strerror or "unknown reason"
    return f"cannot be read: {reason.lower()}"
