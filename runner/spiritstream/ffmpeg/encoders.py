"""The encoders we know: what each family calls a preset, a constant bitrate, a keyframe now. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from spiritstream.ffmpeg.address import Argv
from spiritstream.model.profile import Audio, Video

# x264's names, which profiles use for every encoder, from the fastest.
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
# Frames per second that an input is taken to have at most when it is not known.
_FAST_FPS = 60
# Frames are stamped in whole milliseconds: one that is due at 2 s may come at 1.999.
_EARLY_S = 0.005


@dataclass(frozen=True, slots=True)
class Family:
    """Encoders that are driven alike, whatever their codec."""

    name: str
    hardware: bool = False
    device: Argv = ()
    """What opens the device: goes before the input."""
    filters: tuple[str, ...] = ()
    """What brings pictures to the encoder: ends the chain of filters."""
    pixels: str | None = "yuv420p"
    options: Argv = ()
    """Rate control and keyframes, as far as they do not depend on the encoding."""
    since: Mapping[tuple[int, ...], Argv] = field(default_factory=dict)
    """Options that came with a version of ffmpeg."""
    preset: str = "-preset"
    presets: Mapping[str, str] = field(default_factory=dict)
    """x264's name: its own. Empty for a family without presets."""
    profiles: Mapping[str, str] = field(default_factory=dict)
    """The common name: its own, where they differ."""
    bitrate: Callable[[Video], Argv] = field(default=lambda video: _constant(video.bitrate_bps))
    b_frames: int | None = 16
    """The most B-frames in a row that it is asked for; `None` for one that makes none and is not asked."""
    usual_b_frames: int | None = None
    """How many it is asked for where the profile says nothing; `None` leaves it the choice."""


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """One of ffmpeg's video encoders."""

    name: str
    codec: str
    family: Family


@dataclass(frozen=True, slots=True)
class AudioEncoder:
    """One of ffmpeg's audio encoders."""

    name: str
    codec: str


def _constant(bps: int) -> Argv:
    """At most a second of the bitrate ahead, as broadcasters set it."""
    return ("-b:v", str(bps), "-maxrate", str(bps), "-bufsize", str(bps))


def _ladder(*own: str) -> dict[str, str]:
    return dict(zip(PRESETS, own, strict=True))


_PLAIN = _ladder(*PRESETS)
_SPEEDS = _ladder(*["speed"] * 3, *["balanced"] * 3, *["quality"] * 3)
# AMF's option ends here, and chips by NVIDIA refuse more than they can.
_OF_HARDWARE = 3
_CONSTRAINED = {"baseline": "constrained_baseline"}

_X264 = Family(
    "x264",
    # A CBR stream with nothing to show is padded: platforms take a low bitrate for a fault.
    options=("-nal-hrd", "cbr", "-sc_threshold", "0", "-forced-idr", "1", "-flags", "+cgop"),
    presets=_PLAIN,
)
_X265 = Family(
    "x265",
    options=("-forced-idr", "1", "-x265-params", "scenecut=0:open-gop=0:strict-cbr=1:log-level=warning"),
    presets=_PLAIN,
    b_frames=4,  # its quickest preset looks 5 pictures ahead, and it refuses as many
)
_SVT = Family(
    "SVT-AV1",
    # 2 is CBR, which this encoder does in low-delay order only.
    options=("-svtav1-params", "rc=2:pred-struct=1:scd=0"),
    presets=_ladder("12", "11", "10", "9", "8", "7", "6", "5", "4"),
    profiles={"main": ""},
    b_frames=None,
    bitrate=lambda video: ("-b:v", str(video.bitrate_bps)),  # a maximum is for its other modes
)
_AOM = Family(
    "libaom",
    options=("-usage", "realtime", "-row-mt", "1", "-lag-in-frames", "0"),
    preset="-cpu-used",
    presets=_ladder("10", "9", "8", "7", "7", "6", "6", "5", "5"),
    profiles={"main": ""},
    b_frames=None,
    bitrate=lambda video: (*_constant(video.bitrate_bps), "-minrate", str(video.bitrate_bps)),
)
_OPENH264 = Family("OpenH264", options=("-rc_mode", "bitrate"), profiles=_CONSTRAINED, b_frames=None)
_NVENC = Family(
    "NVENC",
    hardware=True,
    options=("-rc", "cbr", "-forced-idr", "1", "-no-scenecut", "1", "-strict_gop", "1"),
    presets=_ladder("p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7", "p7"),
    b_frames=_OF_HARDWARE,
    usual_b_frames=0,
)
_QSV = Family(
    "Quick Sync",
    hardware=True,
    pixels="nv12",
    options=("-forced_idr", "1"),  # equal bitrates make it constant
    presets=_ladder(*["veryfast"] * 2, *PRESETS[2:]),
    b_frames=0,  # not every chip has them, and one that has none refuses to begin
    usual_b_frames=0,
)
_AMF = Family(
    "AMF",
    hardware=True,
    pixels="nv12",
    options=("-usage", "transcoding", "-rc", "cbr"),
    since={(7, 1): ("-forced_idr", "1")},
    preset="-quality",
    presets=_SPEEDS,
    profiles=_CONSTRAINED,
    b_frames=_OF_HARDWARE,
)
_VIDEOTOOLBOX = Family(
    "VideoToolbox",
    hardware=True,
    pixels="nv12",
    options=("-realtime", "1"),
    # Any number is a yes to it, and then it chooses how many.
    b_frames=0,
    usual_b_frames=0,
)
_VAAPI = Family(
    "VAAPI",
    hardware=True,
    device=("-vaapi_device", "/dev/dri/renderD128"),
    filters=("format=nv12", "hwupload"),
    pixels=None,
    options=("-rc_mode", "CBR", "-idr_interval", "0"),
    profiles=_CONSTRAINED,
    b_frames=_OF_HARDWARE,
    usual_b_frames=0,
)
_OTHER = Family("other", pixels=None)

