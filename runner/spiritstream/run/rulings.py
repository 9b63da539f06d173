"""What a target gets, held against what its platform takes, and said only when it stays so. Pure.

A look compares once. What is said, and what is taken back, must have been found by several looks in a
row, so that a scene with much motion, or a publisher that comes and goes, is no news each time. In
between, a part of the slack stays: who sends as much as is just too much is not told so again and again.
"""

from __future__ import annotations

from spiritstream.media.flv import UNKNOWN_CODEC
from spiritstream.model.limits import Breach, Limits, Rule, Stream, breaches, session_breach
from spiritstream.model.profile import Group
from spiritstream.model.size import Size
from spiritstream.model.status import Incoming

# What is measured swings: a bitrate with what is shown, a keyframe interval by a frame or two. Of frame rates
# people choose few, and a fiftieth tells 59.94 and 60 from 50.
SLACK = 0.10
FPS_SLACK = 0.02
# A platform's measure of ours is no better than this: what is within it has come back to the limit.
_BACK = 0.5
LOOKS = 3

_SESSION_NEAR_S = 1800.0
_SESSION_NEAR_SHARE = 0.10

_VIDEO, _AUDIO = "video", "audio"
_STREAMS = {
    Rule.VIDEO_CODEC: _VIDEO,
    Rule.SIZE: _VIDEO,
    Rule.FPS: _VIDEO,
    Rule.VIDEO_BITRATE: _VIDEO,
    Rule.KEYFRAME: _VIDEO,
    Rule.B_FRAMES: _VIDEO,
    Rule.PROFILE: _VIDEO,
    Rule.AUDIO_CODEC: _AUDIO,
    Rule.AUDIO_BITRATE: _AUDIO,
}


def measured(incoming: Incoming) -> Stream:
    """What a hub carries, as far as it is known. Of a source that is silent nothing is."""
    if not incoming.bitrate_bps:
        return Stream()
    return Stream(
        video=_codec(incoming.video),
        audio=_codec(incoming.audio),
        has_audio=None if incoming.audio_bps is None else incoming.audio_bps > 0,
        size=_size(incoming.size),
        fps=incoming.fps,
        video_bps=_measure(incoming.video_bps),
        audio_bps=_measure(incoming.audio_bps),
        keyframe_s=incoming.keyframe_s,
        b_frames=incoming.b_frames,
        profile=incoming.profile,
    )


def _codec(name: str | None) -> str | None:
    """One that FLV's header does not name, such as of a stream with several tracks, may be any."""
    return None if name == UNKNOWN_CODEC else name


def _measure(bps: float | None) -> float | None:
    """As a float, which is how the rules tell a measured figure from a declared one."""
    return None if bps is None else float(bps)


def _size(text: str | None) -> Size | None:
    if text is None:
        return None
    width, _, height = text.partition("x")
    return Size(int(width), int(height))


class Rulings:
    """What is said of one target: the breaches that were there for so many looks in a row."""

    def __init__(self) -> None:
        self._said: dict[Rule, Breach] = {}
        self._looks: dict[Rule, int] = {}

    @property
    def said(self) -> tuple[Breach, ...]:
        """What holds, each with the figures of the last look that found it."""
        return tuple(self._said[rule] for rule in Rule if rule in self._said)

    def look(self, limits: Limits, stream: Stream) -> None:
        """Take another look into account."""
        near = _broken(limits, stream, _BACK)
        if not near and not self._said:  # as nearly always
            self._looks.clear()
            return
        over = _broken(limits, stream, 1.0)
        for rule in Rule:
            differs = rule not in near if rule in self._said else rule in over
            self._looks[rule] = self._looks.get(rule, 0) + 1 if differs else 0
            if rule in self._said and rule in near:
                self._said[rule] = near[rule]
            if self._looks[rule] == LOOKS:
                self._turn(rule, over.get(rule))

    def _turn(self, rule: Rule, breach: Breach | None) -> None:
        self._looks[rule] = 0
        if breach is None:
            del self._said[rule]
        else:
            self._said[rule] = breach


def _broken(limits: Limits, stream: Stream, share: float) -> dict[Rule, Breach]:
    """What is over its limit by more than a share of the slack."""
    found = {one.rule: one for one in breaches(limits, stream, SLACK * share)}
    if limits.fps is not None:
        narrow = breaches(limits, stream, FPS_SLACK * share)
        found |= {one.rule: one for one in narrow if one.rule is Rule.FPS}
    return found


def in_words(breach: Breach, group: Group) -> str:
    """Where it was seen, what is wrong and who says so, and where to do what about it."""
    stream = _STREAMS.get(breach.rule)
    if stream is not None and getattr(group, stream) is not None:
        return f"what is encoded: {breach.message}; {breach.advice} in groups.{group.name}.{stream}"
    here = f", or encode the {stream} in groups.{group.name}" if stream else ""
    return f"what arrives: {breach.message}; {breach.advice} at the source{here}"


def session_end(limits: Limits, began: float, now: float) -> float | None:
    """When the platform ends a broadcast that began then, if that is near or past; in the same seconds."""
    if limits.session_s is None:
        return None
    end = began + limits.session_s
    near_s = min(_SESSION_NEAR_S, limits.session_s * _SESSION_NEAR_SHARE)
    return end if end - now <= near_s else None


def session_in_words(limits: Limits, clock: str, *, past: bool) -> str:
    """The same for people; `clock` is the time of day that they see on theirs."""
    breach = session_breach(limits, f"this one {'was due to end' if past else 'ends'} at {clock}")
    return f"{breach.message}; begin another broadcast{'' if past else ' before'}"
