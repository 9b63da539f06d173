"""What a platform takes, what is sent to it, and where the two differ. Pure.

The same rules hold for what a profile declares and for what is measured on air. What is not known
breaks none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from spiritstream.model.size import Size

# From the lowest: whoever decodes one decodes those before it.
H264_PROFILES = ("baseline", "main", "high", "high10", "high422", "high444")
# What a platform takes of which nobody says more: RTMP's custom.
AAC = ("aac",)
_HOUR_S = 3600
Figure = float | Fraction


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

    def highest_bps(self, size: Size | None, fps: Figure | None, slack: float = 0.0) -> int | None:
        """The highest video bitrate for a picture: the first ceiling that is for it, else the general one.

        Of a picture whose frame rate is not known, the highest that may be meant.
        """
        rows = [row for row in self.ceilings if row.size == size]
        if fps is None and rows:
            return max(row.bitrate_bps for row in rows)
        for row in rows:
            if fps is not None and fps <= row.fps * (1 + slack):
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
    fps: Figure | None = None
    video_bps: float | None = None
    audio_bps: float | None = None
    keyframe_s: float | None = None
    b_frames: int | None = None
    profile: str | None = None


_ADVICE = {
    Rule.VIDEO_CODEC: "encode to {}",
    Rule.AUDIO_CODEC: "encode to {}",
    Rule.AUDIO_MISSING: "send a silent track",
    Rule.SIZE: "choose {}",
    Rule.FPS: "lower it to {}",
    Rule.VIDEO_BITRATE: "lower it to {}",
    Rule.AUDIO_BITRATE: "lower it to {}",
    Rule.KEYFRAME: "set the keyframe interval to {}",
    Rule.B_FRAMES: "set the number of B-frames to {}",
    Rule.PROFILE: "set the profile to {}",
    Rule.SESSION: "begin another broadcast before",
    Rule.TLS: "write an address that begins with rtmps://",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is not kept.

    `takes` and `sent` are the two sides in words; `fix` is what to write instead, as a profile says it. Of
    two breaches of one rule, the one with the lower `bound` is the stricter.
    """

    rule: Rule
    platform: str
    takes: str
    sent: str
    source: str = ""
    fix: str = ""
    bound: float = 0.0

    @property
    def message(self) -> str:
        """What is wrong, and who says so."""
        source = f" ({self.source})" if self.source else ""
        return f"{self.platform} {self.takes}, and {self.sent}{source}"

    @property
    def advice(self) -> str:
        """What to do."""
        return _ADVICE[self.rule].format(self.fix)


def breaches(limits: Limits, stream: Stream, slack: float = 0.0) -> tuple[Breach, ...]:
    """Every limit that a stream does not keep. `slack` is the part by which measured figures may be over."""
    return (
        *_of_codecs(limits, stream),
        *_of_picture(limits, stream, slack),
        *_of_encoding(limits, stream, slack),
    )


def session_breach(limits: Limits, sent: str) -> Breach:
    """That a broadcast lasts longer than `session_s`, which is known; `sent` says of it how long."""
    seconds = limits.session_s or 0.0
    takes = f"ends a broadcast after {plain(seconds / _HOUR_S)} h"
    return Breach(Rule.SESSION, limits.platform, takes, sent, limits.session_source, bound=seconds)


def fitting_size(size: Size, sizes: Sequence[Size]) -> Size | None:
    """Of the sizes that are taken, the largest that is no larger than `size`; else the smallest."""
    smaller = [one for one in sizes if one.width <= size.width and one.height <= size.height]
    return max(smaller, key=_area) if smaller else min(sizes, key=_area, default=None)


def _area(size: Size) -> tuple[int, int]:
    return size.width * size.height, size.width


def _of_codecs(limits: Limits, stream: Stream) -> Iterator[Breach]:
    who, codecs = limits.platform, limits.video_codecs
    if stream.video and codecs and stream.video not in codecs:
        takes, sent = f"takes {either(codecs)} video", f"this is {stream.video}"
        yield Breach(Rule.VIDEO_CODEC, who, takes, sent, limits.source, codecs[0], len(codecs))
    if stream.has_audio is False:
        yield Breach(Rule.AUDIO_MISSING, who, "expects sound", "there is none")
    known = limits.audio_codecs or AAC
    if stream.audio and stream.audio not in known:
        takes, source = f"takes {either(known)} audio", limits.source
        if not limits.audio_codecs:
            takes, source = "is not known to take other audio than aac", ""
        yield Breach(Rule.AUDIO_CODEC, who, takes, f"this is {stream.audio}", source, known[0], len(known))


