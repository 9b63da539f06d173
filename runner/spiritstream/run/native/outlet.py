"""A hub's way out to one server: a bounded queue, and each tag straight from memory to the kernel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from spiritstream.media.flv import Role, Tag
from spiritstream.media.hub import Hub
from spiritstream.media.queue import MediaQueue
from spiritstream.run.native.convoy import BATCH_BYTES, Convoy, Load, body, frames
from spiritstream.run.native.publication import Buffer, Publication


class Outlet:
    """A hub's way to one server. The connection's clock begins at 0 with the first tag.

    While the server takes everything at once we are in step with the others, and send what is made for all.
    """

    def __init__(self, hub: Hub, publication: Publication) -> None:
        self._hub = hub
        self._convoy = Convoy.on(hub)
        self._publication = publication
        self._sent_before = publication.sent_bytes
        self._first_ms: int | None = None
        self._in_step = False
        self._empty = asyncio.Event()
        self.queue = MediaQueue(has_video=hub.has_video)
        self.frames = 0
        self.time_ms = 0
        publication.on_room = self._write
        self._convoy.attach(self)

    @property
    def sent_bytes(self) -> int:
        """What the kernel has taken, headers and all."""
        return self._publication.sent_bytes - self._sent_before

    def take(self, load: Load) -> None:
        """Send a load, or queue its tags and send what fits."""
        if self._publication.over.is_set():
            return
        if self._in_step and load.data is not None and not self._publication.busy:
            self._publication.send((load.data,))
            self.queue.pushed += len(load.tags)
            self._passed(load.tags[-1], load.frames)
            return
        self._fall_out(load)
        # A source that comes back without a picture has no keyframes to wait for.
        self.queue.has_video = self._hub.has_video
        self.queue.push(load.tags if self._first_ms is not None else self._beginning(load.tags))
        self._write()
        self._fall_in(load)

    def _fall_out(self, load: Load) -> None:
        if self._in_step and self._first_ms is not None:
            self._publication.went_on(load.before, self._first_ms)
            self._in_step = False

    def _fall_in(self, load: Load) -> None:
        if self._first_ms is not None and not self._publication.busy:
            self._in_step = self._publication.in_step(load.after, self._first_ms)

    def _beginning(self, tags: Sequence[Tag]) -> list[Tag]:
        """Of the first tags: what decoding needs, and from where on it can begin."""
        for n, tag in enumerate(tags):
            if tag.role is Role.KEY or (tag.role is Role.SOUND and not self._hub.has_video):
                self._first_ms = tag.time_ms
                return [*_headers(tags[:n]), *tags[n:]]
        return _headers(tags)

    def detach(self) -> None:
        """Take nothing more from the hub."""
        self._convoy.detach(self)

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
            self._passed(tag, frames((tag,)))
            buffers += self._publication.media(tag.kind, self.time_ms, body(tag))
            size += len(tag.raw)
            if size >= BATCH_BYTES:
                break
        return buffers

    def _passed(self, last: Tag, pictures: int) -> None:
        self.frames += pictures
        if self._first_ms is not None:
            # Sound may come a little before the picture that we begin with: there is no time before 0.
            self.time_ms = max(0, last.time_ms - self._first_ms)


def _headers(tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.role in (Role.META, Role.HEADER)]
