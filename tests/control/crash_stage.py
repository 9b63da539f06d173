"""A person, a folder of profiles and a sink around a controller that may be killed at any moment.

Everything is real but the media, and one after the other in one thread, so that controllers can be forked.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spiritstream.config.keyfile import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import document_leaves, load_data
from spiritstream.config.sealing import seal_text
from tests.control import crashing
from tests.control.crash_sink import CANARY, Sink
from tests.live.processes import alive, descendants, kill

BOUND_S = 40.0
_IDENTITY = Identity.create()


class NotSoError(Exception):
    """Something did not become as it should."""


class EndedError(Exception):
    """The controller has ended, as it should."""


class KilledError(Exception):
    """The controller died before it answered."""


class RefusedError(Exception):
    """The controller answered with an error."""


def text_of(show: str, *targets: str, more: str = "") -> bytes:
    """A profile, its keys sealed."""
    lines = [
        f'      {one}: {{url: "rtmp://127.0.0.1:1935/live", key: {CANARY}-{show}-{one}}}' for one in targets
    ]
    head = f"version: 1\nname: {show}\n{more}input: {{test: {{}}}}\ngroups:\n  g:\n    targets:\n"
    plain = (head + "\n".join(lines) + "\n").encode()
    return seal_text(plain, show, _IDENTITY.recipient, _IDENTITY, document_leaves).data


def prepare() -> None:
    """Load what the first profile needs, once for all forks."""
    load_data(text_of("a", "x"), "a.yaml", Path("/"), Keyring(_IDENTITY).open, {})


@dataclass
class World:
    """One controller after the other, and everything around them."""

    home: Path
    kill_at: str | None = None
    kills: int = 0
    pid: int = 0
    ending: bool = False
    shared: crashing.Shared = field(default_factory=crashing.Shared)

    def __post_init__(self) -> None:
        for name in ("profiles", "run", "state", "config/spiritstream"):
            (self.home / name).mkdir(parents=True, mode=0o700)
        ffmpeg = self.home / "ffmpeg"
        ffmpeg.write_text("#!/bin/sh\necho ffmpeg version 9.0\n")
        ffmpeg.chmod(0o755)
        save_identity(_IDENTITY, self.home / "config" / "spiritstream" / "identity")
        self.sink = Sink(self.home / "sink")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "FFMPEG": str(ffmpeg),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
        }

    # The controller.

    def begin(self) -> None:
        """Start one. Only the first is killed."""
        kill_at = self.kill_at if not self.kills else "none"
        self.pid = crashing.begin(self.home, self.environment, self.shared, kill_at)

    def revive(self) -> None:
        """Start another one, if the last has been killed."""
        pid, status = os.waitpid(self.pid, os.WNOHANG) if self.pid else (0, 0)
        if not pid:
            return
        self.pid = 0
        if status == 0 and self.ending:
            raise EndedError
        if status != signal.SIGKILL or self.kills:
            raise NotSoError(f"the controller has ended by itself, with {status}")
        self.kills += 1
        self.begin()

    def until(self, what: Callable[[], bool], why: Callable[[], str]) -> None:
        """Wait until something is so; meanwhile controllers may die."""
        end = time.monotonic() + BOUND_S
        while not what():
            self.sink.look(0.01)
            self.revive()
            if time.monotonic() > end:
                raise NotSoError(why())

    def ask(self, call: str, *, again: bool = True, done: int = 0, **args: Any) -> Any:
        """Ask it something; `again` if it dies meanwhile. An error with the code `done` then says: done."""
        end = time.monotonic() + BOUND_S
        tried = False
        while time.monotonic() < end:
            self.revive()
            try:
                return self._ask(call, args)
            except RefusedError as error:
                if tried and error.args[0] == done:
                    return None
                raise
            except (ConnectionError, FileNotFoundError):
                pass  # not there yet
            except KilledError:
                tried = True
                if not again:
                    return None
            self.sink.look(0.01)
        raise NotSoError(f"nobody answers {call}")

    def _ask(self, call: str, args: dict[str, Any]) -> Any:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.home / "run" / "spiritstream" / "_controller.sock"))
            peer.settimeout(0.01)
            heard = self._lines(peer)
            try:
                if next(heard)["hello"] != "controller":
                    raise NotSoError("somebody else answers")
                peer.sendall(json.dumps({"id": 1, "call": call, "args": args}).encode() + b"\n")
                answer = next(heard)
            except (ConnectionError, StopIteration):
                raise KilledError from None
        if "error" in answer:
            raise RefusedError(answer["error"]["code"], answer["error"]["message"])
        return answer["ok"]

    def _lines(self, peer: socket.socket) -> Iterator[Any]:
        rest, end = b"", time.monotonic() + BOUND_S
        while time.monotonic() < end:
            try:
                data = peer.recv(1_000_000)
            except TimeoutError:
                self.sink.look(0)
                continue
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(json.loads, lines)
        raise NotSoError("no answer")

    # What a person does.

    def save(self, file: str, data: bytes) -> None:
        """Save a file as an editor does."""
        draft = self.home / "draft"
        draft.write_bytes(data)
        draft.replace(self.home / "profiles" / file)

    def on_air(self, *targets: str) -> None:
        """Wait until these are, and no others."""
        self.until(
            lambda: self.sink.on_air() == set(targets),
            lambda: f"{sorted(self.sink.on_air())} are on air, not {sorted(targets)}",
        )

    def runner(self, name: str) -> int:
        """The pid of a profile's runner."""
        return int((self.home / "state" / "spiritstream" / "runners" / f"{name}.lock").read_text() or 0)

    # What is there in the end.

    def rest(self) -> dict[str, Any]:
        """Everything there is when it has come to rest."""
        self.until(lambda: not self._moving(), lambda: f"it does not come to rest: {self._moving()}")
        return {
            "status": self._status(),
            "on air": sorted(self.sink.on_air()),
            "files": self._files(),
            "runners": sorted(_runner_names()),
        }

    def _moving(self) -> str:
        self.ask("look")
        self.ask("look")
        shown = self.ask("status")["profiles"]
        for one in shown:
            live = one["order"] == "live"
            if one["held"] or one["problem"] or live != (one["runner"] is not None):
                return f"{one['name']}: {one['held']} {one['problem']} {one['order']}"
        if (left := self._locked()) != {one["name"] for one in shown if one["runner"]}:
            return f"there are the runners {sorted(left)}"
        return ""

    def _locked(self) -> set[str]:
        locks = (self.home / "state" / "spiritstream" / "runners").glob("*.lock")
        return {lock.stem for lock in locks if alive(self.runner(lock.stem))}

    def _status(self) -> Any:
        status = self.ask("status")
        for one in [*status["overrides"], *(two for show in status["profiles"] for two in show["overrides"])]:
            one["since"] = 0
        return json.loads(json.dumps(status).replace(str(self.home), "HOME"))

    def _files(self) -> dict[str, str]:
        found = {}
        for folder in ("profiles", "run", "state", "config"):
            for path in sorted((self.home / folder).rglob("*")):
                if path.is_dir():
                    continue
                found[str(path.relative_to(self.home))] = _content(path).replace(str(self.home), "HOME")
        return found

    def secrets_shown(self) -> list[str]:
        """Where a key is that should be nowhere."""
        files = [path for path in self.home.rglob("*") if path.is_file()]
        found = [str(path) for path in files if CANARY.encode() in path.read_bytes()]
        for process in descendants():
            with contextlib.suppress(OSError):
                beside = Path(f"/proc/{process.pid}/environ").read_bytes()
                if CANARY in " ".join(process.argv) or CANARY.encode() in beside:
                    found.append(f"the command line or environment of {process.name}")
        return found

    def end(self) -> None:
        """`down`, until it is done: the successor of a controller that is killed meanwhile is told anew."""
        self.ending = True
        with contextlib.suppress(EndedError):
            while True:
                kills = self.kills
                self.ask("down")
                self.until(lambda before=kills: self.kills != before, lambda: "it does not end")  # type: ignore[misc]
        self.ending = False

    def down(self) -> dict[str, Any]:
        """End everything, and say what is left."""
        self.end()
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end and (self.sink.on_air() or self._locked()):
            self.sink.look(0.01)
        left = {name for name in self._files() if name.startswith("run/")}
        return {
            "files": sorted(left),
            "runners": sorted(_runner_names()),
            "on air": sorted(self.sink.on_air()),
        }

    def said(self) -> str:
        """What the controllers said."""
        places = (self.home / "said", self.home / "state" / "spiritstream" / "controller.log")
        return "\n".join(path.read_text() for path in places if path.exists())

    def close(self) -> None:
        """End everything at once."""
        with contextlib.suppress(ChildProcessError):
            while True:
                # Again and again: one whose parent has just died may not have been seen.
                for process in descendants():
                    kill(process.pid)
                if not os.waitpid(-1, os.WNOHANG)[0]:
                    time.sleep(0.01)
        self.sink.close()
        shutil.rmtree(self.home)


def _content(path: Path) -> str:
    """What is in a file, without times and pids."""
    if path.suffix not in (".json", ".yaml"):
        return ""
    text = path.read_text()
    return re.sub(r'"since": [0-9.]+', '"since": 0', text)


def _runner_names() -> list[str]:
    return [one.argv[4] for one in descendants() if str(crashing.RUNNER) in one.argv]
