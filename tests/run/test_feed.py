"""Both ends of a child's pipes, on real ones: what is read, what is written, and that nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.media.feed import Feed
from spiritstream.media.flv import FlvReader, Role, Tag, file_header
from spiritstream.media.queue import MediaQueue
from spiritstream.pipes import PipeReader
from tests.media.tags import frame, group, headers, key, sound
from tests.virtualtime import run_virtually, virtually

HEADER = file_header(audio=True, video=True)
_SMALL_PIPE_BYTES = 4096


@contextlib.contextmanager
def pipe(*, small: bool = False) -> Iterator[tuple[int, int]]:
    """A pipe as (read, write), non-blocking at both ends. The test closes the ends itself."""
    read, write = os.pipe()
    for fd in (read, write):
        os.set_blocking(fd, False)
    if small and sys.platform == "linux":
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _SMALL_PIPE_BYTES)
    try:
        yield read, write
    finally:
        for fd in (read, write):
            with contextlib.suppress(OSError):
                os.close(fd)


def is_open(fd: int) -> bool:
    """Whether a descriptor is."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def take(fd: int, size: int = 1 << 20) -> bytes:
    """What is in a pipe now; empty when there is nothing, or its end."""
    try:
        return os.read(fd, size)
    except BlockingIOError:
        return b""


async def read_all(fd: int, size: int = 1 << 20) -> bytes:
    """Read in pieces until the writer closes."""
    got = bytearray()
    while True:
        await asyncio.sleep(0.001)
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            continue
        if not data:
            return bytes(got)
        got += data


def raw(tags: list[Tag]) -> bytes:
    """Tags as they travel."""
    return b"".join(tag.raw for tag in tags)


def times(tags: list[Tag], role: Role) -> list[int]:
    """When the tags of one role are, in milliseconds."""
    return [tag.time_ms for tag in tags if tag.role is role]


# --- Feed: from a queue into a pipe


@virtually
async def test_header_and_tags_arrive_whole_and_in_order() -> None:
    """More tags than one system call takes, through a pipe that takes a fraction of one: byte for byte."""
    tags = [*headers(), *(tag for n in range(60) for tag in group(n * 160))]
    with pipe(small=True) as (read, write):
        feed = Feed(write, MediaQueue(max_s=100), HEADER)
        reading = asyncio.create_task(read_all(read, 777))
        feed.push(tags)
        await feed.drain(60)
        assert HEADER + raw(tags) == await reading
        assert len(HEADER + raw(tags)) == feed.written


@given(
    pushes=st.lists(st.lists(st.integers(0, 9000), max_size=8), max_size=6),
    reads=st.lists(st.integers(100, 9000), min_size=1, max_size=6),
)
def test_any_sizes(pushes: list[list[int]], reads: list[int]) -> None:
    """However large the tags, and however the other end reads: the same bytes arrive."""

    async def main() -> None:
        with pipe(small=True) as (read, write):
            feed = Feed(write, MediaQueue(max_s=1e6), HEADER)
            expected, got = bytearray(HEADER), bytearray()
            for number, sizes in enumerate(pushes):
                tags = [key(number, size) for size in sizes]
                feed.push(tags)
                expected += raw(tags)
                got += take(read, reads[number % len(reads)])
                await asyncio.sleep(0)
            reading = asyncio.create_task(read_all(read, reads[0]))
            await feed.drain(1e6)
            assert bytes(expected) == bytes(got) + await reading

    run_virtually(main())


@virtually
async def test_nobody_waits_for_a_consumer_that_does_not_read() -> None:
    """An hour of media into a pipe that nobody empties: each push returns, and the queue keeps its bound."""
    with pipe(small=True) as (_, write):
        queue = MediaQueue(max_bytes=500_000)
        feed = Feed(write, queue, HEADER)
        feed.push(headers())
        for second in range(3600):
            feed.push(group(second * 1000, frames=25))
            await asyncio.sleep(1)
            assert queue.bytes <= 500_000
            assert queue.seconds <= 10
        assert queue.dropped_gops > 3500
        assert 3600 <= asyncio.get_running_loop().time()
        feed.close()


@virtually
async def test_after_a_stall_the_stream_is_whole_and_goes_on_at_a_keyframe() -> None:
    """The tag that was cut is finished; then the latest headers, a keyframe, and all that followed it."""
    with pipe(small=True) as (read, write):
        feed = Feed(write, MediaQueue(), HEADER)
        feed.push(headers())
        for second in range(60):
            if second == 20:  # while nobody reads, another source begins
                feed.push([tag.at(20_000) for tag in headers()])
            feed.push([key(second * 1000, 5000), sound(second * 1000), frame(second * 1000 + 500, 3000)])
        assert 0 < len(feed._partial), "the pipe was full in the middle of a tag"
        reading = asyncio.create_task(read_all(read))
        await feed.drain(60)
        # The reader is strict: one byte too many or too few, and it raises.
        got = FlvReader().feed(await reading)
    keys = times(got, Role.KEY)
    step = max(b - a for a, b in itertools.pairwise(keys))
    assert (0, 59_000) == (keys[0], keys[-1])
    assert step > 40_000
    roles = [tag.role for tag in got if tag.time_ms > 40_000]
    assert [Role.META, Role.HEADER, Role.HEADER, Role.KEY, Role.SOUND, Role.FRAME] == roles[:6]


