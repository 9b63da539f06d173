"""A terminal that is written to and never waited for."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import select
from typing import TextIO

# More than any screen. What comes on top, while nobody reads, is left out.
_HELD_BYTES = 256 * 1024
_LAST_WORDS_S = 0.2


class Terminal(io.TextIOBase):
    """A text file on the terminal behind `stream`.

    Somebody presses ctrl-S, or a ssh connection hangs: then the kernel's buffer fills, and a plain
    write would hold up everything else that this process does, which is the show. So what does not
    fit is held here and written later.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held = bytearray()
        self._waiting = False
        self._loop = asyncio.get_running_loop()
        self._fd = _open_again(stream)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's."""
        return self._stream.encoding or "utf-8"

    @property
    def behind(self) -> bool:
        """Whether the terminal has not taken everything yet: no time for another picture."""
        return bool(self._held)

    def isatty(self) -> bool:
        """What the stream says."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """For asking the terminal's size."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Take `text`; all of it or, when too much is held already, nothing."""
        if len(self._held) < _HELD_BYTES:
            self._held += text.encode(self.encoding, "replace")
        return len(text)

    def flush(self) -> None:
        """Write as much as the terminal takes, and the rest as soon as it takes more."""
        self._push()
        if self._held and not self._waiting:
            self._waiting = True
            self._loop.add_writer(self._fd, self._writable)

    def close(self) -> None:
        """Write the rest, if the terminal takes it soon, and let go."""
        if self.closed:
            return
        self._stop_waiting()
        while self._held and select.select([], [self._fd], [], _LAST_WORDS_S)[1]:
            self._push()
        if self._fd != self._stream.fileno():
            os.close(self._fd)
        super().close()

    def _writable(self) -> None:
        self._push()
        if not self._held:
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._loop.remove_writer(self._fd)
            self._waiting = False

    def _push(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while self._held:
                del self._held[: self._write()]

    def _write(self) -> int:
        try:
            return os.write(self._fd, self._held)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            # The terminal is gone (hung up): the show is not.
            return len(self._held)


def _open_again(stream: TextIO) -> int:
    """A descriptor of our own: non-blocking mode on the shared one would be the shell's mode, too."""
    stream.flush()
    try:
        return os.open(os.ttyname(stream.fileno()), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return stream.fileno()
