"""What comes in, measured: bit rate, frame rate, keyframe interval. Pure: time comes in as values."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

from spiritstream.media.flv import Role, Tag
from spiritstream.media.sps import Picture
from spiritstream.model.status import Incoming

# A window holds two or three groups of pictures: what a keyframe weighs more is spread.
WINDOW_S = 5.0
_SLICE_S = 0.25
# When nothing has come for so long, that is silence, and no longer the wait for the next batch.
_SILENT_S = 1.0
# More frames than this in a window, which is 200 a second, make the window shorter.
_MOST_FRAMES = 1_000
_SHORTEST_MS = 1_000
_INTERVALS = 4
# Until there is an interval: how long a group must be before its length so far is worth telling.
_LONG_GROUP_MS = 10_000

# Looking a member up in its class costs as much as what is done with it.
_KEY, _FRAME = Role.KEY, Role.FRAME


class Meter:
    """Measures the tags of one hub. Their times are the hub's: without wraps and jumps.

    `add` is called for everything that passes, and only notes it; reading does the sums. Every `now` is
    in seconds of one clock that never goes back.
    """

    def __init__(self) -> None:
        self._slices: deque[tuple[float, int]] = deque(maxlen=int(WINDOW_S / _SLICE_S) + 2)  # end, bytes
        self._slice_bytes = 0
        self._slice_began: float | None = None
        self._frames: deque[int] = deque(maxlen=_MOST_FRAMES)
        self._frame_at = -math.inf
        self._keyframe: int | None = None
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)

    def restart(self) -> None:
        """Another source begins: the pause before it is no frame's, and its rate its own."""
        self._frames.clear()
        self._intervals.clear()
        self._keyframe = None

    def add(self, now: float, tags: Sequence[Tag]) -> None:
        """Take into account what has arrived."""
        for tag in tags:
            self._slice_bytes += len(tag.raw)
            role = tag.role
            if role is _FRAME or role is _KEY:
                self._frames.append(tag.time_ms)
                if role is _KEY:
                    self._note_keyframe(tag.time_ms)
                self._frame_at = now
        if self._slice_began is None or now - self._slice_began >= _SLICE_S:
            self._slices.append((now, self._slice_bytes))
            self._slice_began, self._slice_bytes = now, 0

    def incoming(
        self,
        now: float,
        *,
        codecs: Mapping[str, str | None],
        picture: Picture | None,
        clock_faults: int,
    ) -> Incoming:
        """All of it, with what others know: codecs by stream, the declared picture, the timeline's faults.

        The declared frame rate stands in until one is measured.
        """
        seen = now - self._frame_at <= WINDOW_S
        fps = self.fps() or (picture.fps if picture else None)
        return Incoming(
            bitrate_bps=round(self.bitrate_bps(now)),
            video=codecs.get("video"),
            audio=codecs.get("audio"),
            size=str(picture) if picture else None,
            fps=fps if seen else None,
            keyframe_s=self.keyframe_s(),
            clock_faults=clock_faults,
        )

    def bitrate_bps(self, now: float) -> float:
        """What came in over the last seconds, in bit/s; it grows in the first second."""
        recent = [(end, size) for end, size in self._slices if now - end <= WINDOW_S]
        if len(recent) < 2:
            return 0.0
        # A slice's bytes came since the end of the one before: the first is only where the others begin.
        last = recent[-1][0]
        span_s = (last if now - last < _SILENT_S else now) - recent[0][0]
        return sum(size for _, size in recent[1:]) * 8 / max(1.0, span_s)

    def fps(self) -> float | None:
        """Frames per second, over the last seconds before the last frame. `None` when that is too little.

        Timestamps are whole milliseconds, which 29.97 is not a whole number of: the frames of the whole
        window are counted, and if a rate that people choose lies within what rounding explains, it is that.
        """
        recent = [time_ms for time_ms in self._frames if self._frames[-1] - time_ms <= WINDOW_S * 1000]
        if not recent or (span_ms := recent[-1] - recent[0]) < _SHORTEST_MS:
            return None
        measured = (len(recent) - 1) * 1000 / span_ms
        chosen = (float(round(measured)), round(measured * 1.001) / 1.001)
        near = min(chosen, key=lambda rate: abs(rate - measured))
        return round(near if abs(near - measured) <= measured / span_ms else measured, 3)

    def keyframe_s(self) -> float | None:
        """The longest of the last keyframe intervals, or the one that runs when it is longer already."""
        if self._keyframe is None:
            return None
        running_ms = self._frames[-1] - self._keyframe
        if running_ms > max(self._intervals, default=_LONG_GROUP_MS):
            return running_ms / 1000
        return max(self._intervals) / 1000 if self._intervals else None

    def _note_keyframe(self, time_ms: int) -> None:
        if self._keyframe is not None:
            self._intervals.append(time_ms - self._keyframe)
        self._keyframe = time_ms
