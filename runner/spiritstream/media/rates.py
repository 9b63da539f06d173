"""How much came in the last seconds, in bit/s: all of it, and each stream's own. Pure: time comes in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# A window holds two or three groups of pictures: what a keyframe weighs more is spread.
WINDOW_S = 5.0
SLICE_S = 0.25
# When nothing has come for so long, that is silence, and no longer the wait for the next batch.
_SILENT_S = 1.0

# When it ended; its bytes as they came; the video's and the audio's bytes without their tags.
Slice = tuple[float, int, int, int]


@dataclass(frozen=True, slots=True)
class Rates:
    """Bits per second. What FLV puts around it is in `all` only: an encoder's bitrate is without."""

    all: float = 0.0
    video: float = 0.0
    audio: float = 0.0


def slices() -> deque[Slice]:
    """Room for the slices of a window."""
    return deque(maxlen=int(WINDOW_S / SLICE_S) + 2)


def rates(every: deque[Slice], now: float) -> Rates:
    """What came in over the last seconds; it grows in the first second."""
    recent = [one for one in every if now - one[0] <= WINDOW_S]
    if len(recent) < 2:
        return Rates()
    # A slice's bytes came since the end of the one before: the first is only where the others begin.
    last = recent[-1][0]
    span_s = max(1.0, (last if now - last < _SILENT_S else now) - recent[0][0])
    _, *sums = (sum(column) for column in zip(*recent[1:], strict=True))
    return Rates(*(8 * size / span_s for size in sums))
