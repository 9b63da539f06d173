"""RTMP that is published to us: only the right publisher gets in, and nobody else costs it a frame."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.media.flv import AUDIO, VIDEO, Tag, body_of
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import RtmpInput, Takeover
from spiritstream.run.ingest.limits import Limits
from spiritstream.run.ingest.listener import Listener
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.run.runner import Runner
from spiritstream.secret import Secret
from tests.live.arrivals import Connection
from tests.live.chunks import Type, pack, pack_command
from tests.live.media import MediaLibrary, ffmpeg_running, publishing
from tests.live.ports import free_port
from tests.live.processes import kill, until
from tests.live.publishers import (
    KEY,
    Lines,
    Receiving,
    is_closed,
    listeners,
    log_lines,
    publisher,
    raw,
    receiving,
    short_folder,
    tags_of,
)
from tests.live.running import running
from tests.live.shows import encoding, in_state, live, passthrough, profile, status, target, tools
from tests.live.sinks import RtmpSink, rtmp_sink
from tests.live.tls import server_tls
from tests.media.tags import group, headers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the listener's socket is."""
    with short_folder() as made:
        yield made


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the runner says."""
    with log_lines() as heard:
        yield heard


@pytest.fixture
def clip(media: MediaLibrary) -> Path:
    """A small file, keyframes a second apart."""
    return media.h264(3, 300, size="320x180", keyframe_s=1)


def contents(connection: Connection, kind: Type) -> list[tuple[int, int]]:
    """Size and checksum of each frame of one kind."""
    return [(frame.size, frame.checksum) for frame in connection.frames(kind)]


def rising(connection: Connection) -> bool:
    """Whether both clocks of what arrived only ever rise."""
    clocks = [[frame.timestamp_ms for frame in connection.frames(kind)] for kind in (Type.VIDEO, Type.AUDIO)]
    return all(clock and sorted(set(clock)) == clock for clock in clocks)


@contextlib.asynccontextmanager
async def show(folder: Path, ffmpeg: str, sink: RtmpSink, *, encoded: bool = False, hold_s: float = 15):  # type: ignore[no-untyped-def]
    """A whole show: published to us, passed on to target `a` (and encoded for target `b`)."""
    wanted = RtmpInput("127.0.0.1", free_port(), "live", Secret(KEY), hold_s=hold_s)
    groups = [passthrough(target("a", sink.url()))]
    groups += [encoding(target("b", sink.url()))] if encoded else []
    runner = Runner(replace(tools(ffmpeg), runtime=folder))
    try:
        await runner.apply(profile(wanted, *groups))
        await in_state(runner, State.WAITING, "input")
        yield runner, wanted.port
    finally:
        await runner.stop()


async def test_ffmpeg_publishes_through_us(
    ffmpeg_path: str, folder: Path, lines: Lines, sink: RtmpSink, clip: Path
) -> None:
    """What ffmpeg publishes with the right key is what a target gets, frame by frame. With a wrong key, no
    key or another app it is refused, and so is a player; the log says so without the key.
    """
    async with rtmp_sink() as straight:
        to_it = (*publishing(clip, straight.url() + "/k")[3:],)  # once, as fast as it goes
        async with ffmpeg_running(ffmpeg_path, *to_it) as one:
            await one.wait()
        (expected,) = straight.connections
    async with show(folder, ffmpeg_path, sink) as (runner, port):
        url = f"rtmp://127.0.0.1:{port}/live"
        for wrong in (f"{url}/canary-wrong", url, f"rtmp://127.0.0.1:{port}/other/{KEY}"):
            async with ffmpeg_running(ffmpeg_path, *publishing(clip, wrong)) as one:
                assert 0 != await asyncio.wait_for(one.wait(), 10)
        async with ffmpeg_running(ffmpeg_path, "-i", f"{url}/{KEY}", "-f", "null", "-") as one:
            assert 0 != await asyncio.wait_for(one.wait(), 10)
        for reason in ("wrong key for app live", "wrong app; the one here is live", "asked to play"):
            await lines.says("publisher 127.0.0.1 was refused", reason)
        assert (State.WAITING, []) == (status(runner, "input").state, sink.connections)
        async with ffmpeg_running(
            ffmpeg_path, "-re", "-i", clip, "-c", "copy", "-f", "flv", f"{url}/{KEY}?x=1"
        ):
            await live(runner)
            connection = await sink.wait_media(len(expected.media) - 40)
            unit = status(runner, "input")
    assert ("input", f"{url}", None) == (unit.kind, unit.destination, unit.pid)
    assert "h264 + aac" in unit.detail
    assert "from 127.0.0.1" in unit.detail
    assert rising(connection)
    for kind in (Type.VIDEO, Type.AUDIO):
        got, whole = contents(connection, kind), contents(expected, kind)
        assert got in [whole[n : n + len(got)] for n in range(3)]
    assert [] == [line for line in lines.said if "canary" in line]


async def test_targets_stay_through_a_short_gap_and_leave_in_a_long_one(
    any_ffmpeg: str, folder: Path, lines: Lines, sink: RtmpSink, clip: Path
) -> None:
    """A publisher that returns within the hold finds each target on its connection, on a clock that goes on.
    After a longer gap the targets have left in order, and come back with it, passed on and encoded alike.
    """
    tags = tags_of(clip)
    async with show(folder, any_ffmpeg, sink, encoded=True, hold_s=2) as (runner, port):
        for gap_s, at_ms in ((0.8, 70_000), (0.0, 0)):
            async with publisher(port) as one, one.playing(tags, at_ms=at_ms):
                await live(runner)
                await gets_more(sink)
            await asyncio.sleep(gap_s)
        assert 2 == len(sink.connections)
        await sink.wait_closed(2)
        await in_state(runner, State.WAITING)
        assert [0, 0, 0] == [status(runner, name).restarts for name in ("a", "b", "small")]
        assert [] == [line for line in lines.said if "trying again" in line]
        async with publisher(port) as one, one.playing(tags):
            await live(runner)
            await sink.wait_media(20, 4)
    assert 4 == len(sink.connections)
    assert all(rising(connection) for connection in sink.connections)
    plain = next(c for c in sink.connections if c.stream == "canary-a")
    frames = [frame.timestamp_ms for frame in plain.frames()]
    assert [step for a, b in itertools.pairwise(frames) if 700 < (step := b - a) < 2000]


async def gets_more(sink: RtmpSink) -> None:
    """Wait until every connection has got another second or two of media."""
    before = {id(connection): connection.media_count for connection in sink.connections}
    await until(
        lambda: all(c.media_count > before.get(id(c), 0) + 80 for c in sink.connections),
        "more media everywhere",
    )


async def test_a_second_publisher(folder: Path, lines: Lines) -> None:
    """With `when-silent` one that lives is not pushed out; one that fell silent is, within four seconds."""
    async with receiving(folder) as there, publisher(there.port) as first:
        await first.sends(*headers(), *group(0))

        async with first.playing(group(160)), publisher(there.port) as second:
            assert second.refused is not None
            assert "NetStream.Publish.BadName" == second.refused.code
        await lines.says("was refused: 127.0.0.1", "publishes already")
        async with publisher(there.port) as third:
            assert third.publishing
            await until(lambda: first.closed, "the first one was closed")
            await third.sends(*headers(), *group(0))
            await there.has(len(there.frames()) + 1)
        there.assert_rising()


async def test_reject_and_replace(folder: Path) -> None:
    """`reject` keeps the first one; `replace` gives way to every newcomer."""
    async with (
        receiving(folder, takeover=Takeover.REJECT, app="keeps") as keeps,
        receiving(folder, port=keeps.port, takeover=Takeover.REPLACE, app="gives") as gives,
        publisher(keeps.port, app="keeps") as kept,
        publisher(keeps.port, app="keeps") as refused,
        publisher(gives.port, app="gives") as replaced,
        publisher(gives.port, app="gives") as taken,
    ):
        assert [True, False, True, True] == [p.publishing for p in (kept, refused, replaced, taken)]
        await until(lambda: replaced.closed, "the replaced one was closed")
        assert not kept.closed
        assert 1 == len(listeners(keeps.port))


@contextlib.asynccontextmanager
async def listener_here(folder: Path, port: int, limits: Limits):  # type: ignore[no-untyped-def]
    """The listener in this process, with bounds of the test's own; inputs find it like any other."""
    lodging = Lodging(folder, "127.0.0.1", port)
    lodging.prepare()
    lock = lodging.take()
    assert lock is not None
    listener = Listener(lodging, limits)
    running_it = asyncio.create_task(listener.run())
    try:
        await until(lodging.path.exists, "the listener is there")
        yield listener
    finally:
        await asyncio.wait_for(running_it, 10)
        os.close(lock)


