"""What is remembered: lists for minutes and on disk, what came for a key for seconds and never there."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spiritstream.model.servers import Lookup, LookupForm
from spiritstream.run.servers import disk, keeping
from spiritstream.run.servers.answers import Answers, Listed
from spiritstream.run.servers.keeping import Kept
from spiritstream.run.servers.readers import Row
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.secret import Secret

KEY = Secret("canary-key")
LIST = Lookup("https://a.example/ingests", LookupForm.INGESTS)
KEYED_LIST = Lookup("https://a.example/{stream_key}", LookupForm.INGESTS, True)
SHOWROOM = Lookup("https://a.example/{stream_key}", LookupForm.SHOWROOM, True)
NIMO = Lookup("https://a.example/?id={stream_key}", LookupForm.NIMO, True)
A = Row("A", "rtmp://a.example/app")
B = Row("B", "rtmp://b.example/app")


def listing(*rows: Row) -> bytes:
    """A list as Twitch gives it."""
    return json.dumps(
        {"ingests": [{"name": r.name, "url_template": f"{r.url}/{{stream_key}}"} for r in rows]}
    ).encode()


def given(number: int = 1, url: str = "rtmp://s.example/app") -> bytes:
    """An address as SHOWROOM gives it."""
    return json.dumps({"streaming_url_rtmp": url, "streaming_key": f"canary-given-{number}"}).encode()


class World:
    """A clock, a platform that answers by a script, and what remembers it."""

    def __init__(self, folder: Path, *script: bytes | UnansweredError) -> None:
        self.folder = folder
        self.script = list(script)
        self.now = 1_000_000.0
        self.asked: list[tuple[str, float]] = []
        self.gate: Callable[[], Awaitable[object]] | None = None
        self.answers = self.restarted()

    def restarted(self) -> Answers:
        """A new runner's, on the same disk."""
        self.answers = Answers(self.folder, self._fetch, lambda: self.now, lambda: self.now)
        return self.answers

    async def _fetch(self, lookup: Lookup, key: Secret | None, *, timeout_s: float) -> bytes:
        self.asked.append((lookup.url, timeout_s))
        assert (key is not None) or not lookup.sends_key
        if self.gate is not None:
            await self.gate()
        said = self.script.pop(0)
        if isinstance(said, UnansweredError):
            raise said
        return said


SLOW = UnansweredError("timed out")


async def test_a_list_is_fresh_for_ten_minutes(tmp_path: Path) -> None:
    """A reconnect within them asks nobody; after them it is asked again, within 3 s."""
    world = World(tmp_path, listing(A), listing(B))
    assert Listed((A,)) == await world.answers.servers(LIST, KEY)
    world.now += 599
    assert Listed((A,)) == await world.answers.servers(LIST, KEY)
    world.now += 2
    assert Listed((B,)) == await world.answers.servers(LIST, KEY)
    assert [(LIST.url, 3.0)] * 2 == world.asked


async def test_another_runner_finds_it_on_disk(tmp_path: Path) -> None:
    """Fresh, it is used as it is; older, it is what remains if nobody answers."""
    world = World(tmp_path, listing(A), SLOW)
    await world.answers.servers(LIST, None)
    assert Listed((A,)) == await world.restarted().servers(LIST, None)
    world.now += 24 * 3600
    assert Listed((A,), "timed out") == await world.restarted().servers(LIST, None)
    world.now += 31 * 24 * 3600
    world.script.append(SLOW)
    assert Listed((), "timed out") == await world.restarted().servers(LIST, None)


async def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """What is from the future is not fresh, but better than nothing."""
    keeping.save(tmp_path, LIST.url, Kept((A,), 2_000_000.0))
    world = World(tmp_path, SLOW, listing(B))
    assert Listed((A,), "timed out") == await world.answers.servers(LIST, None)
    world.now += 61
    assert Listed((B,)) == await world.answers.servers(LIST, None)


async def test_who_does_not_answer_has_a_rest(tmp_path: Path) -> None:
    """For a minute no reconnect waits for it; then it is asked again."""
    world = World(tmp_path, SLOW, listing(A))
    for _ in range(3):
        assert Listed((), "timed out") == await world.answers.servers(LIST, None)
    assert 1 == len(world.asked)
    world.now += 61
    assert Listed((A,)) == await world.answers.servers(LIST, None)


async def test_targets_share_a_question(tmp_path: Path) -> None:
    """Ten that start at once ask once, and get the same."""
    world = World(tmp_path, listing(A))
    world.gate = lambda: asyncio.sleep(0.05)
    found = await asyncio.gather(*(world.answers.servers(LIST, KEY) for _ in range(10)))
    assert [Listed((A,))] * 10 == found
    assert 1 == len(world.asked)


