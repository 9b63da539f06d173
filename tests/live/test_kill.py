"""kill -9, SIGSTOP, SIGTERM, SIGINT, a full disk: what is left, and what goes on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from spiritstream.ffmpeg.trial import TRIAL_S
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import Address, PullInput
from spiritstream.model.status import UnitStatus
from spiritstream.run.watch import STALL_S, Watch
from spiritstream.secret import Secret
from tests.children import child
from tests.live.arrivals import Connection
from tests.live.chunks import Type
from tests.live.media import MediaLibrary, ffmpeg_running, probe, publishing
from tests.live.nginx import NginxRtmp
from tests.live.processes import Process, adopt_orphans, alive, descendants, kill, until
from tests.live.program import Home, running
from tests.live.shows import (
    encoding,
    files,
    happens,
    in_state,
    live,
    on_air,
    passthrough,
    pid,
    profile,
    record,
    status,
    target,
)
from tests.live.sinks import RtmpSink, rtmp_sink

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")

# Short, as media goes on all the time here, and long enough for a busy machine to send some.
SHORT_STALL_S = 4.0


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Where a program runs; its socket's path must be short."""
    return Home(tmp_path_factory.mktemp("k"))


def show(home: Home, source: Path, targets: dict[str, str], groups: str = "") -> Path:
    """A profile's file: a passthrough group with these targets, and more groups."""
    lines = [f"      {name}: {what}" for name, what in targets.items()]
    path = home.work / "show.yaml"
    path.write_text(
        f"version: 1\nname: show\ninput: {{files: [{source}]}}\n"
        + "groups:\n  source:\n    targets:\n"
        + "\n".join(lines)
        + f"\n{groups}"
    )
    return path


def to(url: str, variable: str = "KEY") -> str:
    """A target in YAML."""
    return f'{{url: "{url}", key: {{env: {variable}}}}}'


SMALL = """\
  small:
    video: {codec: h264, encoder: software, size: 320x180, bitrate: 400k, preset: ultrafast}
    audio: {codec: aac}
    targets:
"""


def ffmpegs() -> list[Process]:
    """Every ffmpeg below us, also those whose parent is dead."""
    return [process for process in descendants() if "ffmpeg" in process.name]


