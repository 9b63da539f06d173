"""What arrived at a pretend platform, and when."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.live.chunks import Message, Type

_KEPT_MEDIA = 20_000


@dataclass(frozen=True, slots=True)
class Media:
    """One audio or video message that arrived."""

    at: float
    type: Type
    timestamp_ms: int
    size: int
    checksum: int
    keyframe: bool = False
    header: bool = False
    """A codec header (sequence header), not a frame."""


@dataclass(slots=True)
class Connection:
    """What one publisher did."""

    connected_at: float
    app: str = ""
    stream: str = ""
    tc_url: str = ""
    published_at: float | None = None
    first_media_at: float | None = None
    closed_at: float | None = None
    goodbyes: list[str] = field(default_factory=list)
    """The commands by which it ended its stream, and did not merely go away."""
    pings: int = 0
    """How often it asked for a sign of life."""
    enhanced: list[str] = field(default_factory=list)
    """The Enhanced RTMP codecs that it announced."""
    media_bytes: int = 0
    media_count: int = 0
    media: deque[Media] = field(default_factory=lambda: deque(maxlen=_KEPT_MEDIA))
    """The latest of it."""

    def __str__(self) -> str:
        """How far it came, without its key."""
        published, closed = self.published_at is not None, self.closed_at is not None
        return f"[{published=} media={self.media_count} {closed=}]"

    def frames(self, type: Type = Type.VIDEO) -> list[Media]:
        """The frames of one kind, without codec headers."""
        return [item for item in self.media if item.type == type and not item.header]

    def longest_gap_s(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The longest time without any media, between the arrivals from `since` to `until`."""
        return longest_gap_s(item.at for item in self.media if since <= item.at <= until)


def longest_gap_s(times: Iterable[float]) -> float:
    """The longest step between neighbours."""
    return max((b - a for a, b in pairwise(times)), default=0.0)


def note(message: Message, at: float) -> Media:
    """What is worth knowing of a media message: two bytes tell a keyframe and a codec header."""
    body = message.body
    first, second = body[0], body[1] if len(body) > 1 else 0
    if message.type == Type.VIDEO and first & 0x80:  # enhanced RTMP: packet type in the low half
        keyframe, header = first >> 4 & 7 == 1, first & 0x0F == 0
    elif message.type == Type.VIDEO:
        # 0 is a header, 2 the end of the sequence: neither is a frame.
        keyframe, header = first >> 4 == 1, first & 0x0F == 7 and second != 1
    else:
        keyframe, header = False, first >> 4 == 10 and second == 0
    return Media(
        at=at,
        type=Type(message.type),
        timestamp_ms=message.timestamp_ms,
        size=len(body),
        checksum=zlib.crc32(body),
        keyframe=keyframe and not header,
        header=header,
    )