async def test_strangers_are_bounded_and_do_not_keep_out_the_right_one(folder: Path, lines: Lines) -> None:
    """200 silent connections at once, while one publishes: at most 64 are kept, another publisher gets in
    through them, and all are dropped once their time is over, also one that sends a byte now and then.
    """
    port = free_port()
    async with (
        listener_here(folder, port, Limits(publish_s=2.0)) as listener,
        receiving(folder, port=port) as there,
        receiving(folder, port=port, key="canary-2", profile="other") as other,
        contextlib.AsyncExitStack() as stack,
    ):
        one = await stack.enter_async_context(publisher(port))
        strangers = [await stack.enter_async_context(raw(port)) for _ in range(200)]
        _, slow = await stack.enter_async_context(raw(port, b"\x03"))
        await one.sends(*headers(), *group(0))
        await there.has(4)
        assert 64 == listener._door.half_open
        two = await stack.enter_async_context(publisher(port, key="canary-2"))
        await two.sends(*headers(), *group(0))
        await other.has(4)
        for _ in range(8):
            if not slow.is_closing():
                slow.write(b"\0")
            await asyncio.sleep(0.25)
        await asyncio.gather(*(is_closed(reader) for reader, _ in strangers))
        assert 0 == listener._door.half_open
        await lines.says("it connected and did not publish")
        await lines.says("too many connections that do not publish")
        assert 10 > len([line for line in lines.said if "was refused" in line])
        await one.sends(*group(160))
        await there.has(8)


