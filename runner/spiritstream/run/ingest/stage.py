"""Who publishes now, and who would like to: takeovers, returns, silence, and what the hub is told of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from spiritstream.media.flv import AUDIO, VIDEO, Tag
from spiritstream.media.hub import Hub
from spiritstream.model.profile import RtmpInput
from spiritstream.run.ingest.publisher import Publisher
from spiritstream.run.ingest.streams import Streams
from spiritstream.run.ingest.takeover import SILENT_S, Decision, decide

_ENDS = {
    "left": "left",
    "lost": "was lost",
    "unpublished": "has ended its stream",
    "silent": "has not answered for 30 s, and is given up",
    "garbled": "sent something that is not RTMP, and is dropped",
    "deaf": "does not read our answers, and is dropped",
}


class Stage:
    """At most one publisher at a time, onto one continuous clock."""

    def __init__(
        self,
        wanted: RtmpInput,
        hub: Hub,
        clock: Callable[[], float],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._wanted = wanted
        self._hub = hub
        self._clock = clock
        self._log = log
        self._streams = Streams()
        self._at_ms: int | None = None
        self._waiting: tuple[Publisher, float] | None = None
        self._goodbyes: dict[asyncio.Task[None], Publisher] = {}
        # What an input before us left in the hub is held for as long as our own would be.
        self._media_at = hub.last_media if hub.ready else None
        self.publisher: Publisher | None = None
        self.frames = 0
        self.bytes = 0
        self.tags = 0

    def arrived(self, newcomer: Publisher) -> None:
        """A publisher with the right key."""
        since = self._clock()
        if self._waiting is not None:
            # An encoder on a bad network: it has tried again before we knew that it was gone.
            older, since = self._waiting
            older.close()
        self._waiting = newcomer, since
        self.decide()

    def look(self) -> None:
        """What time brings: takeovers that wait, silence, the end of the hold."""
        now = self._clock()
        self.decide()
        if self.publisher is not None:
            self.publisher.look(now)
        if self._media_at is not None and now - self._media_at > self._hold_s():
            self._media_at = self._at_ms = None
            self._streams.begin_anew()
            self._hub.end()
            self._log.warning("no media for %g s: targets are ended until it returns", self._wanted.hold_s)

    def _hold_s(self) -> float:
        """A publisher that is here has pauses of its own: a slide may stand for a second or two."""
        return self._wanted.hold_s if self.publisher is None else max(self._wanted.hold_s, SILENT_S)

    def decide(self) -> None:
        """Let the one who waits publish, refuse it, or let it wait on."""
        if self._waiting is None:
            return
        newcomer, since = self._waiting
        first = self.publisher
        if first is not None:
            now = self._clock()
            decision = decide(self._wanted.takeover, silent_s=now - first.media_at, waited_s=now - since)
            if decision is Decision.WAIT:
                return
            if decision is Decision.REJECT:
                self._waiting = None
                self._refuse(newcomer)
                return
            self._log.warning("publisher %s takes over from %s", newcomer.peer, first.peer)
            first.close()
        self._waiting = None
        self._accept(newcomer)

    async def close(self) -> None:
        """Close every connection."""
        if self.publisher is not None:
            self.publisher.close()
            self.publisher = None
        if self._waiting is not None:
            self._waiting[0].close()
            self._waiting = None
        for goodbye in self._goodbyes:
            goodbye.cancel()
        leaving = dict(self._goodbyes)
        await asyncio.gather(*leaving, return_exceptions=True)
        for refused in leaving.values():
            refused.close()  # its goodbye may not even have begun

    def _accept(self, newcomer: Publisher) -> None:
        self._streams, self._at_ms = Streams(), None
        self.publisher = newcomer
        self._log.info("publisher %s is here", newcomer.peer)
        newcomer.accept(self._take, lambda how: self._ended(newcomer, how))

    def _refuse(self, newcomer: Publisher) -> None:
        other = self.publisher.peer if self.publisher else "another one"
        self._log.warning("publisher %s was refused: %s publishes already", newcomer.peer, other)
        goodbye = asyncio.create_task(newcomer.refuse("somebody publishes here already"))
        self._goodbyes[goodbye] = newcomer
        goodbye.add_done_callback(lambda done: self._goodbyes.pop(done, None))

    def _ended(self, gone: Publisher, how: str) -> None:
        if self.publisher is gone:
            self.publisher = None
            self._log.warning("publisher %s %s", gone.peer, _ENDS[how])
            self.decide()

    def _take(self, tags: list[Tag]) -> None:
        if self._at_ms is None:
            # Where the clock goes on is known now, even if the shape is known later.
            self._at_ms = self._hub.resume_ms()
        shape, ready = self._streams.take(tags)
        if shape is not None:
            at_ms = max(self._at_ms, self._hub.timeline.end_ms)
            self._hub.begin(at_ms, audio=shape.audio, video=shape.video)
        if ready:
            if any(tag.kind in (AUDIO, VIDEO) for tag in ready):
                self._media_at = self._clock()
            self._count(ready)
            self._hub.publish(ready)

    def _count(self, tags: list[Tag]) -> None:
        self.tags += len(tags)
        self.frames += sum(tag.kind == VIDEO for tag in tags)
        self.bytes += sum(len(tag.raw) for tag in tags)
