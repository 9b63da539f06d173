"""The files of a repository that its profiles name, written where they can be opened.

Each has one path whatever the commit, so that a commit that changes other things restarts nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from spiritstream.config.reach import whole_paths
from spiritstream.config.rewrite import draft_for, sync_folder, write_new
from spiritstream.config.within import normal
from spiritstream.control.gitcopy import Copy, Item
from spiritstream.control.gitfaults import cause, is_spoiled
from spiritstream.control.gitprogram import GitError
from spiritstream.control.source import Entry

FILE_MAX = 2 * 1024**3
ALL_MAX = 8 * 1024**3
COUNT_MAX = 1_000
_VERSION = 1
_POINTER_MAX = 1024
_POINTER = b"version https://git-lfs.github.com/spec/"
_FOLDER_HINT = "put it into a folder on the server, which: spiritstream config set folders FOLDER"

Problem = tuple[str, str]
"""Why a file cannot be had, and what to do."""
Needed = Callable[[], Iterable[str] | None]
"""The whole paths that last good copies of profiles name; `None` when that cannot be known."""
_Stamp = tuple[str, int, int, int]

MISSING: Problem = (
    "the repository has no such file at this commit",
    "add it to the repository, or correct the path",
)
_LINK: Problem = (
    "is a link or a submodule in the repository, which is not followed",
    "put the file itself there",
)
_LARGE: Problem = (f"is larger than {FILE_MAX // 1024**3} GiB, too large for a repository", _FOLDER_HINT)
_TOO_MUCH: Problem = (
    f"the profiles name more than {COUNT_MAX:,} files of the repository, or more than "
    f"{ALL_MAX // 1024**3} GiB of them",
    _FOLDER_HINT,
)
# A last good copy may need it for as long as this file is not there: it is not taken from under a show.
_IN_ITS_WAY: Problem = (
    "stands where the repository had a folder before, or below what was a file, which a show may still need",
    "give it another name",
)
_IN_LFS: Problem = (
    "is a Git LFS pointer in the repository, and not the file itself, which is not fetched",
    f"keep the file in git without LFS; or {_FOLDER_HINT}",
)


class Files:
    """The files below `folder`.

    A file goes when neither this commit's profiles name it, nor those of the commit read before, nor any
    last good copy of a profile; while that cannot be known, none goes.
    """

    def __init__(self, folder: Path, needed: Needed) -> None:
        # As paths in profiles are made whole: they are compared as text.
        folder = Path(normal(Path.cwd(), str(folder)))
        self.folder = folder
        self.unfinished = False
        """Whether the last `bring` left out what may be had the next time."""
        self._drafts = folder.with_name(f"{folder.name}.new")
        self._index = folder.with_name(f"{folder.name}.json")
        self._needed = needed
        self._before: frozenset[str] = frozenset()
        self._written: dict[str, _Stamp] | None = None

    def named(self, entry: Entry) -> frozenset[str]:
        """The files that a profile names below the folder, by their paths from there."""
        start = f"{self.folder}/"
        paths = whole_paths(entry.data, entry.file, entry.folder)
        return frozenset(path.removeprefix(start) for path in paths if path.startswith(start))

    async def bring(self, copy: Copy, named: frozenset[str], items: Mapping[str, Item]) -> dict[str, Problem]:
        """Have these files of a commit there, as it has them; what cannot be had, by path and why.

        Raises GitError, when the copy is torn.
        """
        self.unfinished = False
        wanted, problems = await _sorted_out(copy, named, items)
        stale = await asyncio.to_thread(self._prepare, wanted, named)
        for path in stale:
            if problem := await self._write(copy, path, wanted[path]):
                problems[path] = problem
                self.unfinished = True
        if stale:
            await asyncio.to_thread(self._remember)
        self._before = named
        return problems

    def _prepare(self, wanted: Mapping[str, Item], named: frozenset[str]) -> list[str]:
        """Clear away what is not needed; the paths whose files are not there as they are wanted."""
        if self._written is None:
            shutil.rmtree(self._drafts, ignore_errors=True)
            self._written = _read(self._index)
        self._clear(named | self._before)
        return [path for path, item in sorted(wanted.items()) if not self._is_there(path, item)]

    def _is_there(self, path: str, item: Item) -> bool:
        stamp = self._stamp(path, item.sha)
        return stamp is not None and self._written is not None and self._written.get(path) == stamp

    def _stamp(self, path: str, sha: str) -> _Stamp | None:
        try:
            status = (self.folder / path).lstat()
        except (OSError, ValueError):
            return None
        return sha, status.st_size, status.st_mtime_ns, status.st_ino

    def _clear(self, wanted: frozenset[str]) -> None:
        """Remove what nobody needs, and the folders that it leaves empty."""
        there = [Path(folder) / name for folder, _, names in os.walk(self.folder) for name in names]
        unnamed = [path for path in there if path.relative_to(self.folder).as_posix() not in wanted]
        if not unnamed or (kept := self._needed()) is None:
            return
        needed = frozenset(kept)
        for path in unnamed:
            if str(path) not in needed:
                with suppress(OSError):
                    path.unlink()
                self._prune(path.parent)

    def _prune(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self.folder:
                folder.rmdir()
                folder = folder.parent

    async def _write(self, copy: Copy, path: str, item: Item) -> Problem | None:
        draft = self._drafts / token_hex(8)
        try:
            descriptor = await asyncio.to_thread(self._open, draft)
            try:
                await copy.save(item.sha, descriptor)
                await asyncio.to_thread(self._put, draft, descriptor, path, item)
            finally:
                os.close(descriptor)
        except GitError as error:
            if is_spoiled(error.said):
                raise
            return f"cannot be taken out of the repository: {cause(error.said, error.status)}", ""
        except (FileExistsError, IsADirectoryError):
            return _IN_ITS_WAY
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            return f"cannot be kept on this machine: {why}", "it is tried again with each reading"
        finally:
            draft.unlink(missing_ok=True)
        return None

    def _open(self, draft: Path) -> int:
        draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _put(self, draft: Path, descriptor: int, path: str, item: Item) -> None:
        """Let a whole file take its place; whoever has the old one open keeps that."""
        if os.fstat(descriptor).st_size != item.size:
            raise OSError(0, "it came out shorter than it is")
        os.fsync(descriptor)
        place = self.folder / path
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for parent in reversed(place.relative_to(self.folder).parents[:-1]):
            (self.folder / parent).mkdir(mode=0o700, exist_ok=True)
        if place.parent.resolve() != (self.folder.resolve() / path).parent:
            raise OSError(0, "a link stands in its way")
        draft.replace(place)
        sync_folder(place.parent)
        stamp = self._stamp(path, item.sha)
        if stamp and self._written is not None:
            self._written[path] = stamp

    def _remember(self) -> None:
        """Only an economy: without it, everything is written once more."""
        assert self._written is not None
        there = {path: stamp for path, stamp in self._written.items() if (self.folder / path).exists()}
        draft = draft_for(self._index)
        with suppress(OSError):
            try:
                write_new(draft, json.dumps({"version": _VERSION, "files": there}).encode())
                draft.replace(self._index)
            finally:
                draft.unlink(missing_ok=True)


async def _sorted_out(
    copy: Copy, named: frozenset[str], items: Mapping[str, Item]
) -> tuple[dict[str, Item], dict[str, Problem]]:
    """What can be had of what is named, and why the rest cannot."""
    wanted: dict[str, Item] = {}
    problems: dict[str, Problem] = {}
    total = 0
    for path in sorted(named):
        item = items.get(path)
        if item is None:
            problems[path] = MISSING
        elif problem := _problem(item):
            problems[path] = problem
        elif total + item.size > ALL_MAX or len(wanted) >= COUNT_MAX:
            problems[path] = _TOO_MUCH
        else:
            total += item.size
            wanted[path] = item
    small = {item.sha for item in wanted.values() if item.size <= _POINTER_MAX}
    pointers = {sha for sha, data in (await copy.blobs(small)).items() if data.startswith(_POINTER)}
    for path in [path for path, item in wanted.items() if item.sha in pointers]:
        del wanted[path]
        problems[path] = _IN_LFS
    return wanted, problems


def _problem(item: Item) -> Problem | None:
    if not item.is_file:
        return _LINK
    return _LARGE if item.size > FILE_MAX else None


def _read(index: Path) -> dict[str, _Stamp]:
    try:
        data = json.loads(index.read_bytes())
        files = data["files"].items() if data["version"] == _VERSION else ()
        return {str(path): (str(a), int(b), int(c), int(d)) for path, (a, b, c, d) in files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
