"""A target that the runner itself carries: a connection, fed from its group's hub."""

from __future__ import annotations

from collections.abc import Mapping

from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event
from spiritstream.model.profile import Group, Leave, Sender, Target
from spiritstream.model.status import Cause, Progress, TcpFigures
from spiritstream.run.addressed import AddressedUnit
from spiritstream.run.carriage import refusal
from spiritstream.run.feeding import SOURCE_ENDED, nearly_full
from spiritstream.run.native.opening import PublishError, open_publish
from spiritstream.run.native.outlet import Outlet
from spiritstream.run.native.pace import Pace, Sample
from spiritstream.run.native.publication import Publication
from spiritstream.run.servers import Servers
from spiritstream.run.unit import Tools
from spiritstream.run.watch import Watch

_DRAIN_S = 0.5


# By codec: the names under which Enhanced RTMP knows it (Veovera, "Enhanced RTMP" v2).
_FOURCCS = {"hevc": "hvc1", "av1": "av01", "vp9": "vp09", "opus": "Opus"}


def fourccs_of(codecs: Mapping[str, str | None]) -> list[str]:
    """What a server must know of Enhanced RTMP to take these codecs; nothing for H.264 and AAC."""
    return [_FOURCCS[codec] for codec in codecs.values() if codec in _FOURCCS]


def carries(target: Target) -> bool:
    """Whether a target is for the native sender: it was asked for, and it is RTMP."""
    wanted = target.sender is Sender.NATIVE and target.address is not None
    return wanted and target.address is not None and target.address.scheme in ("rtmp", "rtmps")


class NativeTarget(AddressedUnit):
    """Keeps one destination supplied, without a child.

    What the input carries may change under it: the server is told, and the connection stays.
    """

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
        self._group = group
        self._hub = hub
        self._publication: Publication | None = None
        self._outlet: Outlet | None = None
        self._pace: Pace | None = None
        self._dropped_before = 0

    async def _send(self) -> Cause | None:
        """From one beginning of the source to its end."""
        if not await self._source_ready(self._hub):
            return None
        if refused := self._refusal():
            return refused
        self._happened(Event.START)
        settled = await self._settle()
        if not isinstance(settled, Target):
            return settled
        if not self._hub.ready:
            # The source went away meanwhile.
            return SOURCE_ENDED
        ends = self._hub.ends
        cause: Cause | None = None
        try:
            if await self._unless_interrupted(self._open(settled)):
                cause = await self._supply(ends)
        except PublishError as error:
            cause = error.cause
        except BaseException:
            await self._end(orderly=False)
            raise
        await self._end(orderly=cause in (None, SOURCE_ENDED))
        return cause

    async def _open(self, settled: Target) -> None:
        assert settled.address is not None
        self._publication = await open_publish(
            settled.address, fourccs=fourccs_of(self._hub.codecs()), hidden=self._hidden()
        )
        for host in self._publication.via:
            self._log.info("%s sent us on to another server", host)

    async def _supply(self, ends: int) -> Cause | None:
        publication = self._publication
        assert publication is not None
        self._outlet = outlet = Outlet(self._hub, publication)
        self._pace = Pace(self.tools.clock())
        publication.keep_asking()
        watch = Watch(self.tools.clock())

        def look() -> Cause | None:
            self._note(outlet)
            return (
                publication.cause
                or (SOURCE_ENDED if self._hub.ends != ends else self._refusal())
                or self._judge(
                    watch,
                    given=outlet.queue.pushed,
                    passed=outlet.sent_bytes,
                    full=nearly_full(outlet.queue),
                )
            )

        return await self._attend(look, ended=publication.over.wait())

    async def _end(self, *, orderly: bool) -> None:
        """Leave the hub and the server: with a goodbye where it is wanted, else at once."""
        publication, outlet = self._publication, self._outlet
        goodbye = orderly and self.target.leave is Leave.CLEAN
        try:
            if outlet is not None:
                self._dropped_before += outlet.queue.dropped_gops
                outlet.detach()
                if goodbye:
                    await outlet.drain(_DRAIN_S)
            if publication is not None and goodbye:
                await publication.leave()
        finally:
            self._publication = self._outlet = self._pace = None
            if publication is not None:
                publication.close()

    def _refusal(self) -> Cause | None:
        return refusal(self._group, self.target, self._hub.codecs(), self._hub.converted)

    def _note(self, outlet: Outlet) -> None:
        if self._pace is not None:
            now = self.tools.clock()
            self._pace.note(Sample(now, outlet.sent_bytes, outlet.frames, outlet.time_ms / 1000))

    def progress(self) -> Progress:
        """What goes out."""
        return self._pace.progress() if self._pace else Progress()

    def queue(self) -> tuple[int, float, int]:
        """The target's own queue."""
        if self._outlet is None:
            return 0, 0.0, self._dropped_before
        queue = self._outlet.queue
        return queue.bytes, queue.seconds, self._dropped_before + queue.dropped_gops

    def tcp(self) -> TcpFigures | None:
        """The kernel's figures of the connection."""
        return self._publication.figures() if self._publication else None
