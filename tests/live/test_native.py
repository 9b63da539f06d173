"""The native sender against real servers and bad ones: what reaches whom, what keeps it from doing so."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.flv import FlvReader, Role, Tag
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import Address, Group, Leave, Sender, Target
from spiritstream.run.native import NativeTarget, open_publish
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from spiritstream.sockets import client_tls
from tests.ffmpeg.test_address import ASKED
from tests.live.arrivals import Connection
from tests.live.chunks import Type
from tests.live.media import MediaLibrary
from tests.live.nginx import NginxRtmp
from tests.live.peers.recorded import read_tags
from tests.live.ports import free_port
from tests.live.processes import descendants, until
from tests.live.shows import (
    files,
    happens,
    live,
    on_air,
    passthrough,
    profile,
    seconds,
    status,
    target,
    with_targets,
)
from tests.live.sinks import RtmpSink, rtmp_sink
from tests.live.tls import server_tls


def native(name: str, url: str, leave: Leave = Leave.CLEAN) -> Target:
    """A target that the runner itself carries."""
    return replace(target(name, url), sender=Sender.NATIVE, leave=leave)


def of(sink: RtmpSink, name: str) -> list[Connection]:
    """The connections of one target."""
    return [c for c in sink.connections if c.stream == f"canary-{name}"]


def assert_unbroken(sink: RtmpSink, name: str) -> Connection:
    """A target kept its one connection, and its picture went on without a hole, on the wire and in time."""
    (connection,) = of(sink, name)
    times = [item.timestamp_ms for item in connection.frames(Type.VIDEO)]
    assert all(0 < after - before <= 40 for before, after in pairwise(times)), f"{name} has a hole"
    return connection


async def test_faults_beside_a_good_one(
    media: MediaLibrary, any_ffmpeg: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Servers that stall, flap, stay silent, refuse or are not there: each is told apart, and none of them
    costs the good one, or an ffmpeg sender beside it, a frame. No key is seen anywhere.
    """
    caplog.set_level(logging.DEBUG)
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(rtmp_sink())
        bad = {
            "stalled": await stack.enter_async_context(rtmp_sink(stall_after=200_000)),
            "flapping": await stack.enter_async_context(rtmp_sink(close_after=300_000)),
            "silent": await stack.enter_async_context(rtmp_sink(silent=True)),
            "refusing": await stack.enter_async_context(rtmp_sink(refuse_publish=True)),
        }
        targets = [native(name, sink.url()) for name, sink in bad.items()]
        targets += [native("absent", f"rtmp://127.0.0.1:{free_port()}/live"), native("good", good.url())]
        targets += [target("child", good.url())]
        show = profile(files(media.h264(60, 3000, size="320x180")), passthrough(*targets))
        runner = await stack.enter_async_context(on_air(show, any_ffmpeg))
        await live(runner, "good", "child")
        await happens(runner, "flapping", lambda unit: unit.restarts >= 2)
        await happens(runner, "refusing", lambda unit: unit.state is State.FAILED)
        await happens(runner, "absent", lambda unit: unit.restarts >= 2)
        # Only its own queue fills, and only its own kernel buffer.
        stalled = await happens(runner, "stalled", lambda unit: unit.queue_s > 1)
        assert stalled.tcp is not None
        assert (stalled.tcp.unsent_bytes or 1) > 0
        seen = status(runner, "good")
        assert (0, 0) == (seen.queue_bytes, seen.dropped_gops)
        assert seen.pid is None
        assert status(runner, "child").pid is not None
        codes = {name: unit.cause.code for name in bad if (unit := status(runner, name)).cause}
        assert {"flapping": "reset", "refusing": "key-rejected"}.items() <= codes.items()
        absent = status(runner, "absent").cause
        assert absent is not None
        assert "refused" == absent.code
        places = {"log": caplog.text, "status": repr(runner.status())}
        places |= {f"argv of {p}": " ".join(p.argv) for p in descendants()}
        names = [t.name for t in targets if t.name != "child"]
        assert [] == [(n, place) for place, text in places.items() for n in names if f"canary-{n}" in text]
    assert_unbroken(good, "good")
    assert_unbroken(good, "child")


