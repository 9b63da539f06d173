"""A group: one encoder child, whatever its number of targets; or none, when the group passes media on."""

from __future__ import annotations

from collections.abc import Sequence

from spiritstream.ffmpeg.argv import encoder_argv
from spiritstream.ffmpeg.child import spawn
from spiritstream.ffmpeg.encoders import VideoEncoder
from spiritstream.ffmpeg.trial import choose_encoder
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event
from spiritstream.model.profile import Group
from spiritstream.model.status import Cause, Progress
from spiritstream.run.feeding import ENCODER_TOGETHER_S, SOURCE_ENDED, Fed, FedUnitFigures
from spiritstream.run.intake import Intake
from spiritstream.run.unit import Tools, Unit
from spiritstream.run.watch import Watch


class GroupUnit(Unit):
    """A group as its targets see it: a hub."""

    kind = "group"

    def __init__(self, path: str, group: Group, hub: Hub, tools: Tools) -> None:
        super().__init__(path, tools)
        self.group = group
        self.hub = hub

    def detail(self) -> str:
        """What its targets get."""
        return " + ".join(codec for codec in self.hub.codecs().values() if codec)


class PassthroughGroup(GroupUnit):
    """No child: its targets hang on the input's hub. It only tells whether media passes."""

    kind = "passthrough"

    async def once(self) -> Cause | None:
        """Look until interrupted."""
        if not await self._source_ready(self.hub):
            return None
        self._happened(Event.START)
        watch = Watch(self.tools.clock())
        return await self._attend(lambda: self._judge(watch, given=self.hub.tags, passed=self.hub.tags))


class EncodingGroup(GroupUnit):
    """One encoder child between the input's hub and a hub of its own.

    Its targets stay connected when the encoder is lost and comes back: the hub's clock goes on.
    """

    kind = "encoding"
    diagnosis = "encoder"
    slow_advice = (
        "encoding is slower than real time: choose a faster preset, a smaller size, or a hardware encoder"
    )

    def __init__(self, path: str, group: Group, source: Hub, tools: Tools) -> None:
        super().__init__(path, group, Hub(tools.clock), tools)
        self._source = source
        self._encoder: VideoEncoder | None = None
        self._figures = FedUnitFigures()

    async def once(self) -> Cause | None:
        """Encode until the child is lost or hangs."""
        while (cause := await self._run()) is SOURCE_ENDED:
            # The last frames are through: now the targets may leave.
            self.hub.end()
        return cause

    async def _run(self) -> Cause | None:
        """From one beginning of the source to its end."""
        # Encoders are tried, which takes as long as a driver that hangs.
        if not await self._unless_interrupted(self._choose()) or not await self._source_ready(self._source):
            return None
        self._happened(Event.START)
        child = spawn(
            lambda fd: encoder_argv(self.group, self._encoder, ffmpeg=self.tools.ffmpeg, progress_fd=fd),
            stdin=True,
            stdout=True,
            on_line=lambda line: self._log.debug("%s", line),
        )
        fed = Fed(self._source, child, together_s=ENCODER_TOGETHER_S)
        assert child.stdout_fd is not None
        intake = Intake(self.hub, child.stdout_fd, at_ms=fed.first_ms, converted=self._still_converted())
        self._figures.began(fed)
        try:
            cause = await self._encode(fed, intake)
            await fed.end(orderly=cause in (None, SOURCE_ENDED))
            return cause
        finally:
            self._figures.ended()
            await fed.end(orderly=False)
            intake.close()

    async def _choose(self) -> None:
        video = self.group.video
        if video is not None and self._encoder is None:
            self._encoder = await choose_encoder(self.tools.ffmpeg, video.codec, video.encoder)

    def _still_converted(self) -> frozenset[str]:
        """What was made for the road only and is copied here is no better for it."""
        copied = {name for name in ("video", "audio") if getattr(self.group, name) is None}
        return self._source.converted & copied

    async def _encode(self, fed: Fed, intake: Intake) -> Cause | None:
        watch = Watch(self.tools.clock())

        def look() -> Cause | None:
            return (
                intake.fault
                or fed.outdated()
                or self._judge(watch, given=fed.queue.pushed, passed=intake.tags, full=fed.full)
            )

        return await self._attend(look, fed.child)

    def detail(self) -> str:
        """What its targets get, and who encodes it."""
        encoder = f" ({self._encoder.name})" if self._encoder else ""
        return super().detail() + encoder

    def progress(self) -> Progress:
        """The encoder's figures."""
        return self._figures.progress()

    def pids(self) -> Sequence[int]:
        """The encoder's process."""
        return self._figures.pids()

    def queue(self) -> tuple[int, float, int]:
        """The encoder's queue."""
        return self._figures.queue()
