"""What a platform takes, what is sent to it, and where the two differ. Pure.

The same rules hold for what a profile declares and for what is measured on air. What is not known
breaks none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from spiritstream.model.size import Size

_PROFILES = ("baseline", "main", "high")
_AAC = "aac"


class Rule(StrEnum):
    """What a limit is about."""

    VIDEO_CODEC = "video-codec"
    AUDIO_CODEC = "audio-codec"
    AUDIO_MISSING = "audio-missing"
    SIZE = "size"
    FPS = "fps"
    VIDEO_BITRATE = "video-bitrate"
    AUDIO_BITRATE = "audio-bitrate"
    KEYFRAME = "keyframe"
    B_FRAMES = "b-frames"
    PROFILE = "profile"
    SESSION = "session"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The highest video bitrate for a picture of exactly this size, up to this frame rate."""

    size: Size
    fps: int
    bitrate_bps: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform takes; `None` and `()` where it is not known.

    `platform` is its name for people, `source` where the limits come from and as of when; a session is one
    broadcast without a break, whose limit has a source of its own.
    """

    platform: str
    source: str = ""
    keyframe_s: float | None = None
    video_bps: int | None = None
    audio_bps: int | None = None
    fps: int | None = None
    sizes: tuple[Size, ...] = ()
    b_frames: int | None = None
    h264_profile: str | None = None
    video_codecs: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    session_s: float | None = None
    session_source: str = ""

    def highest_bps(self, size: Size | None, fps: float | Fraction | None) -> int | None:
        """The highest video bitrate for a picture: the first ceiling that is for it, else the general one."""
        for row in self.ceilings:
            if size == row.size and fps is not None and fps <= row.fps:
                return row.bitrate_bps
        return self.video_bps


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent, as declared or as measured; `None` where it is not known.

    `b_frames` is how many stand between two others; 1 where it is only known that there are some.
    """

    video: str | None = None
    audio: str | None = None
    has_audio: bool | None = None
    size: Size | None = None
    fps: float | Fraction | None = None
    video_bps: float | None = None
    audio_bps: float | None = None
    keyframe_s: float | None = None
    b_frames: int | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is not kept: what is wrong with its source, and what to do."""

    rule: Rule
    message: str
    advice: str = ""


def breaches(limits: Limits, stream: Stream, slack: float = 0.0) -> tuple[Breach, ...]:
    """Every limit that a stream does not keep. `slack` is the part by which measured figures may be over."""
    return (
        *_of_codecs(limits, stream),
        *_of_picture(limits, stream, slack),
        *_of_encoding(limits, stream, slack),
    )


def _of_codecs(limits: Limits, stream: Stream) -> Iterator[Breach]:
    if stream.video and limits.video_codecs and stream.video not in limits.video_codecs:
        takes = _either(limits.video_codecs)
        yield _breach(
            limits, Rule.VIDEO_CODEC, f"takes {takes} video, and this is {stream.video}", f"encode to {takes}"
        )
    if stream.has_audio is False:
        yield _breach(limits, Rule.AUDIO_MISSING, "expects sound, and there is none", "send a silent track")
    audio = limits.audio_codecs or (_AAC,)
    if stream.audio and stream.audio not in audio:
        takes = _either(audio)
        yield _breach(
            limits, Rule.AUDIO_CODEC, f"takes {takes} audio, and this is {stream.audio}", f"encode to {takes}"
        )


def _of_picture(limits: Limits, stream: Stream, slack: float) -> Iterator[Breach]:
    if stream.size and limits.sizes and stream.size not in limits.sizes:
        sizes = _either([str(size) for size in limits.sizes])
        yield _breach(
            limits, Rule.SIZE, f"takes pictures of {sizes}, and this is {stream.size}", "choose one of these"
        )
    if stream.fps and limits.fps and stream.fps > limits.fps * (1 + slack):
        said = f"takes at most {limits.fps} frames per second, and this is {float(stream.fps):.3g}"
        yield _breach(limits, Rule.FPS, said, f"send {limits.fps} or fewer")
    highest = limits.highest_bps(stream.size, stream.fps)
    if stream.video_bps and highest and stream.video_bps > highest * (1 + slack):
        of = (
            ""
            if highest == limits.video_bps
            else f" for {stream.size} at {float(stream.fps or 0):.3g} frames per second"
        )
        said = f"takes at most {_kbps(highest)} of video{of}, and this is {_kbps(stream.video_bps)}"
        yield _breach(limits, Rule.VIDEO_BITRATE, said, f"lower it to {highest // 1000}k")


def _of_encoding(limits: Limits, stream: Stream, slack: float) -> Iterator[Breach]:
    if stream.audio_bps and limits.audio_bps and stream.audio_bps > limits.audio_bps * (1 + slack):
        said = f"takes at most {_kbps(limits.audio_bps)} of audio, and this is {_kbps(stream.audio_bps)}"
        yield _breach(limits, Rule.AUDIO_BITRATE, said, f"lower it to {limits.audio_bps // 1000}k")
    if stream.keyframe_s and limits.keyframe_s and stream.keyframe_s > limits.keyframe_s * (1 + slack):
        said = (
            f"wants a keyframe every {limits.keyframe_s:g} s, and one comes every {stream.keyframe_s:.3g} s"
        )
        yield _breach(limits, Rule.KEYFRAME, said, f"set the keyframe interval to {limits.keyframe_s:g}s")
    if stream.b_frames and limits.b_frames is not None and stream.b_frames > limits.b_frames:
        said = (
            "takes no B-frames"
            if not limits.b_frames
            else f"takes at most {limits.b_frames} B-frames in a row"
        )
        yield _breach(
            limits, Rule.B_FRAMES, f"{said}, and these are sent", f"set B-frames to {limits.b_frames}"
        )
    if _is_higher(stream.profile, limits.h264_profile) and stream.video in (None, "h264"):
        said = f"wants the {limits.h264_profile} profile of H.264, and this is {stream.profile}"
        yield _breach(limits, Rule.PROFILE, said, f"set the profile to {limits.h264_profile}")


def _is_higher(profile: str | None, wanted: str | None) -> bool:
    if profile not in _PROFILES or wanted not in _PROFILES:
        return False
    return _PROFILES.index(profile) > _PROFILES.index(wanted)


def _breach(limits: Limits, rule: Rule, said: str, advice: str) -> Breach:
    source = f" ({limits.source})" if limits.source else ""
    return Breach(rule, f"{limits.platform} {said}{source}", advice)


def _kbps(bps: float) -> str:
    return f"{bps / 1000:.0f} kbit/s"


def _either(words: tuple[str, ...] | list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
