"""A platform that begins a new broadcast with each connection is retried within its budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from spiritstream.model.lifecycle import Event, State
from spiritstream.model.profile import Address, Group, Profile, Target, TestInput
from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.status import Cause
from spiritstream.run.addressed import AddressedUnit
from spiritstream.run.broadcasts import Broadcasts
from spiritstream.run.feeding import SOURCE_ENDED
from spiritstream.run.runner import Runner
from spiritstream.run.tools import Tools
from tests.run.test_unit import FFMPEG, LOST, WRONG_KEY
from tests.virtualtime import run_virtually

_BOUND_S = 10_000  # of virtual time

WHY = "each connection begins a new video"
TWICE_IN_TEN = ReconnectBudget(2, 600, WHY)
HELD = Cause(
    "reconnect-budget",
    "the connection was reset; 2 broadcasts began within 10 minutes, so the next one waits"
    " (each connection begins a new video)",
    "`spiritstream restart g/t` tries at once",
)


@pytest.mark.parametrize(
    ("budget", "begun", "now", "wait_s"),
    [
        (None, [0, 1, 2, 3, 4, 5], 6, 0),
        (TWICE_IN_TEN, [], 0, 0),
        (TWICE_IN_TEN, [0], 1, 0),  # the first loss is mended at once
        (TWICE_IN_TEN, [0, 1], 1, 599),
        (TWICE_IN_TEN, [0, 500], 599, 1),
        (TWICE_IN_TEN, [0, 500], 600, 0),
        (TWICE_IN_TEN, [0, 500, 600], 601, 499),  # the first has gone out of the window
        (TWICE_IN_TEN, [0, 1], 10_000, 0),
        (ReconnectBudget(1, 60), [5], 6, 59),
    ],
)
def test_how_long_the_next_waits(
    budget: ReconnectBudget | None, begun: list[float], now: float, wait_s: float
) -> None:
    """So many may begin in any stretch of so long; the next waits until the oldest is out of it."""
    broadcasts = Broadcasts(budget)
    for at in begun:
        broadcasts.connecting()
        broadcasts.media(at)
        broadcasts.media(at + 0.5)  # that it goes on begins nothing
    assert wait_s == broadcasts.wait_s(now)


def test_a_connection_without_media_is_no_broadcast() -> None:
    """What a server refuses has shown nobody anything."""
    broadcasts = Broadcasts(ReconnectBudget(1, 60))
    for _ in range(5):
        broadcasts.connecting()
    assert 0 == broadcasts.wait_s(0)


@pytest.mark.parametrize(
    ("delay_s", "cause", "now", "expected"),
    [
        (4.0, LOST, 1000, (4.0, LOST)),  # nothing is held back
        (4.0, LOST, 597, (4.0, LOST)),  # the usual delay is enough
        (4.0, LOST, 500, (104.0, HELD)),
        (0.0, LOST, 500, (100.0, HELD)),
    ],
)
def test_what_is_said(delay_s: float, cause: Cause, now: float, expected: tuple[float, Cause]) -> None:
    """The cause that led there stays to be seen, with the platform's reason and the way round it."""
    broadcasts = Broadcasts(TWICE_IN_TEN)
    for at in (0, 10):
        broadcasts.connecting()
        broadcasts.media(at)
    assert expected == broadcasts.held_back(delay_s, cause, now, "g/t")


def test_what_a_person_must_mend_stays_that() -> None:
    """A rejected key is not hidden behind the budget: its code and its advice stay."""
    broadcasts = Broadcasts(ReconnectBudget(1, 60, WHY))
    broadcasts.media(0)
    delay_s, cause = broadcasts.held_back(10, WRONG_KEY, 1, "g/t")
    assert (69, "key-rejected", "check it", True) == (delay_s, cause.code, cause.advice, cause.person)
    assert "the key was rejected; a broadcast began within 1 minute, so the next one waits" in cause.message


class Flapping(AddressedUnit):
    """A target whose connections last as long as a script says; 0 is one on which no media goes out."""

    def __init__(self, budget: ReconnectBudget | None, *script: float, ends: Cause = LOST) -> None:
        loop = asyncio.get_running_loop()
        target = Target("t", Address("rtmp://platform.test/live"), reconnects=budget)
        tools = Tools(FFMPEG, loop.time, loop.time, lambda: 0.0)
        super().__init__("groups.g.targets.t", target, tools)
        self.script = list(script)
        self.ends = ends
        self.began: list[float] = []

    async def _send(self) -> Cause | None:
        self._happened(Event.STARVED)
        self._happened(Event.START)
        self.began.append(round(self.tools.clock()))
        lasts = self.script.pop(0) if self.script else 1e6
        end = self.tools.clock() + lasts

        def look() -> Cause | None:
            if lasts:
                self._happened(Event.MEDIA)
            return self.ends if self.tools.clock() >= end else None

        return await self._attend(look)


