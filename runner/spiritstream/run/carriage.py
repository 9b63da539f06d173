"""What passes as it is, and what must be encoded first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spiritstream.model.profile import Group, Profile, Sender, Target
from spiritstream.model.status import Cause

PASSES = {"video": "h264", "audio": "aac"}
# What RTMP has a name for since Enhanced RTMP; the native sender passes it on untouched.
_NATIVE_PASSES = {"video": frozenset({"h264", "hevc", "av1", "vp9"}), "audio": frozenset({"aac", "opus"})}
_LINES = {
    "video": "video: {codec: h264, bitrate: 4500k}",
    "audio": "audio: {codec: aac, bitrate: 128k}",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """By stream (`video`, `audio`): the names of the groups that copy it, and of those that encode it."""

    copying: Mapping[str, tuple[str, ...]]
    encoding: Mapping[str, tuple[str, ...]]


def needs(profile: Profile) -> Needs:
    """What the groups on air do with the input's streams."""
    groups = list(dict.fromkeys(group for group, _ in profile.on_air()))

    def named(stream: str, *, copies: bool) -> tuple[str, ...]:
        return tuple(group.name for group in groups if (getattr(group, stream) is None) is copies)

    return Needs(
        copying={stream: named(stream, copies=True) for stream in PASSES},
        encoding={stream: named(stream, copies=False) for stream in PASSES},
    )


def refusal(
    group: Group, target: Target, codecs: Mapping[str, str | None], converted: frozenset[str]
) -> Cause | None:
    """Why an RTMP target may not get a copied stream as it came: H.264 and AAC pass, and more natively.

    `codecs` names what the group carries by stream; `converted` names the streams that were encoded
    only because the road inside could not carry what came.
    """
    if target.address is None or target.address.scheme not in ("rtmp", "rtmps"):
        return None
    for stream, encoding in (("video", group.video), ("audio", group.audio)):
        codec = codecs[stream]
        if encoding is None and codec is not None:
            if stream in converted:
                return needs_encoding(stream, "", [group.name])
            if codec != PASSES[stream] and not _passes_natively(target, stream, codec):
                return needs_encoding(stream, codec, [group.name])
    return None


def _passes_natively(target: Target, stream: str, codec: str) -> bool:
    return target.sender is Sender.NATIVE and codec in _NATIVE_PASSES[stream]


def needs_encoding(stream: str, codec: str, groups: Sequence[str]) -> Cause:
    """The input's `stream` cannot pass: which line to add, and where. `codec` is empty when not known."""
    places = " and ".join(f"groups.{name}" for name in groups)
    return Cause(
        f"{stream}-not-passable",
        f"the input's {stream} is {codec or 'of another kind'}, "
        f"and only {PASSES[stream].upper()} passes as it is",
        f"add to {places}: {_LINES[stream]}",
        person=True,
    )
