"""The encodings that a new profile is offered, and how a platform's limits bound them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spiritstream.config.quality import common_bitrate
from spiritstream.config.values import parse_bitrate

SOURCE = "source"
"""No encoding: what arrives is passed on."""
_AUDIO_KBPS = 160
_KEYFRAME_S = 2


@dataclass(frozen=True, slots=True)
class Quality:
    """A picture that is commonly sent."""

    name: str
    size: str
    fps: int


QUALITIES = (
    Quality("1080p60", "1920x1080", 60),
    Quality("1080p30", "1920x1080", 30),
    Quality("720p60", "1280x720", 60),
    Quality("720p30", "1280x720", 30),
    Quality("480p30", "852x480", 30),
)
BY_NAME = {quality.name: quality for quality in QUALITIES}


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a group encodes. `bound` says which platform's limit gave the bitrate; empty if none did."""

    quality: Quality
    video_kbps: int
    audio_kbps: int
    keyframe_s: int
    profile: str = ""
    bound: str = ""


def offered(limits: Mapping[str, Any]) -> list[Quality]:
    """The qualities that a platform takes, the best first."""
    sizes = limits.get("resolutions")
    fastest = limits.get("max_fps", QUALITIES[0].fps)
    return [one for one in QUALITIES if one.fps <= fastest and (not sizes or one.size in sizes)]


def encoding(quality: Quality, platforms: Sequence[tuple[str, Mapping[str, Any]]]) -> Encoding:
    """What suits all of these platforms, each with its name and limits: the strictest limit of each kind."""
    usual = parse_bitrate(common_bitrate(quality.size, quality.fps)) // 1000
    video_kbps, bound = usual, ""
    for name, limits in platforms:
        if (highest := highest_kbps(quality, limits)) is not None and highest < video_kbps:
            video_kbps, bound = highest, name
    every = [limits for _, limits in platforms]
    profiles = [limits["h264_profile"] for limits in every if "h264_profile" in limits]
    return Encoding(
        quality,
        video_kbps,
        min([_AUDIO_KBPS, *(limits["max_audio_kbps"] for limits in every if "max_audio_kbps" in limits)]),
        min([_KEYFRAME_S, *(one["keyframe_interval_s"] for one in every if "keyframe_interval_s" in one)]),
        next((one for one in ("baseline", "main", "high") if one in profiles), ""),
        bound,
    )


def highest_kbps(quality: Quality, limits: Mapping[str, Any]) -> int | None:
    """The highest video bitrate of a platform for a picture; `None` if it is not known."""
    for row in limits.get("bitrates", ()):
        if row["resolution"] == quality.size and quality.fps <= row["fps"]:
            return int(row["max_kbps"])
    return limits.get("max_video_kbps")
