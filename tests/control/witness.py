"""What a controller would make of a folder while something happens to it: every reading, every decision.

async with Witness(folder) as witness:
    await witness.through(lambda: editor(folder / "show.yaml", text))
    witness.check(versions)

Nobody waits to be woken while something is done: it is looked all the time, as no moment is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from spiritstream.control.decide import decide
from spiritstream.control.folder import FolderSource
from spiritstream.control.opening import ProfileOpener
from spiritstream.control.override import targets_on_air
from spiritstream.control.reader import Reader
from spiritstream.control.source import Reading
from spiritstream.control.world import Running, Wanted, World
from tests.control.saving import texts

BOUND_S = 30.0


class Witness:
    """A folder's reader, from before it is harmed until it is at rest again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.readings: list[Reading] = []
        self.stopped: list[str] = []
        self.lost: set[str] = set()
        """Targets that were taken off the air, `show:groups.g.targets.t1`."""
        self._source = _Noting(folder, self.readings)
        self._reader = Reader(self._source, ProfileOpener(None, {}), asyncio.get_running_loop().time)
        self._accepted: Mapping[str, Wanted] = {}
        self._running: dict[str, Running] = {}

    async def __aenter__(self) -> Witness:
        await self.rest()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._source.close()

    async def through(self, harm: Callable[[], object]) -> None:
        """Look on while something is done to the folder, in another thread, and until it is at rest."""
        harming = asyncio.create_task(asyncio.to_thread(harm))
        async with asyncio.timeout(BOUND_S):
            while not harming.done():
                await self.look()
        await harming
        await self.rest()

    async def at_work(self, harm: Callable[[], object]) -> None:
        """As `through`, with a few looks afterwards, whether the folder is whole or not."""
        await asyncio.to_thread(harm)
        for _ in range(4):
            await self.look()

    async def rest(self) -> None:
        """Look when woken until what was read is what is on disk, and once more."""
        async with asyncio.timeout(BOUND_S):
            if not self.readings:
                await self.look()
            while not (self.readings[-1].complete and texts(self.readings[-1]) == on_disk(self.folder)):
                await self._source.wait()
                await self.look()
            await self.look()

    async def look(self) -> None:
        """Read, decide, and note what that would do."""
        await self._reader.look()
        now, before = self._reader.now.view, self._reader.before
        decided = decide(World(now, before, self._accepted, dict(self._running)))
        self._accepted = decided.accepted
        for name, _ in decided.stops:
            self.stopped.append(name)
            self._note(name, frozenset())
        for name, one in decided.applies:
            assert one.profile is not None
            self._note(name, targets_on_air(one.profile))
            self._running[name] = Running(one.profile, targets_on_air(one.profile))

    def _note(self, name: str, targets: frozenset[str]) -> None:
        before = self._running.pop(name, None)
        self.lost |= {f"{name}:{path}" for path in (before.targets - targets if before else ())}

    def check(self, versions: Mapping[str, set[str]], may_lose: Collection[str] = ()) -> None:
        """No file was anything but one of its versions, nothing stopped, and it ends as it is on disk."""
        torn = [
            (file, text)
            for reading in self.readings
            for file, text in texts(reading).items()
            if text not in versions.get(file, set())
        ]
        assert [] == torn
        assert ([], set()) == (self.stopped, self.lost.difference(may_lose))
        assert (True, on_disk(self.folder)) == (self.readings[-1].complete, texts(self.readings[-1]))


class _Noting(FolderSource):
    """Keeps each reading."""

    def __init__(self, folder: Path, readings: list[Reading]) -> None:
        super().__init__(folder)
        self._readings = readings

    async def read(self) -> Reading:
        """As it does, with a note of it."""
        found = await super().read()
        self._readings.append(found)
        return found


def on_disk(folder: Path) -> dict[str, str]:
    """What stands there: the profiles at the top and in plain subfolders."""
    found = [path for path in folder.rglob("*.yaml") if path.is_file()]
    inside = {str(path.relative_to(folder)): path for path in found}
    return {
        file: path.read_text()
        for file, path in inside.items()
        if file.isprintable() and not any(part.startswith(".") for part in file.split("/"))
    }