async def test_a_killed_runner_leaves_no_ffmpeg_and_readable_recordings(
    home: Home, sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """kill -9 while it sends, encodes, records, hangs in a connect and is blocked by a stalled platform."""
    adopt_orphans()
    async with rtmp_sink(silent=True) as silent, rtmp_sink(stall_after=100_000) as stalled:
        targets = {
            "plain": to(sink.url()),
            "silent": to(silent.url()),
            "stalled": to(stalled.url()),
            "mkv": "{record: tape.mkv}",
            "mp4": "{record: tape.mp4}",
        }
        home.extra["KEY"] = "one"
        home.extra["KEY2"] = "two"
        groups = f"{SMALL}      encoded: {to(sink.url(), 'KEY2')}\n"
        tapes = [home.work / "tape.mkv", home.work / "tape.mp4"]
        source = media.h264(6, 4000, keyframe_s=1)
        async with running(home, show(home, source, targets, groups), "--ffmpeg", ffmpeg_path) as program:
            await program.live("plain", "mkv", "mp4", "encoded", "small")
            await silent.wait_connected()
            await stalled.wait_media()
            await program.until("stalled", lambda unit: unit.queue_bytes > 0)
            await until(lambda: all(tape.stat().st_size > 1_000_000 for tape in tapes), "media recorded", 20)
            assert 6 <= len(ffmpegs())
            kill(program.pid)
            await program.ended()
            await until(lambda: ffmpegs() == [], "no ffmpeg is left", 5)
    for tape in tapes:
        seen = probe(tape)
        assert {"video": "h264", "audio": "aac"} == seen.codecs
        assert {} == seen.backward_steps
        # A megabyte of 4 Mbit/s, less what a muxer had not yet put where a reader finds it.
        assert 1 < seen.track("video").duration_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_ordered_end_with_children_that_hang(
    home: Home, media: MediaLibrary, number: signal.Signals
) -> None:
    """Children that heed nothing do not hold the runner up: it ends with status 0, and takes them along."""
    home.extra["KEY"] = "one"
    wanted = show(home, media.h264(6), {"a": to("rtmp://127.0.0.1:9/live")})
    async with running(
        home, wanted, "--ffmpeg", child(home.folder, "hang"), "--log", "json", "-v"
    ) as program:
        await until(lambda: "hanging" in program.said(), "a child that hangs", 20)
        hung = program.children()
        program.signal(number)
        assert 0 == await program.ended()
    assert hung
    assert [] == [process for process in hung if alive(process.pid)]
    assert not program.socket.exists()


async def test_an_ordered_end_while_encoders_are_tried(home: Home, media: MediaLibrary) -> None:
    """An ffmpeg that hangs when it is asked for its encoders does not hold up the end."""
    groups = SMALL + "      tape: {record: tape.mkv}\n"
    wanted = show(home, media.h264(6), {"other": "{record: other.mkv}"}, groups)
    async with running(home, wanted, "--ffmpeg", child(home.folder, "hang")) as program:

        def asked() -> bool:
            return any("-encoders" in process.argv for process in program.children())

        await until(asked, "an ffmpeg that is asked for its encoders", 20)
        hung = program.children()
        program.signal(signal.SIGTERM)
        # Less than a trial may take.
        assert 0 == await asyncio.wait_for(program.ended(), TRIAL_S - 1)
    assert [] == [process for process in hung if alive(process.pid)]


async def test_an_ordered_end_in_the_middle_of_everything(
    home: Home, sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """SIGTERM while live, beside a platform that stalls and a silent one: status 0, and nothing is left."""
    async with rtmp_sink(silent=True) as silent, rtmp_sink(stall_after=100_000) as stalled:
        home.extra["KEY"] = "one"
        targets = {
            "plain": to(sink.url()),
            "silent": to(silent.url()),
            "stalled": to(stalled.url()),
            "tape": "{record: tape.mkv}",
        }
        async with running(home, show(home, media.h264(6), targets), "--ffmpeg", ffmpeg_path) as program:
            await program.live("plain", "tape")
            await silent.wait_connected()
            await stalled.wait_media()
            program.signal(signal.SIGTERM)
            assert 0 == await program.ended()
            assert [] == ffmpegs()
    assert_rising(sink.connections)
    assert "Traceback" not in program.said()


def assert_rising(connections: list[Connection]) -> None:
    """One connection, whose clock only rises."""
    (connection,) = connections
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert times
    assert all(a < b for a, b in itertools.pairwise(times))


def has_more(connection: Connection, count: int) -> bool:
    """Whether more than so much media has arrived."""
    return connection.media_count > count


async def test_a_killed_input_comes_back_and_targets_stay_connected(
    sink: RtmpSink, platform: NginxRtmp, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """kill -9 of the child that pulls: a new one pulls at once, and no target is touched."""
    pull = PullInput(Address(platform.url(), Secret("canary-source")))
    source = publishing(media.h264(6), platform.url() + "/canary-source")
    wanted = profile(pull, passthrough(target("a", sink.url())), encoding(target("b", sink.url())))
    async with ffmpeg_running(ffmpeg_path, *source), on_air(wanted, ffmpeg_path) as runner:
        await live(runner)
        kept = [pid(runner, name) for name in ("a", "b", "small")]
        before = [connection.media_count for connection in sink.connections]
        first = pid(runner, "input")
        kill(first)
        await happens(runner, "input", lambda u: u.state is State.LIVE and u.pid not in (None, first))
        for connection, count in zip(sink.connections, before, strict=True):
            await until(partial(has_more, connection, count + 200), "media again", 20)
        assert kept == [pid(runner, name) for name in ("a", "b", "small")]
        cause = status(runner, "input").cause
        assert (1, "killed") == (status(runner, "input").restarts, cause.code if cause else None)
    for connection in sink.connections:
        assert_rising([connection])
    assert 2 == len(sink.connections)


def is_back(first: int) -> Callable[[UnitStatus], bool]:
    """What a unit's status is once another process runs for it."""
    return lambda unit: unit.state is State.LIVE and unit.pid not in (None, first)


async def test_what_hangs_is_replaced(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP of the encoder and of a sender: alive, but nothing comes out. Each is found, and replaced; the
    target beside them misses nothing, and the encoder's target stays connected.
    """
    assert 15 == STALL_S
    for module in ("group", "target"):
        monkeypatch.setattr(f"spiritstream.run.{module}.Watch", partial(Watch, stall_s=SHORT_STALL_S))
    async with rtmp_sink() as good, rtmp_sink() as small:
        wanted = profile(
            files(media.h264(6)),
            passthrough(target("stopped", sink.url()), target("good", good.url())),
            encoding(target("encoded", small.url())),
        )
        async with on_air(wanted, ffmpeg_path) as runner:
            await live(runner)
            hung = {name: pid(runner, name) for name in ("stopped", "small")}
            for one in hung.values():
                os.kill(one, signal.SIGSTOP)
            before = (await small.wait_media()).media_count
            for name, one in hung.items():
                unit = await happens(runner, name, is_back(one), 30)
                assert (1, "stalled") == (unit.restarts, unit.cause.code if unit.cause else None)
                assert not alive(one)
            await small.wait_media(before + 200)
            assert [0, 0] == [status(runner, name).restarts for name in ("good", "encoded")]
    assert_rising(good.connections)
    assert_rising(small.connections)
    for kind in (Type.VIDEO, Type.AUDIO):
        times = [frame.timestamp_ms for frame in good.connections[0].frames(kind)]
        assert all(b - a <= 120 for a, b in itertools.pairwise(times))


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small disk cannot be mounted here: it takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


async def test_a_full_disk_is_one_targets_own_trouble(
    sink: RtmpSink, tmp_path: Path, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """A recording fills its disk: that is its cause, with advice, and the other targets are untouched."""
    with small_disk(tmp_path / "disk", "300k") as disk:
        wanted = profile(
            files(media.h264(6)),
            passthrough(
                target("good", sink.url()),
                record("full", disk / "tape.mkv"),
                record("roomy", tmp_path / "tape.mkv"),
            ),
        )
        async with on_air(wanted, ffmpeg_path) as runner:
            await live(runner, "good", "roomy")

            def full(unit: UnitStatus) -> bool:
                return unit.cause is not None and unit.cause.code == "disk-full"

            unit = await happens(runner, "full", full, 30)
            await in_state(runner, State.LIVE, "good", "roomy")
            assert [0, 0] == [status(runner, name).restarts for name in ("good", "roomy")]
    assert unit.cause is not None
    assert unit.cause.advice
    assert_rising(sink.connections)