async def test_one_that_gives_up_holds_up_nobody(tmp_path: Path) -> None:
    """A target that is stopped while it asks: the next one asks for itself."""
    world = World(tmp_path, listing(A))
    world.gate = asyncio.Event().wait
    first = asyncio.create_task(world.answers.servers(LIST, None))
    while not world.asked:
        await asyncio.sleep(0)
        await asyncio.sleep(0.005)
    second = asyncio.create_task(world.answers.servers(LIST, None))
    await asyncio.sleep(0)
    world.gate = None
    first.cancel()
    async with asyncio.timeout(20):
        assert Listed((A,)) == await second


async def test_what_came_for_a_key_is_not_on_disk(tmp_path: Path) -> None:
    """Neither an address nor a list; and another runner asks for itself."""
    world = World(tmp_path, given(), listing(A), given(2))
    await world.answers.address(SHOWROOM, KEY, rest=False)
    await world.answers.servers(KEYED_LIST, KEY)
    assert [] == list(tmp_path.iterdir())
    found = await world.restarted().address(SHOWROOM, KEY, rest=False)
    assert Secret("canary-given-2") == found.key


@pytest.mark.parametrize(("lookup", "good_s"), [(SHOWROOM, 10.0), (NIMO, 2.0)])
async def test_what_came_for_a_key_is_good_for_seconds(tmp_path: Path, lookup: Lookup, good_s: float) -> None:
    """As OBS Studio trusts it; then it is asked anew, within 5 s. Another key is another question."""
    said = given() if lookup is SHOWROOM else b'{"ingests": [{"url": "rtmp://n.example/live"}]}'
    world = World(tmp_path, said, said, said)
    for at_s in (0.0, good_s - 0.1, 0.2):
        world.now += at_s
        await world.answers.address(lookup, KEY, rest=False)
    assert [(lookup.url, 5.0)] * 2 == world.asked
    await world.answers.address(lookup, Secret("canary-other"), rest=False)
    assert 3 == len(world.asked)


async def test_what_did_not_work_is_forgotten(tmp_path: Path) -> None:
    """The next connection has a new key."""
    world = World(tmp_path, given(1), given(2))
    await world.answers.address(SHOWROOM, KEY, rest=False)
    world.answers.forget(SHOWROOM, KEY)
    found = await world.answers.address(SHOWROOM, KEY, rest=False)
    assert Secret("canary-given-2") == found.key


async def test_without_a_fallback_nobody_rests(tmp_path: Path) -> None:
    """Where there is nothing to go on with, each retry asks; else the first failure is enough for a while."""
    world = World(tmp_path, SLOW, SLOW, given())
    for rest in (False, True, False):
        with pytest.raises(UnansweredError, match="timed out"):
            await world.answers.address(SHOWROOM, KEY, rest=rest)
    assert 2 == len(world.asked)
    assert "rtmp://s.example/app" == (await world.answers.address(SHOWROOM, KEY, rest=False)).url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "rtmp://s.example/canary-key",
            "rtmp://s.example/live/canary-given-1",
            "rtmp://s.example/x%2Fy/live",
        ),
        *("rtmp://canary-key.example/live", "rtmp://a.Canary-Given-1:1935"),
    ],
)
async def test_an_address_that_repeats_a_key_is_refused(tmp_path: Path, url: str) -> None:
    """It would be shown in the status."""
    world = World(tmp_path, given(url=url))
    key = Secret("x/y") if "%2F" in url else KEY
    with pytest.raises(UnansweredError, match="a key inside its address") as caught:
        await world.answers.address(SHOWROOM, key, rest=False)
    assert "canary" not in repr(caught.value)


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list comes all the same, however often; no threads pile up, and the loop's own are free."""
    free = threading.Event()
    hung: list[str] = []

    def hang(_folder: Path, url: str, *_: object) -> None:
        hung.append(url)
        free.wait(60)

    monkeypatch.setattr(keeping, "load", hang)
    monkeypatch.setattr(keeping, "save", hang)
    monkeypatch.setattr(disk, "WAIT_S", 0.05)
    try:
        world = World(tmp_path, *[SLOW] * 40, listing(A))
        for _ in range(40):
            assert Listed((), "timed out") == await world.answers.servers(LIST, None)
            world.now += 61
        assert Listed((A,)) == await world.answers.servers(LIST, None)
        assert [LIST.url] == hung
        async with asyncio.timeout(20):
            assert 1 == await asyncio.to_thread(lambda: 1)
    finally:
        free.set()


async def test_a_disk_that_is_back_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said too late is nobody's; a fault in it is the asker's."""
    free, there = threading.Event(), disk.Disk()
    monkeypatch.setattr(disk, "WAIT_S", 0.05)
    assert await there.ask("a", lambda: free.wait(60)) is None
    assert await there.ask("a", lambda: True) is None
    free.set()
    monkeypatch.setattr(disk, "WAIT_S", 20)
    assert 2 == await there.ask("b", lambda: 2)
    async with asyncio.timeout(20):
        while await there.ask("a", lambda: 3) != 3:
            await asyncio.sleep(0.01)
    with pytest.raises(ZeroDivisionError):
        await there.ask("b", lambda: 1 // 0)
