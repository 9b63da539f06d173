"""What happens in the demo: a sender is killed, a platform goes away, and both come back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping

from spiritstream.demo.platform import PretendPlatform
from spiritstream.demo.schedule import Schedule
from spiritstream.demo.summary import Outcome
from spiritstream.model.changes import root_of
from spiritstream.model.lifecycle import State
from spiritstream.model.status import UnitStatus
from spiritstream.run.runner import Runner

log = logging.getLogger("spiritstream.demo")

_LOOK_S = 0.05
# A platform that has heard nothing for so long is dark, whatever its sender says.
_DARK_S = 2.0


class Script:
    """Plays the schedule on a runner and its platforms, and keeps what came of it."""

    def __init__(
        self, platforms: Mapping[str, PretendPlatform], seconds: float, *, killed: str, taken_down: str
    ) -> None:
        """The show's time, `seconds`, begins now."""
        self._platforms = platforms
        self._killed = killed
        self._taken_down = taken_down
        self._begin = time.monotonic()
        self._end = self._begin + seconds
        self.finished = False
        self.outcomes: list[Outcome] = []

    async def play(self, runner: Runner) -> None:
        """Until the show's time is over, or cancelled."""
        try:
            if await self._until(lambda: all(self._arrives(runner, name) for name in self._platforms)):
                log.info("demo: all %d targets are live", len(self._platforms))
                self._begin = time.monotonic()
                schedule = Schedule.within(self._end - self._begin)
                self._end = self._begin + schedule.end_s
                await self._at(schedule.kill_s)
                await self._kill_sender(runner)
                await self._at(schedule.outage_at_s)
                await self._take_platform_down(runner, schedule.outage_s)
                await self._at(schedule.end_s)
            self.finished = True
        finally:
            self._note_outcomes(runner)

    async def _kill_sender(self, runner: Runner) -> None:
        name, pid = self._killed, self._unit(runner, self._killed).pid
        if pid is None:
            return
        log.info("demo: killing the sender of '%s' (pid %d), as a crash would: another takes over", name, pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if await self._until(lambda: self._unit(runner, name).pid != pid and self._arrives(runner, name)):
            self._say_back(name)

    async def _take_platform_down(self, runner: Runner, down_s: float) -> None:
        name, platform = self._taken_down, self._platforms[self._taken_down]
        log.info("demo: taking the platform '%s' down for %.0f s: its sender keeps trying", name, down_s)
        pid = self._unit(runner, name).pid
        platform.take_down()
        await asyncio.sleep(down_s)
        platform.bring_back()
        log.info("demo: the platform '%s' is up again: its sender finds it at the next try", name)
        if await self._until(lambda: self._unit(runner, name).pid != pid and self._arrives(runner, name)):
            self._say_back(name)

    def _say_back(self, name: str) -> None:
        others = max(p.arrivals.gap_s for p in self._platforms.values() if p.name not in (name, self._killed))
        log.info(
            "demo: '%s' is back: its platform got nothing for %.1f s, the others at most for %.1f s",
            name,
            self._platforms[name].arrivals.gap_s,
            others,
        )

    def _arrives(self, runner: Runner, name: str) -> bool:
        """Whether the sender says that it is live, and its platform says so, too."""
        arrivals = self._platforms[name].arrivals
        fresh = arrivals.last_at is not None and arrivals.silent_s(time.monotonic()) < _DARK_S
        return fresh and self._unit(runner, name).state is State.LIVE

    def _unit(self, runner: Runner, name: str) -> UnitStatus:
        return next(unit for unit in runner.status().units if unit.path.endswith(f".targets.{name}"))

    def _why(self, runner: Runner, unit: UnitStatus) -> str:
        """Why a target is not live: what its group lacks comes first, as the target waits for it."""
        group = next(u for u in runner.status().units if u.path == root_of(unit.path))
        lacking = group if group.state is not State.LIVE else unit
        return lacking.cause.message if lacking.cause and unit.state is not State.LIVE else ""

    async def _at(self, moment_s: float) -> None:
        await asyncio.sleep(max(0.0, self._begin + moment_s - time.monotonic()))

    async def _until(self, condition: Callable[[], bool]) -> bool:
        """Wait for `condition`, but not longer than the show. Whether it came true."""
        while not condition():
            if time.monotonic() > self._end:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    def _note_outcomes(self, runner: Runner) -> None:
        for platform in self._platforms.values():
            live = self._arrives(runner, platform.name)
            platform.close()
            unit, arrivals = self._unit(runner, platform.name), platform.arrivals
            self.outcomes.append(
                Outcome(
                    target=platform.name,
                    live=live,
                    state=str(unit.state),
                    cause=self._why(runner, unit),
                    frames=arrivals.frames,
                    bytes=arrivals.bytes,
                    gap_s=arrivals.gap_s,
                    dropped_gops=unit.dropped_gops,
                    restarts=unit.restarts,
                )
            )
