"""One consumer's bounded queue. A slow consumer fills only its own; on overflow whole groups go. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from spiritstream.media.flv import Role, Tag

QUEUE_BYTES = 16 * 1024 * 1024
QUEUE_S = 10.0


class MediaQueue:
    """Tags on their way to one consumer, at most `max_bytes` and `max_s` of media.

    What does not fit is dropped from the old end, a whole group of pictures at a time, until half of
    the room is free: the consumer goes on at a keyframe, nearer to now. Tags are shared, not copied.
    """

    def __init__(
        self, *, has_video: bool = True, max_bytes: int = QUEUE_BYTES, max_s: float = QUEUE_S
    ) -> None:
        self.has_video = has_video
        self._max_bytes = max_bytes
        self._max_ms = int(max_s * 1000)
        self._tags: deque[Tag] = deque()
        self._lost_headers: dict[tuple[int, Role], Tag] = {}
        self._skipping = False
        self.bytes = 0
        self.pushed = 0
        self.dropped_gops = 0
        self.overflows = 0

    def __len__(self) -> int:
        return len(self._tags)

    @property
    def seconds(self) -> float:
        """How much media time waits here."""
        return self._span_ms() / 1000

    def push(self, tags: Iterable[Tag]) -> None:
        """Add tags in order, dropping old groups if there is no room."""
        for tag in tags:
            self.pushed += 1
            if self._skipping and not self._rejoin(tag):
                continue
            self._append(tag)
        if self._over(1):
            self.overflows += 1
            self._make_room()

    def pop(self) -> Tag:
        """The oldest tag.

        Raises:
            IndexError: the queue is empty.
        """
        tag = self._tags.popleft()
        self.bytes -= len(tag.raw)
        return tag

    def first(self, count: int) -> list[bytes]:
        """The raw bytes of up to `count` oldest tags, which stay."""
        tags = self._tags
        return [tags[i].raw for i in range(min(count, len(tags)))]

    def _append(self, tag: Tag) -> None:
        self._tags.append(tag)
        self.bytes += len(tag.raw)

    def _span_ms(self) -> int:
        return self._tags[-1].time_ms - self._tags[0].time_ms if self._tags else 0

    def _over(self, share: int) -> bool:
        return self.bytes > self._max_bytes // share or self._span_ms() > self._max_ms // share

    def _starts_group(self, tag: Tag) -> bool:
        return tag.role is Role.KEY or (tag.role is Role.SOUND and not self.has_video)

    def _rejoin(self, tag: Tag) -> bool:
        """While skipping: whether `tag` is where the consumer can go on."""
        if not self._starts_group(tag):
            self._remember(tag)
            return False
        self._skipping = False
        self._restore_headers(tag.time_ms)
        return True

    def _make_room(self) -> None:
        while self._tags and self._over(2):
            self._drop_group()
        if self._tags:
            self._restore_headers(self._tags[0].time_ms)
        else:
            self._skipping = True

    def _drop_group(self) -> None:
        """Drop from the old end up to the next group's start, keeping the codec headers met on the way."""
        self.dropped_gops += 1
        while self._tags:
            self._remember(self.pop())
            if self._tags and self._starts_group(self._tags[0]):
                return

    def _remember(self, tag: Tag) -> None:
        if tag.role in (Role.META, Role.HEADER):
            self._lost_headers[tag.kind, tag.role] = tag

    def _restore_headers(self, time_ms: int) -> None:
        for tag in sorted(self._lost_headers.values(), key=lambda t: t.role, reverse=True):
            back = tag.at(time_ms)
            self._tags.appendleft(back)
            self.bytes += len(back.raw)
        self._lost_headers.clear()
