"""A git repository of profiles as a source, read at one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from spiritstream.config.shelf import FOLDER
from spiritstream.control.gitcopy import Copy, Item, RefMissingError
from spiritstream.control.gitfaults import cause, is_spoiled
from spiritstream.control.gitfiles import Files, Needed
from spiritstream.control.gitprogram import GitError, GitMissingError
from spiritstream.control.gitshelf import shelf_at
from spiritstream.control.gitsigned import UnsignedError, check_signed
from spiritstream.control.giturl import checked_path, checked_ref, checked_url
from spiritstream.control.source import (
    ALL_BYTES_MAX,
    COMMON,
    DEPTH_MAX,
    FILE_BYTES_MAX,
    FILES_MAX,
    SUFFIXES,
    Entry,
    Reading,
    is_legible,
    is_profile,
    reading,
    shown,
)

EVERY_S = 30.0


class _ProblemError(Exception):
    """Why a commit could not be read; the text is for people."""


class GitSource:
    """The YAML files below `path` of the newest commit of `ref`, a branch or a tag.

    Blobs of one commit are read, never a work tree: nothing is ever half-written. While the
    repository cannot be reached, or its newest commit is not signed by one of the
    `signers`, the last good commit stays what is wanted and the reading is not complete. A
    force-push counts like any push.

    Raises UsageError for an address with credentials in it, and for what git cannot take.
    """

    def __init__(
        self,
        url: str,
        ref: str,
        path: str,
        every_s: float,
        signers: Path | None,
        work: Path,
        needed: Needed = lambda: None,
    ) -> None:
        """`needed`: the files of it, by their whole paths, that last good copies name; `None`: unknown."""
        self._path = checked_path(path)
        self._ref = checked_ref(ref)
        self.where = f"{checked_url(url)} {self._ref}{f' {self._path}/' if self._path else ''}"
        self._every_s = every_s
        self._signers = signers
        self._copy = Copy(url, self._ref, work)
        # Nothing is checked out but the files that profiles name.
        self._files = Files(self._copy.path.with_suffix(".files"), needed)
        self.files = self._files.folder
        """The repository's own folder, where relative paths in its profiles lead."""
        self._woken = asyncio.Event()
        self._reading = asyncio.Lock()
        self._last: Reading | None = None
        self._blobs: Mapping[str, bytes] = {}
        self._named: Mapping[tuple[str, str], frozenset[str]] = {}

    async def read(self) -> Reading:
        """The newest commit's profiles; when that cannot be had, the last good one's and why."""
        async with self._reading:
            self._woken.clear()
            try:
                return await self._newest()
            except GitMissingError as error:
                return self._stale(str(error))
            except RefMissingError:
                return await self._good(f"the repository has no branch or tag {self._ref}")
            except GitError as error:
                return await self._good(cause(error.said, error.status))
            except (_ProblemError, UnsignedError) as error:
                return await self._good(str(error))
            except OSError as error:
                return self._stale(f"our copy cannot be written: {(error.strerror or 'unknown').lower()}")

    async def wait(self) -> None:
        """Return when it is time to ask the repository again, or after `look`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every_s):
                await self._woken.wait()
        self._woken.clear()

    def look(self) -> None:
        """Let `wait` return at once."""
        self._woken.set()

    def close(self) -> None:
        """Nothing runs between two readings."""

    async def _newest(self) -> Reading:
        await self._copy.begin()
        try:
            return await self._at(await self._copy.newest())
        except GitError as error:
            if not is_spoiled(error.said):
                raise
        await self._copy.again()
        return await self._at(await self._copy.newest())

    async def _at(self, commit: str) -> Reading:
        """What a commit holds, once its signature was found good."""
        if self._signers:
            await check_signed(self._copy.path, commit, self._signers)
        if self._last and self._last.revision == commit and not self._files.unfinished:
            return self._last
        found = await self._read(commit)
        await self._copy.keep(commit)
        self._last = found
        return found

    async def _good(self, problem: str) -> Reading:
        """The last good commit, which proves nothing about what is wanted now."""
        try:
            commit = self._last.revision if self._last else await self._copy.good()
            if commit and self._signers:
                await check_signed(self._copy.path, commit, self._signers)
            if commit and self._last is None:
                self._last = await self._read(commit)
        except (GitError, GitMissingError, _ProblemError, UnsignedError):
            self._last = None
        return self._stale(problem)

    def _stale(self, problem: str) -> Reading:
        if self._last is None:
            return Reading({}, "", False, problem)
        kept = f"what was read at commit {self._last.revision[:12]} stays"
        return replace(self._last, complete=False, problem=f"{problem}; {kept}")

    async def _read(self, commit: str) -> Reading:
        try:
            items = await self._copy.items(commit, self._path)
        except GitError as error:
            if not self._path or is_spoiled(error.said):
                raise
            raise _ProblemError(f"commit {commit[:12]} has no folder {self._path}") from None
        faults, notes = _refused(items)
        wanted = {item.name: item for item in items if item.name not in faults and _is_ours(item)}
        common = next((item for item in items if item.name == COMMON), None) or await self._common_above(
            commit
        )
        faults |= _refused([common])[0] if common else {}
        if len(wanted) > FILES_MAX or sum(item.size for item in wanted.values()) > ALL_BYTES_MAX:
            raise _ProblemError(
                f"commit {commit[:12]} holds more than {FILES_MAX:,} profiles, or more than "
                f"{ALL_BYTES_MAX // 1024**2} MiB of them"
            )
        legible = {COMMON: common} if common and COMMON not in faults else {}
        entries = await self._entries({**wanted, **legible})
        ours = entries.pop(COMMON, None)
        if why := faults.get(COMMON):
            ours = Entry(COMMON, b"", self.files, problem=why)
        whole = await self._with_files(commit, entries, items)
        found = reading(whole, ours, commit, faults.values(), notes)
        return replace(found, platforms=await shelf_at(self._copy, commit, self._path, items))

    async def _common_above(self, commit: str) -> Item | None:
        """The nearest defaults above the folder, when it has none of its own."""
        if not self._path:
            return None
        tree = {item.name: item for item in await self._copy.items(commit, "")}
        names = [str(folder / COMMON) for folder in PurePosixPath(self._path).parents]
        return next((replace(tree[name], name=COMMON) for name in names if name in tree), None)

    async def _entries(self, items: Mapping[str, Item]) -> dict[str, Entry]:
        known = self._blobs
        fresh = await self._copy.blobs(item.sha for item in items.values() if item.sha not in known)
        self._blobs = {item.sha: fresh.get(item.sha) or known.get(item.sha, b"") for item in items.values()}
        return {
            file: Entry(file, self._blobs[item.sha], self.folder_of(file))
            for file, item in sorted(items.items())
        }

    def folder_of(self, file: str) -> Path:
        """Where relative paths in a profile lead."""
        return (self.files / self._path / file).parent

    async def _with_files(
        self, commit: str, entries: Mapping[str, Entry], items: list[Item]
    ) -> dict[str, Entry]:
        """The profiles, with the files that they name in their places; or why those are not there."""
        named = await asyncio.to_thread(self._names, entries.values())
        wanted = frozenset(path for paths in named.values() for path in paths)
        tree = await self._copy.items(commit, "") if wanted and self._path else items
        problems = await self._files.bring(self._copy, wanted, {item.name: item for item in tree})
        return {
            file: replace(entry, refused={str(self.files / path): problems[path] for path in paths})
            for file, entry in entries.items()
            for paths in [named[file] & problems.keys()]
        }

    def _names(self, entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
        """What each profile names; one whose bytes are as they were is not parsed again."""
        before = self._named
        found = {}
        for entry in entries:
            key = (entry.file, entry.digest)
            found[key] = before[key] if key in before else self._files.named(entry)
        self._named = found
        return {file: paths for (file, _), paths in found.items()}


def _is_ours(item: Item) -> bool:
    return item.is_file and is_legible(item.name) and (is_profile(item.name) or item.name == COMMON)


def _too_large(item: Item) -> bool:
    return item.size > FILE_BYTES_MAX


def _too_deep(file: str) -> bool:
    return file.endswith(SUFFIXES) and file.count("/") > DEPTH_MAX and is_profile(file.split("/")[-1])


def _refused(items: list[Item]) -> tuple[dict[str, str], list[str]]:
    """What is not taken, by file and why: what could be a profile, and what is only worth a word."""
    faults, notes = {}, []
    for item in items:
        name = shown(item.name)
        ours = item.name == COMMON or is_profile(item.name)
        if item.name.endswith(SUFFIXES) and not is_legible(item.name):
            notes.append(f"{name}: not read, its name is not plain UTF-8 text")
        elif ours and not item.is_file:
            faults[item.name] = f"{name}: is not a file but a link or a submodule, which is not followed"
        elif ours and _too_large(item):
            faults[item.name] = (
                f"{name}: is larger than {FILE_BYTES_MAX // 1024**2} MiB, too large for a profile"
            )
        elif FOLDER in item.name.split("/")[1:-1]:
            notes.append(f"{name}: not read, only the {FOLDER} at the top are")
        elif _too_deep(item.name):
            notes.append(f"{name}: too deep, not read")
        elif not item.is_file and not item.name.startswith("."):
            notes.append(f"{name}: not read, links and submodules are not followed")
    return faults, notes
