"""The input: what brings media into the runner's hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from spiritstream.ffmpeg.argv import Conversion, input_argv
from spiritstream.ffmpeg.child import Child, spawn
from spiritstream.ffmpeg.diagnose import flv_refuses, input_codecs
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event
from spiritstream.model.profile import FilesInput, Input, PullInput, RtmpInput, TestInput
from spiritstream.model.status import Cause, Incoming, Progress
from spiritstream.run.carriage import Needs, needs_encoding
from spiritstream.run.ingest.unit import RtmpUnit
from spiritstream.run.intake import Intake
from spiritstream.run.pacer import PacedFile, Pacer
from spiritstream.run.unit import Tools, Unit
from spiritstream.run.watch import Watch


def make_input(wanted: Input, hub: Hub, needs: Callable[[], Needs], tools: Tools, *, profile: str) -> Unit:
    """The unit for an input of whatever kind. `profile` is the name that others on its address see."""
    if isinstance(wanted, RtmpInput):
        return RtmpUnit(wanted, hub, tools, profile)
    if isinstance(wanted, FilesInput):
        return FilesUnit(wanted, hub, needs, tools)
    return StreamUnit(wanted, hub, needs, tools)


class InputUnit(Unit):
    """What every input has: a child that writes FLV, and streams that FLV may not carry."""

    kind = "input"
    diagnosis = "input"

    def __init__(self, hub: Hub, needs: Callable[[], Needs], tools: Tools) -> None:
        super().__init__("input", tools)
        self._hub = hub
        self._faults_before = hub.timeline.faults
        self._needs = needs
        self._child: Child | None = None

    def _spawn(self, wanted: TestInput | FilesInput | PullInput, convert: Conversion) -> Child:
        self._child = spawn(
            lambda fd: input_argv(wanted, ffmpeg=self.tools.ffmpeg, progress_fd=fd, convert=convert),
            stdout=True,
            secrets=wanted.address.secrets() if isinstance(wanted, PullInput) else (),
            mask_on="Input #0",
            on_line=lambda line: self._log.debug("%s", line),
        )
        return self._child

    def _converting(self, child: Child, known: Conversion, cause: Cause) -> tuple[Conversion, Cause]:
        """If FLV refused a stream: convert it from now on if a group encodes it, else say what to add."""
        lines = list(child.lines)
        needs, codecs = self._needs(), input_codecs(lines)
        for stream in sorted(flv_refuses(lines)):
            if getattr(known, stream):
                continue
            if not needs.encoding[stream]:
                return known, needs_encoding(stream, getattr(codecs, stream) or "", needs.copying[stream])
            known = replace(known, **{stream: True})
            cause = Cause(
                "converting", f"the input's {stream} is converted on its way in, as it is encoded anyway"
            )
        return known, cause

    def progress(self) -> Progress:
        """The input child's figures."""
        return self._child.progress if self._child else Progress()

    def pids(self) -> Sequence[int]:
        """The input's process."""
        return (self._child.pid,) if self._child and self._child.returncode is None else ()

    def incoming(self) -> Incoming | None:
        """What arrives. The hub outlives its inputs: the faults of those before are not this one's."""
        if not self._hub.tags:
            return None
        now = self._hub.incoming()
        return replace(now, clock_faults=now.clock_faults - self._faults_before)

    def detail(self) -> str:
        """What comes in."""
        codecs = " + ".join(codec for codec in self._hub.codecs().values() if codec)
        return f"{codecs} {self._hub.bitrate_bps() / 1000:.0f} kbit/s" if codecs else ""


def _names(convert: Conversion) -> frozenset[str]:
    return frozenset(stream for stream in ("video", "audio") if getattr(convert, stream))


class StreamUnit(InputUnit):
    """A live source: the test picture, or a stream that is pulled."""

    def __init__(
        self, wanted: TestInput | PullInput, hub: Hub, needs: Callable[[], Needs], tools: Tools
    ) -> None:
        super().__init__(hub, needs, tools)
        self._wanted = wanted
        self._convert = Conversion()
        self.destination = wanted.address.redacted() if isinstance(wanted, PullInput) else "test picture"

    async def once(self) -> Cause | None:
        """Bring in media until the source ends or hangs."""
        self._happened(Event.START)
        child = self._spawn(self._wanted, self._convert)
        assert child.stdout_fd is not None
        intake = Intake(self._hub, child.stdout_fd, converted=_names(self._convert))
        watch = Watch(self.tools.clock())

        def look() -> Cause | None:
            # The source is asked for media all the time: its silence is a stall.
            return intake.fault or self._judge(watch, given=self.tools.clock(), passed=intake.tags)

        try:
            cause = await self._attend(look, child)
            if cause is not None:
                self._convert, cause = self._converting(child, self._convert, cause)
            return cause
        finally:
            await child.stop()
            intake.close()


class FilesUnit(InputUnit):
    """One file or a playlist, paced, without a gap between files."""

    def __init__(self, wanted: FilesInput, hub: Hub, needs: Callable[[], Needs], tools: Tools) -> None:
        super().__init__(hub, needs, tools)
        self._wanted = wanted
        self._next = 0
        self._convert: dict[str, Conversion] = {}

    @property
    def destination(self) -> str:  # type: ignore[override]
        """The file that plays now."""
        return Path(self._wanted.paths[self._next % len(self._wanted.paths)]).name

    async def once(self) -> Cause | None:
        """Play on from the file that is due, until interrupted, done, or no file plays any more."""
        self._happened(Event.START)
        pacer = Pacer(self._hub, self.tools.clock)
        failures = 0
        try:
            while self._wanted.loop or self._next < len(self._wanted.paths):
                cause = await self._play(self._path(), pacer)
                if self._interrupt.is_set():
                    return None
                if cause is not None and cause.code == "converting":
                    continue
                failures = failures + 1 if cause else 0
                if cause is not None:
                    if failures >= len(self._wanted.paths):
                        return cause
                    self._log.warning("%s: %s; on to the next file", self.destination, cause.message)
                self._next += 1
            await self._unless_interrupted(pacer.drained())
            return None
        finally:
            pacer.close()

    def _path(self) -> str:
        return self._wanted.paths[self._next % len(self._wanted.paths)]

    async def _play(self, path: str, pacer: Pacer) -> Cause | None:
        """Play one file. Returns when its last byte is read, up to a second before it is due."""
        convert = self._convert.get(path, Conversion())
        child = self._spawn(FilesInput((path,)), convert)
        assert child.stdout_fd is not None
        file = PacedFile(pacer, child.stdout_fd, _names(convert))
        watch = Watch(self.tools.clock())

        def look() -> Cause | None:
            return file.fault or self._judge(watch, given=self.tools.clock(), passed=pacer.released)

        async def over() -> None:
            """The child has ended, and what it left in its pipe is read, at the pace of the media."""
            await child.wait()
            await file.ended.wait()

        try:
            cause = await self._attend(look, child, over())
            if cause is None:
                return None
            if child.returncode == 0 and file.tags:
                return None
            self._convert[path], cause = self._converting(child, convert, cause)
            return cause
        finally:
            await child.stop()
            file.close()
