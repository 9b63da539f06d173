"""Small FLV tags for tests."""

from __future__ import annotations

from spiritstream.media.flv import AUDIO, SCRIPT, VIDEO, Tag, make_tag

H264_HEADER = bytes((0x17, 0, 0, 0, 0)) + b"avcC"
AAC_HEADER = bytes((0xAF, 0)) + b"\x12\x10"


def key(time_ms: int, size: int = 100) -> Tag:
    """A keyframe."""
    return make_tag(VIDEO, time_ms, bytes((0x17, 1, 0, 0, 0)) + bytes(size))


def frame(time_ms: int, size: int = 20) -> Tag:
    """A frame that is no keyframe."""
    return make_tag(VIDEO, time_ms, bytes((0x27, 1, 0, 0, 0)) + bytes(size))


def sound(time_ms: int, size: int = 10) -> Tag:
    """A frame of sound."""
    return make_tag(AUDIO, time_ms, bytes((0xAF, 1)) + bytes(size))


def meta() -> Tag:
    """Metadata."""
    return make_tag(SCRIPT, 0, b"\x02\x00\x0aonMetaData")


def video_header() -> Tag:
    """H.264's configuration."""
    return make_tag(VIDEO, 0, H264_HEADER)


def audio_header() -> Tag:
    """AAC's configuration."""
    return make_tag(AUDIO, 0, AAC_HEADER)


def headers() -> list[Tag]:
    """What a source begins with."""
    return [meta(), video_header(), audio_header()]


def group(start_ms: int, frames: int = 4, step_ms: int = 40) -> list[Tag]:
    """A group of pictures with sound beside it."""
    tags = [key(start_ms), sound(start_ms)]
    for n in range(1, frames):
        tags += [frame(start_ms + n * step_ms), sound(start_ms + n * step_ms)]
    return tags
