"""What a sender achieves, as figures like those that ffmpeg gives of its own. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from spiritstream.model.status import Progress

_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What had gone out at one moment, since the connection began."""

    at_s: float
    size_bytes: int
    frames: int
    media_s: float


class Pace:
    """Rates over the last seconds, from samples now and then."""

    def __init__(self, at_s: float) -> None:
        self._samples = deque([Sample(at_s, 0, 0, 0.0)])

    def note(self, sample: Sample) -> None:
        """Take the next sample."""
        self._samples.append(sample)
        while len(self._samples) > 2 and sample.at_s - self._samples[1].at_s >= _WINDOW_S:
            self._samples.popleft()

    def progress(self) -> Progress:
        """The figures as of the last sample."""
        first, last = self._samples[0], self._samples[-1]
        elapsed_s = last.at_s - first.at_s
        if elapsed_s <= 0:
            return Progress()
        return Progress(
            frame=last.frames,
            fps=round((last.frames - first.frames) / elapsed_s, 2),
            bitrate_bps=round((last.size_bytes - first.size_bytes) * 8 / elapsed_s),
            speed=round((last.media_s - first.media_s) / elapsed_s, 3),
            size_bytes=last.size_bytes,
            time_s=last.media_s,
        )
