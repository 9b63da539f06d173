"""A runner's log on disk: its last lines, and what comes after them, across its rotation."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from spiritstream.cli.place import parts_of
from spiritstream.cli.rows import clean

# Nothing wakes us when a file grows; a person does not see less than this.
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log. `raw` is as it stands in the file."""

    raw: str
    time: str = ""
    level: str = ""
    path: str = ""
    message: str = ""

    def is_at(self, inside: tuple[str, ...]) -> bool:
        """Whether it is about the group or target `inside`; a target's name alone will do."""
        parts = parts_of(self.path)
        return not inside or parts[: len(inside)] == inside or parts[-1:] == inside

    def __str__(self) -> str:
        if not self.time:
            return self.message
        level = "" if self.level == "info" else f"{self.level} "
        where = f"{'/'.join(parts_of(self.path))}: " if self.path else ""
        lines = "\n".join(clean(line) for line in self.message.splitlines())
        return f"{_local(self.time)} {level}{where}{lines}"


def read_entry(line: bytes) -> Entry:
    """The entry of a line; of one that is none, torn by a crash perhaps, its text."""
    text = line.decode(errors="replace")
    try:
        data = json.loads(text)
        return Entry(text, *(str(data.get(key, "")) for key in ("time", "level", "path", "message")))
    except (ValueError, AttributeError):
        return Entry(text, message=clean(text))


def _local(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "?"


def older(path: Path) -> Path:
    """Where the older part of a log is."""
    return path.with_name(f"{path.name}.1")


class LogFile:
    """A log that is read on while it grows and is turned."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._file = _opened(path)

    def last(self, count: int, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """The last `count` entries that are wanted, oldest first, up to now."""
        found: deque[Entry] = deque(maxlen=count)
        before = _opened(older(self._path))
        if before is not None:
            with before:
                # Turned since we opened it: then it is the very file that we hold.
                if self._file is None or not _same(before, self._file):
                    found.extend(filter(wanted, map(read_entry, _lines(before))))
        found.extend(filter(wanted, self.added()))
        return list(found)

    def added(self) -> Iterator[Entry]:
        """What was added since it was last read, and a turned log's first lines."""
        yield from self._read()
        now = _opened(self._path)
        if now is None:
            return
        if self._file is not None and _same(now, self._file):
            now.close()
            return
        # Once more: its last lines may have come between the reading and the turn.
        yield from self._read()
        self.close()
        self._file, self._rest = now, b""
        yield from self._read()

    def follow(self, wanted: Callable[[Entry], bool]) -> Iterator[Entry]:
        """What is added from now on, for ever."""
        while True:
            yield from filter(wanted, self.added())
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()

    def _read(self) -> Iterator[Entry]:
        for line in self._file or ():
            # One that is being written is read whole, later.
            self._rest += line
            if self._rest.endswith(b"\n"):
                whole, self._rest = self._rest[:-1], b""
                if whole:
                    yield read_entry(whole)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _same(one: BinaryIO, other: BinaryIO) -> bool:
    return os.path.sameopenfile(one.fileno(), other.fileno())


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (text for line in file if (text := line.rstrip(b"\n")))
