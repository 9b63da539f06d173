"""What suits several platforms at once: the strictest of their limits, and whose it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Generic, TypeVar

from spiritstream.config.address import either
from spiritstream.config.quality import common_bitrate
from spiritstream.config.values import parse_bitrate
from spiritstream.model.limits import H264_PROFILES, Limits
from spiritstream.model.size import Size

USUAL_KEYFRAME_S = 2.0
USUAL_AUDIO_BPS = 160_000
# No decoder has room for more (H.264 A.3.1): who takes more sets no limit.
MOST_B_FRAMES = 16
T = TypeVar("T")
Figure = TypeVar("Figure", int, float)


@dataclass(frozen=True, slots=True)
class Chosen(Generic[T]):
    """A value, and why it is this one. `bound` is the platform whose limit it is, if one's is."""

    value: T
    why: str
    bound: str = ""


class NothingSuitsError(Exception):
    """What one platform takes, another does not: the text names both."""


def codec(
    first: str, platforms: Sequence[Limits], takes: Callable[[Limits], Sequence[str]], kind: str
) -> Chosen[str]:
    """The first of the codecs that every platform takes; `first` comes before all others.

    Raises:
        NothingSuitsError: there is none.
    """
    known = [(limits, takes(limits)) for limits in platforms if takes(limits)]
    every = list(dict.fromkeys([first, *(name for _, names in known for name in names)]))
    common = [name for name in every if all(name in names for _, names in known)]
    if not common:
        refuse(known, f"{kind} codec")
    # Of several that do without the usual one, the first to say so stands for all.
    other = next((limits for limits, names in known if first not in names), None)
    if other is None:
        return Chosen(common[0], "taken by all" if known else "usual")
    return Chosen(common[0], said(other, f"takes {either(list(takes(other)))}"), other.platform)


def refuse(known: Sequence[tuple[Limits, Iterable[object]]], what: str) -> None:
    """Name two that have nothing in common; where each two have something, the first and the last."""
    held = [(limits, [str(one) for one in listed]) for limits, listed in known]
    pairs = [pair for pair in combinations(held, 2) if not set(pair[0][1]) & set(pair[1][1])]
    (one, ours), (other, theirs) = pairs[0] if pairs else (held[0], held[-1])
    message = f"no {what} suits both {one.platform} ({either(ours)}) and {other.platform} ({either(theirs)})"
    raise NothingSuitsError(message if pairs else f"no {what} suits all of {_names(known)}")


def _names(known: Sequence[tuple[Limits, object]]) -> str:
    return ", ".join(limits.platform for limits, _ in known)


def video_bitrate(size: Size, fps: Fraction, platforms: Sequence[Limits]) -> Chosen[int]:
    """The usual bitrate of a picture in bit/s, or the lowest that a platform takes at most."""
    usual = usual_bps(size, fps)
    strictest = highest(size, fps, platforms)
    if strictest is None or strictest.value > usual:
        return Chosen(usual, f"usual for {shown(size, fps)}")
    return strictest


def highest(size: Size, fps: Fraction, platforms: Sequence[Limits]) -> Chosen[int] | None:
    """The highest video bitrate that every platform takes for a picture; `None` if no limit is known."""
    known = [(bps, limits) for limits in platforms if (bps := limits.highest_bps(size, fps)) is not None]
    if not known:
        return None
    bps, limits = min(known, key=lambda one: one[0])
    of = "" if bps == limits.video_bps else f" for {shown(size, fps)}"
    return Chosen(bps, said(limits, f"takes at most {bps // 1000} kbit/s{of}"), limits.platform)


def audio_bitrate(platforms: Sequence[Limits]) -> Chosen[int]:
    """The usual bitrate of sound in bit/s, or the lowest that a platform takes at most."""
    return _lowest(
        USUAL_AUDIO_BPS,
        platforms,
        lambda limits: limits.audio_bps,
        lambda bps: f"takes at most {bps // 1000} kbit/s of audio",
    )


def keyframe(platforms: Sequence[Limits]) -> Chosen[float]:
    """The usual time between keyframes in seconds, or the shortest that a platform wants."""
    return _lowest(
        USUAL_KEYFRAME_S,
        platforms,
        lambda limits: limits.keyframe_s,
        lambda seconds: f"wants a keyframe every {seconds:g} s",
    )


def h264_profile(platforms: Sequence[Limits]) -> Chosen[str] | None:
    """The lowest profile that a platform wants; `None` if none wants any."""
    wanted = [(limits.h264_profile, limits) for limits in platforms if limits.h264_profile in H264_PROFILES]
    if not wanted:
        return None
    name, limits = min(wanted, key=lambda one: H264_PROFILES.index(str(one[0])))
    return Chosen(str(name), said(limits, f"wants the {name} profile"), limits.platform)


def b_frames(platforms: Sequence[Limits]) -> Chosen[int] | None:
    """The fewest B-frames that a platform takes; `None` if no limit is known."""
    given = ((limits.b_frames, limits) for limits in platforms)
    known = [(most, limits) for most, limits in given if most is not None and most <= MOST_B_FRAMES]
    if not known:
        return None
    most, limits = min(known, key=lambda one: one[0])
    takes = f"takes at most {most} B-frames in a row" if most else "takes no B-frames"
    return Chosen(most, said(limits, takes), limits.platform)


def _lowest(
    usual: Figure,
    platforms: Sequence[Limits],
    limit: Callable[[Limits], Figure | None],
    words: Callable[[Figure], str],
) -> Chosen[Figure]:
    known = [(value, limits) for limits in platforms if (value := limit(limits)) is not None]
    if not known:
        return Chosen(usual, "usual")
    value, limits = min(known, key=lambda one: one[0])
    if value > usual:
        return Chosen(usual, "usual")
    return Chosen(value, said(limits, words(value)), limits.platform)


def said(limits: Limits, what: str) -> str:
    """A rule with the platform's name and the rule's source."""
    return f"{limits.platform} {what}" + (f" ({limits.source})" if limits.source else "")


def shown(size: Size, fps: Fraction) -> str:
    """A picture in words."""
    return f"{size} at {float(fps):.4g} frames per second"


def usual_bps(size: Size, fps: Fraction) -> int:
    """What a picture is commonly sent with, in bit/s."""
    return parse_bitrate(common_bitrate(str(size), float(fps)))
