"""A hub's way into a child: a bounded queue in front of a pipe, without a copy, without blocking the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence

from spiritstream.media.flv import Tag
from spiritstream.media.queue import MediaQueue

_BATCH_TAGS = 64


class Feed:
    """A hub's consumer: a bounded queue in front of a child's stdin, which it owns and closes.

    Each write wakes the child and costs both of us the same, whatever its size: media is gathered for
    `together_s` and written in one go. What comes first goes out at once.
    """

    def __init__(self, fd: int, queue: MediaQueue, header: bytes, *, together_s: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = fd
        self._partial = memoryview(header)
        self._waiting = False
        self._open = True
        self._together_s = together_s
        self._timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self.queue = queue
        self.written = 0

    def push(self, tags: Sequence[Tag]) -> None:
        """Queue tags, and write what the pipe takes once enough has come together."""
        if not self._open:
            return
        self.queue.push(tags)
        if self._waiting or self._timer is not None:
            return
        # A source that comes in lumps need not be gathered: its lump is most of what we wait for.
        if self._partial or self.queue.seconds >= self._together_s / 2:
            self._write()
        else:
            self._timer = self._loop.call_later(self._together_s, self._write)

    def close(self) -> None:
        """End of file for the child; what is still queued is lost."""
        if self._open:
            self._open = False
            self._calm()
            self._listen(False)
            self._empty.set()
            os.close(self._fd)

    async def drain(self, timeout_s: float) -> None:
        """Let the child have what is queued, for so long at most, then close."""
        if not self._open:
            return
        self._empty.clear()
        if not self._waiting:
            self._write()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        self.close()

    def _write(self) -> None:
        """Write until the pipe is full or nothing is left."""
        self._calm()
        try:
            while self._partial or self.queue:
                buffers: list[bytes | memoryview] = [self._partial] if self._partial else []
                buffers += self.queue.first(_BATCH_TAGS)
                self._written(os.writev(self._fd, buffers))
            self._listen(False)
            self._empty.set()
        except (BlockingIOError, InterruptedError):
            self._listen(True)
        except OSError:
            # The child is gone; its exit is reported elsewhere, with the reason.
            self.close()

    def _written(self, count: int) -> None:
        self.written += count
        taken = min(count, len(self._partial))
        self._partial = self._partial[taken:]
        count -= taken
        while count:
            raw = self.queue.pop().raw
            if count < len(raw):
                self._partial = memoryview(raw)[count:]
                return
            count -= len(raw)

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listen(self, wanted: bool) -> None:
        if wanted and not self._waiting:
            self._loop.add_writer(self._fd, self._write)
        elif not wanted and self._waiting:
            self._loop.remove_writer(self._fd)
        self._waiting = wanted
