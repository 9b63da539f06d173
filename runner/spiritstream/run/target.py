"""A target: one sender child, fed from its group's hub."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from spiritstream.ffmpeg.argv import sender_argv
from spiritstream.ffmpeg.child import spawn
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event
from spiritstream.model.profile import Group, Target
from spiritstream.model.status import Cause, Progress
from spiritstream.run.addressed import AddressedUnit
from spiritstream.run.carriage import refusal
from spiritstream.run.feeding import SENDER_TOGETHER_S, SOURCE_ENDED, Fed, FedUnitFigures
from spiritstream.run.recording import open_record
from spiritstream.run.servers import Servers
from spiritstream.run.unit import Tools
from spiritstream.run.watch import Watch


class TargetUnit(AddressedUnit):
    """Keeps one destination supplied."""

    def __init__(
        self,
        path: str,
        target: Target,
        group: Group,
        hub: Hub,
        tools: Tools,
        servers: Servers | None = None,
    ) -> None:
        super().__init__(path, target, tools, servers)
        self.diagnosis = "record" if target.record else "sender"
        self._group = group
        self._hub = hub
        self._figures = FedUnitFigures()

    async def _send(self) -> Cause | None:
        """From one beginning of the source to its end."""
        if not await self._source_ready(self._hub):
            return None
        if refused := refusal(self._group, self.target, self._hub.codecs(), self._hub.converted):
            return refused
        self._happened(Event.START)
        settled = await self._settle()
        if not isinstance(settled, Target):
            return settled
        if not self._hub.ready:
            # The source went away meanwhile.
            return SOURCE_ENDED
        # Folders can be on a disk or a network that hangs: not on our loop.
        target = await asyncio.to_thread(open_record, settled) if settled.record else settled
        child = spawn(
            lambda fd: sender_argv(
                target,
                ffmpeg=self.tools.ffmpeg,
                progress_fd=fd,
                generate_pts=self._group.generate_pts,
                video_codec=self._hub.codecs()["video"],
            ),
            stdin=True,
            secrets=(*target.secrets(), *self._hidden()),
            mask_on="Output #0",
            on_line=lambda line: self._log.debug("%s", line),
        )
        fed = Fed(self._hub, child, together_s=SENDER_TOGETHER_S)
        self._figures.began(fed)
        try:
            cause = await self._supply(fed)
            await fed.end(orderly=cause in (None, SOURCE_ENDED))
            return cause
        finally:
            self._figures.ended()
            await fed.end(orderly=False)

    async def _supply(self, fed: Fed) -> Cause | None:
        watch = Watch(self.tools.clock())

        def look() -> Cause | None:
            return fed.outdated() or self._judge(
                watch, given=fed.queue.pushed, passed=fed.child.progress.time_s or 0.0, full=fed.full
            )

        return await self._attend(look, fed.child)

    def progress(self) -> Progress:
        """The sender's figures."""
        return self._figures.progress()

    def pids(self) -> Sequence[int]:
        """The sender's process."""
        return self._figures.pids()

    def queue(self) -> tuple[int, float, int]:
        """The target's own queue."""
        return self._figures.queue()
