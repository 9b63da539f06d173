"""What a new consumer needs to start at once: metadata, codec headers, the last group of pictures. Pure."""

from __future__ import annotations

from spiritstream.media.flv import AUDIO, VIDEO, Role, Tag, codec_of

# 8 s at 16 Mbit/s. A longer group is not kept: a consumer then waits for the next keyframe.
MAX_GOP_BYTES = 16 * 1024 * 1024


class GopCache:
    """The last group of pictures with everything before it that decoding needs."""

    def __init__(self, max_bytes: int = MAX_GOP_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._frames: list[Tag] = []
        self._headers: dict[tuple[int, Role], Tag] = {}
        self.codecs: dict[int, str] = {}
        self.expects_video = True
        self.expects_audio = True

    def expect(self, *, audio: bool, video: bool) -> None:
        """A new source begins and says which streams it has: forget the old one's pictures."""
        self.expects_audio, self.expects_video = audio, video
        self._frames, self._bytes = [], 0
        self._headers.clear()
        self.codecs.clear()

    def add(self, tag: Tag) -> None:
        """Take the next tag into account."""
        if tag.role in (Role.META, Role.HEADER):
            self._headers[tag.kind, tag.role] = tag
        if tag.role is Role.META or tag.role is Role.OTHER:
            return
        if tag.kind not in self.codecs or tag.role is Role.HEADER:
            self.codecs[tag.kind] = codec_of(tag)
        if tag.role is Role.HEADER:
            return
        if self.starts_group(tag):
            self._frames, self._bytes = [], 0
        elif not self._frames:
            return
        self._frames.append(tag)
        self._bytes += len(tag.raw)
        if self._bytes > self._max_bytes:
            self._frames, self._bytes = [], 0

    def starts_group(self, tag: Tag) -> bool:
        """Whether decoding can start at `tag`: a keyframe, or any frame of sound when there is no picture."""
        return tag.role is Role.KEY or (tag.role is Role.SOUND and not self.expects_video)

    @property
    def ready(self) -> bool:
        """Whether a consumer could start now: every promised stream is known, and a group has begun."""
        known = (not self.expects_video or VIDEO in self.codecs) and (
            not self.expects_audio or AUDIO in self.codecs
        )
        return known and bool(self._frames)

    def headers(self) -> list[Tag]:
        """Metadata first, then the codec headers, at the time of the group that they precede."""
        kept = sorted(self._headers.values(), key=lambda tag: tag.role)
        return [tag.at(self._frames[0].time_ms) for tag in kept] if self._frames else kept

    def header(self, kind: int, role: Role) -> Tag | None:
        """The last metadata or codec header of a stream, as it came."""
        return self._headers.get((kind, role))

    def burst(self) -> list[Tag]:
        """Everything that a new consumer gets at once."""
        return [*self.headers(), *self._frames]
