"""Notice that a file has changed, whoever replaced it and however."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

RESCAN_S = 15.0
# A file that is being written is read again after this long; only what was equal twice counts.
SETTLE_S = 0.3


async def changed(path: Path, known: str | None) -> AsyncIterator[str]:
    """Yield the digest of the content at `path` each time it is another than `known`, and has settled.

    The folder is watched, not the file: editors save by renaming, and a watch on a file goes silent then.
    Events only wake us; what counts is a digest, looked at every 15 s in any case. A file that
    is gone or empty is no change: it stops nothing.
    """
    while True:
        # Watched before it is looked at: what comes after the look wakes us.
        woken = asyncio.create_task(_woken(path.parent))
        try:
            seen = await settled(path)
            if seen is not None and seen != known:
                known = seen
                yield seen
            await woken
        finally:
            woken.cancel()


async def settled(path: Path) -> str | None:
    """The digest of the content at `path`, once it has been the same twice."""
    seen = await digest(path)
    while True:
        await asyncio.sleep(SETTLE_S)
        again = await digest(path)
        if again == seen:
            return again
        seen = again


async def digest(path: Path) -> str | None:
    """What tells one content from another; `None` for a file that is gone, empty or unreadable."""

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
            async for _ in awatch(folder, recursive=False, debounce=100, step=50):
                return
    except TimeoutError:
        pass
    except Exception:
        # The folder is gone, or holds a name the watcher cannot take: look by the clock.
        await asyncio.sleep(RESCAN_S)
