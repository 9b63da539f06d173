"""Media that is cut into chunks once for many connections: each hears what it would have been told alone."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from spiritstream.rtmp.chunks import ChunkReader, Message
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.messages import Kind
from spiritstream.rtmp.shared import CHUNK_BYTES, SharedMedia
from spiritstream.secret import Secret

Media = tuple[int, int, bytes]
_AUDIO, _VIDEO, _DATA = int(Kind.AUDIO), int(Kind.VIDEO), int(Kind.DATA)


class Connection:
    """A publication from the moment at which media may go out, and all that its server hears of it."""

    def __init__(self, stream_id: int, first_ms: int) -> None:
        self.session = ClientSession(
            app="live", tc_url="rtmp://a.example/live", key=Secret("key"), noise=bytes(1536)
        )
        self._reader = ChunkReader()
        self._reader.feed(self.session._link.writer.set_chunk_bytes(CHUNK_BYTES))
        self.session._stream_id = stream_id
        self.stream_id = stream_id
        self.first_ms = first_ms
        self.joined = False
        self.shared = 0
        self.expected: list[Message] = []
        self.heard: list[Message] = []


@dataclass(frozen=True)
class Load:
    """Tags that come at once, and which connections cannot take part."""

    tags: list[Media]
    aside: frozenset[int] = frozenset()


def carry(loads: list[Load], connections: list[Connection]) -> None:
    """All loads to all connections."""
    shared = SharedMedia()
    for load in loads:
        before = shared.step
        data = shared.write(load.tags)
        for number, one in enumerate(connections):
            session = one.session
            if one.joined and data is not None and number not in load.aside:
                one.shared += 1
                out = data
            else:
                if one.joined:
                    session.went_on(before, one.first_ms)
                parts = [session.media(kind, at - one.first_ms, body) for kind, at, body in load.tags]
                out = b"".join(piece for part in parts for piece in part)
                one.joined = session.in_step(shared.step, one.first_ms)
            one.heard += one._reader.feed(out)
            one.expected += [
                Message(kind, (at - one.first_ms) & 0xFFFFFFFF, one.stream_id, body)
                for kind, at, body in load.tags
            ]


def loads_of(count: int, *, size: int = 100, step_ms: int = 40, start_ms: int = 5_000) -> list[Load]:
    """Picture and sound, side by side, of many sizes."""
    return [
        Load([(_VIDEO, at, bytes(size + n)), (_AUDIO, at + 3, bytes(9 + n % 3))])
        for n in range(count)
        for at in (start_ms + n * step_ms,)
    ]


def test_connections_that_began_at_different_times() -> None:
    """Each has its own clock and message stream; after the first load they are in step, and stay so."""
    connections = [Connection(1, 5_000), Connection(7, 4_321), Connection(0xFFFFFFFF, 0)]
    carry(loads_of(20), connections)
    for connection in connections:
        assert connection.expected == connection.heard
        assert 19 == connection.shared


def test_who_falls_behind_comes_back() -> None:
    """One is held up for a while: it goes on by itself from where it was, then with the others again."""
    connections = [Connection(1, 5_000), Connection(1, 5_000)]
    loads = [
        Load(load.tags, frozenset({1}) if 8 <= n < 11 else frozenset()) for n, load in enumerate(loads_of(20))
    ]
    carry(loads, connections)
    assert [c.expected for c in connections] == [c.heard for c in connections]
    # Its state is that of the others all the while, as it sends the same.
    assert [19, 16] == [connection.shared for connection in connections]


def test_what_each_must_say_itself() -> None:
    """A full header holds a time and a stream: at the beginning, and when the time has gone back."""
    shared = SharedMedia()
    assert shared.write([(_VIDEO, 100, b"a")]) is None
    assert shared.write([(_AUDIO, 100, b"a")]) is None
    assert shared.write([(_VIDEO, 140, b"bc"), (_AUDIO, 120, b"de")]) is not None
    assert shared.write([(_VIDEO, 180, b"f"), (_VIDEO, 170, b"g")]) is None
    assert shared.write([(_VIDEO, 210, b"h")]) is not None


def test_nobody_joins_who_has_sent_something_else() -> None:
    """Another size, another time, another kind, a chunk stream less: the next header would be another."""
    for own in (
        [(_VIDEO, 0, b"12"), (_VIDEO, 40, b"123")],
        [(_VIDEO, 0, b"12"), (_VIDEO, 41, b"12")],
        [(_VIDEO, 1, b"12"), (_VIDEO, 40, b"12")],
        [(_VIDEO, 0, b"12"), (_VIDEO, 40, b"12"), (_AUDIO, 40, b"1")],
    ):
        shared = SharedMedia()
        shared.write([(_VIDEO, 0, b"12"), (_VIDEO, 40, b"12")])
        connection = Connection(1, 0)
        for kind, at, body in own:
            connection.session.media(kind, at, body)
        assert not connection.session.in_step(shared.step, 0)


def test_chunks_of_another_size() -> None:
    """Who cuts its media in other pieces is never in step."""
    shared, connection = SharedMedia(), Connection(1, 0)
    connection.session._link.writer.set_chunk_bytes(4096)
    for kind, at, body in loads_of(1)[0].tags * 2:
        connection.session.media(kind, at, body)
        shared.write([(kind, at, body)])
    assert not connection.session.in_step(shared.step, 0)


_TAGS = st.lists(
    st.tuples(
        st.sampled_from([_AUDIO, _VIDEO, _DATA]),
        st.sampled_from([0, 1, 20, 20, 40, 40, -30, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0x80000000]),
        st.sampled_from([1, 5, 5, 5, 300, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 5]),
    ),
    max_size=3,
)


@given(
    steps=st.lists(st.tuples(_TAGS, st.frozensets(st.integers(0, 2))), max_size=10),
    firsts=st.tuples(*[st.sampled_from([0, 7, 0xFFFFFF, 0xFFFFFFFF])] * 3),
)
@example(steps=[([(_VIDEO, 40, 5)], frozenset())] * 6, firsts=(0, 0, 0))
def test_whatever_comes(
    steps: list[tuple[list[Media], frozenset[int]]], firsts: tuple[int, int, int]
) -> None:
    """Any kinds, sizes and times, whoever is held up when: every server hears each message as it was."""
    at, loads = 1 << 32, []
    for tags, aside in steps:
        load = []
        for kind, step_ms, size in tags:
            at = max(0, at + step_ms)
            load.append((kind, at, bytes((kind,)) * int(size)))
        loads.append(Load(load, aside))
    connections = [Connection(n + 1, first_ms) for n, first_ms in enumerate(firsts)]
    carry(loads, connections)
    for connection in connections:
        assert connection.expected == connection.heard
