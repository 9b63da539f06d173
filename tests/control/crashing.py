"""`spiritstream serve` in a fork of this process, killed at a side effect of its own.

An effect is a line such as `rename state/spiritstream/profiles/.a.json.#.tmp`, with `x2` behind it when it is
the second of its kind. A controller that is not to be killed notes all of its effects.
"""

from __future__ import annotations

import asyncio.selector_events
import importlib
import json
import mmap
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spiritstream.cli.main import main
from spiritstream.control import controller as controlling
from spiritstream.control import reader
from spiritstream.control.controller import Controller
from spiritstream.control.runners import Runners

# What a controller loads is loaded once, before the forks.
for _module in (
    *("spiritstream.cli.serve", "spiritstream.cli.serving", "spiritstream.cli.until"),
    *("spiritstream.control.folder", "spiritstream.ffmpeg.find"),
    *("watchfiles", "anyio.to_thread", "anyio._backends._asyncio", "concurrent.futures.thread"),
):
    importlib.import_module(_module)

RUNNER = Path(__file__).with_name("light_runner.py")
# A second is a long time here; that the two readings lie so far apart is tested elsewhere.
PROOF_S = 0.05
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# To ask is no side effect.
_QUESTIONS = frozenset({"hello", "status", "plan"})
_EVENTS = {
    "open": 0,
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.chmod": 0,
    "os.chown": 0,
    "os.truncate": 0,
    "os.kill": 1,
    "socket.bind": 1,
    "fcntl.flock": 1,
}
"""The audit events that are side effects, and which argument tells them apart."""


class Shared:
    """What a controller and whoever watches it both see: whether its effects count, and what time it is."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    @property
    def counts(self) -> bool:
        """Whether effects count by now."""
        return self._memory[0] == 1

    @counts.setter
    def counts(self, now: bool) -> None:
        self._memory[0] = now

    @property
    def ahead_s(self) -> float:
        """So far the wall clock is ahead."""
        return float(struct.unpack("d", self._memory[8:16])[0])

    @ahead_s.setter
    def ahead_s(self, seconds: float) -> None:
        self._memory[8:16] = struct.pack("d", seconds)


class Effects:
    """Counts this process' side effects, notes each in a file, and kills the process before one of them."""

    def __init__(self, home: Path, shared: Shared, notes: int, kill_at: str | None) -> None:
        """With `kill_at` only that one is noted."""
        self._home = str(home)
        self._shared = shared
        self._notes = notes
        self._kill_at = kill_at
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def watch(self) -> None:
        """From now on, for good."""
        sys.addaudithook(self._heard)
        os.fsync = self._beside(os.fsync, lambda arguments: "fsync", after=False)
        popen: Any = subprocess.Popen
        subprocess.Popen = self._beside(popen, lambda arguments: f"spawn {_program(arguments[0])}")  # type: ignore[misc, assignment]
        transport = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
        transport.write = self._beside(transport.write, lambda arguments: _message(arguments[1]))

    def _beside(
        self, real: Callable[..., Any], label: Callable[[tuple[Any, ...]], str], *, after: bool = True
    ) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            text = label(arguments)
            self.effect(text)
            done = real(*arguments, **more)
            if after and text:
                self.effect(f"after {text}")
            return done

        return call

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        which = _EVENTS.get(event)
        if which is None:
            return
        place = arguments[which]
        named = isinstance(place, str | bytes | os.PathLike)
        if event == "open" and not (named and arguments[2] & _WRITING):
            return
        text = os.fsdecode(place) if named else ""
        if text.startswith(self._home):
            self.effect(f"{event.removeprefix('os.')} {text.removeprefix(self._home).lstrip('/')}")
        elif not text:
            self.effect(event.removeprefix("os."))

    def effect(self, text: str) -> None:
        """Count one that is about to be made."""
        if not text or not self._shared.counts:
            return
        label = re.sub(r"\.[0-9a-f]{3,8}(?=\.tmp|$)", ".#", text)
        with self._lock:
            self._counts[label] += 1
            if (count := self._counts[label]) > 1:
                label = f"{label} x{count}"
            if self._kill_at in (None, label):
                os.write(self._notes, f"{label}\n".encode())
            if self._kill_at == label:
                self._shared.counts = False  # this kill is one, too
                os.kill(os.getpid(), signal.SIGKILL)


def _program(command: Any) -> str:
    words = list(map(str, command))
    ours = [n for n, word in enumerate(words) if word in (str(RUNNER), "spiritstream.cli.runner")]
    return f"runner {words[ours[0] + 1]}" if ours else Path(words[0]).name


def _message(data: bytes) -> str:
    """What a message is, without what it says; empty for a question."""
    message = json.loads(data)
    said = str(message.get("call") or next(key for key in ("hello", "ok", "error") if key in message))
    return "" if said in _QUESTIONS else f"send {said}"


def begin(home: Path, environment: dict[str, str], shared: Shared, kill_at: str | None) -> int:
    """Start a controller whose runners send no media; its pid. Its effects are in `home/effects`."""
    notes = os.open(home / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    pid = os.fork()
    if pid:
        os.close(notes)
        return pid
    try:
        _begun(home, environment, shared, notes, kill_at)
    finally:
        os._exit(99)


def _begun(home: Path, environment: dict[str, str], shared: Shared, notes: int, kill_at: str | None) -> None:
    os.dup2(notes, 3)
    os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    nowhere = os.open(os.devnull, os.O_RDWR)
    said = os.open(home / "said", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, descriptor in enumerate((nowhere, said, said)):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environment)
    Controller.__init__.__kwdefaults__["wall"] = lambda: time.time() + shared.ahead_s  # type: ignore[index]
    reader.PROOF_S = controlling.PROOF_S = PROOF_S  # type: ignore[attr-defined]
    _lighten()
    Effects(home, shared, 3, kill_at).watch()
    words = ("serve", "--profiles", str(home / "profiles"), "--ffmpeg", environment["FFMPEG"], "--background")
    os._exit(_serve(words))


def _lighten() -> None:
    real = Runners._command

    def command(runners: Runners, name: str) -> list[str]:
        python, path, module, runner, *words = real(runners, name)
        assert ("-P", "-m", "spiritstream.cli.runner") == (path, module, runner)
        return [python, "-I", "-S", str(RUNNER), *words]

    Runners._command = command  # type: ignore[method-assign, assignment]


def _serve(words: Sequence[str]) -> int:
    sys.argv = ["spiritstream", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 98


def run(home: Path, kill_at: str, words: Sequence[str]) -> int:
    """A command in this very process, with everything real, which is killed before one of its effects."""
    shared = Shared()
    shared.counts = True
    Effects(home, shared, os.open(os.devnull, os.O_WRONLY), kill_at).watch()
    return _serve(words)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
