"""A runner, started and spoken to as a user does it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spiritstream.config.load import load_profile
from spiritstream.wire import decode, encode, to_data
from tests.bench.served import ROOT, end

KEY_VARIABLE = "SPIRITSTREAM_MEASURED_KEY"
KEY = "measured"
_ENVIRONMENT = {**os.environ, KEY_VARIABLE: KEY}
_CALL_S = 30.0
_LIVE_S = 30.0
_TOLD_LINES = 15


def target(url: str) -> dict[str, Any]:
    """A target as a profile writes it."""
    return {"url": url, "key": {"env": KEY_VARIABLE}}


def files_input(paths: Sequence[Path]) -> dict[str, Any]:
    """`paths`, played for ever."""
    return {"files": {"paths": [str(path) for path in paths], "loop": True}}


def rtmp_input(port: int, **more: str) -> dict[str, Any]:
    """A publisher on loopback that knows the key."""
    return {"rtmp": {"listen": f"127.0.0.1:{port}", "app": "live", "key": {"env": KEY_VARIABLE}, **more}}


def profile_text(
    source: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
    *,
    name: str = "measured",
    sender: str | None = None,
) -> str:
    """A profile with this input and these groups; `sender` carries all targets."""
    document = {"version": 1, "name": name, "input": dict(source), "groups": dict(groups)}
    return yaml.safe_dump(document | ({"sender": sender} if sender else {}), sort_keys=False)


def source_group(urls: Mapping[str, str]) -> dict[str, Any]:
    """One passthrough group with these targets, by name."""
    return {"source": {"targets": {name: target(url) for name, url in urls.items()}}}


class Show:
    """A running runner and its socket."""

    def __init__(
        self, process: subprocess.Popen[bytes], profile: Path, path: Path, started_at: float
    ) -> None:
        self.started_at = started_at
        self.pid = process.pid
        self.profile = profile
        self._process = process
        self._path = path
        self._socket: socket.socket | None = None

    def call(self, name: str, **arguments: Any) -> Any:
        """Ask the runner.

        Raises:
            RuntimeError: it says no, or is gone.
        """
        if self._socket is None:
            self._socket = self._connect()
            self._lines = self._socket.makefile("rb")
            self._lines.readline()  # its hello
        self._socket.sendall(encode({"id": 1, "call": name, "args": arguments}))
        answer = decode(self._lines.readline() or b"null")
        if "ok" not in answer:
            raise RuntimeError(f"the runner does not {name}: {answer['error']['message']}")
        return answer["ok"]

    def apply(self, text: str) -> float:
        """Hand over another profile; gives the moment at which it was sent."""
        path = self.profile.with_name("wanted.yaml")
        path.write_text(text)
        wanted = to_data(load_profile(path, None, _ENVIRONMENT))
        sent_at = time.monotonic()
        self.call("apply", profile=wanted)
        return sent_at

    def pids(self) -> dict[str, int]:
        """The processes of its units, by the unit's last name."""
        units = self.call("status")["units"]
        return {unit["path"].rpartition(".")[2]: unit["pid"] for unit in units if unit["pid"]}

    def wait_live(self) -> None:
        """Wait until every unit is live.

        Raises:
            TimeoutError: with the states that they have.
        """
        limit = time.monotonic() + _LIVE_S
        while True:
            states = {unit["path"]: unit["state"] for unit in self.call("status")["units"]}
            if states and set(states.values()) == {"live"}:
                return
            if time.monotonic() > limit:
                raise TimeoutError(f"not all live within {_LIVE_S:g} s: {states}")
            time.sleep(0.2)

    def close(self) -> None:
        """Leave the socket."""
        if self._socket is not None:
            self._lines.close()
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        limit = time.monotonic() + _CALL_S
        while True:
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(_CALL_S)
            try:
                peer.connect(str(self._path))
            except OSError:
                peer.close()
                if self._process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError("the runner cannot be reached; it says so itself, above") from None
                time.sleep(0.05)
            else:
                return peer


@contextlib.contextmanager
def on_air(folder: Path, text: str, ffmpeg: str, *options: str, log: Path | None = None) -> Iterator[Show]:
    """The profile `text` on air, for as long as the block lasts. What the runner logs goes to `log`."""
    profile, path = folder / "profile.yaml", folder / "runner.sock"
    profile.write_text(text)
    command = [sys.executable, "-m", "spiritstream", "run", str(profile), "--socket", str(path)]
    log = log or folder / "runner.log"
    with log.open("ab") as lines:
        started_at = time.monotonic()
        process = subprocess.Popen(
            [*command, "--ffmpeg", ffmpeg, *options],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            env=_ENVIRONMENT,
            cwd=ROOT,
        )
    show = Show(process, profile, path, started_at)
    try:
        yield show
    except Exception:
        sys.stderr.write("".join(log.read_text(errors="replace").splitlines(keepends=True)[-_TOLD_LINES:]))
        raise
    finally:
        show.close()
        end(process)
