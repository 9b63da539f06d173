"""Files played at their own speed, one after the other, without a gap.

ffmpeg reads a file as fast as its pipe lets it. The pacer holds about a second of media ahead, gives each
tag to the hub when it is due, and lets the pipe fill: the next file's child has that second to come up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from spiritstream.media.flv import TIMELESS, FlvError, FlvReader, Tag
from spiritstream.media.hub import Hub
from spiritstream.media.timeline import Timeline
from spiritstream.model.status import Cause
from spiritstream.pipes import PipeReader

LEAD_MS = 1_000
_LEAD_BYTES = 16 * 1024 * 1024
# Tags due so soon go out together: each wake-up costs everyone the same, whatever its size.
_TOGETHER_S = 0.2
# Later than this we do not race to catch up: the clock moves on instead.
_LATE_S = 1.0


class PacedFile:
    """One file's child output. `ended` is set when its last byte has been read, up to a second early."""

    def __init__(self, pacer: Pacer, fd: int, converted: frozenset[str]) -> None:
        self._pacer = pacer
        self._flv = FlvReader()
        self._converted = converted
        self.tags = 0
        self.fault: Cause | None = None
        self.ended = asyncio.Event()
        self.reader = PipeReader(fd, self._take, self.ended.set)

    def close(self) -> None:
        """Read no more."""
        self.reader.close()
        self.ended.set()

    def _take(self, data: bytes) -> None:
        try:
            tags = self._flv.feed(data)
        except FlvError as error:
            self.fault = Cause("bad-media", f"the child's output is garbled: {error}", "check the file")
            self.close()
            return
        if tags and not self.tags:
            self._pacer.begin(audio=self._flv.has_audio, video=self._flv.has_video, converted=self._converted)
        self.tags += len(tags)
        self._pacer.hold(self, tags)


class Pacer:
    """Releases held tags into a hub, each at its time."""

    def __init__(self, hub: Hub, clock: Callable[[], float]) -> None:
        self._hub = hub
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timeline = Timeline()
        self._held: deque[Tag | Callable[[], None]] = deque()
        self._held_bytes = 0
        self._epoch: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._source: PacedFile | None = None
        self._empty = asyncio.Event()
        self.released = 0

    def begin(self, *, audio: bool, video: bool, converted: frozenset[str]) -> None:
        """A file begins where the last one ends."""
        self._timeline.restart(self._timeline.end_ms)
        first = self._epoch is None

        def begin() -> None:
            at_ms = self._hub.resume_ms() if first else self._hub.timeline.end_ms
            self._hub.begin(at_ms, audio=audio, video=video, converted=converted)

        self._held.append(begin)

    def hold(self, source: PacedFile, tags: list[Tag]) -> None:
        """Keep `tags` until they are due; `source` waits while enough is held."""
        self._source = source
        for tag in tags:
            if tag.role in TIMELESS:
                placed = self._timeline.header()
            else:
                placed = self._timeline.place(tag.kind, tag.time_ms)
            self._held.append(tag if placed == tag.time_ms else tag.at(placed))
            self._held_bytes += len(tag.raw)
        self._empty.clear()
        self._release()

    async def drained(self) -> None:
        """Wait until all that is held has gone out."""
        await self._empty.wait()

    def close(self) -> None:
        """Forget what is held."""
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._empty.set()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due: list[Tag] = []
        while self._held and (wait_s := self._wait_s(self._held[0])) <= _TOGETHER_S:
            first = self._held.popleft()
            if isinstance(first, Tag):
                due.append(first)
                self._held_bytes -= len(first.raw)
            else:
                self._publish(due)
                due = []
                first()
        self._publish(due)
        self._regulate()
        if self._held:
            self._timer = self._loop.call_later(wait_s, self._release)
        else:
            self._empty.set()

    def _publish(self, tags: list[Tag]) -> None:
        if tags:
            self.released += len(tags)
            self._hub.publish(tags)

    def _wait_s(self, item: Tag | Callable[[], None]) -> float:
        if not isinstance(item, Tag):
            return 0.0
        now = self._clock()
        if self._epoch is None:
            self._epoch = now - item.time_ms / 1000
        wait_s = self._epoch + item.time_ms / 1000 - now
        if wait_s < -_LATE_S:
            self._epoch -= wait_s
            return 0.0
        return wait_s

    def _regulate(self) -> None:
        """Let the child wait while enough is held ahead."""
        if self._source is None:
            return
        stamps = (
            [tag.time_ms for tag in (self._held[0], self._held[-1]) if isinstance(tag, Tag)]
            if self._held
            else []
        )
        ahead_ms = stamps[-1] - stamps[0] if stamps else 0
        if ahead_ms > LEAD_MS or self._held_bytes > _LEAD_BYTES:
            self._source.reader.pause()
        elif ahead_ms < LEAD_MS // 2:
            self._source.reader.resume()
