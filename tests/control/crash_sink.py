"""Where light runners send: it notes who is connected, and whether there are ever two at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
from pathlib import Path

CANARY = "canary-5e0c"
"""What every key begins with; a key goes on with its show and its target."""


class Sink:
    """Where runners send: who is connected, and who ever was."""

    def __init__(self, path: Path) -> None:
        self.ever: dict[str, int] = {}
        self.faults: list[str] = []
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen(50)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self._on_air: dict[str, socket.socket] = {}

    def on_air(self) -> set[str]:
        """What is connected, as `show/target`."""
        return {key.removeprefix(f"{CANARY}-").replace("-", "/") for key in self._on_air}

    def look(self, within_s: float) -> None:
        """Take note of what happens, or of nothing."""
        for key, _ in self._selector.select(within_s):
            if key.fileobj is self._door:
                self._accept()
            else:
                self._drop(key.data)

    def _accept(self) -> None:
        caller, _ = self._door.accept()
        with caller.makefile("rb") as said:
            name, path, key = said.readline().decode().split()
        if f"{CANARY}-{name}-{path.split('.')[-1]}" != key:
            self.faults.append(f"{name} sends with another's key")
        before = self._on_air.get(key)
        if before is not None and not _has_left(before):
            self.faults.append(f"two senders at once for {name} {path}")
        if before is not None:
            self._drop(key)
        self._on_air[key] = caller
        self.ever[key] = self.ever.get(key, 0) + 1
        self._selector.register(caller, selectors.EVENT_READ, key)

    def _drop(self, key: str) -> None:
        connection = self._on_air.pop(key)
        self._selector.unregister(connection)
        connection.close()

    def close(self) -> None:
        """Let go of everything."""
        for key in list(self._on_air):
            self._drop(key)
        self._selector.close()
        self._door.close()


def _has_left(connection: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        return not connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)
    return False
