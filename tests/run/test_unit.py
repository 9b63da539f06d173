"""A unit is kept going: retried by the rules, stopped at once, and its faults stay its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.lifecycle import Event, Order, State
from spiritstream.model.status import Cause
from spiritstream.run.unit import Tools, Unit
from tests.virtualtime import run_virtually

LOST = Cause("reset", "the connection was reset")
WRONG_KEY = Cause("key-rejected", "the key was rejected", "check it", person=True)


class Scripted(Unit):
    """A unit whose runs end as a script says; it notes when each began."""

    def __init__(self, *script: Cause | Exception | float | None, live_s: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        super().__init__("groups.g.targets.t", Tools(FFMPEG, loop.time, loop.time, lambda: 1.0))
        self.script = list(script)
        self.live_s = live_s
        self.began: list[float] = []

    async def once(self) -> Cause | None:
        """The next step of the script."""
        self.began.append(round(self.tools.clock(), 3))
        self._happened(Event.START)
        step = self.script.pop(0) if self.script else None
        if isinstance(step, float):
            return await self._live_for(step)
        if isinstance(step, Exception):
            raise step
        return step

    async def _live_for(self, seconds: float) -> Cause | None:
        """Media advances for so long, then the connection is lost."""
        end = self.tools.clock() + seconds

        def look() -> Cause | None:
            self._happened(Event.MEDIA)
            return LOST if self.tools.clock() >= end else None

        return await self._attend(look)


FFMPEG = Ffmpeg(Path("/usr/bin/ffmpeg"), (5, 1), "5.1", "PATH")


async def until(unit: Unit, happened: Callable[[], bool]) -> None:
    """Let virtual time pass until something has happened."""
    while not happened():
        await asyncio.sleep(0.1)


def test_retries_come_at_once_then_after_1_2_4_seconds() -> None:
    """With the dice at their highest, the delays are the bounds."""

    async def main() -> None:
        unit = Scripted(LOST, LOST, LOST, LOST, None)
        unit.start()
        await until(unit, lambda: unit.order is Order.STOPPED)
        assert [0, 0, 1, 3, 7] == unit.began
        assert (4, State.IDLE, LOST) == (unit.restarts, unit.state, unit.cause)

    run_virtually(main())


def test_a_minute_of_advancing_media_makes_the_next_retry_immediate_again() -> None:
    """What counts is media, not being alive: 59 s do not do, 61 s do."""

    async def main() -> None:
        short = Scripted(LOST, LOST, 58.9, None)
        short.start()
        await until(short, lambda: short.order is Order.STOPPED)
        assert [0, 0, 1, 62] == [round(t) for t in short.began]
        long = Scripted(LOST, LOST, 61.9, None)
        start = long.tools.clock()
        long.start()
        await until(long, lambda: long.order is Order.STOPPED)
        assert [0, 0, 1, 63] == [round(t - start) for t in long.began]

    run_virtually(main())


def test_what_needs_a_person_is_failed_and_retried_slowly() -> None:
    """A rejected key is shown as failed, with its advice and when it is tried next."""

    async def main() -> None:
        unit = Scripted(WRONG_KEY, WRONG_KEY)
        unit.start()
        await asyncio.sleep(5)
        status = unit.status()
        assert (State.FAILED, WRONG_KEY, 10.0) == (status.state, status.cause, status.next_retry)
        await asyncio.sleep(26)
        assert [0, 10, 30] == unit.began
        await unit.stop()

    run_virtually(main())


def test_a_waiting_unit_is_tried_at_once_when_somebody_asks() -> None:
    """`again` does not wait for the backoff."""

    async def main() -> None:
        unit = Scripted(WRONG_KEY, 1000.0)
        unit.start()
        await asyncio.sleep(2)
        unit.again()
        await asyncio.sleep(3)
        assert ([0, 2], State.LIVE) == (unit.began, unit.state)
        await unit.stop()

    run_virtually(main())


def test_a_live_unit_is_restarted_without_delay() -> None:
    """`again` on something live ends it and starts it anew; it counts as a restart."""

    async def main() -> None:
        unit = Scripted(1000.0, 1000.0)
        unit.start()
        await asyncio.sleep(20)
        unit.again()
        await asyncio.sleep(5)
        assert ([0, 20], 1, State.LIVE) == (unit.began, unit.restarts, unit.state)
        await unit.stop()

    run_virtually(main())


def test_stop_ends_a_live_and_a_waiting_unit_at_once() -> None:
    """An order to stop waits for no retry."""

    async def main() -> None:
        for unit in (Scripted(1000.0), Scripted(WRONG_KEY)):
            unit.start()
            await asyncio.sleep(3)
            before = unit.tools.clock()
            await unit.stop()
            assert (before, Order.STOPPED, State.IDLE) == (unit.tools.clock(), unit.order, unit.state)
            assert unit.status().next_retry is None

    run_virtually(main())


def test_a_refusal_of_ours_is_a_cause_with_its_hint() -> None:
    """An error that is meant for a person becomes the unit's cause: nothing else ends."""

    async def main() -> None:
        unit = Scripted(SpiritError("no encoder works here", "install one"))
        unit.start()
        await asyncio.sleep(1)
        assert Cause("refused", "no encoder works here", "install one", person=True) == unit.cause
        await unit.stop()

    run_virtually(main())


def test_a_fault_of_ours_is_retried_and_shown_without_its_text() -> None:
    """An unexpected exception ends nothing but this run; its text, which may hold anything, is not shown."""

    async def main() -> None:
        unit = Scripted(RuntimeError("canary"), 1000.0)
        unit.start()
        await asyncio.sleep(3)
        assert State.LIVE == unit.state
        assert unit.cause is not None
        assert "unexpected fault: RuntimeError" == unit.cause.message
        await unit.stop()

    run_virtually(main())
