"""What a group sends, as far as its profile says it, and where it says it. Pure.

What is malformed is not known: other findings tell of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from spiritstream.config.document import Document
from spiritstream.config.places import Path
from spiritstream.config.values import parse_bitrate, parse_duration, parse_fps, parse_size
from spiritstream.model.limits import Figure, Rule, Stream
from spiritstream.model.profile import TestInput

T = TypeVar("T")
_COPY = "copy"
# What may stand there; another word may be anything, a key among it, and is nobody's to repeat.
_CODECS = frozenset({"h264", "hevc", "av1", "aac", "mp3", "opus"})
_KEYFRAME_S = 2.0
_AUDIO_BPS = 128_000
_TEST = TestInput()
# What the child that makes the test picture is told (ffmpeg/inputs.py).
_TEST_STREAM = Stream("h264", "aac", True, audio_bps=128_000, keyframe_s=2.0, b_frames=0, profile="baseline")
# What x264 and x265 do when they are told nothing; `auto` may come to them on any machine.
_UNTOLD = ("auto", "software")
_X264, _X264_B_FRAMES = (*_UNTOLD, "libx264"), 3
_X265, _X265_B_FRAMES = (*_UNTOLD, "libx265"), 4
_QUICKEST = "ultrafast"

FIELDS: dict[Rule, tuple[str, str]] = {
    Rule.VIDEO_CODEC: ("video", "codec"),
    Rule.SIZE: ("video", "size"),
    Rule.FPS: ("video", "fps"),
    Rule.VIDEO_BITRATE: ("video", "bitrate"),
    Rule.KEYFRAME: ("video", "keyframe"),
    Rule.B_FRAMES: ("video", "b_frames"),
    Rule.PROFILE: ("video", "profile"),
    Rule.AUDIO_CODEC: ("audio", "codec"),
    Rule.AUDIO_BITRATE: ("audio", "bitrate"),
}
_OF_TEST = (Rule.SIZE, Rule.FPS, Rule.VIDEO_BITRATE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where what a rule is about is written, or else the nearest parent that is.

    `missing` is the field that can be added there; `copied` says that the group passes it on as it comes.
    """

    path: Path
    missing: str = ""
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One group's stream. Of the `supposed` rules it is only known what an encoder does that is not told."""

    path: Path
    stream: Stream
    supposed: frozenset[Rule]
    data: Document = field(repr=False)

    def place(self, rule: Rule) -> Place:
        """Where to change what the rule is about."""
        kind, name = FIELDS[rule]
        group: Any = _at(self.data.data, self.path)
        if (encoding := _encoding(group.get(kind))) is not None:
            path = (*self.path, kind)
            return Place((*path, name)) if name in encoding else Place(path, name)
        if rule in _OF_TEST:
            test: Any = _at(self.data.data, ("input", "test"))
            return Place(("input", "test", name)) if name in test else Place(("input", "test"), name)
        return Place((*self.path, kind), copied=True) if kind in group else Place(self.path, kind, True)


def outgoing(document: Document, path: Path, group: dict[str, Any]) -> Outgoing:
    """What the group at `path` sends."""
    source = _arriving(document)
    video, audio = _encoding(group.get("video")), _encoding(group.get("audio"))
    supposed: set[Rule] = set()
    stream = source if video is None else _encoded(video, source, supposed)
    heard = source if audio is None else _heard(audio, source)
    whole = replace(stream, audio=heard.audio, has_audio=heard.has_audio, audio_bps=heard.audio_bps)
    return Outgoing(path, whole, frozenset(supposed), document)


def _arriving(document: Document) -> Stream:
    """What the input brings: nobody knows it before, except of the one that is made here."""
    data: Any = document.data
    source = data.get("input")
    test = source.get("test") if isinstance(source, dict) else None
    if not isinstance(test, dict):
        return Stream()
    return replace(
        _TEST_STREAM,
        size=_read(parse_size, test, "size", _TEST.size),
        fps=_read(parse_fps, test, "fps", _TEST.fps),
        video_bps=_read(parse_bitrate, test, "bitrate", _TEST.bitrate_bps),
    )


def _encoded(video: dict[str, Any], source: Stream, supposed: set[Rule]) -> Stream:
    codec = _codec(video)
    profile, b_frames = _word(video, "profile"), video.get("b_frames")
    if profile is None and (profile := _usual_profile(video)):
        supposed.add(Rule.PROFILE)
    if not isinstance(b_frames, int) and (b_frames := _usual_b_frames(video)):
        supposed.add(Rule.B_FRAMES)
    fps: Figure | None = _read(parse_fps, video, "fps", None) if "fps" in video else source.fps
    return Stream(
        video=codec,
        size=_read(parse_size, video, "size", source.size),
        fps=fps,
        video_bps=_read(parse_bitrate, video, "bitrate", None),
        keyframe_s=_read(parse_duration, video, "keyframe", _KEYFRAME_S),
        b_frames=b_frames,
        profile=profile,
    )


def _heard(audio: dict[str, Any], source: Stream) -> Stream:
    bps = _read(parse_bitrate, audio, "bitrate", _AUDIO_BPS)
    return Stream(audio=_codec(audio), has_audio=source.has_audio, audio_bps=bps)


def _usual_profile(video: dict[str, Any]) -> str | None:
    if video.get("codec") == "h264" and video.get("encoder", "auto") in _X264:
        return "baseline" if video.get("preset") == _QUICKEST else "high"
    return None


def _usual_b_frames(video: dict[str, Any]) -> int | None:
    codec, encoder = video.get("codec"), video.get("encoder", "auto")
    if codec == "h264" and encoder in _X264:
        plain = video.get("preset") == _QUICKEST or video.get("profile") == "baseline"
        return 0 if plain else _X264_B_FRAMES
    return _X265_B_FRAMES if codec == "hevc" and encoder in _X265 else None


def _encoding(node: object) -> dict[str, Any] | None:
    """What is encoded; `None` if it is passed on as it comes."""
    return node if isinstance(node, dict) and node.get("codec") != _COPY else None


def _read(parse: Callable[[object], T], node: dict[str, Any], key: str, otherwise: T | None) -> T | None:
    try:
        return parse(node[key]) if key in node else otherwise
    except ValueError:
        return None


def _codec(node: dict[str, Any]) -> str | None:
    codec = _word(node, "codec")
    return codec if codec in _CODECS else None


def _word(node: dict[str, Any], key: str) -> str | None:
    value = node.get(key)
    return value if isinstance(value, str) else None


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data
