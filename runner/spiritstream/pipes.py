"""Read what arrives at a pipe, without ever blocking the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_READ_BYTES = 256 * 1024


class PipeReader:
    """Hands on what arrives at a non-blocking descriptor, which it owns and closes."""

    def __init__(self, fd: int, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = fd
        self._on_data = on_data
        self._on_end = on_end
        self._open = True
        self._reading = False
        self.resume()

    def resume(self) -> None:
        """Read again after `pause`."""
        if self._open and not self._reading:
            self._loop.add_reader(self._fd, self._read)
            self._reading = True

    def pause(self) -> None:
        """Let the writer wait: its pipe fills."""
        if self._reading:
            self._loop.remove_reader(self._fd)
            self._reading = False

    def drain(self) -> None:
        """Take what is there already, then close: the writer has ended."""
        while self._open:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except OSError:
                data = b""
            if not data:
                self.close()
                return
            self._on_data(data)

    def close(self) -> None:
        """Read no more. The writer gets EPIPE."""
        if self._open:
            self.pause()
            self._open = False
            os.close(self._fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._on_data(data)
        else:
            self.close()
            self._on_end()
