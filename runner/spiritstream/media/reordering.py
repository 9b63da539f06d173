"""How many B-frames stand between two others, from when frames are shown and when they are decoded. Pure.

Sources: Adobe, "Video File Format Specification" version 10.1, E.4.3.2 (composition time); Veovera, "Enhanced
RTMP" v2 (extended video header: what comes with CodedFrames, and that CodedFramesX has none).

A tag's time is when its frame is decoded; the composition time is how much later it is shown. That it is not
zero says nothing: an encoder may show everything a frame later, or at distances that change with the frame
rate. A B-frame is what is shown before one that was decoded before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# All that is read of a tag's body: the frame's and the packet's type, a fourCC, the composition time.
HEAD_BYTES = 8
# No decoder has room for more (H.264 A.3.1, H.265 A.4.2): what looks like it has a garbled time.
_MOST = 16
# One garbled time looks like a B-frame, or like some of them; real ones come again and again.
_RUNS = 2

_AVC, _HEVC = 7, 12
_CODED, _CODED_X = 1, 3
_SHOWN_LATER = (b"avc1", b"hvc1", b"vvc1")


def b_frames(frames: Iterable[tuple[int, bytes]]) -> int | None:
    """The most B-frames in a row, of frames in the order of decoding: time in ms, and the body's first bytes.

    `None` when the codec has no composition times.
    """
    runs: list[int] = []
    run, latest, known = 0, None, False
    for shown_ms, is_key in _shown(frames):
        known = True
        if latest is None or is_key or shown_ms >= latest:
            runs.append(run)
            run, latest = 0, shown_ms
        else:
            run += 1
    seen = sorted(run for run in runs if run <= _MOST)[-_RUNS:]
    return (seen[0] if len(seen) == _RUNS else 0) if known else None


def _shown(frames: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bool]]:
    """When each frame is shown, and whether it is a keyframe."""
    for time_ms, head in frames:
        if (later_ms := composition_ms(head)) is not None:
            yield time_ms + later_ms, (head[0] >> 4) & 7 == 1


def composition_ms(head: bytes) -> int | None:
    """How much later a frame is shown than it is decoded; `None` where its tag does not say."""
    if len(head) < HEAD_BYTES:
        return None
    if not head[0] & 0x80:
        return _signed(head[2:5]) if head[0] & 0x0F in (_AVC, _HEVC) else None
    if head[1:5] not in _SHOWN_LATER:
        return None
    packet = head[0] & 0x0F
    if packet == _CODED:
        return _signed(head[5:8])
    return 0 if packet == _CODED_X else None


def _signed(three: bytes) -> int:
    return int.from_bytes(three, "big", signed=True)
