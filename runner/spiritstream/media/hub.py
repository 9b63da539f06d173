"""The hub: one source in, any number of consumers out. No consumer is ever waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from spiritstream.media.flv import AUDIO, SCRIPT, TIMELESS, VIDEO, Role, Tag, body_of, file_header
from spiritstream.media.gop import GopCache
from spiritstream.media.metadata import from_metadata
from spiritstream.media.meter import Meter
from spiritstream.media.sps import Picture, from_header
from spiritstream.media.timeline import Timeline
from spiritstream.model.status import Incoming


class Consumer(Protocol):
    """What takes media from a hub. `push` must return at once, whatever its other end does."""

    def push(self, tags: Sequence[Tag]) -> None:
        """Take the next tags."""


class Hub:
    """Puts a source's tags on one clock, keeps what a new consumer needs, and fans out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, start_ms: int = 0) -> None:
        self._clock = clock
        self._gop = GopCache()
        self._consumers: list[Consumer] = []
        self._ready = asyncio.Event()
        self._meter = Meter()
        self.timeline = Timeline(start_ms)
        self.last_media: float | None = None
        self.tags = 0
        self.ends = 0
        self.converted: frozenset[str] = frozenset()

    def begin(self, at_ms: int, *, audio: bool, video: bool, converted: frozenset[str] = frozenset()) -> None:
        """A new source begins: another connection, file or encoder, with these streams, at `at_ms`.

        `converted` names the streams (`video`, `audio`) that were encoded only to travel here.
        """
        self.converted = converted
        self.timeline.restart(at_ms)
        self._gop.expect(audio=audio, video=video)
        self._meter.restart()
        self._ready.clear()

    def end(self) -> None:
        """The source is gone for longer than anybody shall wait: consumers leave, and nobody starts from
        what it left. The next `begin` goes on with the clock. `ends` counts these, for who looks at times.
        """
        self._gop.expect(audio=self.has_audio, video=self.has_video)
        self._meter.restart()
        self._ready.clear()
        self.ends += 1

    def resume_ms(self) -> int:
        """Where a source that returns now belongs: the pause stays as long as it was."""
        quiet = 0.0 if self.last_media is None else self._clock() - self.last_media
        return self.timeline.end_ms + int(quiet * 1000)

    def publish(self, tags: Sequence[Tag]) -> None:
        """Tags as the source stamped them."""
        now = self._clock()
        elapsed_ms = 0 if self.last_media is None else int((now - self.last_media) * 1000)
        placed = [self._place(tag, elapsed_ms) for tag in tags if tag.role is not Role.END]
        for tag in placed:
            self._gop.add(tag)
        self.tags += len(placed)
        self.last_media = now
        self._meter.add(now, placed)
        for consumer in self._consumers:
            consumer.push(placed)
        if self._gop.ready and not self._ready.is_set():
            self._ready.set()

    def _place(self, tag: Tag, elapsed_ms: int) -> Tag:
        if tag.role in TIMELESS:
            return tag.at(self.timeline.header())
        placed = self.timeline.place(tag.kind, tag.time_ms, elapsed_ms)
        return tag if placed == tag.time_ms else tag.at(placed)

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """Who is attached."""
        return tuple(self._consumers)

    def burst(self) -> list[Tag]:
        """What somebody who begins now needs first: headers and the last group."""
        return self._gop.burst()

    def attach(self, consumer: Consumer) -> int | None:
        """Give `consumer` headers and the last group at once, then everything that comes.

        Returns the time of the first frame it got, in milliseconds of this hub's clock.
        """
        burst = self.burst()
        consumer.push(burst)
        self._consumers = [*self._consumers, consumer]
        frames = [tag for tag in burst if tag.role not in TIMELESS]
        return frames[0].time_ms if frames else None

    def detach(self, consumer: Consumer) -> None:
        """Give `consumer` nothing more. Harmless when it is not attached."""
        self._consumers = [other for other in self._consumers if other is not consumer]

    def header(self) -> bytes:
        """The FLV file header that fits this hub's streams."""
        return file_header(audio=self.has_audio, video=self.has_video)

    @property
    def ready(self) -> bool:
        """Whether a consumer that starts now gets a picture at once."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Wait until `ready`."""
        await self._ready.wait()

    @property
    def has_video(self) -> bool:
        """Whether the source has a picture."""
        return self._gop.expects_video

    @property
    def has_audio(self) -> bool:
        """Whether the source has sound."""
        return self._gop.expects_audio

    def codecs(self) -> dict[str, str | None]:
        """What the source carries, by stream; `None` where it has no such stream or is not known yet."""
        kinds = {"video": VIDEO, "audio": AUDIO}
        return {stream: self._gop.codecs.get(kind) for stream, kind in kinds.items()}

    def silent_s(self) -> float | None:
        """For how long nothing has come; `None` before the first media."""
        return None if self.last_media is None else self._clock() - self.last_media

    def bitrate_bps(self) -> float:
        """What came in over the last seconds, in bit/s."""
        return self._meter.bitrate_bps(self._clock())

    def incoming(self) -> Incoming:
        """What comes in, as measured."""
        return self._meter.incoming(
            self._clock(), codecs=self.codecs(), picture=self._picture(), clock_faults=self.timeline.faults
        )

    def _picture(self) -> Picture | None:
        """What the codec's header says of the picture, else what the metadata says."""
        header, metadata = self._gop.header(VIDEO, Role.HEADER), self._gop.header(SCRIPT, Role.META)
        announced = from_metadata(body_of(metadata)) if metadata and self.has_video else None
        coded = from_header(body_of(header)) if header else None
        if coded and announced and coded.fps is None:
            return replace(coded, fps=announced.fps)
        return coded or announced