@virtually
async def test_a_consumer_that_is_gone_costs_nothing() -> None:
    """The other end closes: the feed closes too, and further media is forgotten without an error."""
    with pipe() as (read, write):
        feed = Feed(write, MediaQueue(), HEADER)
        os.close(read)
        feed.push(group(0))
        assert not is_open(write)
        feed.push(group(1000))
        assert 0 == feed.written
        feed.close()


@virtually
async def test_draining_what_is_closed_takes_no_time() -> None:
    """There is nothing to wait for once the other end is gone."""
    with pipe() as (read, write):
        feed = Feed(write, MediaQueue(), HEADER)
        os.close(read)
        feed.push(group(0))
        await feed.drain(5)
        assert 0 == asyncio.get_running_loop().time()


@virtually
async def test_draining_takes_no_longer_than_its_bound() -> None:
    """A consumer that does not read is given up; it sees the end of file."""
    with pipe(small=True) as (read, write):
        feed = Feed(write, MediaQueue(), HEADER)
        for n in range(20):
            feed.push(group(n * 160))
        await feed.drain(5)
        assert 5 == asyncio.get_running_loop().time()
        assert not is_open(write)
        assert len(await read_all(read)) < 10_000


@virtually
async def test_closing_twice_does_not_close_anothers_descriptor() -> None:
    """The number is free after the first: by the second it may be somebody else's."""
    with pipe() as (_, write):
        feed = Feed(write, MediaQueue(), HEADER)
        feed.close()
        os.dup2(0, write)
        feed.close()
        feed.push(group(0))
        assert is_open(write)


# --- PipeReader: what arrives


class Taken:
    """What a reader has handed on."""

    def __init__(self, fd: int) -> None:
        self.data = b""
        self.ends = 0
        self.reader = PipeReader(fd, self._take, self._end)

    def _take(self, data: bytes) -> None:
        self.data += data

    def _end(self) -> None:
        self.ends += 1


@virtually
async def test_what_arrives_is_handed_on_and_its_end_once() -> None:
    """All bytes, then the end; the descriptor is closed by then."""
    with pipe() as (read, write):
        taken = Taken(read)
        os.write(write, b"one")
        await asyncio.sleep(1)
        os.write(write, b"two")
        os.close(write)
        await asyncio.sleep(1)
        assert (b"onetwo", 1, False) == (taken.data, taken.ends, is_open(read))


@virtually
async def test_a_paused_reader_lets_the_writer_wait() -> None:
    """Nothing is taken while it is paused, and nothing is lost by it, not even the end."""
    with pipe() as (read, write):
        taken = Taken(read)
        taken.reader.pause()
        taken.reader.pause()
        os.write(write, b"data")
        os.close(write)
        await asyncio.sleep(1)
        assert (b"", 0) == (taken.data, taken.ends)
        taken.reader.resume()
        taken.reader.resume()
        await asyncio.sleep(1)
        assert (b"data", 1) == (taken.data, taken.ends)


@pytest.mark.parametrize("paused", [False, True])
def test_drain_takes_what_is_left(paused: bool) -> None:
    """A writer that has ended left its last words in the pipe; one that still has it open cannot hold us."""

    async def main() -> None:
        with pipe() as (read, write):
            taken = Taken(read)
            if paused:
                taken.reader.pause()
            os.write(write, b"last words")
            taken.reader.drain()
            assert (b"last words", 0, False) == (taken.data, taken.ends, is_open(read))

    run_virtually(main())


@virtually
async def test_a_closed_reader_stays_closed() -> None:
    """Closing twice, resuming or draining after it: harmless, also when the number is another's by then."""
    with pipe() as (read, write):
        taken = Taken(read)
        taken.reader.close()
        os.dup2(0, read)
        for action in (taken.reader.close, taken.reader.resume, taken.reader.drain, taken.reader.pause):
            action()
        assert is_open(read)
        with pytest.raises(BrokenPipeError):
            os.write(write, b"nobody reads")


@virtually
async def test_a_reader_may_be_closed_by_what_it_hands_on() -> None:
    """Whoever finds garbage closes the reader from inside: that is the last that it hears."""
    with pipe() as (read, write):
        heard: list[bytes] = []

        def take(data: bytes) -> None:
            heard.append(data)
            reader.close()

        reader = PipeReader(read, take, lambda: heard.append(b"end"))
        os.write(write, b"garbage")
        await asyncio.sleep(1)
        assert [b"garbage"] == heard


@virtually
async def test_media_is_gathered_and_the_first_is_not_held_back() -> None:
    """The header and what comes with it go out at once; then a tenth of a second goes out together."""
    with pipe() as (read, write):
        feed = Feed(write, MediaQueue(), b"header", together_s=0.1)
        feed.push([key(0)])
        assert b"header" + key(0).raw == take(read)
        for time_ms in (20, 40):
            feed.push([frame(time_ms)])
        assert b"" == take(read)
        await asyncio.sleep(0.11)
        assert raw([frame(20), frame(40)]) == take(read)
        feed.close()
