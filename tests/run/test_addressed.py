"""When a target's address is settled anew, and when not: it starts meanwhile, and can be stopped at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.lifecycle import Event, State
from spiritstream.model.profile import Address, Record, Target
from spiritstream.model.servers import LOOKED_UP, ServerChoice
from spiritstream.model.status import Cause
from spiritstream.run.addressed import AddressedUnit
from spiritstream.run.feeding import SOURCE_ENDED
from spiritstream.run.servers import Servers, Settled
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from tests.virtualtime import virtually

FFMPEG = Ffmpeg(Path("ffmpeg"), (6, 0), "6.0", "PATH")
KEY = Secret("canary-key")
LOST = Cause("reset", "the connection was reset")
REFUSED = Cause("refused", "nobody listens")
WRONG = Cause("key-rejected", "the key is wrong", person=True)
NOWHERE = Cause("lookup-failed", "nobody answered")


class Choosing(Servers):
    """Settles by a script, each server a second later; notes what it is told."""

    def __init__(self, *script: Settled | Cause) -> None:
        super().__init__(Path("/nowhere"))
        self.script = list(script)
        self.settling = 0
        self.faults: list[tuple[str, bool]] = []

    async def settle(self, target: Target, *, with_key: bool = True) -> Settled | Cause:
        """The next of the script; after the last one nothing comes, ever."""
        self.settling += 1
        await asyncio.sleep(1 if self.script else 1e6)
        return self.script.pop(0)

    def failed(self, target: Target, settled: Settled, *, server_at_fault: bool) -> None:
        """A connection did not come about."""
        self.faults.append((settled.said, server_at_fault))


class Connecting(AddressedUnit):
    """A target whose connections end as a script says: with a cause, after media or before it."""

    def __init__(self, target: Target, servers: Servers, *script: tuple[Cause | None, bool]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            "groups.g.targets.t", target, Tools(FFMPEG, loop.time, loop.time, lambda: 0.0), servers
        )
        self.script = list(script)
        self.went: list[str] = []

    async def _send(self) -> Cause | None:
        self._happened(Event.START)
        target = await self._settle()
        if not isinstance(target, Target):
            return target
        assert target.address is not None
        self.went.append(target.address.url)
        cause, media = self.script.pop(0)
        if media:
            self._happened(Event.MEDIA)
        if cause is SOURCE_ENDED:
            self._happened(Event.STARVED)
        if cause is None:
            await self._interrupt.wait()
        return cause


def settled(name: str, *, given: bool = False) -> Settled:
    """A server of this name."""
    return Settled(
        Address(f"rtmp://{name}.example/app", KEY), f"rtmp://{name}.example/app/***", name, given=given
    )


def target(url: str = "rtmp://usual.example/app") -> Target:
    """A target that leaves its server open."""
    return Target("t", Address(url, KEY), server=ServerChoice(auto=True))


async def until(happened: Callable[[], bool]) -> None:
    """Let virtual time pass until something has happened."""
    while not happened():
        await asyncio.sleep(0.1)


@virtually
async def test_it_is_starting_meanwhile_and_then_says_where() -> None:
    """Before, it says where it leads as far as the profile knows; after, what was chosen, and why."""
    unit = Connecting(target(), Choosing(settled("near")), (None, True))
    unit.start()
    await asyncio.sleep(0.5)
    status = unit.status()
    assert (State.STARTING, "rtmp://usual.example/app/***", "") == (
        status.state,
        status.destination,
        status.server,
    )
    await until(lambda: unit.state is State.LIVE)
    status = unit.status()
    assert ("rtmp://near.example/app/***", "near") == (status.destination, status.server)
    await unit.stop()


@virtually
async def test_no_made_up_address_is_shown() -> None:
    """What is only known by a look-up leads nowhere until then."""
    assert "" == Connecting(target(LOOKED_UP), Choosing()).status().destination


@virtually
async def test_a_stop_and_a_restart_interrupt_it_at_once() -> None:
    """However long it would have taken."""
    servers = Choosing()
    unit = Connecting(target(), servers)
    unit.start()
    await asyncio.sleep(5)
    unit.again()
    await asyncio.sleep(0.01)
    assert 2 == servers.settling
    begun = unit.tools.clock()
    await unit.stop()
    assert begun == unit.tools.clock()
    assert State.IDLE is unit.state
    assert [] == unit.went


@virtually
async def test_what_worked_is_not_chosen_anew() -> None:
    """A reconnect goes to the same server without a moment's wait; so it does when the input was away."""
    servers = Choosing(settled("near"))
    unit = Connecting(target(), servers, (SOURCE_ENDED, True), (LOST, True), (None, True))
    unit.start()
    await until(lambda: len(unit.went) == 3)
    assert 1.0 <= unit.tools.clock() < 1.2
    assert 1 == servers.settling
    assert [] == servers.faults
    await unit.stop()


