"""The input that is published to us: RTMP and RTMPS."""

from __future__ import annotations

import socket
from dataclasses import replace

from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event, State
from spiritstream.model.profile import RtmpInput
from spiritstream.model.status import Cause, Incoming, Progress
from spiritstream.rtmp.faults import RtmpError
from spiritstream.run.ingest.gate import Denied
from spiritstream.run.ingest.link import Events, Link
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.run.ingest.publisher import Publisher
from spiritstream.run.ingest.stage import Stage
from spiritstream.run.unit import Tools, Unit

_QUIET_S = 3.0
# What a person has to mend; the rest is what any port on a network sees.
_LOUD = frozenset({Denied.KEY, Denied.APP, Denied.TLS, Denied.RUNNER})


class RtmpUnit(Unit):
    """Waits for whoever has the key, for ever; what it publishes goes into the hub."""

    kind = "input"
    diagnosis = "input"

    def __init__(self, wanted: RtmpInput, hub: Hub, tools: Tools, profile: str) -> None:
        super().__init__("input", tools)
        self._wanted = wanted
        self._hub = hub
        self._faults_before = hub.timeline.faults
        self._profile = profile
        self._stage: Stage | None = None
        self._seen_tags = 0
        self._moved_at = 0.0
        self.destination = f"{self._scheme}://{wanted.listen}/{wanted.app}"

    @property
    def _scheme(self) -> str:
        return "rtmps" if self._wanted.certificate else "rtmp"

    async def once(self) -> Cause | None:
        """Take publishers until interrupted, or until the address cannot be had."""
        self._happened(Event.START)
        stage = self._stage = Stage(self._wanted, self._hub, self.tools.clock, self._log)
        self._seen_tags, self._moved_at = 0, self.tools.clock()
        lodging = Lodging(self.tools.runtime, self._wanted.host, self._wanted.port)
        events = Events(self._arrived, self._denied, self._log.warning)
        link = Link(self._wanted, self._profile, lodging, events)
        link.start()
        try:
            return await self._attend(lambda: self._look(stage, link))
        finally:
            # First the line: who came after the stage is closed would stay for ever.
            try:
                await link.leave()
            finally:
                await stage.close()

    def _look(self, stage: Stage, link: Link) -> Cause | None:
        link.check()
        stage.look()
        now = self.tools.clock()
        if stage.tags > self._seen_tags:
            self._seen_tags, self._moved_at = stage.tags, now
            self._happened(Event.MEDIA)
        elif stage.publisher is None and link.refused:
            return link.refused
        elif stage.publisher is None and link.joined.is_set():
            self._starved(self._nobody())
        elif stage.publisher and now - max(self._moved_at, stage.publisher.since) > _QUIET_S:
            self._starved(self._silent())
        return None

    def _starved(self, cause: Cause) -> None:
        if self.state is not State.WAITING or self.cause != cause:
            self._log.info("%s; %s", cause.message, cause.advice)
        self._happened(Event.STARVED, cause)

    def _nobody(self) -> Cause:
        where = self.destination if self._wanted.host not in ("0.0.0.0", "::") else self._anywhere()
        key = " with the profile's key" if self._wanted.key else ""
        return Cause("no-publisher", "nobody publishes yet", f"publish to {where}{key}")

    def _anywhere(self) -> str:
        return f"{self._scheme}://HOST:{self._wanted.port}/{self._wanted.app}, HOST being this machine,"

    def _silent(self) -> Cause:
        return Cause(
            "publisher-silent",
            "the publisher is connected and sends nothing",
            "look at the encoder; it goes on by itself",
        )

    def _arrived(self, sock: socket.socket, replay: bytes, peer: str) -> None:
        assert self._stage is not None
        try:
            newcomer = Publisher(sock, replay, peer, self.tools.clock)
        except RtmpError:
            self._log.warning("publisher %s was dropped: what it sends is not RTMP", peer)
            return
        self._stage.arrived(newcomer)

    def _denied(self, kind: str, peer: str, times: int) -> None:
        level = self._log.warning if kind in _LOUD else self._log.info
        often = f" {times} more times" if times > 1 else ""
        level("publisher %s was refused%s: %s", peer, often, self._reason(kind))

    def _reason(self, kind: str) -> str:
        app, secure = self._wanted.app, bool(self._wanted.certificate)
        tls = (
            "it speaks no TLS, or does not trust the certificate" if secure else "it speaks TLS: use rtmp://"
        )
        reasons: dict[str, str] = {
            Denied.KEY: f"wrong key for app {app}",
            Denied.APP: f"wrong app; the one here is {app}",
            Denied.PLAY: "it asked to play, and nothing is played here",
            Denied.LATE: "it connected and did not publish",
            Denied.GARBLED: "what it sends is not RTMP",
            Denied.TLS: tls,
            Denied.CROWD: "too many connections that do not publish",
            Denied.RATE: "it connects too often",
            Denied.RUNNER: "this show could not take it",
        }
        return reasons.get(kind, kind)

    # What it shows.

    def incoming(self) -> Incoming | None:
        """What arrives. The hub outlives its inputs: the faults of those before are not this one's."""
        if self._stage is None or not self._stage.tags:
            return None
        now = self._hub.incoming()
        return replace(now, clock_faults=now.clock_faults - self._faults_before)

    def progress(self) -> Progress:
        """What has come in since the unit was started."""
        stage = self._stage
        if stage is None or not stage.tags:
            return Progress()
        return Progress(frame=stage.frames, bitrate_bps=self._hub.bitrate_bps(), size_bytes=stage.bytes)

    def detail(self) -> str:
        """What comes in, and from where."""
        publisher = self._stage.publisher if self._stage else None
        if publisher is None:
            return ""
        codecs = " + ".join(codec for codec in self._hub.codecs().values() if codec)
        rate = f"{codecs} {self._hub.bitrate_bps() / 1000:.0f} kbit/s " if codecs else ""
        return f"{rate}from {publisher.peer}"
