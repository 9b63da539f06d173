"""Ranges of an encoding's numbers, and which of its fields need or exclude each other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from spiritstream.config.document import Document
from spiritstream.config.places import Path
from spiritstream.config.values import parse_bitrate, parse_duration, parse_fps, parse_size
from spiritstream.errors import Finding
from spiritstream.model.profile import Size

_VIDEO_BPS = (32_000, 400_000_000)
_AUDIO_BPS = (8_000, 1_000_000)
_FPS = (1, 240)
_KEYFRAME_S = (0.1, 20)
_SIDE = (16, 8192)
# What a picture of this many pixels is commonly sent with, at up to 30 and at more frames per second.
_COMMON_BITRATES = (
    (640 * 360, "800k", "1200k"),
    (854 * 480, "1500k", "2000k"),
    (1280 * 720, "3000k", "4500k"),
    (1920 * 1080, "6000k", "9000k"),
    (2560 * 1440, "9000k", "13M"),
    (8192 * 8192, "20M", "30M"),
)

Check = Callable[[object], str | None]


def picture_findings(document: Document, path: Path, node: dict[str, object]) -> Iterator[Finding]:
    """Size, fps and bitrate of a picture."""
    yield from _each(document, path, node, {"size": _size, "fps": _fps, "bitrate": _bitrate(_VIDEO_BPS)})


def encoding_findings(document: Document, path: Path, node: object) -> Iterator[Finding]:
    """A group's `video` or `audio`."""
    if not isinstance(node, dict):
        return
    if node.get("codec") == "copy":
        for key in sorted(set(node) & _FIELDS):
            message = f"'{key}' has no meaning with 'codec: copy'"
            yield document.finding((*path, key), message, "remove it, or choose a codec", at_key=True)
    elif path[-1] == "video":
        yield from _video(document, path, node)
    else:
        yield from _each(document, path, node, {"bitrate": _bitrate(_AUDIO_BPS)})


_FIELDS = {
    *("for", "encoder", "size", "fps", "bitrate", "keyframe", "preset", "profile", "b_frames"),
    *("rate", "channels"),
}


def _video(document: Document, path: Path, node: dict[str, object]) -> Iterator[Finding]:
    yield from picture_findings(document, path, node)
    yield from _each(document, path, node, {"keyframe": _keyframe})
    if "codec" in node and "bitrate" not in node:
        hint = f"add 'bitrate: {common_bitrate(node.get('size'), node.get('fps'))}'"
        yield document.finding(path, "'bitrate' is missing", hint, at_key=True)


def common_bitrate(size: object, fps: object) -> str:
    """A bitrate that suits a picture of this size; 1080p's if it is not known."""
    try:
        picture = parse_size(size)
    except ValueError:
        picture = Size(1920, 1080)
    try:
        fast = parse_fps(fps) > 30
    except ValueError:
        fast = False
    pixels = picture.width * picture.height
    usual = next((row for row in _COMMON_BITRATES if pixels <= row[0]), _COMMON_BITRATES[-1])
    return usual[2] if fast else usual[1]


def _each(
    document: Document, path: Path, node: dict[str, object], checks: dict[str, Check]
) -> Iterator[Finding]:
    for key, check in checks.items():
        if key in node and (message := check(node[key])):
            yield document.finding((*path, key), message)


def _size(value: object) -> str | None:
    try:
        size = parse_size(value)
    except ValueError:
        return "expected a size such as 1280x720"
    low, high = _SIDE
    if not all(low <= side <= high for side in (size.width, size.height)):
        return f"width and height must be from {low} to {high}"
    if size.width % 2 or size.height % 2:
        return "width and height must be even"
    return None


def _fps(value: object) -> str | None:
    try:
        fps = parse_fps(value)
    except ValueError:
        return "expected frames per second such as 30, 29.97 or 30000/1001"
    return None if _FPS[0] <= fps <= Fraction(_FPS[1]) else f"must be from {_FPS[0]} to {_FPS[1]}"


def _keyframe(value: object) -> str | None:
    try:
        seconds = parse_duration(value)
    except ValueError:
        return "expected a duration such as 2s or 500ms"
    low, high = _KEYFRAME_S
    if low <= seconds <= high:
        return None
    said = "must be from 100ms to 20s"
    # Encoders elsewhere count frames, or milliseconds.
    return f"{said} (a number without a unit is seconds)" if isinstance(value, int | float) else said


def _bitrate(limits: tuple[int, int]) -> Check:
    low, high = limits

    def check(value: object) -> str | None:
        try:
            bitrate = parse_bitrate(value)
        except ValueError:
            return "expected a bitrate such as 3000k, 4.5M or 6000000 (bit/s)"
        if low <= bitrate <= high:
            return None
        said = f"must be from {low // 1000}k to {high // 1_000_000}M"
        return f"{said} (a number without a unit is bit/s)" if bitrate < low else said

    return check
