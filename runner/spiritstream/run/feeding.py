"""A child that takes a hub's media: how an encoder and a sender are fed and stopped alike."""

from __future__ import annotations

from collections.abc import Sequence

from spiritstream.ffmpeg.child import Child
from spiritstream.media.feed import Feed
from spiritstream.media.hub import Hub
from spiritstream.media.queue import MediaQueue
from spiritstream.model.status import Cause, Progress

_DRAIN_S = 0.5
# Platforms are seconds behind anyway; five wake-ups a second instead of eighty halve what a sender costs.
SENDER_TOGETHER_S = 0.2
# What an encoder gets goes through a sender too: less is added here.
ENCODER_TOGETHER_S = 0.1
# A queue this full of its bound is as good as full: it swings between half and whole while it overflows.
_NEARLY_FULL_S = 4.0

# The end of a run that is nobody's failure: the source is gone, and what was sent of it is complete.
SOURCE_ENDED = Cause("input-ended", "the input has ended", "it goes on by itself when the input is back")
_RESHAPED = Cause("input-changed", "the input has other streams than before (sound or picture came or went)")


def nearly_full(queue: MediaQueue) -> bool:
    """Whether who takes from it falls behind so far that media is being dropped, or soon will be."""
    return queue.seconds > _NEARLY_FULL_S


class Fed:
    """A child on a hub: its pipe, its queue, and the time of the first frame it got."""

    def __init__(self, hub: Hub, child: Child, *, together_s: float) -> None:
        """`together_s` of media is gathered before it is written."""
        assert child.stdin_fd is not None
        self._hub = hub
        self._shape = (hub.has_audio, hub.has_video)
        self._ends = hub.ends
        self.child = child
        self.queue = MediaQueue(has_video=hub.has_video)
        self.feed = Feed(child.stdin_fd, self.queue, hub.header(), together_s=together_s)
        self.first_ms = hub.attach(self.feed) or 0

    @property
    def full(self) -> bool:
        """Whether the child falls behind so far that media is being dropped, or soon will be."""
        return nearly_full(self.queue)

    def outdated(self) -> Cause | None:
        """`SOURCE_ENDED`, or that the streams changed: a child was told which ones to expect."""
        if self._hub.ends != self._ends:
            return SOURCE_ENDED
        return _RESHAPED if (self._hub.has_audio, self._hub.has_video) != self._shape else None

    async def end(self, *, orderly: bool) -> None:
        """Leave the hub and end the child: with what is queued when `orderly`, else at once."""
        self._hub.detach(self.feed)
        if orderly and self.child.returncode is None:
            await self.feed.drain(_DRAIN_S)
        try:
            await self.child.stop(end_of_file=self.feed.close if orderly else None)
        finally:
            self.feed.close()


class FedUnitFigures:
    """What a fed unit shows, across the restarts of its child."""

    def __init__(self) -> None:
        self.fed: Fed | None = None
        self._dropped_before = 0

    def began(self, fed: Fed) -> None:
        """A child runs."""
        self.fed = fed

    def ended(self) -> None:
        """It is gone; what it dropped stays counted."""
        if self.fed is not None:
            self._dropped_before += self.fed.queue.dropped_gops
            self.fed = None

    def progress(self) -> Progress:
        """The child's own figures."""
        return self.fed.child.progress if self.fed else Progress()

    def pids(self) -> Sequence[int]:
        """The child's process, if there is one."""
        return (self.fed.child.pid,) if self.fed else ()

    def queue(self) -> tuple[int, float, int]:
        """Bytes, seconds, and groups dropped since the unit exists."""
        if self.fed is None:
            return 0, 0.0, self._dropped_before
        queue = self.fed.queue
        return queue.bytes, queue.seconds, self._dropped_before + queue.dropped_gops
