"""What goes to the log: plain lines or JSON, with every known secret taken out."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol, TextIO

from spiritstream.secret import Secret, scrub

_LAST_WORDS_S = 1.0
_SAME_WHEN_QUOTED = re.compile(r"[A-Za-z0-9_.~-]*")


def _scrubbed(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without a secret, also where `repr` wrote it: a KeyError's traceback escapes what it quotes."""
    known = list(secrets)
    forms = (form for secret in known for form in secret.forms())
    escaped = [
        Secret(quoted)
        for form in forms
        if not _SAME_WHEN_QUOTED.fullmatch(form) and (quoted := repr(form)[1:-1]) != form
    ]
    return scrub(text, [*known, *escaped])


class _Scrubbed(logging.Formatter):
    """Formats a record and scrubs its texts, whatever was put there. Paths are names, which are public."""

    def __init__(self, secrets: Callable[[], Iterable[Secret]]) -> None:
        super().__init__()
        self._secrets = secrets

    def text(self, record: logging.LogRecord) -> str:
        """The record's message, scrubbed."""
        return _scrubbed(record.getMessage(), self._secrets())

    def traceback(self, record: logging.LogRecord) -> str:
        """The record's traceback, scrubbed; empty without one."""
        return _scrubbed(self.formatException(record.exc_info), self._secrets()) if record.exc_info else ""

    def stamp(self, record: logging.LogRecord) -> str:
        """When it was, in UTC."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class PlainLines(_Scrubbed):
    """`2026-01-31T20:15:00.000+00:00 warning groups.a.targets.b: text`.

    A traceback tells a person who reads along nothing: it is shown only when asked for.
    """

    def __init__(self, secrets: Callable[[], Iterable[Secret]], *, tracebacks: bool = False) -> None:
        super().__init__(secrets)
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        path = getattr(record, "path", "")
        where = f"{path}: " if path else ""
        line = f"{self.stamp(record)} {record.levelname.lower()} {where}{self.text(record)}"
        if not record.exc_info:
            return line
        return f"{line}\n{self.traceback(record)}" if self._tracebacks else f"{line} (-v shows where)"


class JsonLines(_Scrubbed):
    """One object a line: time, level, path, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as an object."""
        entry = {
            "time": self.stamp(record),
            "level": record.levelname.lower(),
            "path": getattr(record, "path", ""),
            "message": self.text(record),
        }
        if record.exc_info:
            entry["traceback"] = self.traceback(record)
        return json.dumps(entry, ensure_ascii=False)


class Stream(Protocol):
    """What a line can be written to."""

    def write(self, text: str, /) -> object:
        """Take a text."""

    def flush(self) -> object:
        """Let go of what was taken."""


class Unblocked(logging.Handler):
    """Writes to a stream from a thread of its own: a reader that stops reading holds up nobody.

    What it does not take is lost and counted, oldest kept; the count is written when it reads on.
    """

    def __init__(self, stream: Stream, kept_lines: int = 5_000) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(kept_lines)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record's line to the thread, or count it."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Let the thread write what is there, for a second at most."""
        end = time.monotonic() + _LAST_WORDS_S
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=_LAST_WORDS_S)
        self._thread.join(max(0.0, end - time.monotonic()))
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(f"{line}\n")
                if lost:
                    self._stream.write(f"({lost} lines were lost here: nobody read on)\n")
                self._stream.flush()


def open_journal(
    form: str,
    secrets: Callable[[], Iterable[Secret]],
    *,
    verbose: bool = False,
    stream: TextIO | None = None,
    handler: logging.Handler | None = None,
) -> logging.Handler:
    """Send the program's log to `handler`, or `stream` (stderr), as `plain` or `json`.

    `verbose` adds what children say.
    """
    if handler is None:
        handler = logging.StreamHandler(stream) if stream else Unblocked(sys.stderr)
    lines = JsonLines(secrets) if form == "json" else PlainLines(secrets, tracebacks=verbose)
    handler.setFormatter(lines)
    # asyncio tells of faults in callbacks, with tracebacks that would go to stderr as they are.
    for name, level in (
        ("spiritstream", logging.DEBUG if verbose else logging.INFO),
        ("asyncio", logging.WARNING),
    ):
        log = logging.getLogger(name)
        log.handlers[:] = [handler]
        log.setLevel(level)
        log.propagate = False
    return handler
