"""Bytes of a child's output, in any chunks, to lines. Pure."""

from __future__ import annotations

import re

LONGEST_BYTES = 4096
_BREAK = re.compile(rb"[\r\n]")


class LineSplitter:
    r"""Splits on ``\r``, ``\n`` and ``\r\n``, however the bytes are chunked.

    ffmpeg ends its status line with a bare ``\r``. Empty lines are dropped, so that ``\r\n`` needs no
    memory of the byte before. Of a line longer than `LONGEST_BYTES` the rest is skipped: a child that
    never ends a line cannot fill our memory.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *ended, rest = _BREAK.split(data)
        lines: list[str] = []
        for part in ended:
            self._hold(part)
            lines += self.flush()
        self._hold(rest)
        return lines

    def flush(self) -> list[str]:
        """What is held, as a line, when the output has ended; nothing when nothing is held."""
        line = self._held.decode(errors="replace")
        self._held.clear()
        return [line] if line else []

    def _hold(self, part: bytes) -> None:
        self._held += part[: LONGEST_BYTES - len(self._held)]
