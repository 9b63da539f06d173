"""Reading a source again and again: when it says so, when somebody asks, and after a fault of ours, too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace

from spiritstream.control.opening import Opening, ProfileOpener
from spiritstream.control.reader import Reader
from spiritstream.control.source import Source

log = logging.getLogger("spiritstream.controller")

FAULT_S = 15.0
"""So long after a fault of ours the source is read again."""
OWN_S = 15.0
"""So often the config folder's platforms are looked at."""


class Rereading:
    """Has `reader` look whenever there is reason to. `changed` is called after each look."""

    def __init__(self, source: Source, reader: Reader, opening: Opening, changed: Callable[[], None]) -> None:
        self.fresh = True
        """Whether the last look was not acted on yet; whoever does clears it."""
        self._source = source
        self._reader = reader
        self._opening = opening
        self._changed = changed
        self._asked = asyncio.Event()
        self._anew = False
        self._reading = False

    @property
    def at_work(self) -> bool:
        """Whether there is something read, or to be read, that was not acted on."""
        return self._reading or self._asked.is_set() or self.fresh

    def look(self, *, anew: bool = False) -> None:
        """Read it, soon; `anew`: also open again what has not changed, with the identity read again."""
        self._anew = self._anew or anew
        self._asked.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._reading = True
            self._asked.clear()
            anew, self._anew = self._anew, False
            failed = not await self._read(anew)
            self._reading, self.fresh = False, True
            self._changed()
            await (self._until_retry() if failed else self._until_event())

    async def _read(self, anew: bool) -> bool:
        try:
            if anew and isinstance(self._opening, ProfileOpener):
                await asyncio.to_thread(self._opening.forget)
            await self._reader.look(anew=anew)
        except Exception as error:
            log.exception("unexpected fault while the source was read")
            self._blind(f"unexpected fault while it was read: {type(error).__name__}")
            return False
        return True

    def _blind(self, why: str) -> None:
        """What was read stays, and proves nothing any more."""
        now = self._reader.now
        problem = f"{why}; it is read again in {FAULT_S:g} s, and the log tells more"
        self._reader.now = replace(now, view=replace(now.view, complete=False, problem=problem))

    async def _until_retry(self) -> None:
        """Events of the source would have us fail without a pause."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAULT_S):
                await self._asked.wait()

    async def _until_event(self) -> None:
        waits = [
            asyncio.create_task(self._source.wait()),
            asyncio.create_task(self._asked.wait()),
            asyncio.create_task(self._until_outdated()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _until_outdated(self) -> None:
        """The config folder's platforms are no part of the source, which may wait for much longer."""
        while True:
            await asyncio.sleep(OWN_S)
            if await self._reader.is_outdated():
                return