@virtually
async def test_what_did_not_take_us_is_chosen_anew() -> None:
    """The server is to blame for a refused connection, and not for a wrong key."""
    servers = Choosing(settled("near"), settled("wide"), settled("far"))
    unit = Connecting(target(), servers, (REFUSED, False), (WRONG, False), (None, True))
    unit.start()
    await until(lambda: unit.state is State.LIVE)
    assert [f"rtmp://{name}.example/app" for name in ("near", "wide", "far")] == unit.went
    assert [("near", True), ("wide", False)] == servers.faults
    assert "far" == unit.status().server
    await unit.stop()


@virtually
async def test_what_was_given_for_a_key_is_good_for_one_connection() -> None:
    """The next one asks again, though the last one worked."""
    servers = Choosing(settled("first", given=True), settled("second", given=True))
    unit = Connecting(target(), servers, (LOST, True), (None, True))
    unit.start()
    await until(lambda: len(unit.went) == 2)
    assert ["rtmp://first.example/app", "rtmp://second.example/app"] == unit.went
    assert [] == servers.faults
    await unit.stop()


@virtually
async def test_a_restart_by_hand_chooses_anew() -> None:
    """Whoever restarts a target wants what is best now."""
    servers = Choosing(settled("near"), settled("nearer"))
    unit = Connecting(target(), servers, (None, True), (None, True))
    unit.start()
    await until(lambda: unit.state is State.LIVE)
    unit.again()
    await until(lambda: len(unit.went) == 2)
    assert "nearer" == unit.status().server
    await unit.stop()


@virtually
async def test_so_does_a_restart_of_one_that_waits() -> None:
    """It was lost, would wait, and then go where it was: that is not what is asked for."""
    servers = Choosing(settled("near"), settled("nearer"))
    unit = Connecting(target(), servers, (WRONG, True), (None, True))
    unit.start()
    await until(lambda: unit.state is State.FAILED)
    unit.again()
    await until(lambda: len(unit.went) == 2)
    assert unit.tools.clock() < 5
    assert "nearer" == unit.status().server
    await unit.stop()


@virtually
async def test_no_address_is_a_cause_like_any_other() -> None:
    """It is shown, and tried again."""
    servers = Choosing(NOWHERE, settled("near"))
    unit = Connecting(target(LOOKED_UP), servers, (None, True))
    unit.start()
    await until(lambda: unit.state is State.LIVE)
    assert NOWHERE == unit.cause
    assert 1 == unit.restarts
    assert [] == servers.faults
    await unit.stop()


@virtually
async def test_what_is_fixed_is_not_settled() -> None:
    """Neither a written address nor a recording asks anybody."""
    servers = Choosing()
    fixed = Target("t", Address("rtmp://a.example/app", KEY))
    unit = Connecting(fixed, servers, (None, True))
    unit.start()
    await until(lambda: unit.state is State.LIVE)
    assert ("rtmp://a.example/app/***", "", 0) == (unit.destination, unit.status().server, servers.settling)
    await unit.stop()
    assert "/x.mkv" == Connecting(Target("t", record=Record("/x.mkv")), servers).destination
