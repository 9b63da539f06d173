"""What comes in, measured: bit rates, frame rate, keyframes, B-frames. Pure: time comes in as values."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice

from spiritstream.media.flv import Role, Tag
from spiritstream.media.rates import SLICE_S, WINDOW_S, rates, slices
from spiritstream.media.reordering import HEAD_BYTES, b_frames
from spiritstream.media.sps import Picture
from spiritstream.model.status import Incoming

# More frames than this in a window, which is 200 a second, make the window shorter.
_MOST_FRAMES = 1_000
_SHORTEST_MS = 1_000
_INTERVALS = 4
# Until there is an interval: how long a group must be before its length so far is worth telling.
_LONG_GROUP_MS = 10_000

# Looking a member up in its class costs as much as what is done with it.
_KEY, _FRAME, _SOUND = Role.KEY, Role.FRAME, Role.SOUND
# A tag is 11 bytes, its body, and 4. In the body five bytes say that it is H.264 or HEVC, two that it is AAC.
_HEAD = slice(11, 11 + HEAD_BYTES)
_AROUND_VIDEO, _AROUND_AUDIO = 11 + 5 + 4, 11 + 2 + 4
# Some seconds of frames are looked through for B-frames.
_MOST_HEADS = 300


class Meter:
    """Measures the tags of one hub. Their times are the hub's: without wraps and jumps.

    `add` is called for everything that passes, and only notes it; reading does the sums. Every `now` is
    in seconds of one clock that never goes back.
    """

    def __init__(self) -> None:
        self._slices = slices()
        self._slice_bytes = self._slice_video = self._slice_audio = 0
        self._slice_began: float | None = None
        self._began: float | None = None
        self._frames: deque[int] = deque(maxlen=_MOST_FRAMES)
        self._heads: deque[bytes] = deque(maxlen=_MOST_HEADS)
        self._frame_at = -math.inf
        self._keyframe: int | None = None
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)

    def restart(self) -> None:
        """Another source begins: the pause before it is no frame's, and its rate its own."""
        self._frames.clear()
        self._heads.clear()
        self._intervals.clear()
        self._keyframe = self._began = None

    def add(self, now: float, tags: Sequence[Tag]) -> None:
        """Take into account what has arrived."""
        for tag in tags:
            raw, role = tag.raw, tag.role
            size = len(raw)
            self._slice_bytes += size
            if role is _FRAME or role is _KEY:
                self._slice_video += size - _AROUND_VIDEO
                self._frames.append(tag.time_ms)
                self._heads.append(raw[_HEAD])
                if role is _KEY:
                    self._note_keyframe(tag.time_ms)
                self._frame_at = now
            elif role is _SOUND:
                self._slice_audio += size - _AROUND_AUDIO
        if self._slice_began is None or now - self._slice_began >= SLICE_S:
            self._end_slice(now)

    def _end_slice(self, now: float) -> None:
        self._slices.append((now, self._slice_bytes, self._slice_video, self._slice_audio))
        self._slice_bytes = self._slice_video = self._slice_audio = 0
        self._slice_began = now
        if self._began is None:
            self._began = now

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
        found = rates(self._slices, now)
        fps = self.fps() or (picture.fps if picture else None)
        return Incoming(
            bitrate_bps=round(found.all),
            video=codecs.get("video"),
            audio=codecs.get("audio"),
            size=str(picture) if picture else None,
            fps=fps if seen else None,
            keyframe_s=self.keyframe_s(),
            clock_faults=clock_faults,
            video_bps=self._known(found.video, found.all, now),
            audio_bps=self._known(found.audio, found.all, now),
            profile=picture.profile if picture else None,
            b_frames=self.b_frames(),
        )

    def bitrate_bps(self, now: float) -> float:
        """What came in over the last seconds, in bit/s; it grows in the first second."""
        return rates(self._slices, now).all

    def _known(self, bps: float, all_bps: float, now: float) -> float | None:
        """A stream's bit/s; that nothing comes of it is known when others have come for long enough."""
        long = self._began is not None and now - self._began >= WINDOW_S
        return round(bps) if bps or (long and all_bps) else None

    def b_frames(self) -> int | None:
        """The most B-frames in a row. `None` without composition times, and too early to say that none is."""
        times = islice(self._frames, len(self._frames) - len(self._heads), None)
        found = b_frames(zip(times, self._heads, strict=True))
        known = found or (self._frames and self._frames[-1] - self._frames[0] >= WINDOW_S * 1000)
        return found if known else None

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