def greeting(noise: int = 1) -> bytes:
    """A handshake as one that does not care for the answer sends it: C0, C1 and C2."""
    return b"\x03" + bytes(8) + random.Random(noise).randbytes(1528) + bytes(1536)


def connecting(app: str = "live") -> bytes:
    """A handshake and a `connect`."""
    return greeting() + pack_command("connect", 1.0, {"app": app})


GARBAGE = {
    "nothing": b"",
    "random bytes": random.Random(1).randbytes(5000),
    "random bytes behind the right version": b"\x03" + random.Random(2).randbytes(9000),
    "half a handshake": greeting()[:900],
    "a handshake and random bytes": greeting() + random.Random(3).randbytes(5000),
    "a web browser": b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "a TLS hello": bytes.fromhex("1603010200010001fc0303") + random.Random(4).randbytes(500),
    "a chunk size of nothing": greeting() + b"\x02\0\0\0\0\0\x04\x01\0\0\0\0" + bytes(4),
    "a chunk size beyond all bounds": greeting() + b"\x02\0\0\0\0\0\x04\x01\0\0\0\0" + b"\x7f\xff\xff\xff",
    "a message of 16 MiB": greeting() + b"\x03\0\0\0\xff\xff\xff\x14\0\0\0\0" + bytes(200_000),
    "a hundred streams": greeting() + b"".join(b"\0" + bytes((n,)) + bytes(11) for n in range(100)),
    "a chunk that continues nothing": greeting() + b"\xc5" + bytes(300),
    "a command without a name": greeting() + b"\x03\0\0\0\0\0\x01\x14\0\0\0\0\x05",
    "nested beyond all bounds": greeting()
    + pack_command("connect", 1.0, {"app": "live"})[:40]
    + b"\x03\0\1a" * 99,
    "media before it publishes": connecting() + b"\x04\0\0\0\0\0\x02\x09\x01\0\0\0\x17\x01",
    "publishing before it connects": greeting() + pack_command("publish", 5.0, None, KEY, "live"),
    "connecting twice": connecting() + pack_command("connect", 1.0, {"app": "live"}),
    "connecting to nothing": greeting() + pack_command("connect", 1.0, {}),
    "chatting for ever": connecting() + pack_command("releaseStream", 2.0, None, "x" * 1000) * 300,
}


