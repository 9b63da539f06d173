"""`spiritstream` as a person runs it: a process of its own, in folders of its own, asked over its socket.

async with running(home, "show.yaml", "--ffmpeg", path) as program:
    await program.live()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spiritstream
from spiritstream.model.lifecycle import State
from spiritstream.model.status import Status, UnitStatus
from spiritstream.wire import MAX_LINE_BYTES, decode, encode, from_data
from tests.live.processes import Process, descendants, kill

_SOURCE = str(Path(spiritstream.__file__).parents[1])
_MODULE = (sys.executable, "-m", "spiritstream")
# Nothing takes as long, on a machine that is busy with other tests, too: whoever waits longer waits for ever.
BOUND_S = 30.0


@dataclass(slots=True)
class Home:
    """The folders and variables that a program lives in; nothing of ours reaches it but PATH."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Every folder that a program may write to by itself is inside ours."""
        places = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")
        made = {name: str(self.made(name.lower())) for name in places}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": _SOURCE, **made, **self.extra}

    def made(self, name: str) -> Path:
        """A folder in this one."""
        path = self.folder / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @property
    def work(self) -> Path:
        """The working folder, where profiles are."""
        return self.made("work")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: bytes
    err: bytes


async def call(home: Home, *arguments: object, within_s: float = 30.0) -> Said:
    """Run a command to its end."""
    process = await _start(home, arguments, asyncio.subprocess.PIPE, asyncio.subprocess.PIPE)
    try:
        out, err = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        await _end(process)
    assert process.returncode is not None
    return Said(process.returncode, out, err)


class Program:
    """`spiritstream run`, under way."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path, out: Path, err: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.socket = socket
        self.out = out
        self.err = err

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end, which must come, and give its exit status."""
        return await asyncio.wait_for(self.process.wait(), BOUND_S)

    def children(self) -> list[Process]:
        """Everything below it."""
        return descendants(self.pid)

    async def ask(self, what: str, **args: Any) -> bytes:
        """One call over its socket; the answer as it came."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=MAX_LINE_BYTES)
        try:
            hello = await reader.readline()
            writer.write(encode({"id": 1, "call": what, "args": args}))
            return hello + await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()

    async def status(self) -> Status:
        """What it says of itself."""
        answer = decode((await self.ask("status")).splitlines()[1])
        return from_data(Status, answer["ok"])

    async def until(self, name: str, what: Callable[[UnitStatus], bool], timeout_s: float = 30) -> UnitStatus:
        """Wait until one unit, by the last part of its path, is as described."""
        unit: UnitStatus | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while unit is None or not what(unit):
                    assert self.process.returncode is None, f"it has ended: {self.said()}"
                    await asyncio.sleep(0.1)
                    # Its socket takes a moment to appear.
                    with contextlib.suppress(ConnectionError, FileNotFoundError):
                        units = (await self.status()).units
                        unit = next((unit for unit in units if unit.path.split(".")[-1] == name), None)
        except TimeoutError:
            raise TimeoutError(f"not within {timeout_s:g} s as described: {unit}") from None
        return unit

    async def are(self, state: State, *names: str, timeout_s: float = 30) -> list[UnitStatus]:
        """Wait until each of the named units is in a state."""
        return [await self.until(name, lambda unit: unit.state is state, timeout_s) for name in names]

    async def live(self, *names: str, timeout_s: float = 30) -> list[UnitStatus]:
        """Wait until the named units are live."""
        return await self.are(State.LIVE, *names, timeout_s=timeout_s)

    def said(self) -> str:
        """Its stdout and stderr."""
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")


@contextlib.asynccontextmanager
async def running(home: Home, profile: Path, *arguments: object) -> AsyncIterator[Program]:
    """`spiritstream run PROFILE`, ended in order if it still runs at the end of the block."""
    socket = home.made("s") / "show.sock"
    out, err = home.folder / "out.log", home.folder / "err.log"
    with out.open("ab") as out_file, err.open("ab") as err_file:
        options = (profile, "--socket", socket, *arguments)
        process = await _start(home, ("run", *options), out_file, err_file)
    try:
        yield Program(process, socket, out, err)
    finally:
        await _end(process)


async def _start(home: Home, arguments: tuple[object, ...], out: Any, err: Any) -> asyncio.subprocess.Process:
    environment: Mapping[str, str] = home.environment
    return await asyncio.create_subprocess_exec(
        *_MODULE,
        *map(str, arguments),
        cwd=home.work,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=err,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), BOUND_S)
        except TimeoutError:
            kill(process.pid)
            await process.wait()
