"""Being woken when something in a few folders may have changed, whatever becomes of the folders."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from spiritstream.control.source import COMMON, SUFFIXES
from spiritstream.control.taking import Identity, identity_of

if TYPE_CHECKING:
    from watchfiles import Change

_log = logging.getLogger(__name__)

# A burst of events is one wake: it ends when nothing came for a step, or after the longest burst. Each step
# costs some 80 µs, also while nothing happens; an edit waits for one to two of them.
_STEP_MS = 20
_BURST_MS = 250
_TICK_MS = 1000
_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_KUBERNETES_SWAP = "..data"


class Watch:
    """Watches folders, not files, each by itself; starts again on every error.

    watchfiles goes silent when its root is replaced, ends at a name that is not UTF-8 and loses
    events on overflow: an event only wakes, and whoever waits looks again by the clock too. Links
    are not followed: a recursive watch would walk whatever they lead to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: Mapping[str, Identity] = {}
        self._woken = asyncio.Event()
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, folders: Mapping[str, Identity]) -> None:
        """Watch these from now on; the same path with another folder behind it is watched anew."""
        if folders != self._folders:
            self._folders = dict(folders)
            self._stale.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="watch")

    def wake(self) -> None:
        """Let whoever waits look now."""
        self._woken.set()

    def forget(self) -> None:
        """What happened until now will be seen: it wakes nobody any more."""
        self._woken.clear()

    async def wait(self, at_most_s: float) -> None:
        """Return when something may have changed, or after `at_most_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._woken.wait()
        self._woken.clear()

    def close(self) -> None:
        """End the watch."""
        self._stale.set()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        pause_s = _PAUSE_S
        while True:
            self._stale = stale = asyncio.Event()
            try:
                await self._watched(dict(self._folders), stale)
                pause_s = _PAUSE_S
            except Exception as error:
                # The folder is gone, a name is not UTF-8, the system has no watches left: go on by the clock.
                _log.debug("the watch on %s ended: %s", self._root, type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await stale.wait()
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            self._woken.set()

    async def _watched(self, folders: Mapping[str, Identity], stale: asyncio.Event) -> None:
        """Wake on events; return when other folders are to be watched or the root was replaced."""
        from watchfiles import awatch

        root = await asyncio.to_thread(identity_of, self._root)
        if root is None:
            raise FileNotFoundError(self._root)
        clock = asyncio.get_running_loop().time
        checked_s, began = clock(), False
        watching = awatch(
            *(folders or [self._root]),
            recursive=False,
            watch_filter=None,
            step=_STEP_MS,
            debounce=_BURST_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            stop_event=stale,
        )
        async with aclosing(watching) as batches:
            async for batch in batches:
                # What happened before the watch stood was not seen: the first time always wakes.
                if not began or any(_matters(change, path) for change, path in batch):
                    self._woken.set()
                began = True
                if clock() - checked_s >= _TICK_MS / 1000:
                    checked_s = clock()
                    if await asyncio.to_thread(identity_of, self._root) != root:
                        return


def _matters(change: Change, path: str) -> bool:
    """Whether an event can have to do with a profile: a recording that grows must not wake us."""
    from watchfiles import Change

    name = PurePath(path).name
    if name.startswith("."):
        return name in (COMMON, _KUBERNETES_SWAP)
    # Anything else that comes or goes may be a folder.
    return name.endswith(SUFFIXES) or change != Change.modified
