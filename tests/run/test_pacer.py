"""Files are played at their own speed, joined without a gap: on real pipes and a virtual clock."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from itertools import pairwise

import pytest

from spiritstream.media.flv import Role, Tag, file_header
from spiritstream.media.hub import Hub
from spiritstream.run.pacer import LEAD_MS, PacedFile, Pacer
from tests.media.tags import frame, headers, key, sound
from tests.virtualtime import run_virtually, virtually

NOTHING_CONVERTED: frozenset[str] = frozenset()
STEP_MS = 40
# What is due within a fifth of a second goes out together.
EXACT_S = 0.201


class Watcher:
    """Notes when each frame came out of the hub."""

    def __init__(self, hub: Hub) -> None:
        self._loop = asyncio.get_running_loop()
        self.seen: list[tuple[float, Tag]] = []
        hub.attach(self)

    def push(self, tags: Sequence[Tag]) -> None:
        """Note them."""
        self.seen += [(self._loop.time(), tag) for tag in tags]

    def pictures(self) -> list[tuple[float, float]]:
        """When each picture came, and when it should be shown, in seconds."""
        return [(at, t.time_ms / 1000) for at, t in self.seen if t.role in (Role.KEY, Role.FRAME)]


class Stage:
    """A hub, a pacer, and who looks."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub(self.loop.time)
        self.watcher = Watcher(self.hub)
        self.pacer = Pacer(self.hub, self.loop.time)

    async def play(self, data: bytes, piece: int = 1000) -> PacedFile:
        """Play a file, as a child writes it: as fast as its pipe lets it. Returns when all of it is read."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        file = PacedFile(self.pacer, read, NOTHING_CONVERTED)
        writing = asyncio.create_task(write_all(write, data, piece))
        await file.ended.wait()
        file.close()
        await writing
        return file


async def write_all(fd: int, data: bytes, piece: int) -> None:
    """Write in pieces whenever there is room; then close."""
    loop, room = asyncio.get_running_loop(), asyncio.Event()
    loop.add_writer(fd, room.set)
    try:
        while data:
            room.clear()
            await room.wait()
            data = data[os.write(fd, data[:piece]) :]
    except BrokenPipeError:
        pass  # the reader has given up
    finally:
        loop.remove_writer(fd)
        os.close(fd)


def film(seconds: float, first_ms: int = 0, size: int = 2000) -> bytes:
    """A file of 25 pictures a second with sound beside them."""
    tags = headers()
    for n in range(int(seconds * 1000 / STEP_MS)):
        at = first_ms + n * STEP_MS
        tags += [key(at, size) if n % 25 == 0 else frame(at, size), sound(at)]
    return file_header(audio=True, video=True) + b"".join(tag.raw for tag in tags)


@virtually
async def test_each_picture_comes_when_it_is_due() -> None:
    """However fast the file is read, a second of it takes a second."""
    stage = Stage()
    await stage.play(film(10))
    await stage.pacer.drained()
    pictures = stage.watcher.pictures()
    began = pictures[0][0]
    assert 250 == len(pictures)
    assert all(-EXACT_S <= at - began - due <= 0.001 for at, due in pictures)


@virtually
async def test_a_clock_that_does_not_begin_at_zero_makes_no_wait() -> None:
    """A file cut out of a longer one starts at once."""
    stage = Stage()
    await stage.play(film(2, first_ms=3_600_000))
    assert stage.watcher.pictures()[0][0] < 0.1


@virtually
async def test_no_more_is_held_than_the_lead() -> None:
    """A file is read about a second ahead, not into memory; its child waits on a full pipe."""
    stage = Stage()
    playing = asyncio.create_task(stage.play(film(20)))
    await asyncio.sleep(5)
    held = [tag for tag in stage.pacer._held if isinstance(tag, Tag)]
    ahead_ms = held[-1].time_ms - held[0].time_ms
    one_read_ms = 1000 * 256 * 1024 / len(film(1))
    assert LEAD_MS / 2 <= ahead_ms <= LEAD_MS + one_read_ms
    await playing
    assert 20 - 0.001 * (LEAD_MS + one_read_ms) <= stage.loop.time() <= 20


@virtually
async def test_files_follow_each_other_without_a_gap() -> None:
    """Three files: one picture's distance from one to the next, on the clock and in real time."""
    stage = Stage()
    for first_ms in (0, 0, 90_000):
        await stage.play(film(3, first_ms))
    await stage.pacer.drained()
    pictures = stage.watcher.pictures()
    assert 225 == len(pictures)
    assert {STEP_MS} == {round((b[1] - a[1]) * 1000) for a, b in pairwise(pictures)}
    assert all(abs(b[0] - a[0] - STEP_MS / 1000) <= EXACT_S for a, b in pairwise(pictures))


@virtually
async def test_a_file_that_comes_late_moves_the_clock() -> None:
    """A child that took 30 s to start is not caught up with: its file plays at its own speed."""
    stage = Stage()
    await stage.play(film(2))
    await asyncio.sleep(30)
    await stage.play(film(4))
    await stage.pacer.drained()
    late = [at for at, _ in stage.watcher.pictures()][50:]
    assert 100 == len(late)
    assert late[-1] - late[0] > 3.96 - 1.1


@virtually
async def test_closing_forgets_what_is_held() -> None:
    """Another input is wanted: nothing of the old one comes any more."""
    stage = Stage()
    await stage.play(film(0.8))
    stage.pacer.close()
    before = len(stage.watcher.seen)
    await asyncio.sleep(5)
    await asyncio.wait_for(stage.pacer.drained(), 1)
    assert before == len(stage.watcher.seen)


@pytest.mark.parametrize("data", [b"not FLV at all", film(0.4) + bytes(300)])
def test_garbage_is_a_fault_of_its_file_alone(data: bytes) -> None:
    """What is no FLV ends the file with its reason, and the next one plays."""

    async def main() -> None:
        stage = Stage()
        file = await stage.play(data)
        assert file.fault is not None
        assert "bad-media" == file.fault.code
        await stage.play(film(2))
        await stage.pacer.drained()
        assert 50 <= len(stage.watcher.pictures())

    run_virtually(main())
