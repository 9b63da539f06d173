"""A log file that never outgrows its share of the disk: the newest part, and one older part beside it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TextIO

from spiritstream.cli.logfile import older

_DAY_S = 86_400.0


class RotatingFile:
    """Takes lines, for `journal.Unblocked`. Both parts together hold at most `most_bytes`, and `days`.

    A part is turned when it has half of the bytes, or half of the days: what is older than `days` goes
    with the older part.
    """

    def __init__(self, path: Path, most_bytes: int, days: int) -> None:
        self._path = path
        self._most_bytes = most_bytes // 2
        self._most_s = days * _DAY_S / 2
        self._file: TextIO | None = None
        self._bytes = 0
        self._began = 0.0

    def write(self, text: str) -> None:
        """Add a text; OSError as the system says."""
        size = len(text.encode())
        file = self._file or self._open()
        old = time.time() - self._began >= self._most_s
        if self._bytes and (old or self._bytes + size > self._most_bytes):
            file = self._turn()
        file.write(text)
        self._bytes += size

    def flush(self) -> None:
        """Hand what was written to the system."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file = None

    def _open(self) -> TextIO:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        status = os.fstat(descriptor)
        self._bytes = status.st_size
        # The system does not tell when a file began: that of a runner before us is taken for a new one.
        self._began = time.time()
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
        return self._file

    def _turn(self) -> TextIO:
        self.close()
        with contextlib.suppress(OSError):
            self._path.replace(older(self._path))
        return self._open()
