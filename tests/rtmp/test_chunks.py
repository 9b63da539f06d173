"""Chunk streams are read from any cut of the bytes, and written as the specification has them."""

from __future__ import annotations

import itertools
import sys
import tracemalloc
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.faults import RtmpError
from tests.rtmp.cases import BAD, CASES, Bad, Case, Put, filler, hx, put, read, write

each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
each_bad = pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data`, cut at these places."""
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def one_by_one(data: bytes) -> list[bytes]:
    """`data` in single bytes."""
    return [data[i : i + 1] for i in range(len(data))]


@each_case
def test_a_case_read_whole_gives_its_messages(case: Case) -> None:
    """The bytes of a case, fed at once, are its messages."""
    assert (case.messages, "") == read([case.data])


@each_case
def test_a_case_read_byte_by_byte_gives_its_messages(case: Case) -> None:
    """Fed a byte at a time, they are the same messages, and nothing of them is kept in the end."""
    assert (case.messages, "") == read(one_by_one(case.data))
    reader = ChunkReader()
    reader.feed(case.data)
    assert 0 == reader.held_bytes


@given(case=st.sampled_from(CASES), cuts=st.lists(st.integers(0, 2**20), max_size=12))
@settings(max_examples=300)
def test_any_cut_of_a_case_gives_its_messages(case: Case, cuts: list[int]) -> None:
    """However the bytes are cut, they are the same messages."""
    assert (case.messages, "") == read(pieces(case.data, cuts))


@each_case
def test_a_case_is_written_as_it_was_read(case: Case) -> None:
    """Our writer makes the same bytes, or, where it has a reason not to, bytes with the same messages."""
    written = write(case.steps)
    assert (not case.differs) == (case.data == written)
    assert (case.messages, "") == read([written])


@each_bad
def test_what_breaks_the_protocol_is_refused(bad: Bad) -> None:
    """Bytes that break a rule or a bound are refused in words of ours, at the latest with their last byte."""
    messages, error = read([bad.data])
    assert bad.says in error
    assert [] == messages


@given(bad=st.sampled_from(BAD[:-1]), cuts=st.lists(st.integers(0, 2**20), max_size=6))
def test_any_cut_of_it_is_refused_alike(bad: Bad, cuts: list[int]) -> None:
    """However such bytes are cut, the same words refuse them."""
    assert bad.says in read(pieces(bad.data, cuts))[1]


puts = st.builds(
    put,
    csid=st.sampled_from([3, 4, 63, 64, 320]),
    kind=st.sampled_from([8, 9, 18, 20]),
    time_ms=st.one_of(st.integers(0, 100), st.integers(0, 2**32 - 1)),
    stream_id=st.sampled_from([0, 1, 2**32 - 1]),
    body=st.builds(filler, st.sampled_from([0, 1, 127, 128, 129, 300, 4000, 9000]), st.integers(0, 255)),
)


@given(st.lists(st.one_of(puts, st.sampled_from([1, 64, 128, 4096, 60_000])), max_size=12), st.data())
def test_what_is_written_is_read(steps: list[Put | int], data: st.DataObject) -> None:
    """Any messages in any order with any chunk sizes come out of the reader as they went into the writer."""
    raw = write(tuple(steps))
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=6))
    messages = [step.message for step in steps if isinstance(step, Put)]
    assert (messages, "") == read(pieces(raw, cuts))


@given(st.lists(puts, min_size=1, max_size=4, unique_by=lambda step: step.csid), st.randoms())
def test_chunk_streams_may_be_interleaved(steps: list[Put], random: Random) -> None:
    """The chunks of messages on several chunk streams may be mixed in any way."""
    writer = ChunkWriter()
    lanes = []
    for step in steps:
        m = step.message
        buffers = writer.write(m.kind, m.body, time_ms=m.time_ms, stream_id=m.stream_id, csid=step.csid)
        chunks = [b"".join(buffers[i : i + 2]) for i in range(0, len(buffers), 2)]
        lanes.append(chunks[::-1])
    raw = b""
    while lanes := [lane for lane in lanes if lane]:
        raw += random.choice(lanes).pop()
    messages, error = read([raw])
    assert "" == error
    assert {repr(step.message) for step in steps} == {repr(message) for message in messages}
    assert len(steps) == len(messages)


def test_the_body_is_not_copied() -> None:
    """What the writer hands out for a body is that body's own memory, cut or not."""
    body = filler(300)
    buffers = ChunkWriter().write(9, body)
    assert all(isinstance(part, memoryview) and part.obj is body for part in buffers[1::2])
    assert ChunkWriter().write(9, body[:100])[1] == body[:100]
    short = body[:100]
    assert ChunkWriter().write(9, short)[1] is short


def test_a_memoryview_is_written_like_bytes() -> None:
    """A body may be a view into something larger."""
    body = filler(300)
    assert b"".join(ChunkWriter().write(9, body[5:])) == b"".join(
        ChunkWriter().write(9, memoryview(body)[5:])
    )


@pytest.mark.parametrize("csid", [-1, 0, 1, 65_600])
def test_there_are_no_chunk_streams_outside_the_range(csid: int) -> None:
    """A chunk stream's number is 2 to 65,599."""
    with pytest.raises(ValueError, match="chunk stream"):
        ChunkWriter().write(9, b"", csid=csid)


@pytest.mark.parametrize("size", [0, -1, 0x80000000])
def test_there_are_no_chunks_of_such_a_size(size: int) -> None:
    """A chunk has 1 byte to 2 GiB less one, and a size that was refused is not in force."""
    writer = ChunkWriter()
    with pytest.raises(ValueError, match="chunk"):
        writer.set_chunk_bytes(size)
    assert 128 == writer.chunk_bytes


def test_a_body_longer_than_a_header_can_say_is_refused() -> None:
    """A message has at most 16 MiB less one byte."""
    with pytest.raises(ValueError, match="too long"):
        ChunkWriter().write(9, bytes(0x1000000))


def test_a_claimed_size_costs_no_memory() -> None:
    """64 chunk streams that each begin 8 MiB cost what has arrived of them, not what they claim."""
    heads = b"".join(bytes((csid,)) + hx("000000 7fffff 09 01000000") + bytes(128) for csid in range(2, 64))
    reader = ChunkReader()
    tracemalloc.start()
    try:
        reader.feed(heads)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 62 * 128 == reader.held_bytes
    assert peak < 200_000


def test_the_bounds_can_be_set() -> None:
    """Message size, streams and held bytes are bounded by what the caller says."""
    with pytest.raises(RtmpError, match="longer"):
        ChunkReader(max_message_bytes=99).feed(hx("04 000000 000064 09 01000000"))
    with pytest.raises(RtmpError, match="streams"):
        ChunkReader(max_streams=1).feed(hx("04 000000 000000 09 01000000 05 000000 000000 09 01000000"))
    with pytest.raises(RtmpError, match="begun more"):
        ChunkReader(max_held_bytes=99).feed(hx("04 000000 0000ff 09 01000000") + bytes(100))


def test_small_chunks_cost_no_work_each() -> None:
    """A thousand chunks of one message that are there at once are taken by a few calls, not by a thousand."""
    data, calls = write((put(6, 9, 0x1000000, 1, filler(128_000)),)), 0

    def count(*_event: object) -> None:
        nonlocal calls
        calls += 1

    reader, before = ChunkReader(), sys.getprofile()
    sys.setprofile(count)
    try:
        messages = reader.feed(data)
    finally:
        sys.setprofile(before)
    assert 1 == len(messages)
    assert calls < 1000


def test_what_was_held_is_free_again() -> None:
    """Messages that are complete or given up no longer count as held."""
    reader = ChunkReader(max_held_bytes=1000)
    message = hx("04 000000 0003e8 09 01000000") + hx("c4").join(bytes(n) for n in [128] * 7 + [104])
    begun = hx("05 000000 0003e8 09 01000000") + bytes(128)
    abort = hx("02 000000 000004 02 00000000 00000005")
    for _ in range(5):
        assert 1 == len(reader.feed(message))
        assert 0 == len(reader.feed(begun + abort))
    assert 0 == reader.held_bytes


def test_a_message_is_a_value() -> None:
    """Two messages with the same contents are equal, and nobody can change one."""
    assert Message(9, 0, 1, b"a") == Message(9, 0, 1, b"a")
    with pytest.raises(AttributeError):
        Message(9, 0, 1, b"a").time_ms = 5  # type: ignore[misc]
