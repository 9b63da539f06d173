"""A log file that never outgrows its share of the disk: the newest part, and one older part beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from spiritstream.cli.logfile import older

TIDY_S = 600.0
"""How often it is looked whether something is too old, though nobody writes."""
_DAY_S = 86_400.0
_HEAD_BYTES = 512
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)")


class RotatingFile:
    """Takes lines, for `journal.Unblocked`. Both parts together hold at most `most_bytes`, and `days`.

    A part is turned when it has half of the bytes, or half of the days: what is older than `days` goes
    with the older part. `raw` are descriptors of ours that lead to the file, and follow it when it is turned:
    what is written there past us counts, too.
    """

    def __init__(self, path: Path, most_bytes: int, days: int, raw: Sequence[int] = ()) -> None:
        self._path = path
        self._most_bytes = most_bytes // 2
        self._days = days
        self._raw = raw
        self._file: TextIO | None = None
        self._bytes = 0
        self._began = 0.0
        # The journal's thread writes; whoever tidies is another.
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Add a text; OSError as the system says."""
        size = len(text.encode(errors="backslashreplace"))
        with self._lock:
            file = self._file or self._open()
            if self._is_due(size):
                file = self._turn()
            file.write(text)
            self._bytes += size

    def flush(self) -> None:
        """Hand what was written to the system."""
        with self._lock:
            if self._file:
                self._file.flush()

    def tidy(self) -> None:
        """Let go of what is too old or too much, though nobody writes; OSError as the system says."""
        with self._lock:
            if self._file is not None and self._is_due(0):
                self._turn()
            _drop(older(self._path), self._days)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def _is_due(self, more: int) -> bool:
        assert self._file is not None
        self._bytes = max(self._bytes, os.fstat(self._file.fileno()).st_size)
        is_old = time.time() - self._began >= self._days * _DAY_S / 2
        return self._bytes > 0 and (is_old or self._bytes + more > self._most_bytes)

    def _open(self) -> TextIO:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._bytes = os.fstat(descriptor).st_size
        # The system does not tell when a file began, but its first line does.
        self._began = _moment(os.pread(descriptor, _HEAD_BYTES, 0)) or time.time()
        for raw in self._raw:
            os.dup2(descriptor, raw)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
        return self._file

    def _turn(self) -> TextIO:
        self._close()
        with contextlib.suppress(OSError):
            self._path.replace(older(self._path))
        return self._open()

    def _close(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file = None


def tidy_log(path: Path, days: int) -> None:
    """Remove the parts of a log that are too old, when nobody writes to it; OSError as the system says."""
    for part in (older(path), path):
        _drop(part, days)


async def keep_tidy(tidy: Callable[[], None], every_s: float = TIDY_S) -> None:
    """Call `tidy` now and then, off the loop, for as long as this is awaited."""
    while True:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(tidy)
        await asyncio.sleep(every_s)


def _drop(part: Path, days: int) -> None:
    """Remove a part of a log whose first line is too old: it has no more than half of the days in it."""
    try:
        with part.open("rb") as stream:
            began = _moment(stream.read(_HEAD_BYTES)) or os.fstat(stream.fileno()).st_mtime
    except FileNotFoundError:
        return
    if time.time() - began >= days * _DAY_S:
        part.unlink(missing_ok=True)


def _moment(head: bytes) -> float | None:
    """The moment that the first line tells; `None` if it tells none."""
    found = _MOMENT.search(head.partition(b"\n")[0])
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(found[0].decode()).timestamp() if found else None
    return None