X264 = VideoEncoder("libx264", "h264", _X264)
# In the order in which `auto` tries them: hardware first.
ENCODERS: tuple[VideoEncoder, ...] = (
    *(VideoEncoder(f"{codec}_nvenc", codec, _NVENC) for codec in ("h264", "hevc", "av1")),
    *(VideoEncoder(f"{codec}_qsv", codec, _QSV) for codec in ("h264", "hevc", "av1")),
    *(VideoEncoder(f"{codec}_amf", codec, _AMF) for codec in ("h264", "hevc", "av1")),
    *(VideoEncoder(f"{codec}_videotoolbox", codec, _VIDEOTOOLBOX) for codec in ("h264", "hevc")),
    *(VideoEncoder(f"{codec}_vaapi", codec, _VAAPI) for codec in ("h264", "hevc", "av1")),
    X264,
    VideoEncoder("libopenh264", "h264", _OPENH264),
    VideoEncoder("libx265", "hevc", _X265),
    VideoEncoder("libsvtav1", "av1", _SVT),
    VideoEncoder("libaom-av1", "av1", _AOM),
)
AUDIO_ENCODERS = (
    AudioEncoder("aac", "aac"),
    AudioEncoder("libmp3lame", "mp3"),
    AudioEncoder("libopus", "opus"),
)
_AUDIO_NAMES = {encoder.codec: encoder.name for encoder in AUDIO_ENCODERS}
# What `spiritstream` needs FLV to carry, and the first ffmpeg whose FLV does.
_FLV_SINCE = {"hevc": (6, 1), "av1": (6, 1), "opus": (8, 0)}
_INSTEAD = {"hevc": "h264", "av1": "h264", "opus": "aac"}


def known_encoder(name: str, codec: str) -> VideoEncoder:
    """The encoder called `name`; one we know nothing of is driven by what all encoders share."""
    known = (encoder for encoder in ENCODERS if encoder.name == name)
    return next(known, VideoEncoder(name, codec, _OTHER))


def video_options(encoder: VideoEncoder, video: Video, version: tuple[int, ...]) -> Argv:
    """Codec, rate control and keyframes; size and frame rate are the caller's."""
    family = encoder.family
    newer = [options for since, options in family.since.items() if version >= since]
    return (
        *("-c:v", encoder.name),
        *(("-pix_fmt", family.pixels) if family.pixels else ()),
        *_preset(family, video.preset),
        *_profile(family, video.profile),
        *family.bitrate(video),
        *keyframe_options(video.keyframe_s, video.fps),
        *family.options,
        *_b_frames(family, video.b_frames),
        *(option for options in newer for option in options),
    )


def keyframe_options(every_s: float, fps: Fraction | None) -> Argv:
    """A keyframe at the first picture of each slot of the clock, so that rounding never adds up.

    `-g` is no longer than a slot where the frame rate is known: it serves encoders that cannot be told.
    """
    slot = f"floor((%s+{_EARLY_S:g})/{every_s:g})"
    due = f"expr:if(isnan(prev_forced_t),1,gt({slot % 't'},{slot % 'prev_forced_t'}))"
    return ("-force_key_frames", due, "-g", str(max(1, math.ceil(every_s * (fps or _FAST_FPS)))))


def _preset(family: Family, preset: str | None) -> Argv:
    if preset is None or not family.presets:
        return ()
    return (family.preset, family.presets.get(preset, preset))


def _profile(family: Family, profile: str | None) -> Argv:
    own = family.profiles.get(profile, profile) if profile else None
    return ("-profile:v", own) if own else ()


def _b_frames(family: Family, most: int | None) -> Argv:
    most = family.usual_b_frames if most is None else most
    if most is None or family.b_frames is None:
        return ()
    return ("-bf", str(min(most, family.b_frames)))


def audio_options(audio: Audio) -> Argv:
    """An audio encoding; the input's rate and channels where it names none."""
    # Opus knows five rates, and 44100, which many inputs have, is none of them.
    rate = audio.rate_hz or (48_000 if audio.codec == "opus" else None)
    return (
        *("-c:a", _AUDIO_NAMES[audio.codec], "-b:a", str(audio.bitrate_bps)),
        *(("-ar", str(rate)) if rate else ()),
        *(("-ac", str(audio.channels)) if audio.channels else ()),
    )


def flv_refusal(codec: str, version: tuple[int, ...]) -> tuple[str, str] | None:
    """Why this ffmpeg cannot put `codec` into FLV, and what to do; `None` if it can."""
    since = _FLV_SINCE.get(codec)
    if since is None or version >= since:
        return None
    has, needs = (".".join(map(str, number)) for number in (version, since))
    return (
        f"{codec.upper()} inside FLV needs ffmpeg {needs} or newer, and this one is {has}",
        f"use a newer one (pip install 'spiritstream[ffmpeg]' and --ffmpeg), or 'codec: {_INSTEAD[codec]}'",
    )
