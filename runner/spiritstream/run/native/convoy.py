"""The outlets of one hub, side by side: what is the same for all of them is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from spiritstream.media.flv import Role, Tag
from spiritstream.media.hub import Hub
from spiritstream.rtmp.shared import SharedMedia, Step

# What is taken from a queue is sent to its end, and can no longer be dropped: little at a time.
BATCH_BYTES = 128 * 1024
# Sound goes along with the next picture if one comes so soon: a send costs the same with both in it. It is a
# little more than the time after which a publisher is read again.
_HELD_S = 0.035
_FRAMES = (Role.KEY, Role.FRAME)
_TAG_HEADER_BYTES, _TAG_TRAILER_BYTES = 11, 4


def body(tag: Tag) -> memoryview:
    """What of a tag goes into a message."""
    return memoryview(tag.raw)[_TAG_HEADER_BYTES:-_TAG_TRAILER_BYTES]


def frames(tags: Sequence[Tag]) -> int:
    """How many of them are pictures."""
    return sum(tag.role in _FRAMES for tag in tags)


@dataclass(frozen=True, slots=True)
class Load:
    """Tags, and how all who are in step send them: `data`, the chunks that lead from one step to the next.

    There is no `data` when each must write these tags itself.
    """

    tags: Sequence[Tag]
    frames: int
    data: bytes | None
    before: Step
    after: Step


class Member(Protocol):
    """An outlet."""

    def take(self, load: Load) -> None:
        """Send or queue it, and return at once."""


class Convoy:
    """A hub's consumer for all its outlets. It is there while there are any."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._shared = SharedMedia()
        self._members: list[Member] = []
        self._held: list[Tag] = []
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def on(cls, hub: Hub) -> Convoy:
        """The one on `hub`, a new one where there is none."""
        return next((other for other in hub.consumers if isinstance(other, cls)), None) or cls(hub)

    def attach(self, member: Member) -> None:
        """Give it headers and the last group at once, then everything that comes."""
        self._forward()
        if not self._members:
            self._hub.attach(self)
        step = self._shared.step
        burst = self._hub.burst()
        member.take(Load(burst, frames(burst), None, step, step))
        self._members = [*self._members, member]

    def detach(self, member: Member) -> None:
        """Give it what is held, and then nothing more. Harmless when it is not attached."""
        self._forward()
        self._members = [other for other in self._members if other is not member]
        if not self._members:
            self._hub.detach(self)

    def push(self, tags: Sequence[Tag]) -> None:
        """Send on what comes; sound by itself may wait a moment."""
        if not self._members:
            return
        self._held += tags
        if self._hub.has_video and all(tag.role is Role.SOUND for tag in tags):
            if self._timer is None:
                self._timer = self._loop.call_later(_HELD_S, self._forward)
        else:
            self._forward()

    def _forward(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tags, self._held = self._held, []
        for piece in _pieces(tags):
            load = self._loaded(piece)
            for member in self._members:
                member.take(load)

    def _loaded(self, tags: Sequence[Tag]) -> Load:
        before = self._shared.step
        data = self._shared.write((tag.kind, tag.time_ms, body(tag)) for tag in tags)
        return Load(tags, frames(tags), data, before, self._shared.step)


def _pieces(tags: Sequence[Tag]) -> Iterator[Sequence[Tag]]:
    """`tags` in portions that may be on their way at once: each ends with the tag that fills it."""
    begin = size = 0
    for end, tag in enumerate(tags, 1):
        size += len(tag.raw)
        if size >= BATCH_BYTES:
            yield tags[begin:end]
            begin, size = end, 0
    if begin < len(tags):
        yield tags[begin:]
