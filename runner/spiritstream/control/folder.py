"""A folder of profiles as a source."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from spiritstream.config.shelf import FOLDER, Shelf
from spiritstream.control.looking import Look, Tree
from spiritstream.control.source import COMMON, Entry, Reading, reading, revision_of, shown
from spiritstream.control.taking import Identity, identity_of
from spiritstream.control.watch import Watch

RESCAN_S = 15.0
"""The longest time until a change is found that no event told of."""
# What is read twice alike, this far apart, counts; while it changes, we look less and less often.
_GAP_S = 0.04
_LONGEST_GAP_S = 0.4
_LOOKS = 6
_AGAIN_S = 0.25


class FolderSource:
    """The YAML files of a folder and of its subfolders, four deep; hidden ones are left out.

    A reading counts as complete when two looks agreed, nothing was unreadable and nobody was
    writing. What a person saved with any editor, a checkout and Kubernetes' swap of `..data`
    are one change. Links are followed inside the folder only. `pause` sleeps between two looks.
    `also` is another folder in which a change is worth a look: the config folder's platforms.
    """

    def __init__(
        self,
        folder: Path,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        also: Path | None = None,
    ) -> None:
        root = folder.absolute()
        self.where = str(root)
        self._pause = pause
        self._also = also
        self._root = root
        self._tree = Tree(root)
        self._watch = Watch(root)
        self._settled: Look | None = None
        self._restless: frozenset[str] = frozenset()
        self._problem = ""
        self._again_s = self._retry_s = _AGAIN_S
        self._reading = asyncio.Lock()

    async def read(self) -> Reading:
        """What the folder holds, once it holds still; after about a second of change, what did hold still."""
        async with self._reading:
            before, after = await self._looks()
            self._restless = _moving(before, after)
            self._settled = None if self._restless else after
            found = _reading(before, after, self._root)
        self._watch.follow({**after.folders, **self._others()})
        self._plan(found)
        return found

    async def wait(self) -> None:
        """Return when something may have changed; sooner than usual while the folder is not whole."""
        await self._watch.wait(self._again_s)

    def look(self) -> None:
        """Let `wait` return at once."""
        self._watch.wake()

    def close(self) -> None:
        """End the watch."""
        self._watch.close()

    def _others(self) -> dict[str, Identity]:
        identity = identity_of(self._also) if self._also else None
        return {str(self._also): identity} if identity else {}

    def _plan(self, found: Reading) -> None:
        if found.complete or found.problem != self._problem:
            self._retry_s = _AGAIN_S
        self._problem = found.problem
        self._again_s = RESCAN_S if found.complete else self._retry_s
        self._retry_s = min(2 * self._retry_s, RESCAN_S)

    async def _looks(self) -> tuple[Look, Look]:
        """Two successive looks: alike, or the last two there was time for.

        A file that did not hold still last time holds up no other one now.
        """
        seen = await self._look()
        if self._settled is not None and not _moving(self._settled, seen):
            return self._settled, seen
        gap_s = _GAP_S
        for _ in range(_LOOKS):
            await self._pause(gap_s)
            before, seen = seen, await self._look()
            if _moving(before, seen) <= self._restless:
                break
            gap_s = min(2 * gap_s, _LONGEST_GAP_S)
        return before, seen

    async def _look(self) -> Look:
        # What happened until now is seen by this look; what happens from now on wakes again.
        self._watch.forget()
        return await asyncio.to_thread(self._tree.look, time.monotonic())


def _moving(before: Look, after: Look) -> frozenset[str]:
    """The files that are not the same in both looks, or are being written; "" stands for the folder."""
    old, new = _files(before), _files(after)
    changed = {file for file in old.keys() | new.keys() if old.get(file) != new.get(file)}
    faults = {file for file, _ in before.faults.items() ^ after.faults.items()}
    replaced = {""} if before.identity != after.identity else set()
    platforms = _platforms_moving(before.platforms, after.platforms)
    return after.busy | changed | faults | replaced | platforms


def _platforms_moving(before: Shelf, after: Shelf) -> set[str]:
    if before.digest == after.digest:
        return set()
    both = (before.files, after.files)
    ids = {id for one in both for id in one if before.files.get(id) != after.files.get(id)}
    return {one[id].file for one in both for id in ids & one.keys()} or {FOLDER}


def _reading(before: Look, after: Look, root: Path) -> Reading:
    """What stood in both looks; the rest is said to be in motion."""
    faults = dict(after.faults)
    for file in sorted(_moving(before, after)):
        faults.setdefault(file, f"{shown(file) or 'the folder'}: changes while it is read")
    entries = {file: entry for file, entry in _files(after).items() if file not in faults}
    digests = {file: entry.digest for file, entry in entries.items()}
    revision = revision_of(digests | ({FOLDER: after.platforms.digest} if after.platforms.files else {}))
    common = entries.pop(COMMON, None)
    if why := faults.get(COMMON):
        common = Entry(COMMON, b"", root, problem=why)
    found = reading(entries, common, revision, faults.values(), after.notes)
    held = {id: file for id, file in after.platforms.files.items() if file.file not in faults}
    return replace(found, platforms=Shelf(held, after.platforms.faults))


def _files(look: Look) -> dict[str, Entry]:
    return dict(look.entries) | ({COMMON: look.common} if look.common else {})