async def test_sender_changed_on_air(sink: RtmpSink, media: MediaLibrary, any_ffmpeg: str) -> None:
    """Another sender, or another way to leave, restarts that one target: with a goodbye as it was wanted."""
    first = profile(
        files(media.h264(60, 300, size="320x180")),
        passthrough(native("stays", sink.url(), Leave.DROP), native("changes", sink.url())),
    )
    stays, changes = first.groups[0].targets
    async with on_air(first, any_ffmpeg) as runner:
        await live(runner)
        for wanted in (
            replace(changes, sender=Sender.FFMPEG),
            replace(changes, leave=Leave.DROP),
            changes,
        ):
            (change,) = await runner.apply(with_targets(first, "source", stays, wanted))
            assert change.path.endswith(".changes")
            await live(runner, "changes")
            assert (status(runner, "changes").pid is None) is (wanted.sender is Sender.NATIVE)
        await seconds(0.5)
    connection = assert_unbroken(sink, "stays")
    assert [] == connection.goodbyes, "drop says nothing"
    clean = ["FCUnpublish", "deleteStream"]
    assert [clean, clean, [], clean] == [c.goodbyes for c in of(sink, "changes")]


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with the authorities that this machine trusts in this test."""
    bundle = tmp_path / "bundle.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    client_tls.cache_clear()
    yield bundle
    client_tls.cache_clear()


async def test_rtmps(media: MediaLibrary, any_ffmpeg: str, tmp_path: Path, trust: Path) -> None:
    """A server whose certificate holds gets the stream; any other gets nothing, and what is wrong is said."""
    bad = {
        "expired": ("has expired", {"ends_in_days": -1}),
        "other": ("another name than 127.0.0.1", {"address": "127.0.0.2"}),
        "untrusted": ("nobody whom this machine trusts", {}),
    }
    contexts, trusted = {}, []
    for name, (_, options) in {"good": ("", {}), **bad}.items():
        (folder := tmp_path / name).mkdir()
        contexts[name] = server_tls(folder, **options)  # type: ignore[arg-type]
        if name != "untrusted":
            trusted.append((folder / "cert.pem").read_text())
    trust.write_text("".join(trusted))
    async with AsyncExitStack() as stack:
        sinks = {name: await stack.enter_async_context(rtmp_sink(tls=tls)) for name, tls in contexts.items()}
        targets = [native(name, sink.url()) for name, sink in sinks.items()]
        show = profile(files(media.h264(60, 3000, size="320x180")), passthrough(*targets))
        async with on_air(show, any_ffmpeg) as runner:
            await live(runner, "good")
            for name, (words, _) in bad.items():
                unit = await happens(runner, name, lambda unit: unit.state is State.FAILED)
                assert unit.cause is not None
                assert "tls" == unit.cause.code
                assert words in unit.cause.message
            await sinks["good"].wait_media(100)
    assert_unbroken(sinks["good"], "good")
    assert {"good"} == {name for name, sink in sinks.items() for c in sink.connections if c.app}


async def test_server_gets_app_and_name(sink: RtmpSink) -> None:
    """A server is asked for the same application and stream name as by an ffmpeg sender."""
    base = sink.url("").rstrip("/")
    for app, name in sorted(ASKED):
        publication = await open_publish(Address(f"{base}/{app}".rstrip("/"), Secret(name)))
        await publication.leave()
    assert ASKED == {(connection.app, connection.stream) for connection in sink.connections}


async def test_a_clock_of_more_than_24_bits(platform: NginxRtmp, media: MediaLibrary) -> None:
    """A real server gets every body as it was and the right time with it, past 24 bits too."""
    tags = FlvReader().feed(media.h264(2, 800).read_bytes())
    frames = [tag for tag in tags if tag.role in (Role.KEY, Role.FRAME, Role.SOUND)]
    # Sound before the first keyframe is of no use to who begins there.
    early = next(n for n, tag in enumerate(frames) if tag.role is Role.KEY)
    hub = Hub(time.monotonic)
    wanted = Target("t", Address(platform.url(), Secret("canary-t")), sender=Sender.NATIVE)
    tools = Tools(Ffmpeg(Path("ffmpeg"), (6, 0), "6.0", "PATH"), draw=lambda: 0.0)
    unit = NativeTarget("groups.g.targets.t", wanted, Group("g", (wanted,)), hub, tools)
    expected: list[tuple[int, int, int]] = []
    unit.start()
    try:
        # nginx-rtmp writes 0 for what is later than 31 bits: those wraps are tested with a sink.
        for start_ms in (0, 0xFFFFFF - 1000, 0x7FFFFFFF - 5000):
            hub.begin(start_ms, audio=True, video=True)
            hub.publish([tag for tag in tags if tag.role is not Role.END])
            expected += [about(tag, start_ms - frames[early].time_ms) for tag in frames]
            await until(lambda: unit.state is State.LIVE and unit.queue()[0] == 0, "all is sent", 10)
    finally:
        await unit.stop()
    expected = sorted(expected[early:])
    recording = await platform.wait_recorded("canary-t")
    await until(lambda: len(frames_of(recording)) == len(expected), "all is recorded", 10)
    # Not compared as lists: a report of what differs would be as long as the media.
    both = zip(expected, sorted(frames_of(recording)), strict=True)
    assert [] == [(wanted[:2], found[:2]) for wanted, found in both if wanted != found]


def about(tag: Tag, shift_ms: int) -> tuple[int, int, int]:
    """A frame as the wire has it: its kind, time and body."""
    return tag.kind, (tag.time_ms + shift_ms) & 0xFFFFFFFF, zlib.crc32(tag.raw[11:-4])


def frames_of(recording: Path) -> list[tuple[int, int, int]]:
    """The same of what was recorded."""
    found = [tag for tag in read_tags(recording) if tag.part == 1]
    return [(tag.kind, tag.time_ms, zlib.crc32(tag.body)) for tag in found]