def _of_picture(limits: Limits, stream: Stream, slack: float) -> Iterator[Breach]:
    who, source, sizes = limits.platform, limits.source, limits.sizes
    if stream.size and sizes and stream.size not in sizes:
        takes = f"takes pictures of {either([str(size) for size in sizes])}"
        fix = str(fitting_size(stream.size, sizes))
        yield Breach(Rule.SIZE, who, takes, f"this is {stream.size}", source, fix, len(sizes))
    if stream.fps and limits.fps and stream.fps > limits.fps * (1 + slack):
        takes, sent = f"takes at most {limits.fps} frames per second", f"this is {plain(stream.fps)}"
        yield Breach(Rule.FPS, who, takes, sent, source, str(limits.fps), limits.fps)
    highest = limits.highest_bps(stream.size, stream.fps, slack)
    if stream.video_bps and highest and stream.video_bps > highest * (1 + slack):
        takes = f"takes at most {kbps(highest)} of video{_picture(limits, highest, stream)}"
        sent = f"this is {kbps(stream.video_bps)}"
        yield Breach(Rule.VIDEO_BITRATE, who, takes, sent, source, _written(highest), highest)


def _picture(limits: Limits, highest: int, stream: Stream) -> str:
    """What picture a bitrate is the highest for; nothing where it is for all."""
    if highest == limits.video_bps:
        return ""
    return f" for {stream.size}" + (f" at {plain(stream.fps)} frames per second" if stream.fps else "")


def _of_encoding(limits: Limits, stream: Stream, slack: float) -> Iterator[Breach]:
    who, source = limits.platform, limits.source
    if stream.audio_bps and limits.audio_bps and stream.audio_bps > limits.audio_bps * (1 + slack):
        takes, sent = f"takes at most {kbps(limits.audio_bps)} of audio", f"this is {kbps(stream.audio_bps)}"
        fix = _written(limits.audio_bps)
        yield Breach(Rule.AUDIO_BITRATE, who, takes, sent, source, fix, limits.audio_bps)
    if stream.keyframe_s and limits.keyframe_s and stream.keyframe_s > limits.keyframe_s * (1 + slack):
        every = f"{plain(limits.keyframe_s)} s"
        takes, sent = f"wants a keyframe every {every}", f"one comes every {plain(stream.keyframe_s)} s"
        fix = f"{plain(limits.keyframe_s)}s"
        yield Breach(Rule.KEYFRAME, who, takes, sent, source, fix, limits.keyframe_s)
    if stream.b_frames and limits.b_frames is not None and stream.b_frames > limits.b_frames:
        most = limits.b_frames
        takes = f"takes at most {most} B-frames in a row" if most else "takes no B-frames"
        sent = f"{stream.b_frames} come in a row" if most else "there are some"
        yield Breach(Rule.B_FRAMES, who, takes, sent, source, str(most), most)
    if stream.video in (None, "h264") and _is_higher(stream.profile, limits.h264_profile):
        wanted = limits.h264_profile or ""
        takes, sent = f"wants the {wanted} profile of H.264", f"this is {stream.profile}"
        yield Breach(Rule.PROFILE, who, takes, sent, source, wanted, H264_PROFILES.index(wanted))


def _is_higher(profile: str | None, wanted: str | None) -> bool:
    if profile not in H264_PROFILES or wanted not in H264_PROFILES:
        return False
    return H264_PROFILES.index(profile) > H264_PROFILES.index(wanted)


def plain(figure: Figure) -> str:
    """`2`, `59.94`, `0.5`: at most three digits after the point, and no more than are needed."""
    return f"{float(figure):.3f}".rstrip("0").rstrip(".")


def kbps(bps: float) -> str:
    """`6000 kbit/s`; what is declared is told to the bit, what is measured is rounded."""
    return f"{plain(bps / 1000) if isinstance(bps, int) else f'{bps / 1000:.0f}'} kbit/s"


def _written(bps: int) -> str:
    return f"{plain(bps / 1000)}k"


def either(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`; nothing of nothing."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
