"""The outlets of one hub: what they get and when, and that one of them never holds up another."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence

import pytest

from spiritstream.media.flv import Tag
from spiritstream.media.hub import Hub
from spiritstream.model.profile import Address
from spiritstream.run.native import open_publish
from spiritstream.run.native.convoy import Convoy, Load
from spiritstream.run.native.outlet import Outlet
from spiritstream.secret import Secret
from tests.live.arrivals import Connection
from tests.live.chunks import Type
from tests.media.tags import frame, headers, key, sound
from tests.run.native.peers import URL, Platform
from tests.virtualtime import run_virtually, virtually


class Member:
    """An outlet that notes what it gets, and when."""

    def __init__(self) -> None:
        self.loads: list[Load] = []
        self.at: list[float] = []

    def take(self, load: Load) -> None:
        """Note it."""
        self.loads.append(load)
        self.at.append(round(asyncio.get_running_loop().time(), 3))

    @property
    def tags(self) -> list[bytes]:
        """All that it got, as it travels."""
        return [tag.raw for load in self.loads for tag in load.tags]


def raw(tags: Sequence[Tag]) -> list[bytes]:
    """Tags as they travel."""
    return [tag.raw for tag in tags]


def hub_of(*, video: bool = True) -> Hub:
    """A hub whose source has begun at 0."""
    hub = Hub(asyncio.get_running_loop().time)
    hub.begin(0, audio=True, video=video)
    return hub


@virtually
async def test_sound_waits_for_the_picture() -> None:
    """It goes along with the picture that follows; a picture goes at once."""
    hub, member = hub_of(), Member()
    Convoy.on(hub).attach(member)
    hub.publish([key(0)])
    hub.publish([sound(10)])
    await asyncio.sleep(0.02)
    hub.publish([frame(40), sound(30)])
    assert raw([key(0), sound(10), frame(40), sound(30)]) == member.tags
    assert [0, 0, 0.02] == member.at


@virtually
async def test_sound_does_not_wait_for_long() -> None:
    """When no picture comes, what has come together goes on by itself, in order."""
    hub, member = hub_of(), Member()
    Convoy.on(hub).attach(member)
    hub.publish([key(0)])
    for n in range(1, 5):
        hub.publish([sound(n * 20)])
        await asyncio.sleep(0.02)
    assert [[], [key(0).raw], raw([sound(20), sound(40)]), raw([sound(60), sound(80)])] == [
        raw(load.tags) for load in member.loads
    ]
    assert [0, 0, 0.035, 0.075] == member.at


@virtually
async def test_sound_without_a_picture_does_not_wait() -> None:
    """In a show without a picture nothing is held."""
    hub, member = hub_of(video=False), Member()
    Convoy.on(hub).attach(member)
    for n in range(5):
        hub.publish([sound(n * 20)])
        assert raw([sound(n * 20)]) == raw(member.loads[-1].tags)


@virtually
async def test_who_comes_and_who_goes() -> None:
    """A newcomer gets nothing twice, who leaves misses nothing; the last one takes the convoy along."""
    hub, early, late = hub_of(), Member(), Member()
    convoy = Convoy.on(hub)
    convoy.attach(early)
    assert convoy is Convoy.on(hub)
    everything = [*headers(), key(0), sound(5), frame(40), sound(45), sound(65)]
    hub.publish(everything[:5])
    hub.publish(everything[5:6])
    hub.publish(everything[6:7])
    convoy.attach(late)
    hub.publish(everything[7:])
    convoy.detach(early)
    convoy.detach(early)
    convoy.detach(late)
    hub.publish([frame(80)])
    await asyncio.sleep(1)
    assert raw(everything) == early.tags == late.tags
    assert () == hub.consumers
    assert convoy is not Convoy.on(hub)


@virtually
async def test_a_lump_goes_in_pieces() -> None:
    """What is on its way can no longer be dropped: little at a time, whatever comes at once."""
    hub, member = hub_of(), Member()
    Convoy.on(hub).attach(member)
    tags = [key(n * 40, size) for n, size in enumerate((60_000, 60_000, 60_000, 200_000, 100, 100))]
    hub.publish(tags)
    assert [[], raw(tags[:3]), raw(tags[3:4]), raw(tags[4:])] == [raw(load.tags) for load in member.loads]
    # The first holds a full header, which is each connection's own.
    assert [True, False, False] == [load.data is None for load in member.loads[1:]]


def test_one_is_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three servers, one of which stops reading for a while: all get everything, on clocks of their own."""

    async def go() -> None:
        hub, loop = Hub(asyncio.get_running_loop().time), asyncio.get_running_loop()
        platforms: list[Platform] = []
        hub.begin(0, audio=True, video=True)
        hub.publish(headers())
        outlets: list[Outlet] = []
        sent: list[Tag] = []
        for n in range(250):
            if n in (0, 30, 60):
                platforms.append(Platform(monkeypatch))
                outlets.append(Outlet(hub, await open_publish(Address(URL, Secret("canary-key")))))
            if n == 100:
                platforms[1].sink.pause()
            if n == 150:
                assert outlets[1].queue.bytes > 500_000
                assert [0, 0] == [outlets[0].queue.bytes, outlets[2].queue.bytes]
                platforms[1].sink.resume()
            tags = [(key if n % 25 == 0 else frame)(n * 40, 20_000 + n), sound(n * 40)]
            sent += tags
            hub.publish(tags)
            await asyncio.sleep(0.04)
        assert [True] * 3 == [outlet._in_step for outlet in outlets]
        assert loop.time() < 11
        for outlet, platform, first in zip(outlets, platforms, (0, 25, 50), strict=True):
            await outlet.drain(1)
            (connection,) = platform.sink.connections
            _is_whole(connection, sent[2 * first :], first * 40)
            assert (250 - first, 9_960 - first * 40) == (outlet.frames, outlet.time_ms)
            outlet._publication.close()
            await platform.over()
        assert () == hub.consumers

    run_virtually(go())


def _is_whole(connection: Connection, sent: Sequence[Tag], first_ms: int) -> None:
    media = [item for item in connection.media if item.type in (Type.AUDIO, Type.VIDEO) and not item.header]
    assert [(tag.time_ms - first_ms, zlib.crc32(tag.raw[11:-4])) for tag in sent] == [
        (item.timestamp_ms, item.checksum) for item in media
    ]