async def until(happened: Callable[[], bool]) -> None:
    """Let virtual time pass until something has happened."""
    async with asyncio.timeout(_BOUND_S):
        while not happened():
            await asyncio.sleep(0.1)


def test_a_target_that_flaps_is_retried_gently() -> None:
    """The first loss is mended at once, the second waits for the window; then all goes on as before."""

    async def main() -> None:
        unit = Flapping(TWICE_IN_TEN, 100, 100, 1000)
        unit.start()
        await until(lambda: len(unit.began) == 2)
        assert unit.began[1] - unit.began[0] in (100, 101), "at once"
        await until(lambda: unit.cause is not None and unit.cause.code == HELD.code)
        status = unit.status()
        assert (State.WAITING, HELD) == (status.state, status.cause)
        assert 600 == pytest.approx(status.next_retry, abs=2)
        await until(lambda: len(unit.began) == 3)
        assert 600 == pytest.approx(unit.began[2], abs=2)
        await unit.stop()

    run_virtually(main())


def test_without_a_budget_nothing_waits() -> None:
    """Other platforms are retried as ever."""

    async def main() -> None:
        unit = Flapping(None, *[100.0] * 9)
        unit.start()
        await until(lambda: len(unit.began) == 9)
        assert all(
            99 <= after - before <= 102 for before, after in zip(unit.began, unit.began[1:], strict=False)
        )
        await unit.stop()

    run_virtually(main())


def test_refused_connections_do_not_use_it_up() -> None:
    """A platform that is away is asked as often as any other, and its first broadcast is not held back."""

    async def main() -> None:
        unit = Flapping(TWICE_IN_TEN, *[0.0] * 9, 100.0, 100.0)
        unit.start()
        await until(lambda: len(unit.began) == 11)
        assert unit.began[10] < 300
        await unit.stop()

    run_virtually(main())


def test_by_hand_it_is_tried_at_once() -> None:
    """Whoever restarts a target that waits means it."""

    async def main() -> None:
        unit = Flapping(ReconnectBudget(1, 3600, WHY), 10, 1000)
        unit.start()
        await until(lambda: unit.status().next_retry is not None)
        before = unit.tools.clock()
        unit.again()
        await until(lambda: unit.state is State.LIVE)
        assert unit.tools.clock() - before < 2
        await unit.stop()

    run_virtually(main())


def test_a_source_that_begins_anew_is_not_held_back() -> None:
    """That a playlist or a publisher began anew is no loss: its broadcast follows at once, and counts."""

    async def main() -> None:
        unit = Flapping(TWICE_IN_TEN, 10, 10, 10, ends=SOURCE_ENDED)
        unit.start()
        await until(lambda: len(unit.began) == 4)
        assert unit.began[3] < 40
        assert unit._broadcasts.wait_s(unit.tools.clock()) > 0
        await unit.stop()

    run_virtually(main())


def test_another_budget_counts_without_a_restart() -> None:
    """A runner that is told of one holds its target to it: what has begun counts, and nothing restarts."""

    async def main() -> None:
        unit = Flapping(TWICE_IN_TEN, 100, 100)
        before = a_show(unit.target)
        runner = Runner(unit.tools)
        runner.profile, runner._units[unit.path] = before, unit
        unit.start()
        await until(lambda: len(unit.began) == 2)
        await runner.apply(a_show(replace(unit.target, reconnects=ReconnectBudget(9, 600, WHY))))
        await asyncio.sleep(50)
        assert 2 == len(unit.began), "it goes on"
        await until(lambda: len(unit.began) == 3)
        assert 200 == pytest.approx(unit.began[2], abs=2)
        await runner.apply(a_show(replace(unit.target, reconnects=ReconnectBudget(3, 600, WHY))))
        await until(lambda: unit.state is State.LIVE)
        assert 600 == pytest.approx(unit._broadcasts.wait_s(0), abs=2), "three have begun"
        await unit.stop()

    run_virtually(main())


def a_show(target: Target) -> Profile:
    """A show with one target."""
    return Profile("show", TestInput(), groups=(Group("g", (target,)),))
