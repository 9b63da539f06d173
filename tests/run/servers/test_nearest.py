"""Which server is the nearest: by whole milliseconds, as measured minutes ago, without those that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from spiritstream.model.servers import Candidate
from spiritstream.run.servers.nearest import Near, Nearest
from tests.virtualtime import virtually


class World:
    """Servers by name with their distances in seconds; one that has none does not answer."""

    def __init__(self, **times_s: float) -> None:
        self.times_s = times_s
        self.asked: list[str] = []
        self.nearest = Nearest(asyncio.get_running_loop().time, self._time_of)

    async def _time_of(self, host: str, port: int) -> float:
        name = host.partition(".")[0]
        self.asked.append(name)
        if name not in self.times_s:
            await asyncio.sleep(100)
        await asyncio.sleep(self.times_s[name])
        return self.times_s[name]

    async def choose(self, names: str) -> Near | None:
        """The nearest of these."""
        return await self.nearest.choose(candidates(names), all_s=3)

    async def name(self, names: str) -> str:
        """Its name; empty without one."""
        near = await self.choose(names)
        return near.candidate.name if near else ""


def candidates(names: str) -> Sequence[Candidate]:
    """Servers of these names."""
    return [Candidate(name, f"rtmp://{name}.example/app") for name in names.split()]


@virtually
async def test_the_nearest() -> None:
    """The one with the shortest time; the silent ones are not waited for longer than a second."""
    world = World(far=0.3, near=0.012, middle=0.1)
    near = await world.choose("far near silent middle")
    assert Near(Candidate("near", "rtmp://near.example/app"), 0.012, 4) == near
    assert asyncio.get_running_loop().time() <= 1.001


@virtually
async def test_the_lists_order_decides_between_equals() -> None:
    """What differs by less than a millisecond does not differ."""
    world = World(b=0.0202, a=0.0201, c=0.0199)
    assert "b" == await world.name("b a c")


@virtually
async def test_times_are_good_for_ten_minutes() -> None:
    """Within them nobody is asked, by whichever target; a server that is new makes all be asked."""
    world = World(a=0.01, b=0.02, c=0.005)
    assert ["a", "a", "b"] == [await world.name(names) for names in ("a b", "b a", "b")]
    assert ["a", "b"] == world.asked
    world.times_s["a"] = 0.5
    await asyncio.sleep(590)
    assert "a" == await world.name("a b")
    await asyncio.sleep(20)
    assert "b" == await world.name("a b")
    assert "c" == await world.name("a b c")
    assert ["a", "b"] * 2 + ["a", "b", "c"] == world.asked


@virtually
async def test_one_that_failed_is_left_out_for_a_while() -> None:
    """The others are measured anew, and it is said; after five minutes it may be chosen again."""
    world = World(a=0.01, b=0.02)
    assert "a" == await world.name("a b")
    world.nearest.failed("rtmp://a.example/other")
    near = await world.choose("a b")
    assert near
    assert ("b", 1, ("a",)) == (near.candidate.name, near.among, near.left_out)
    assert ["a", "b", "b"] == world.asked
    await asyncio.sleep(301)
    assert "a" == await world.name("a b")


@virtually
async def test_where_all_failed_none_is_left_out() -> None:
    """Then it was perhaps not their fault."""
    world = World(a=0.01, b=0.02)
    for name in "ab":
        world.nearest.failed(f"rtmp://{name}.example/app")
    near = await world.choose("a b")
    assert near
    assert ("a", 2, ()) == (near.candidate.name, near.among, near.left_out)


@virtually
async def test_offline() -> None:
    """Nobody answers: that is known for seconds, not for ten minutes, and is no fault of who just failed."""
    world = World(a=0.01, b=0.02)
    world.nearest.failed("rtmp://a.example/app")
    world.times_s.clear()
    assert "" == await world.name("a b")
    assert "" == await world.name("b")
    assert ["b"] == world.asked
    world.times_s |= {"a": 0.01, "b": 0.02}
    await asyncio.sleep(6)
    assert "a" == await world.name("a b")


@virtually
async def test_targets_share_a_measurement() -> None:
    """Ten that start at once measure once."""
    world = World(a=0.01, b=0.02)
    assert ["a"] * 10 == await asyncio.gather(*(world.name("a b") for _ in range(10)))
    assert ["a", "b"] == world.asked


@virtually
async def test_what_many_find_out_is_measured_once() -> None:
    """Ten lose the same server, and each then chooses: the others are measured for all of them."""
    world = World(a=0.01, b=0.02, c=0.03)
    for _ in range(10):
        world.nearest.failed("rtmp://a.example/app")
        assert "b" == await world.name("a b c")
    assert ["b", "c"] == world.asked


@virtually
async def test_other_servers_do_not_wait() -> None:
    """Measuring one platform's servers, none of which answers, holds up nobody of another platform."""
    world = World(b=0.01)
    silent, near = await asyncio.gather(world.name("silent"), _timed(world.name("b"), 0.1))
    assert ("", "b") == (silent, near)


async def _timed(work: Coroutine[None, None, str], within_s: float) -> str:
    """Virtual seconds: what takes longer than this has waited."""
    async with asyncio.timeout(within_s):
        return await work


@virtually
async def test_what_is_over_is_forgotten() -> None:
    """Lists change for months: neither times nor failures of servers that are gone are kept."""
    world = World(b=0.01)
    nearest = world.nearest
    for number in range(20):
        await world.name(f"gone{number} b")
        await asyncio.sleep(700)
    assert (2, 0) == (len(nearest._times), len(nearest._measuring))
    for number in range(20):
        nearest.failed(f"rtmp://gone{number}.example/app")
        await asyncio.sleep(700)
    assert 1 == len(nearest._failed)


@virtually
async def test_nothing_to_choose_from() -> None:
    """No server is no fault."""
    assert "" == await World().name("")
