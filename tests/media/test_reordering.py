"""B-frames are told from what is shown later than it is decoded, for whatever other reason."""

from __future__ import annotations

import pytest

from spiritstream.media.reordering import b_frames, composition_ms

FRAME_MS = 40
Heads = list[tuple[int, bytes]]


def classic(later_ms: int, *, key: bool = False, codec: int = 7) -> bytes:
    """The first bytes of a frame's body, as FLV has had them for long."""
    first = bytes(((0x10 if key else 0x20) | codec, 1))
    return first + later_ms.to_bytes(3, "big", signed=True) + b"\0\0\x0f"


def enhanced(fourcc: bytes, packet: int, later_ms: int = 0, *, key: bool = False) -> bytes:
    """The same as Enhanced RTMP has it."""
    first = bytes(((0x90 if key else 0xA0) | packet,))
    return first + fourcc + later_ms.to_bytes(3, "big", signed=True)


def decoded(*shown: int, delay: int = 0, keys: tuple[int, ...] = (0,)) -> Heads:
    """Frames in the order of decoding, by the order in which each is shown."""
    return [
        (n * FRAME_MS, classic((place + delay - n) * FRAME_MS, key=n in keys))
        for n, place in enumerate(shown)
    ]


def groups(pattern: tuple[int, ...], count: int = 6) -> tuple[int, ...]:
    """A mini group of pictures, over and over, after a keyframe."""
    return (0, *(1 + n * len(pattern) + place for n in range(count) for place in pattern))


IPPP = groups((0,))
PLAIN = decoded(*IPPP, *range(7, 30))
GARBLED = [*PLAIN[:10], (400, classic(-5000)), *[(time_ms + 40, head) for time_ms, head in PLAIN[10:]]]
AHEAD = [*PLAIN[:10], (400, classic(8_000_000)), *[(time_ms + 40, head) for time_ms, head in PLAIN[10:]]]
# In each of two groups one is garbled to be late: what comes after it is no run that any encoder makes.
AHEAD_TWICE = [*AHEAD, *[(time_ms + 1240, head) for time_ms, head in AHEAD], (2480, classic(0, key=True))]
# A keyframe ends what was garbled before it.
MENDED = [*AHEAD, *[(time_ms + 1200, head) for time_ms, head in decoded(*groups((2, 0, 1)), delay=1)]]
# Shown when the next one is decoded, at a rate that changes: no two are equally late, none is overtaken.
VARIABLE = [(time_ms, classic(next_ms - time_ms)) for time_ms, next_ms in ((0, 33), (33, 133), (133, 150))]
# 33.3 ms, and what is shown and what is decoded are rounded each for itself.
ROUNDED = [(n * 100 // 3, classic((n + 2) * 100 // 3 - n * 100 // 3 - n % 2)) for n in range(60)]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param(PLAIN, 0, id="shown as decoded"),
        pytest.param(decoded(*IPPP, delay=3), 0, id="all of it later by the same"),
        pytest.param(VARIABLE, 0, id="a frame late, at a variable rate"),
        pytest.param(ROUNDED, 0, id="rounded"),
        pytest.param(decoded(*groups((1, 0)), delay=1), 1, id="I PB PB"),
        pytest.param(decoded(*groups((3, 0, 1, 2)), delay=1), 3, id="I PBBB PBBB"),
        pytest.param(decoded(*groups((3, 1, 0, 2)), delay=2), 3, id="a B-frame that others refer to"),
        pytest.param(decoded(*groups((3, 0, 1, 2)), delay=0), 3, id="negative composition times"),
        pytest.param(decoded(*groups((1, 0)), *range(13, 40), delay=1), 1, id="few, then none for a while"),
        pytest.param(
            decoded(0, 3, 1, 2, 4, 7, 5, 6, 8, delay=1, keys=(0, 4, 8)), 2, id="many keyframes, closed groups"
        ),
        pytest.param(
            decoded(0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 10, delay=1, keys=(0, 4, 7)),
            2,
            id="open groups",
        ),
        pytest.param(GARBLED, 0, id="one that was garbled to be early"),
        pytest.param(AHEAD, 0, id="one that was garbled to be late"),
        pytest.param(AHEAD_TWICE, 0, id="two that were garbled to be late"),
        pytest.param(MENDED, 2, id="one that was garbled to be late, then B-frames"),
        pytest.param([], None, id="nothing"),
        pytest.param([(0, b"\x27\x01\0")], None, id="cut off"),
        pytest.param([(n, enhanced(b"av01", 1, n % 7)) for n in range(9)], None, id="AV1 has none"),
        pytest.param([(n, classic(n % 7, codec=2)) for n in range(9)], None, id="an old codec has none"),
    ],
)
def test_b_frames(frames: Heads, expected: int | None) -> None:
    """Counted are those that are shown before one that was decoded before them, and seen more than once."""
    assert expected == b_frames(frames)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (classic(80), 80),
        (classic(-40), -40),
        (classic(80, codec=12), 80),
        (enhanced(b"avc1", 1, 80), 80),
        (enhanced(b"hvc1", 1, -40), -40),
        (enhanced(b"vvc1", 1, 7), 7),
        (enhanced(b"hvc1", 3, 80), 0),
        (enhanced(b"hvc1", 6, 80), None),
        (enhanced(b"hvc1", 7, 80), None),
        (enhanced(b"vp09", 1, 80), None),
        (classic(80, codec=4), None),
        (b"\x27\x01\0\0\x28", None),
    ],
)
def test_composition_time(head: bytes, expected: int | None) -> None:
    """It stands in other places by packet; CodedFramesX means none, and what is not known is not guessed."""
    assert expected == composition_ms(head)
