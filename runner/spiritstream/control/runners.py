"""The runner processes: started so that they outlive us, found again by their sockets, told what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spiritstream
from spiritstream.control.client import CALL_S, AbsentError, Peer, RemoteError, connect, greet
from spiritstream.control.runnerlock import holder, lock_of, no_runner
from spiritstream.control.spawn import spawn
from spiritstream.errors import BusyError, ExitCode, PeerError, SpiritError
from spiritstream.wire import PROTOCOL, decode

_FIND_S = 2.0
_START_S = 20.0
# A show ends within 5 seconds; a runner that takes longer hangs.
_END_S = 10.0
# The controller's and the listeners' sockets stand in the same folder; no profile's name begins so.
_OTHERS = "_"
# What a runner may know of our environment: never the variables that profiles take keys from.
_VARIABLES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH"),
        *("PYTHONHOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR"),
        *("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    }
)
_PREFIXES = ("LC_", "LIBVA_", "CUDA_", "NVIDIA_", "VDPAU_", "MESA_")


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


@dataclass(frozen=True, slots=True)
class Outfit:
    """What each runner is started with."""

    ffmpeg: str | None = None
    log_bytes: int = 20_000_000
    log_days: int = 30
    verbose: bool = False

    def words(self) -> list[str]:
        """As words of a command line; nothing secret is among them."""
        return [
            *(["--ffmpeg", self.ffmpeg] if self.ffmpeg else []),
            f"--log-bytes={self.log_bytes}",
            f"--log-days={self.log_days}",
            *(["--verbose"] if self.verbose else []),
        ]


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
        process = await spawn(self._command(name), _environment(os.environ))
        try:
            failure = _failure(await process.said(_START_S))
            if failure is None:
                return await self._begun(name)
        except BaseException as error:
            process.kill()
            if isinstance(error, TimeoutError):
                message = f"the runner of '{name}' does not come up within {_START_S:g} s"
                raise PeerError(message, f"its log may say why: spiritstream logs {name}") from None
            raise
        process.kill()
        if failure.exit_code == ExitCode.BUSY:
            return await self._take_over(name)
        raise failure

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
            raise BusyError(f"{who} is alive and does not answer", end) from None
        if info.foreign:
            raise BusyError(info.foreign)
        return info

    async def call(self, name: str, call: str, *, within_s: float = CALL_S, **args: Any) -> Any:
        """What the runner of `name` answers.

        Raises:
            SpiritError: what it says is wrong, or that it does not answer.
        """
        # A connection for each call: what takes long, as an apply may, does not hold up a look at it.
        async with connect(self._path(name)) as peer:
            return await peer.call(call, within_s=within_s, **args)

    async def end(self, name: str) -> None:
        """End the runner of `name`, in order if it can be; returns when it is gone."""
        held = self._held.get(name)
        if held is None:
            return
        with contextlib.suppress(SpiritError):
            if held.peer.speaks_ours:
                await self.call(name, "stop", within_s=_END_S)
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None or not held.peer.speaks_ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(held.info.pid, number or signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await held.peer.gone()
                break

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
            self.on_gone(name)


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


def _failure(said: bytes) -> SpiritError | None:
    """What keeps a runner from coming up; `None` if it said no such thing, but only a library's warning."""
    for line in said.splitlines():
        with contextlib.suppress(SpiritError, KeyError, TypeError, ValueError):
            error = decode(line)["error"]
            message = f"its runner does not start: {error['message']}"
            return RemoteError(message, str(error["hint"]), int(error["code"]))
    return None


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: text for name, text in ours.items() if name in _VARIABLES or name.startswith(_PREFIXES)}
    return {**kept, "PYTHONPATH": str(Path(spiritstream.__file__).parents[1])}
