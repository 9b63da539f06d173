"""The picture that suits platforms best, and what kept a better one from being chosen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from spiritstream.config import suiting
from spiritstream.config.qualities import QUALITIES, Picture, refusal
from spiritstream.config.suiting import Chosen, NothingSuitsError, shown
from spiritstream.model.limits import Limits
from spiritstream.model.size import Size

# Of its usual bitrate, what still makes a picture better than the next smaller one: platforms with such
# limits are sent 720p of 2500 kbit/s, 1080p of 5000, and of 8000 at 60 frames per second.
_ENOUGH = Fraction(4, 5)


@dataclass(frozen=True, slots=True)
class Request:
    """What a picture is chosen for: the platforms, what is settled already, and what comes in, if known."""

    platforms: Sequence[Limits]
    size: Size | None = None
    fps: Fraction | None = None
    source: Picture | None = None
    bitrate_bps: int | None = None


def best_picture(request: Request) -> tuple[Chosen[Size], Chosen[Fraction]]:
    """The best picture whose usual bitrate, or nearly that, every platform takes; else the smallest.

    It is larger or faster than what comes in only where a platform takes nothing smaller.

    Raises:
        NothingSuitsError: the platforms have no size in common.
    """
    usual = _usual(request)
    fitting = _fitting(request, usual)
    picture = next((one for one in fitting if not _too_much(one, request)), fitting[-1])
    return _size_chosen(request, usual, picture), _fps_chosen(request, usual, picture)


def _usual(request: Request) -> list[Picture]:
    """The common pictures, with what is settled in its place; the best first."""
    common = [Picture.of(one) for one in QUALITIES]
    if request.size is not None:
        common = [Picture(request.size, fps) for fps in dict.fromkeys(one.fps for one in common)]
    if request.fps is not None:
        common = [Picture(size, request.fps) for size in dict.fromkeys(one.size for one in common)]
    return common


def _fitting(request: Request, usual: Sequence[Picture]) -> list[Picture]:
    """The pictures to choose from: common ones, else any that platforms or what comes in name."""
    every = sorted(_every(request, usual), key=lambda one: one.rank, reverse=True)
    for pictures in (usual, every):
        found = [one for one in pictures if not _hindrance(one, request)]
        if found:
            return found
    taken = [one for one in every if not _refusal(one, request)]
    if not taken:
        raise NothingSuitsError(_no_size(request.platforms))
    return taken[-1:]


def _every(request: Request, usual: Sequence[Picture]) -> Iterator[Picture]:
    sizes = {one.size for one in usual}
    rates = {one.fps for one in usual}
    if request.size is None:
        sizes |= {size for limits in request.platforms for size in limits.sizes}
        sizes |= {request.source.size} if request.source else set()
    if request.fps is None:
        rates |= {Fraction(limits.fps) for limits in request.platforms if limits.fps}
        rates |= {request.source.fps} if request.source else set()
    return (Picture(size, fps) for size in sizes for fps in rates)


def _hindrance(picture: Picture, request: Request) -> str:
    """Why a picture cannot be sent, whatever its bitrate; empty if it can."""
    return _refusal(picture, request) or _beyond(picture, request)


def _refusal(picture: Picture, request: Request) -> str:
    """The platform's rule that a picture breaks; what is settled is not asked about."""
    size, fps = request.size is None, request.fps is None
    return refusal(picture, request.platforms, size=size, fps=fps)


def _beyond(picture: Picture, request: Request) -> str:
    """Whether a picture is more than what comes in."""
    source = request.source
    if source is None:
        return ""
    size = picture.size
    if request.size is None and (size.width > source.size.width or size.height > source.size.height):
        return f"the input's picture is {source.size}"
    if request.fps is None and picture.fps > source.fps:
        return f"the input has {float(source.fps):.4g} frames per second"
    return ""


def _too_much(picture: Picture, request: Request) -> str:
    """Why a picture would get much less than its usual bitrate; empty if it does not."""
    usual = suiting.usual_bps(picture.size, picture.fps)
    most = suiting.highest(picture.size, picture.fps, request.platforms)
    usually = f"{shown(picture.size, picture.fps)} usually has {usual // 1000} kbit/s, and "
    if most is not None and most.value < usual * _ENOUGH:
        return usually + most.why
    if request.bitrate_bps is not None and request.bitrate_bps < usual * _ENOUGH:
        return f"{usually}{request.bitrate_bps // 1000} kbit/s are written"
    return ""


def _size_chosen(request: Request, usual: Sequence[Picture], picture: Picture) -> Chosen[Size]:
    larger = [one for one in usual if one.size != picture.size and one.rank > picture.rank]
    return Chosen(picture.size, _why(request, larger[-1:], picture, "the largest that is usual"))


def _fps_chosen(request: Request, usual: Sequence[Picture], picture: Picture) -> Chosen[Fraction]:
    faster = [one for one in usual if one.size == picture.size and one.fps > picture.fps]
    return Chosen(picture.fps, _why(request, faster[-1:], picture, f"usual for {picture.size}"))


def _why(request: Request, better: Sequence[Picture], picture: Picture, otherwise: str) -> str:
    """What kept the next better picture from being chosen."""
    reasons = [_hindrance(one, request) or _too_much(one, request) for one in better]
    if any(reasons):
        return reasons[0]
    if _beyond(picture, request):  # nothing that is not more is taken
        smaller = [Picture(request.source.size, request.source.fps)] if request.source else []
        return next((why for one in smaller if (why := _refusal(one, request))), otherwise)
    return otherwise


def _no_size(platforms: Sequence[Limits]) -> str:
    try:
        suiting.refuse([(limits, limits.sizes) for limits in platforms if limits.sizes], "size")
    except NothingSuitsError as error:
        return str(error)
    return "no size suits all platforms"
