"""`spiritstream serve` under a test: a controller in folders of its own, which may be killed and come back.

async with Served(home, profiles).controller() as running:
    ...

Runners outlive a controller, which is the point: `Served.clear` ends those that are left, however
a test ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from spiritstream.control.client import connect
from spiritstream.errors import PeerError
from tests.live.processes import kill, processes, until
from tests.live.program import BOUND_S, Home

_ANSWER_S = 20.0


class Served:
    """One person's controller, its folder of profiles, and what it keeps on air."""

    def __init__(self, home: Home, ffmpeg: str) -> None:
        self.home = home
        self.profiles = home.made("profiles")
        self.origin: tuple[object, ...] = ("--profiles", self.profiles)
        self.log = home.folder / "serve.log"
        self.process: asyncio.subprocess.Process | None = None
        self._ffmpeg = ffmpeg

    @property
    def runtime(self) -> Path:
        """Where the sockets are."""
        return Path(self.home.environment["XDG_RUNTIME_DIR"]) / "spiritstream"

    def write(self, file: str, text: str) -> None:
        """Save a file as an editor does: whole, by a rename."""
        draft = self.profiles / f".{file}.draft"
        draft.write_text(text)
        draft.replace(self.profiles / file)

    async def begin(self, *arguments: object) -> asyncio.subprocess.Process:
        """Start the controller."""
        return await self._begin(("-m", "spiritstream"), self.home.environment, *arguments)

    async def begin_to_die(self, effect: str) -> int:
        """Start a controller that is killed before a side effect, as `tests.control.crashing` counts them."""
        root = str(Path(__file__).parents[2])
        environment = self.home.environment
        environment["PYTHONPATH"] += os.pathsep + root
        words = ("-m", "tests.control.crashing", str(self.home.folder), effect)
        process = await self._begin(words, environment)
        return await asyncio.wait_for(process.wait(), _ANSWER_S)

    async def _begin(
        self, program: tuple[str, ...], environment: dict[str, str], *arguments: object
    ) -> asyncio.subprocess.Process:
        words = ("serve", *self.origin, "--ffmpeg", self._ffmpeg, *arguments)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", *program, *map(str, words)),
                cwd=self.home.work,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.process

    async def kill(self, number: int = signal.SIGKILL) -> int:
        """End the controller by a signal; its status."""
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), BOUND_S)

    async def ask(self, call: str, **args: Any) -> Any:
        """What the controller answers; waited for until it is there."""
        async with asyncio.timeout(_ANSWER_S):
            while True:
                assert self.process is None or self.process.returncode is None, self.said()
                with contextlib.suppress(PeerError):
                    async with connect(self.runtime / "_controller.sock") as peer:
                        return await peer.call(call, **args)
                await asyncio.sleep(0.05)

    async def show(self, name: str) -> dict[str, Any]:
        """What the controller says of one profile; empty when it knows none of that name."""
        found = (await self.ask("status", names=[name]))["profiles"]
        return found[0] if found else {}

    async def is_so(self, name: str, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the controller says of a profile what is described."""
        show: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_ANSWER_S):
                while not what(show := await self.show(name)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"never so: {show}\n{self.said()}") from None
        return show

    async def live(self, name: str, *targets: str) -> dict[str, Any]:
        """Wait until exactly these targets of a profile are live."""
        return await self.is_so(name, lambda show: set(targets) == live_targets(show))

    def runners(self) -> dict[str, int]:
        """The runner processes by their profiles' names."""
        found = [one for one in processes() if str(self.runtime) in " ".join(one.argv)]
        return {
            one.argv[one.argv.index("spiritstream.cli.runner") + 1]: one.pid
            for one in found
            if "spiritstream.cli.runner" in one.argv
        }

    async def clear(self) -> None:
        """End everything that is left."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()
        for pid in self.runners().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            await until(lambda: not self.runners(), "every runner has ended", BOUND_S)
        except TimeoutError:
            for pid in self.runners().values():
                kill(pid)

    def said(self) -> str:
        """What the controller has logged."""
        return self.log.read_text(errors="replace")


def live_targets(show: dict[str, Any]) -> set[str]:
    """The names of a profile's targets that are live."""
    units = show["runner"]["units"] if show.get("runner") else ()
    return {u["path"].split(".")[-1] for u in units if ".targets." in u["path"] and u["state"] == "live"}


@contextlib.asynccontextmanager
async def serving(home: Home, ffmpeg: str) -> AsyncIterator[Served]:
    """A place for controllers, cleared in the end. None is started."""
    served = Served(home, ffmpeg)
    try:
        yield served
    finally:
        await served.clear()
