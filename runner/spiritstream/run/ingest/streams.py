"""Which streams a publisher sends: sound, picture, or both. RTMP has no header that says so. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spiritstream.media.flv import AUDIO, VIDEO, Role, Tag, body_of
from spiritstream.rtmp.amf import decode
from spiritstream.rtmp.faults import RtmpError

# One of two streams that has not begun by then, in the media's own time, is not there.
_SETTLE_MS = 1_000
# One that the metadata promised gets longer: a camera's sound may be switched on late.
_PROMISE_MS = 5_000
_HELD_BYTES = 4 * 1024 * 1024
_LONGEST_STEP_MS = 1_000


@dataclass(frozen=True, slots=True)
class Shape:
    """Which streams there are."""

    audio: bool
    video: bool


class Streams:
    """One publisher's tags on their way to the hub, which must know the shape before the first of them.

    Settled by onMetaData, else by seeing both, else after a second of media. What proves it wrong later (a
    stream that was promised never comes, one comes that was not) begins anew with what is true.
    """

    def __init__(self) -> None:
        self.shape: Shape | None = None
        self._promised: Shape | None = None
        self._seen: set[int] = set()
        self._headers: dict[tuple[int, Role], Tag] = {}
        self._held: list[Tag] = []
        self._held_bytes = 0
        self._last_ms: int | None = None
        self._span_ms = 0
        self._awaits_key = False
        self._anew = False

    def take(self, tags: Sequence[Tag]) -> tuple[Shape | None, list[Tag]]:
        """What goes to the hub now; with a shape, the hub begins with it first."""
        before = list(self._headers.values())
        for tag in tags:
            self._note(tag)
        if self._anew and self.shape is not None and not any(_is_media(tag) for tag in tags):
            return None, []
        shape = self._settled() if self.shape is None else self._corrected(self.shape)
        if self.shape is None:
            self._hold(tags)
            if shape is None:
                return None, []
            tags, self._held = self._held, []
        elif shape != self.shape or self._anew:
            tags = [*sorted(before, key=lambda tag: tag.role), *tags]
        else:
            return None, self._from_key(tags)
        self.shape, self._anew = shape, False
        self._awaits_key = shape is not None and shape.video
        return shape, self._from_key(tags)

    def begin_anew(self) -> None:
        """The hub has forgotten us: before what comes next it gets the shape and the headers again."""
        self._anew = True

    def _note(self, tag: Tag) -> None:
        if tag.role is Role.META:
            self._promised = _promise(tag) or self._promised
        if tag.role in (Role.META, Role.HEADER):
            self._headers[tag.kind, tag.role] = tag
        if not _is_media(tag):
            return
        self._seen.add(tag.kind)
        if self._last_ms is not None:
            self._span_ms += min(max(0, tag.time_ms - self._last_ms), _LONGEST_STEP_MS)
        self._last_ms = tag.time_ms

    def _settled(self) -> Shape | None:
        seen = Shape(AUDIO in self._seen, VIDEO in self._seen)
        if self._promised:
            return self._promised if self._seen else None
        enough = self._span_ms >= _SETTLE_MS or self._held_bytes > _HELD_BYTES
        return seen if seen == Shape(True, True) or (enough and self._seen) else None

    def _corrected(self, shape: Shape) -> Shape:
        patient = self._span_ms < _PROMISE_MS
        return Shape(
            AUDIO in self._seen or (shape.audio and patient), VIDEO in self._seen or (shape.video and patient)
        )

    def _hold(self, tags: Sequence[Tag]) -> None:
        self._held += tags
        self._held_bytes += sum(len(tag.raw) for tag in tags)
        # Data that no media follows; what a decoder needs is kept among the headers.
        if self._held_bytes > _HELD_BYTES and not self._seen:
            self._held, self._held_bytes = [], 0

    def _from_key(self, tags: Sequence[Tag]) -> list[Tag]:
        """Nobody can use pictures that come before the first whole one."""
        kept: list[Tag] = []
        for tag in tags:
            self._awaits_key = self._awaits_key and tag.role is not Role.KEY
            if not (self._awaits_key and tag.role is Role.FRAME):
                kept.append(tag)
        return kept


def _is_media(tag: Tag) -> bool:
    return tag.kind in (AUDIO, VIDEO) and tag.role not in (Role.OTHER, Role.END)


def _promise(tag: Tag) -> Shape | None:
    """What onMetaData says; `None` when it says nothing of either."""
    try:
        values = decode(body_of(tag))
    except RtmpError:
        return None
    about = values[1] if len(values) > 1 else None
    if not isinstance(about, dict):
        return None
    shape = Shape("audiocodecid" in about, "videocodecid" in about)
    return shape if shape.audio or shape.video else None
