"""A controller as a service manager runs it: started, ready when it says so, asked, killed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from spiritstream.wire import decode, encode
from tests.bench import proc
from tests.bench.served import ROOT
from tests.live.processes import kill, processes

_READY = b"READY=1"
_READY_S = 60.0
_ANSWER_S = 60.0
_TOLD_LINES = 15


class House:
    """A home of its own: nothing of this machine's user is touched."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        """`folder` has a name short enough for sockets. Controllers have these variables, too."""
        self.profiles = folder / "profiles"
        self.identity = folder / "identity"
        self._state = folder / "state"
        self._runtime = folder / "run"
        self._notify = folder / "notify"
        self._log = folder / "controller.log"
        self._folder = folder
        self._variables = variables
        for made in (self.profiles, self._runtime):
            made.mkdir(mode=0o700)

    def begin(self, ffmpeg: str) -> tuple[Controller, float]:
        """A controller that is ready (READY=1: the first reading was acted on), and how long that took.

        Raises:
            TimeoutError: it is not in time.
        """
        self._notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(self._notify))
            told.settimeout(_READY_S)
            began = time.monotonic()
            controller = Controller(self._start(ffmpeg), self._runtime / "spiritstream" / "_controller.sock")
            while _READY not in told.recv(4096):
                pass
            return controller, time.monotonic() - began

    def _start(self, ffmpeg: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "spiritstream", "serve", "--profiles", str(self.profiles)]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*command, "--identity", str(self.identity), "--ffmpeg", ffmpeg],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd=ROOT,
            )

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self._variables,
            "HOME": str(self._folder),
            "XDG_RUNTIME_DIR": str(self._runtime),
            "XDG_CONFIG_HOME": str(self._folder),
            "XDG_STATE_HOME": str(self._state),
            "NOTIFY_SOCKET": str(self._notify),
        }

    def inhabitants(self) -> list[int]:
        """The controllers and runners of this house, also orphans: they name it in their arguments."""
        return [one.pid for one in processes() if any(str(self._folder) in word for word in one.argv)]

    def noted(self, name: str, about: str) -> list[float]:
        """When a profile's runner noted something in its log; Unix seconds."""
        lines = (self._state / "spiritstream" / "logs" / f"{name}.jsonl").read_text().splitlines()
        entries = (json.loads(line) for line in lines)
        return [datetime.fromisoformat(e["time"]).timestamp() for e in entries if about in e["message"]]

    def said(self) -> str:
        """The last lines of its log."""
        lines = self._log.read_text(errors="replace").splitlines(keepends=True) if self._log.exists() else []
        return "".join(lines[-_TOLD_LINES:])


class Controller:
    """One that runs."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._path = path

    @property
    def memory_mib(self) -> float:
        """Its memory (PSS)."""
        return proc.pss_kib(self.pid) / 1024

    def ask(self, call: str, **arguments: Any) -> Any:
        """One question, by a connection of its own.

        Raises:
            RuntimeError: it says no, or is gone.
        """
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(_ANSWER_S)
            peer.connect(str(self._path))
            with peer.makefile("rb") as lines:
                lines.readline()  # its hello
                peer.sendall(encode({"id": 1, "call": call, "args": arguments}))
                answer = decode(lines.readline() or b"null")
        if not isinstance(answer, dict) or "ok" not in answer:
            raise RuntimeError(f"the controller does not {call}: {answer}")
        return answer["ok"]

    def kill(self) -> None:
        """SIGKILL: its shows go on."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def house(folder: Path, variables: Mapping[str, str]) -> Iterator[House]:
    """A house; in the end nobody lives there any more, also when the block fails."""
    made = House(folder, variables)
    try:
        yield made
    except Exception:
        sys.stderr.write(made.said())
        raise
    finally:
        for pid in made.inhabitants():
            kill(pid)
