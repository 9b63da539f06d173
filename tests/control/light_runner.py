"""A runner that is a real process and speaks the wire, and sends no media: it starts in 30 ms.

`python -I -S light_runner.py NAME SOCKET LOCK LOG ...`, as `spiritstream.cli.runner`. For each target that
it is told to have on air it holds a connection to the sink at `$HOME/sink`, and says there which it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import socket
import sys
from typing import Any

# Of spiritstream nothing is imported, for speed; tests/test_wire.py holds the two against each other.
PROTOCOL = 2

_ORDERS_S = 60.0


class Runner:
    """What it was told, and the connections to the sink by target."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.profile: Any = None
        self.ended = False
        self._sent: dict[str, tuple[str, socket.socket]] = {}

    def answer(self, request: Any) -> Any:
        """To one call."""
        wanted = request["args"].get("profile")
        if request["call"] == "status":
            return {
                "units": [{"path": path, "order": "live", "state": "live"} for path in sorted(self._sent)]
            }
        if request["call"] == "stop":
            self.ended = True
            return {}
        changes = [] if wanted == self.profile else [{"action": "change", "path": "", "cause": "told"}]
        if request["call"] == "apply":
            self._carry_out(wanted)
        return changes

    def _carry_out(self, wanted: Any) -> None:
        self.profile = wanted
        targets = {path: key for path, key in on_air(wanted) if wanted["enabled"]}
        for path in [path for path, (key, _) in self._sent.items() if targets.get(path) != key]:
            self._sent.pop(path)[1].close()
        for path in targets.keys() - self._sent.keys():
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(os.path.join(os.environ["HOME"], "sink"))  # noqa: PTH118
            connection.sendall(f"{self.name} {path} {targets[path]}\n".encode())
            self._sent[path] = targets[path], connection


def on_air(profile: Any) -> list[tuple[str, str]]:
    """The paths of the targets that are wanted live, each with its key."""
    return [
        (f"groups.{group['name']}.targets.{target['name']}", target["address"]["key"])
        for group in profile["groups"]
        for target in group["targets"]
        if group["enabled"] and target["enabled"]
    ]


def locked(path: str) -> bool:
    """Whether the lock is ours; it is until we end."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return True


def listening(path: str) -> socket.socket:
    """The socket, answered from its name's first moment."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  the lock is ours: who left it is dead
    draft = f"{path}.{os.getpid()}"
    door = socket.socket(socket.AF_UNIX)
    os.umask(0o077)
    door.bind(draft)
    door.listen(50)
    os.rename(draft, path)  # noqa: PTH104
    return door


def converse(runner: Runner, door: socket.socket) -> None:
    """Until it is told to stop, or nobody says what to do."""
    waiting = selectors.DefaultSelector()
    waiting.register(door, selectors.EVENT_READ)
    rests: dict[socket.socket, bytes] = {}
    hello = {"hello": "runner", "protocol": PROTOCOL, "version": "light", "pid": os.getpid(), "managed": True}
    while not runner.ended:
        ready = waiting.select(None if runner.profile else _ORDERS_S)
        if not ready:
            return
        for key, _ in ready:
            if key.fileobj is door:
                caller, _ = door.accept()
                waiting.register(caller, selectors.EVENT_READ)
                rests[caller] = b""
                send(caller, hello)
                continue
            caller = key.fileobj  # type: ignore[assignment]
            with contextlib.suppress(ConnectionError):
                data = caller.recv(1_000_000)
                *lines, rests[caller] = (rests[caller] + data).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    send(caller, {"id": request["id"], "ok": runner.answer(request)})
                if data:
                    continue
            waiting.unregister(caller)
            caller.close()


def send(caller: socket.socket, message: Any) -> None:
    """One message; a caller that has left misses it."""
    with contextlib.suppress(ConnectionError):
        caller.sendall(json.dumps(message).encode() + b"\n")


def main(name: str, path: str, lock: str) -> None:
    """The process."""
    if not locked(lock):
        os.write(2, json.dumps({"error": {"message": "busy", "hint": "", "code": 75}}).encode() + b"\n")
        sys.exit(75)
    door = listening(path)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    converse(Runner(name), door)
    os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    main(*sys.argv[1:4])
