"""What arrived at a platform, and the longest time in which nothing did. Pure."""

from __future__ import annotations


class Arrivals:
    """Adds up the growing counts of one connection after another."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.last_at: float | None = None
        self.gap_s = 0.0
        self.ended = False
        self._connection: object = None
        self._seen = (0, 0)

    def note(self, now: float, connection: object, frames: int, size: int) -> None:
        """`connection` has brought that much so far; what comes after `end` is not counted."""
        if self.ended:
            return
        if connection is not self._connection:
            self._connection, self._seen = connection, (0, 0)
        frames_before, size_before = self._seen
        self._seen = frames, size
        self.frames += frames - frames_before
        self.bytes += size - size_before
        if frames > frames_before:
            self.gap_s = max(self.gap_s, self.silent_s(now))
            self.last_at = now

    def silent_s(self, now: float) -> float:
        """How long ago the last frame was; 0 before the first one."""
        return 0.0 if self.last_at is None else now - self.last_at

    def end(self, now: float) -> None:
        """The show is over: the silence at its end counts, the one after it does not."""
        if not self.ended:
            self.gap_s = max(self.gap_s, self.silent_s(now))
            self.ended = True