async def test_garbage_harms_only_itself(folder: Path, lines: Lines) -> None:
    """Whatever strangers send, all at once and over and over, the publisher goes on, and none gets in."""
    async with receiving(folder) as there, publisher(there.port) as one:
        before = listeners(there.port)

        async def thrown(data: bytes) -> None:
            async with raw(there.port, data) as (reader, writer):
                with contextlib.suppress(OSError, TimeoutError):
                    await writer.drain()
                    writer.write_eof()
                    await is_closed(reader, 5)

        await one.sends(*headers())
        for n in range(20):
            await asyncio.gather(*map(thrown, GARBAGE.values()))
            await one.sends(*group(n * 160))
        await there.has(80)
        there.assert_rising()
        assert 80 == len(there.frames())
        assert before == listeners(there.port)
        await lines.says("what it sends is not RTMP")
        await lines.says("it speaks TLS")
        async with publisher(there.port, key="canary-x") as wrong:
            assert wrong.refused is not None
    assert [] == [line for line in lines.said if "canary" in line]


async def test_without_a_key(folder: Path) -> None:
    """On loopback anybody may publish where no key is set; elsewhere only where that is written down."""
    async with receiving(folder, key=None) as there, publisher(there.port, key="whatever") as one:
        assert one.publishing
    async with receiving(folder, key=None, host="0.0.0.0", open=True) as there, publisher(there.port) as one:
        assert one.publishing
    async with receiving(folder, key=None, host="0.0.0.0", port=free_port()) as there:
        cause = there.unit.cause
        assert (State.FAILED, "open-ingest") == (there.unit.state, cause.code if cause else "")


