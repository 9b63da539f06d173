"""Notice that a file has changed, whoever replaced it and however."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

RESCAN_S = 15.0
# A file that is being written is read again after this long; only what was equal twice counts.
SETTLE_S = 0.3


async def changed(path: Path) -> AsyncIterator[None]:
    """Yield each time the content at `path` has become another, and has settled.

    The folder is watched, not the file: editors save by renaming, and a watch on a file goes silent then.
    Events only wake us; what counts is a digest, looked at every 15 s in any case. A file that
    is gone or empty is no change: it stops nothing.
    """
    known = await _digest(path)
    while True:
        await _woken(path.parent)
        seen = await _settled(path)
        if seen is not None and seen != known:
            known = seen
            yield


async def _settled(path: Path) -> str | None:
    seen = await _digest(path)
    while True:
        await asyncio.sleep(SETTLE_S)
        again = await _digest(path)
        if again == seen:
            return again
        seen = again


async def _digest(path: Path) -> str | None:
    def read() -> str | None:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        return hashlib.sha256(data).hexdigest() if data else None

    return await asyncio.to_thread(read)


async def _woken(folder: Path) -> None:
    """Return when something happens in `folder`, or after 15 s: a watch may be silent for ever."""
    from watchfiles import awatch

    try:
        async with asyncio.timeout(RESCAN_S):
            async for _ in awatch(folder, recursive=False, debounce=100, step=20):
                return
    except TimeoutError:
        pass
    except (OSError, RuntimeError, ValueError):
        # The folder is gone, or holds a name the watcher cannot take: look by the clock.
        await asyncio.sleep(RESCAN_S)
