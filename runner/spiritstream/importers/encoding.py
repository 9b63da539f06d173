"""Other programs' encodings as a group's `video` and `audio`; what has no valid form is said. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spiritstream.config.quality import common_bitrate
from spiritstream.config.values import parse_bitrate, parse_fps
from spiritstream.importers.values import Field, Fields, Notes

_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_ENCODER = re.compile(r"[a-z0-9_]{1,40}")
_VIDEO_BPS, _AUDIO_BPS = (32_000, 400_000_000), (8_000, 1_000_000)
_AUDIO_CODECS = (("aac", "aac"), ("mp3", "mp3"), ("opus", "opus"))


@dataclass(frozen=True, slots=True)
class VideoParts:
    """A picture's encoding as another program writes it; empty or 0 is what it does not say."""

    encoder: str
    width: float = 0
    height: float = 0
    fps: str = ""
    bitrate: str = ""
    keyframe_s: float = 0
    preset: str = ""
    profile: str = ""
    b_frames: float | None = None


@dataclass(frozen=True, slots=True)
class AudioParts:
    """A sound's encoding as another program writes it; empty or 0 is what it does not say."""

    encoder: str
    bitrate: str = ""
    rate_hz: float = 0
    channels: float = 0


def codec_of(encoder: str) -> str | None:
    """The codec that an encoder of this name makes; `None`: none that a group can have."""
    name = encoder.lower()
    if "av1" in name:
        return "av1"
    if "hevc" in name or "265" in name:
        return "hevc"
    return "h264" if "264" in name or name.endswith(".avc") else None


def video_fields(parts: VideoParts, where: str, left: Notes) -> Fields | None:
    """A group's `video`; `None` is copy. What cannot be carried over is added to `left`."""
    if parts.encoder in ("", "copy"):
        return None
    codec = codec_of(parts.encoder)
    if codec is None:
        left.append(f"{where}: its codec is none of h264, hevc, av1; the picture is passed on as it is")
        return None
    fields: dict[str, Field] = {"codec": codec}
    if parts.encoder != codec and _ENCODER.fullmatch(parts.encoder):
        fields["encoder"] = parts.encoder
    size = f"{parts.width:g}x{parts.height:g}"
    if parts.width or parts.height:
        if all(16 <= side <= 8192 and side % 2 == 0 for side in (parts.width, parts.height)):
            fields["size"] = size
        else:
            left.append(f"{where}: its size is not even, or not from 16x16 to 8192x8192; the input's is kept")
    if fps := _fps(parts.fps, where, left):
        fields["fps"] = fps
    fields["bitrate"] = _bitrate(parts.bitrate, _VIDEO_BPS) or common_bitrate(
        fields.get("size"), fields.get("fps", 30)
    )
    if fields["bitrate"] != parts.bitrate:
        left.append(f"{where}: no usable bitrate is given; {fields['bitrate']} is usual, check it")
    if parts.keyframe_s:
        if 0.1 <= parts.keyframe_s <= 20:
            fields["keyframe"] = f"{parts.keyframe_s:g}s"
        else:
            left.append(f"{where}: the keyframe interval is not from 0.1 s to 20 s; it is 2 s now")
    for key, value in (("preset", parts.preset), ("profile", parts.profile)):
        if _WORD.fullmatch(value):
            fields[key] = value
        elif value:
            left.append(f"{where}: its {key} is not one word")
    if parts.b_frames in range(17):
        fields["b_frames"] = int(parts.b_frames or 0)
    elif parts.b_frames is not None:
        left.append(f"{where}: its number of B-frames is not from 0 to 16; the encoder chooses now")
    return fields


def audio_fields(parts: AudioParts, where: str, left: Notes) -> Fields | None:
    """A group's `audio`; `None` is copy. What cannot be carried over is added to `left`."""
    if parts.encoder in ("", "copy"):
        return None
    codec = next((codec for part, codec in _AUDIO_CODECS if part in parts.encoder.lower()), None)
    if codec is None:
        left.append(f"{where}: its codec is none of aac, mp3, opus; the sound is passed on as it is")
        return None
    if parts.encoder not in (codec, f"lib{codec}", "libmp3lame", f"ffmpeg_{codec}"):
        left.append(f"{where}: ffmpeg's usual encoder for {codec} is taken, not the one that is named")
    fields: dict[str, Field] = {"codec": codec}
    bitrate = _bitrate(parts.bitrate, _AUDIO_BPS)
    if bitrate:
        fields["bitrate"] = bitrate
    elif parts.bitrate:
        left.append(f"{where}: no usable bitrate is given; it is 128k now")
    if parts.rate_hz in _RATES:
        fields["rate"] = int(parts.rate_hz)
    elif parts.rate_hz:
        left.append(f"{where}: its sample rate is unusual; the input's is kept")
    if parts.channels in range(1, 9):
        fields["channels"] = int(parts.channels)
    elif parts.channels:
        left.append(f"{where}: its number of channels is not from 1 to 8; the input's is kept")
    return fields


def _bitrate(text: str, limits: tuple[int, int]) -> str:
    try:
        return text if limits[0] <= parse_bitrate(text) <= limits[1] else ""
    except ValueError:
        return ""


def _fps(text: str, where: str, left: Notes) -> Field | None:
    """`30` as a number, `30000/1001` as text; `None` where nothing, or nothing usable, is given."""
    if not text or text in ("0", "0.0"):
        return None
    try:
        value: str | float = text if "/" in text else float(text)
        if 1 <= parse_fps(value) <= 240:
            return int(value) if not isinstance(value, str) and value == int(value) else value
    except (ValueError, OverflowError):
        pass
    left.append(f"{where}: its frames per second are not from 1 to 240; the input's are kept")
    return None