async def test_an_address_that_cannot_be_had(folder: Path, lines: Lines) -> None:
    """A port of another program, and another profile's key: it says so, and nothing else is disturbed."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        async with receiving(folder, port=held.getsockname()[1]) as there:
            cause = there.unit.cause
            assert cause is not None
            assert "another program listens there already" in cause.message
            assert (State.FAILED, True) == (there.unit.state, cause.person)
    async with receiving(folder) as there, publisher(there.port) as one:
        async with receiving(folder, port=there.port, profile="second") as second:
            cause = second.unit.cause
            assert cause is not None
            assert "profile show has app live" in cause.message
        await one.sends(*headers(), *group(0))
        await there.has(4)


async def test_a_listener_that_is_killed_takes_nothing_along(folder: Path, lines: Lines) -> None:
    """Its publishers go on without a frame lost; a new one is there soon, and lets others in."""
    async with (
        receiving(folder) as there,
        receiving(folder, port=there.port, key="canary-2", profile="other") as other,
        publisher(there.port) as one,
    ):
        sent = [*headers(), *group(0)]
        await one.sends(*sent)
        (before,) = listeners(there.port)
        kill(before.pid)
        for n in range(1, 50):
            sent += group(n * 160)
            await one.sends(*group(n * 160))
            await asyncio.sleep(0.02)
        await until(
            lambda: [p.pid for p in listeners(there.port)] not in ([], [before.pid]), "a new listener"
        )
        await there.has(200)
        assert [body_of(tag) for tag in sent] == [body_of(tag) for tag in there.tags]
        await lines.says("is gone: it is started anew")

        async def lets_in() -> bool:
            with contextlib.suppress(OSError):
                async with publisher(there.port, key="canary-2") as two:
                    await two.sends(*headers(), *group(0))
                    await other.has(4)
                    return two.publishing
            return False

        async with asyncio.timeout(10):
            while not await lets_in():
                await asyncio.sleep(0.05)
        assert 1 == len(listeners(there.port))
        assert not one.closed
    await until(lambda: not listeners(there.port), "the listener has ended")
    socket.create_server(("127.0.0.1", there.port)).close()


PROFILE = """version: 1
name: {name}
input: {{rtmp: {{listen: "127.0.0.1:{port}", app: {app}, key: {{env: KEY_IN}}}}}}
groups: {{source: {{targets: {{a: {{url: "{url}", key: {{env: KEY_OUT}}}}}}}}}}
"""


async def test_two_shows_share_an_address(folder: Path, sink: RtmpSink, clip: Path) -> None:
    """Two `spiritstream run` on one address: one listener, each gets its own publisher, and the end of either
    leaves the other alone. With the last of them the port is free.
    """
    port = free_port()
    tags = tags_of(clip)
    async with contextlib.AsyncExitStack() as stack:
        shows = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            file = folder / name / "p.yaml"
            file.write_text(PROFILE.format(name=name, port=port, app=name, url=sink.url()))
            variables = {
                "KEY_IN": f"canary-{name}",
                "KEY_OUT": f"canary-out-{name}",
                "XDG_RUNTIME_DIR": str(folder / "run"),
            }
            shows.append(
                await stack.enter_async_context(running(file, folder=folder / name, variables=variables))
            )
        for there in shows:
            await there.is_so(lambda s: any(u.path == "input" and u.state is State.WAITING for u in s.units))
        (process,) = listeners(port)
        environment = Path(f"/proc/{process.pid}/environ").read_bytes() + " ".join(process.argv).encode()
        assert b"canary" not in environment
        one = await stack.enter_async_context(publisher(port, app="one", key="canary-one"))
        two = await stack.enter_async_context(publisher(port, app="two", key="canary-two"))
        for each in (one, two):
            await stack.enter_async_context(each.playing(tags))
        for there in shows:
            await there.live(3)
        shows[0].signal(signal.SIGTERM)
        assert 0 == await shows[0].ended()
        assert ([process.pid], False) == ([p.pid for p in listeners(port)], two.closed)
        async with publisher(port, app="one", key="canary-one") as late:
            assert late.refused is not None
        (other,) = [c for c in sink.connections if c.stream == "canary-out-two"]
        before = other.media_count
        await until(lambda: other.media_count > before + 20, "the other show goes on")
        shows[1].signal(signal.SIGTERM)
        assert 0 == await shows[1].ended()
        socket.create_server(("127.0.0.1", port)).close()
        assert {"canary-out-one", "canary-out-two"} == {c.stream for c in sink.connections}
        assert [] == [line for there in shows for line in there.lines if "canary" in line]


async def test_rtmps_with_a_certificate_that_is_replaced(
    ffmpeg_path: str, folder: Path, lines: Lines, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is connected stays so; the next one sees the new certificate. A broken pair changes nothing, and
    who speaks no TLS is told apart.
    """
    server_tls(folder)
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=folder / "cert.pem")

    async with receiving(folder, certificate=cert, private_key=key) as there:
        old = trusting()
        async with publisher(there.port, tls=old) as one:
            await one.sends(*headers(), *group(0))
            await there.has(4)
            server_tls(folder)
            async with publisher(there.port, tls=trusting(), key="canary-x") as wrong:
                assert wrong.refused is not None
            with pytest.raises(ssl.SSLError):
                await asyncio.open_connection("127.0.0.1", there.port, ssl=old)
            good = trusting()
            (folder / "cert.pem").write_text("not one")
            async with publisher(there.port, tls=good, key="canary-x") as wrong:
                assert wrong.refused is not None
            await lines.says("the old one stays")
            await one.sends(*group(160))
            await there.has(8)
        async with raw(there.port, greeting()) as (reader, _):
            await is_closed(reader)
        await lines.says("speaks no TLS")
        server_tls(folder)
        monkeypatch.setenv("SSL_CERT_FILE", cert)
        url = f"rtmps://127.0.0.1:{there.port}/live/{KEY}"
        async with ffmpeg_running(ffmpeg_path, *publishing(clip, url)):
            await there.has(60)
        assert there.unit.destination.startswith("rtmps://")
        there.assert_rising()


