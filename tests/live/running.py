"""`spiritstream run` as a person starts it: a real process, its log, its signals, its socket.

async with running(profile, "--watch", environment=...) as show:
    await show.live()
    show.signal(signal.SIGTERM)
    assert 0 == await show.ended()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import spiritstream
from spiritstream.model.lifecycle import State
from spiritstream.model.status import Status, UnitStatus
from spiritstream.wire import from_data
from tests.live.processes import until
from tests.run.asking import asking

RUNNER = Path(spiritstream.__file__).parents[1]
_WAIT_S = 30


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """What a process of the test's own sees: nothing of the person's who runs the test but PATH."""
    own = {"HOME": folder, "XDG_CONFIG_HOME": folder / "config", "XDG_RUNTIME_DIR": folder / "run"}
    return {
        "PATH": os.environ["PATH"],
        # -W error for it and for what it starts: a leak of ours is an error there, too.
        "PYTHONWARNINGS": "error",
        "PYTHONPATH": str(RUNNER),
        **{name: str(path) for name, path in own.items()},
        **variables,
    }


class Running:
    """A `spiritstream run` that runs, or has."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self.process = process
        self.socket = socket
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def said(self) -> str:
        """Its stderr so far."""
        return "\n".join(self.lines)

    async def _read(self) -> None:
        if self.process.stderr is not None:
            async for line in self.process.stderr:
                self.lines.append(line.decode().removesuffix("\n"))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self, within_s: float = _WAIT_S) -> int:
        """Its exit code, once it has ended and all that it said is read."""
        code = await asyncio.wait_for(self.process.wait(), within_s)
        await asyncio.wait_for(self._reading, within_s)
        return code

    async def says(self, *texts: str, after: int = 0) -> None:
        """Wait for a line, after so many others, that holds all the texts."""

        def said() -> bool:
            return any(all(text in line for text in texts) for line in self.lines[after:])

        try:
            await until(said, f"a line with {texts}", _WAIT_S)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it said:\n{self.said}") from None

    async def ask(self, call: str, **args: Any) -> Any:
        """What it answers on its socket."""
        async with asking(self.socket) as ask:
            return await ask(call, **args)

    async def status(self) -> Status:
        """What it says of itself."""
        return from_data(Status, await self.ask("status"))

    async def is_so(self, what: Callable[[Status], bool]) -> Status:
        """Wait until its status is as described."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_S):
                while True:
                    # Not there yet, or what another runner left behind.
                    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                        if what(status := await self.status()):
                            return status
                    await asyncio.sleep(0.05)
        raise TimeoutError(f"its status never was as described; it said:\n{self.said}")

    async def live(self, count: int) -> dict[str, UnitStatus]:
        """Its units by name, once there are so many and all are live."""
        status = await self.is_so(
            lambda s: len(s.units) == count and all(u.state is State.LIVE for u in s.units)
        )
        return {unit.path.split(".")[-1]: unit for unit in status.units}


@contextlib.asynccontextmanager
async def running(
    profile: Path | str,
    *arguments: object,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    **options: Any,
) -> AsyncIterator[Running]:
    """`spiritstream run PROFILE` with its socket in `folder`, until the block ends."""
    socket = folder / "s"
    options = {"stdin": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.PIPE, **options}
    command = ("spiritstream", "run", profile, "--socket", socket, *arguments)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *map(str, command)),
        env=environment(folder, **(variables or {})),
        cwd=folder,
        **options,
    )
    show = Running(process, socket)
    try:
        yield show
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await show.ended()
