"""The encodings that are commonly sent, and how platforms' limits bound them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from spiritstream.config import suiting
from spiritstream.config.address import either
from spiritstream.config.suiting import said
from spiritstream.config.values import parse_size
from spiritstream.model.limits import Limits
from spiritstream.model.size import Size

SOURCE = "source"
"""No encoding: what arrives is passed on."""


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
    keyframe_s: float
    profile: str = ""
    bound: str = ""
    b_frames: int | None = None


def offered(limits: Limits | None) -> list[Quality]:
    """The qualities that a platform takes, the best first."""
    platforms = [limits] if limits else []
    return [one for one in QUALITIES if not refusal(Picture.of(one), platforms)]


def encoding(quality: Quality, platforms: Sequence[Limits | None]) -> Encoding:
    """What suits all of these platforms: the strictest limit of each kind."""
    known = [limits for limits in platforms if limits]
    picture = Picture.of(quality)
    bitrate = suiting.video_bitrate(picture.size, picture.fps, known)
    profile = suiting.h264_profile(known)
    b_frames = suiting.b_frames(known)
    return Encoding(
        quality,
        bitrate.value // 1000,
        suiting.audio_bitrate(known).value // 1000,
        suiting.keyframe(known).value,
        profile.value if profile else "",
        bitrate.bound,
        b_frames.value if b_frames else None,
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """A size and a frame rate."""

    size: Size
    fps: Fraction

    @staticmethod
    def of(quality: Quality) -> Picture:
        """A quality's."""
        return Picture(parse_size(quality.size), Fraction(quality.fps))

    @property
    def rank(self) -> tuple[int, Fraction]:
        """More is better."""
        return self.size.width * self.size.height, self.fps


def refusal(picture: Picture, platforms: Sequence[Limits], *, size: bool = True, fps: bool = True) -> str:
    """The first rule that a picture breaks by its size or its frame rate; empty if it breaks none."""
    for limits in platforms:
        if size and limits.sizes and picture.size not in limits.sizes:
            return said(limits, f"takes {either([str(one) for one in limits.sizes])}")
        if fps and limits.fps and picture.fps > limits.fps:
            return said(limits, f"takes at most {limits.fps} frames per second")
    return ""
