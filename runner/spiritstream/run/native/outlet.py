"""A hub's way out to one server: a bounded queue, and each tag straight from memory to the kernel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from spiritstream.media.flv import Role, Tag
from spiritstream.media.hub import Hub
from spiritstream.media.queue import MediaQueue
from spiritstream.run.native.publication import Buffer, Publication

# What is taken from the queue is sent to its end, and can no longer be dropped: little at a time.
_BATCH_BYTES = 128 * 1024
_TAG_HEADER_BYTES, _TAG_TRAILER_BYTES = 11, 4
_FRAMES = (Role.KEY, Role.FRAME)


class Outlet:
    """A hub's consumer. The connection's clock begins at 0 with the first tag."""

    def __init__(self, hub: Hub, publication: Publication) -> None:
        self._hub = hub
        self._publication = publication
        self._sent_before = publication.sent_bytes
        self._first_ms: int | None = None
        self._empty = asyncio.Event()
        self.queue = MediaQueue(has_video=hub.has_video)
        self.frames = 0
        self.time_ms = 0
        publication.on_room = self._write
        hub.attach(self)

    @property
    def sent_bytes(self) -> int:
        """What the kernel has taken, headers and all."""
        return self._publication.sent_bytes - self._sent_before

    def push(self, tags: Sequence[Tag]) -> None:
        """Queue tags, and send what fits."""
        if self._publication.over.is_set():
            return
        # A source that comes back without a picture has no keyframes to wait for.
        self.queue.has_video = self._hub.has_video
        self.queue.push(tags if self._first_ms is not None else self._beginning(tags))
        self._write()

    def _beginning(self, tags: Sequence[Tag]) -> list[Tag]:
        """Of the first tags: what decoding needs, and from where on it can begin."""
        for n, tag in enumerate(tags):
            if tag.role is Role.KEY or (tag.role is Role.SOUND and not self._hub.has_video):
                self._first_ms = tag.time_ms
                return [*_headers(tags[:n]), *tags[n:]]
        return _headers(tags)

    def detach(self) -> None:
        """Take nothing more from the hub."""
        self._hub.detach(self)

    async def drain(self, timeout_s: float) -> None:
        """Let the server have what is queued, for so long at most."""
        self.detach()
        self._empty.clear()
        self._write()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()

    def _write(self) -> None:
        publication = self._publication
        waiting = len(self.queue)
        while waiting and not publication.busy:
            publication.send(self._batch(waiting))
            waiting = len(self.queue)
        if not publication.busy:
            self._empty.set()

    def _batch(self, waiting: int) -> list[Buffer]:
        """Up to `waiting` tags as they go to the wire."""
        buffers: list[Buffer] = []
        size = 0
        for _ in range(waiting):
            tag = self.queue.pop()
            if self._first_ms is not None:
                # Sound may come a little before the picture that we begin with: there is no time before 0.
                self.time_ms = max(0, tag.time_ms - self._first_ms)
            body = memoryview(tag.raw)[_TAG_HEADER_BYTES:-_TAG_TRAILER_BYTES]
            buffers += self._publication.media(tag.kind, self.time_ms, body)
            self.frames += tag.role in _FRAMES
            size += len(tag.raw)
            if size >= _BATCH_BYTES:
                break
        return buffers


def _headers(tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.role in (Role.META, Role.HEADER)]
