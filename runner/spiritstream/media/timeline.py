"""One monotonic clock out of whatever arrives. Pure: time comes in as values.

A source's timestamps wrap (24, 31 or 32 bits, depending on who wrote them), start anew with every
connection, and jump. What leaves here never goes back within a stream, and audio and video keep
their distance.
"""

from __future__ import annotations

_WRAPS = (1 << 32, 1 << 31, 1 << 24)
# Audio and video of one source are interleaved, not sorted: this much disorder is ordinary.
BACKWARD_MS = 2_000
# A pause in the source that its clock shows is kept up to here, beyond the wall clock's own word.
FORWARD_MS = 10_000
_FIRST_DELTA_MS = 20


class Timeline:
    """Maps a source's clock onto ours, in milliseconds.

    Call `restart` before the first tag of a new connection, file or encoder; then `place` each tag.
    `faults` counts the timestamps that could not be taken at their word: those that jumped, and those
    that ran backwards in their own stream. A wrap is none, nor what a new source begins with.
    """

    def __init__(self, start_ms: int = 0) -> None:
        self._anchor: int | None = start_ms
        self._start_ms = start_ms
        self._offset = 0
        self._previous_offset = 0
        self._cursor = start_ms
        self._last: dict[int, int] = {}
        self._delta: dict[int, int] = {}
        self._meant: dict[int, int] = {}  # where a stream's last frame would stand if it were not set apart
        self.faults = 0

    @property
    def end_ms(self) -> int:
        """Where the next frame would stand if the media went on without a gap."""
        ends = (last + self._delta.get(kind, _FIRST_DELTA_MS) for kind, last in self._last.items())
        return max(ends, default=self._cursor)

    def restart(self, at_ms: int) -> None:
        """The next tag is the first of a new source and belongs at `at_ms`, or as soon after as can be."""
        self._anchor = max(at_ms, self.end_ms)
        self._meant.clear()

    def place(self, kind: int, time_ms: int, elapsed_ms: int = 0) -> int:
        """Our time for a frame that its source stamped `time_ms`.

        `kind` tells streams apart (audio, video); `elapsed_ms` is how long by the wall clock nothing
        had come before, so that an honest pause is not taken for a fault.
        """
        if self._anchor is not None:
            self._offset = self._previous_offset = self._anchor - time_ms
            self._cursor = self._anchor
            self._anchor = None
        placed = self._find(time_ms, FORWARD_MS + elapsed_ms)
        if placed < self._meant.get(kind, placed):
            self.faults += 1
        self._meant[kind] = placed
        last = self._last.get(kind)
        if last is None:
            placed = max(placed, self._start_ms)  # a bit before the very first frame: there is no before
        else:
            placed = max(placed, last + 1)
            self._delta[kind] = min(placed - last, 1_000)
        self._last[kind] = placed
        self._cursor = placed
        return placed

    def header(self) -> int:
        """The time for what has no time of its own: metadata and codec headers."""
        return self._cursor if self._anchor is None else self._anchor

    def _find(self, time_ms: int, forward_ms: int) -> int:
        for offset in (self._offset, self._previous_offset):
            plain = time_ms + offset
            for shift in (0, *_WRAPS):
                if -BACKWARD_MS <= plain + shift - self._cursor <= forward_ms:
                    if shift:
                        self._turn(offset + shift)
                    return plain + shift
                if shift and -BACKWARD_MS <= plain - shift - self._cursor <= 0:
                    return plain - shift  # a late frame from before the wrap
        # The source's clock jumped: go on where we are. Frames that still carry the old clock are
        # recognised by the previous offset.
        self.faults += 1
        self._turn(self.end_ms - time_ms)
        return time_ms + self._offset

    def _turn(self, offset: int) -> None:
        self._previous_offset, self._offset = self._offset, offset
