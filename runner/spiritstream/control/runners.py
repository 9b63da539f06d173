"""The runner processes: started so that they outlive us, found again by their sockets, told what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spiritstream.control.client import CALL_S, AbsentError, Peer, SilentError, connect, greet
from spiritstream.control.hanging import GRACE_S, Silence, end_hung, hung_runner, send
from spiritstream.control.outfit import Outfit, environment
from spiritstream.control.runnerlock import holder, lock_of, no_runner
from spiritstream.control.spawn import failure, spawn
from spiritstream.errors import BusyError, ExitCode, PeerError, SpiritError
from spiritstream.wire import PROTOCOL

_FIND_S = 2.0
_START_S = 20.0
# A show ends within 5 seconds; a runner that takes longer hangs.
_END_S = 10.0
# One whose loop turns answers at once.
_TOLD_S = 5.0
_LEAVING_S = 1.0
# The controller's and the listeners' sockets stand in the same folder; no profile's name begins so.
_OTHERS = "_"


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """A runner that answers. `managed`: by a controller, not by a person in a terminal."""

    name: str
    pid: int
    version: str
    protocol: int
    managed: bool

    @property
    def foreign(self) -> str:
        """Why it is not ours to order about; empty if it is."""
        if not self.managed:
            return f"somebody shows it in the foreground (`spiritstream run`, pid {self.pid})"
        if self.protocol != PROTOCOL:
            return (
                f"it is of version {self.version}, which speaks otherwise; "
                f"`spiritstream restart {self.name}` replaces it"
            )
        return ""


@dataclass(slots=True)
class _Held:
    info: RunnerInfo
    peer: Peer
    watching: asyncio.Task[None]


class Runners:
    """Every runner that answers. `on_gone(name)` is called at once when one has left, for whatever reason."""

    def __init__(
        self, folder: Path, logs: Path, outfit: Outfit, on_gone: Callable[[str], None] = lambda name: None
    ) -> None:
        """`folder` is where the sockets are, `logs` where the runners' logs go: a folder in the state's."""
        self.on_gone = on_gone
        self._folder = folder
        self._logs = logs
        self._outfit = outfit
        self._held: dict[str, _Held] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        # Sockets that did not answer: they are looked at again, and no longer waited for.
        self._hung: set[str] = set()
        self._silence = Silence()

    def known(self) -> dict[str, RunnerInfo]:
        """Those that we hold a connection to."""
        return {name: held.info for name, held in self._held.items()}

    async def find(self) -> list[RunnerInfo]:
        """Look for runners that we do not know yet; sockets that dead ones left are cleared away."""
        paths = {path.stem: path for path in await asyncio.to_thread(self._sockets)}
        self._hung &= paths.keys()
        for name in paths.keys() - self._held.keys() - self._looking.keys():
            looking = asyncio.create_task(self._adopt(paths[name]), name=f"look at {name}")
            self._looking[name] = looking
            looking.add_done_callback(lambda _, name=name: self._looking.pop(name, None))  # type: ignore[misc]
        await asyncio.gather(*(task for name, task in self._looking.items() if name not in self._hung))
        return list(self.known().values())

    async def start(self, name: str) -> RunnerInfo:
        """Start the runner of `name`, and return once it answers. It outlives us.

        One that is there already is taken over, and returned.

        Raises:
            BusyError: there is one already that is not ours, or does not answer.
            SpiritError: it does not come up: what it said.
        """
        process = await spawn(self._command(name), environment(os.environ))
        try:
            failed = failure(await process.said(_START_S))
            if failed is None:
                return await self._begun(name)
        except BaseException as error:
            process.kill()
            if isinstance(error, TimeoutError):
                message = f"the runner of '{name}' does not come up within {_START_S:g} s"
                raise PeerError(message, f"its log may say why: spiritstream logs {name}") from None
            raise
        process.kill()
        if failed.exit_code == ExitCode.BUSY:
            return await self._take_over(name)
        raise failed

    def _command(self, name: str) -> list[str]:
        return [
            # -P: what lies in the current folder is no module of ours.
            *(sys.executable, "-P", "-m", "spiritstream.cli.runner"),
            *(name, str(self._path(name)), str(self._lock(name)), str(self._logs / f"{name}.jsonl")),
            *self._outfit.words(),
        ]

    async def _begun(self, name: str) -> RunnerInfo:
        try:
            return await self._hold(self._path(name))
        except AbsentError:
            message = f"the runner of '{name}' does not start"
            raise PeerError(message, "`spiritstream doctor` may tell why") from None

    async def _take_over(self, name: str) -> RunnerInfo:
        """The runner that keeps another one from starting."""
        pid = holder(self._lock(name))
        who = f"its runner (pid {pid})" if pid else "its runner"
        end = f"if this goes on: kill {pid}" if pid else "if this goes on, end it by hand"
        try:
            info = await self._hold(self._path(name))
        except AbsentError:
            hint = f"it makes a new one within seconds, and is taken over then; {end}"
            raise BusyError(f"{who} is alive and has lost its socket", hint) from None
        except PeerError:
            ours = await asyncio.to_thread(hung_runner, self._lock(name), name) is not None
            end = f"if this goes on: spiritstream restart {name}" if ours else end
            raise BusyError(f"{who} is alive and does not answer; what it sends may go on", end) from None
        if info.foreign:
            raise BusyError(info.foreign)
        return info

    async def call(self, name: str, call: str, *, within_s: float = CALL_S, **args: Any) -> Any:
        """What the runner of `name` answers.

        Raises:
            SpiritError: what it says is wrong, or that it does not answer.
        """
        # A connection for each call: what takes long, as an apply may, does not hold up a look at it.
        try:
            async with connect(self._path(name)) as peer:
                answer = await peer.call(call, within_s=within_s, **args)
        except SilentError:
            held = self._held.get(name)
            raise SilentError(self._silence.missed(name, held.info.pid if held else None)) from None
        self._silence.heard(name)
        return answer

    async def end(self, name: str) -> None:
        """End the runner of `name`, in order if it can be; returns when it is gone.

        One that hangs is killed.

        Raises:
            PeerError: it does not answer, and cannot be ended; or it is no controller's.
        """
        if name in self._hung and name not in self._held:
            await self._adopt(self._path(name))  # it may answer by now, or be gone
        held = self._held.get(name)
        if held is not None and not held.info.managed:
            raise PeerError(held.info.foreign, "end it there")
        if held is not None:
            await self._end_held(held)
        elif name in self._hung:
            await end_hung(self._lock(name), name)
            await asyncio.to_thread(_clear, self._path(name), self._lock(name))
            self._hung.discard(name)

    async def _end_held(self, held: _Held) -> None:
        pause_s, grace_s = await self._tell_to_end(held)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if await _has_left(held.peer, pause_s):
                return
            send(held.info.pid, number)
            pause_s = grace_s
        await _has_left(held.peer, _END_S)

    async def _tell_to_end(self, held: _Held) -> tuple[float, float]:
        """Say it; how long to wait then before SIGTERM, and from that to SIGKILL."""
        if not held.peer.speaks_ours:
            return 0.0, _END_S
        try:
            await self.call(held.info.name, "stop", within_s=_TOLD_S)
        except SilentError:
            return 0.0, GRACE_S
        except SpiritError:
            return _LEAVING_S, _END_S  # it has left, or its socket is lost
        return _END_S, _END_S

    def let_go(self) -> None:
        """Leave every runner to itself: it runs on."""
        for looking in self._looking.values():
            looking.cancel()
        for held in self._held.values():
            held.watching.cancel()
            held.peer.close()
        self._held.clear()

    # How it is done.

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sock"

    def _lock(self, name: str) -> Path:
        return lock_of(self._logs.parent, name)

    def _sockets(self) -> list[Path]:
        with contextlib.suppress(OSError):
            found = [path for path in self._folder.iterdir() if path.suffix == ".sock" and path.is_socket()]
            return [path for path in found if not path.stem.startswith(_OTHERS)]
        return []

    async def _adopt(self, path: Path) -> None:
        try:
            await self._hold(path)
        except AbsentError:
            self._hung.discard(path.stem)
            await asyncio.to_thread(_clear, path, self._lock(path.stem))
        except PeerError:
            self._hung.add(path.stem)  # or it is no runner: looked at again next time
        else:
            self._hung.discard(path.stem)

    async def _hold(self, path: Path) -> RunnerInfo:
        peer = await greet(path, within_s=_FIND_S)
        try:
            info = _info(path.stem, peer)
        except PeerError:
            peer.close()
            raise
        before = self._held.get(info.name)
        if before is not None and before.info.pid == info.pid:
            # Somebody was faster: `find` beside `start`.
            peer.close()
            return before.info
        if before is not None:
            before.watching.cancel()
            before.peer.close()
            self._forget(info.name, before.peer)
        watching = asyncio.create_task(self._watch(info.name, peer), name=f"watch {info.name}")
        self._held[info.name] = _Held(info, peer, watching)
        return info

    async def _watch(self, name: str, peer: Peer) -> None:
        await peer.gone()
        self._forget(name, peer)

    def _forget(self, name: str, peer: Peer) -> None:
        held = self._held.get(name)
        if held is not None and held.peer is peer:
            del self._held[name]
            self._silence.heard(name)
            self.on_gone(name)


async def _has_left(peer: Peer, within_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await peer.gone()
            return True
    return False


def _clear(path: Path, lock: Path) -> None:
    """Take away the socket that a dead runner left; one that is coming up keeps us from it by its lock."""
    with no_runner(lock) as dead, contextlib.suppress(OSError):
        if dead:
            path.unlink()


def _info(name: str, peer: Peer) -> RunnerInfo:
    hello = peer.hello
    pid, protocol = hello.get("pid"), hello.get("protocol")
    if hello.get("hello") != "runner" or not isinstance(pid, int) or not isinstance(protocol, int):
        raise PeerError(f"{peer.path} is no runner's socket")
    return RunnerInfo(name, pid, str(hello.get("version"))[:40], protocol, hello.get("managed") is True)