WRAPS = {"24 bits": 1 << 24, "31 bits": 1 << 31, "32 bits": 1 << 32}


async def test_a_publishers_clock_may_wrap(ffmpeg_path: str, folder: Path, clip: Path) -> None:
    """At 24, 31 and 32 bits: what goes on only ever rises, without a step that the media did not have."""
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        inputs: list[Receiving] = []
        for wrap in WRAPS.values():
            app = f"wrap{wrap}"
            there = await stack.enter_async_context(receiving(folder, port=port, app=app))
            offset = ("-output_ts_offset", f"{wrap / 1000 - 1:.3f}")
            url = f"rtmp://127.0.0.1:{port}/{app}/{KEY}"
            arguments = ("-re", "-i", clip, "-c", "copy", *offset, "-f", "flv", url)
            await stack.enter_async_context(ffmpeg_running(ffmpeg_path, *arguments))
            inputs.append(there)
        for there in inputs:
            await there.has(80)
            assert_even(there)


async def test_a_publishers_clock_may_jump(folder: Path) -> None:
    """Back by an hour, forward by a day, and around every wrap: ours goes on by one frame."""
    async with receiving(folder) as there, publisher(there.port) as one:
        await one.sends(*headers())
        wraps = [(1 << 24) - 80, (1 << 31) - 80, 50_000_000, 70_000_000, (1 << 32) - 80]
        for start in (10_000_000, 1_000_000, 90_000_000, *wraps):
            await one.sends(*group(start))
        await there.has(32)
        assert_even(there)
        incoming = there.unit.incoming()
        assert incoming is not None
        assert 7 == incoming.clock_faults


def assert_even(there: Receiving) -> None:
    """Rising clocks, without a hole."""
    there.assert_rising()
    for kind in (VIDEO, AUDIO):
        times = [tag.time_ms for tag in there.frames(kind)]
        assert max(b - a for a, b in itertools.pairwise(times)) <= 120


async def test_small_chunks_and_enhanced_codecs_pass_untouched(folder: Path) -> None:
    """128-byte chunks, and bodies of a codec that nobody here knows: the same bytes come out."""
    bodies = [b"\x90hvc1" + bytes(20), *(b"\xa1hvc1" + os.urandom(5000) for _ in range(9))]
    bodies[1] = b"\x91" + bodies[1][1:]
    sound = [b"\x90Opus" + bytes(12), *(b"\x91Opus" + os.urandom(100) for _ in range(9))]
    sent: list[Tag] = []
    for n, (picture, tone) in enumerate(zip(bodies, sound, strict=True)):
        sent += [tag_of(VIDEO, n * 40, picture), tag_of(AUDIO, n * 40, tone)]
    async with receiving(folder) as there, publisher(there.port, chunk_bytes=128) as one:
        await one.sends(*sent)
        await until(lambda: len(there.tags) == len(sent), "everything has come")
        assert [body_of(tag) for tag in sent] == [body_of(tag) for tag in there.tags]
        assert {"video": "hevc", "audio": "opus"} == there.hub.codecs()


async def test_one_that_does_not_wait_for_answers(folder: Path) -> None:
    """All said at once, from the handshake to the media: every byte behind `publish` reaches the runner."""
    picture = pack(Type.VIDEO, b"\x17\x01\0\0\0" + bytes(3000), stream=1)
    picture += pack(Type.AUDIO, b"\xaf\x01" + bytes(300), stream=1)
    said = greeting() + pack(Type.SET_CHUNK_SIZE, (65536).to_bytes(4, "big"))
    said += pack_command("connect", 1.0, {"app": "live"}) + pack_command("createStream", 4.0, None)
    said += pack_command("publish", 5.0, None, KEY, "live", stream=1) + picture * 20
    async with receiving(folder) as there, raw(there.port, said):
        await until(lambda: there.unit.state is State.LIVE, "it is live")
        await there.has(20)


def tag_of(kind: int, time_ms: int, body: bytes) -> Tag:
    """A tag around a body."""
    from spiritstream.media.flv import make_tag

    return make_tag(kind, time_ms, body)
