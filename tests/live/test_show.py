"""The main job on real parts: one input to every target, as it is or encoded, and through every fault."""

from __future__ import annotations

import asyncio
import itertools
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.model.lifecycle import State
from spiritstream.model.profile import Address, Container, PullInput, Target, TestInput
from spiritstream.secret import Secret
from tests.live.arrivals import Connection
from tests.live.chunks import Type
from tests.live.media import MediaLibrary, decode_errors, ffmpeg_running, probe, publishing
from tests.live.nginx import NginxRtmp
from tests.live.ports import refused_port
from tests.live.processes import Process, alive, descendants, until
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
    seconds,
    status,
    target,
    with_targets,
)
from tests.live.sinks import RtmpSink, rtmp_sink

TEST_PICTURE = TestInput(bitrate_bps=1_000_000)


def ffmpegs() -> list[Process]:
    """The ffmpegs below us."""
    return [process for process in descendants() if process.name.startswith("ffmpeg")]


def assert_sound(path: Path, ffmpeg: str, at_least_s: float) -> None:
    """A recording has both streams, rising times, no decode errors, and is long enough."""
    seen = probe(path)
    assert {"video": "h264", "audio": "aac"} == seen.codecs
    assert {} == seen.backward_steps
    # ffmpeg 5.1 puts a source's buffering period in front of the parameter sets it inserts into MPEG-TS.
    harmless = ("non-existing SPS 0 referenced in buffering period", "Last message repeated")
    assert [] == [e for e in decode_errors(path, ffmpeg) if not any(text in e for text in harmless)]
    assert at_least_s <= seen.track("video").duration_s


async def test_passthrough_and_encoding_side_by_side(
    platform: NginxRtmp, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """One input goes as it is to one target and encoded to two others; a real platform records all three."""
    wanted = profile(
        files(media.h264(6)),
        passthrough(target("plain", platform.url())),
        encoding(target("small1", platform.url()), target("small2", platform.url())),
    )
    async with on_air(wanted, ffmpeg_path) as runner:
        await live(runner)
        assert 1 == sum(unit.kind == "encoding" for unit in runner.status().units)
        # One encoder, three senders; the input's child may have read its file to the end already.
        assert len(ffmpegs()) in (4, 5)
        await seconds(4)
    for name, size in (("plain", (1280, 720)), ("small1", (320, 180)), ("small2", (320, 180))):
        (recording,) = platform.recordings(f"canary-{name}")
        assert_sound(recording, ffmpeg_path, 3)
        picture = probe(recording).track("video")
        assert size == picture.size


async def test_a_passed_stream_is_the_inputs_byte_for_byte(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """What leaves a passthrough group is what came in: every frame, same size and content, in order."""
    source = media.h264(4)
    async with rtmp_sink() as straight:
        async with ffmpeg_running(
            ffmpeg_path, "-i", source, "-c", "copy", "-f", "flv", straight.url() + "/k"
        ) as one:
            await one.wait()
        (expected,) = straight.connections
    async with on_air(
        profile(files(source, loop=False), passthrough(target("a", sink.url()))), ffmpeg_path
    ) as runner:
        await asyncio.wait_for(runner.ended(), 20)
    connection = await sink.wait_closed()
    for kind in (Type.VIDEO, Type.AUDIO):
        got, whole = contents(connection, kind), contents(expected, kind)
        # Sound before the first keyframe is of no use to anybody.
        assert whole[-len(got) :] == got
        assert len(whole) - len(got) <= 2


def contents(connection: Connection, kind: Type) -> list[tuple[int, int]]:
    """Size and checksum of each frame of one kind."""
    return [(frame.size, frame.checksum) for frame in connection.frames(kind)]


async def test_the_test_picture_is_live(sink: RtmpSink, ffmpeg_path: str) -> None:
    """Without any source, a picture with a clock and a tone goes out at its real pace."""
    async with on_air(profile(TEST_PICTURE, passthrough(target("a", sink.url()))), ffmpeg_path) as runner:
        connection = await sink.wait_media(300)
        await live(runner)
    frames = connection.frames()
    span_s = frames[-1].at - frames[0].at
    media_s = (frames[-1].timestamp_ms - frames[0].timestamp_ms) / 1000
    assert abs(span_s - media_s) < 2.5  # the last group of pictures came at once
    assert connection.frames(Type.AUDIO)


async def test_a_playlist_loops_without_a_gap_in_time(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """Two files, over and over: the clock goes on from one to the next by one frame, and never back."""
    playlist = files(media.h264(2), media.h264(3, 500))
    async with on_air(profile(playlist, passthrough(target("a", sink.url()))), ffmpeg_path):
        connection = await sink.wait_media(700, timeout_s=30)
    for kind, longest_ms in ((Type.VIDEO, 120), (Type.AUDIO, 120)):
        times = [frame.timestamp_ms for frame in connection.frames(kind)]
        steps = [b - a for a, b in itertools.pairwise(times)]
        assert times[-1] > 7000
        assert 0 < min(steps)
        assert max(steps) <= longest_ms


async def test_files_with_other_codecs_are_converted_for_encoding_groups(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """MPEG-2 cannot travel in FLV: where the group encodes anyway, it is converted on its way in."""
    async with on_air(
        profile(files(media.mpeg2()), encoding(target("a", sink.url()))), ffmpeg_path
    ) as runner:
        await live(runner)
        assert "h264" in status(runner, "small").detail


async def test_files_with_other_codecs_are_refused_for_passthrough(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """Where nobody encodes, the input says what it found and which line to add."""
    async with on_air(
        profile(files(media.mpeg2()), passthrough(target("a", sink.url()))), ffmpeg_path
    ) as runner:
        await in_state(runner, State.FAILED, "input")
        cause = status(runner, "input").cause
    assert cause is not None
    assert "mpeg2video" in cause.message or "mp2" in cause.message
    assert "groups.source: " in cause.advice
    assert [] == sink.connections


async def test_a_converted_stream_is_not_passed_off_as_the_original(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """Beside an encoding group, a passthrough target is refused with the line to add; the other is live."""
    wanted = profile(
        files(media.mpeg2()),
        passthrough(target("plain", sink.url())),
        encoding(target("small-one", sink.url())),
    )
    async with on_air(wanted, ffmpeg_path) as runner:
        await live(runner, "small-one")
        await in_state(runner, State.FAILED, "plain")
        cause = status(runner, "plain").cause
    assert cause is not None
    assert "add to groups.source: video: {codec: h264" in cause.advice


async def test_sound_alone(sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary) -> None:
    """Radio: an input without a picture is live without waiting for one."""
    async with on_air(
        profile(files(media.audio_only()), passthrough(target("a", sink.url()))), ffmpeg_path
    ) as runner:
        connection = await sink.wait_media(100)
        await live(runner)
    assert [] == connection.frames(Type.VIDEO)


async def test_a_pulled_stream_is_pulled_again_and_targets_stay_connected(
    sink: RtmpSink, platform: NginxRtmp, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """The source goes away and comes back: the targets keep their connection and one rising clock."""
    pull = PullInput(Address(platform.url(), Secret("canary-source")))
    source = publishing(media.h264(6), platform.url() + "/canary-source")
    async with on_air(profile(pull, passthrough(target("a", sink.url()))), ffmpeg_path) as runner:
        async with ffmpeg_running(ffmpeg_path, *source):
            await live(runner)
            before = (await sink.wait_media(50)).media_count
        await in_state(runner, State.WAITING, "a")
        async with ffmpeg_running(ffmpeg_path, *source):
            await live(runner)
            connection = await sink.wait_media(before + 200)
    assert 1 == len(sink.connections)
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert sorted(set(times)) == times


async def test_what_is_recorded_plays_in_every_container(
    ffmpeg_path: str, tmp_path: Path, media: MediaLibrary
) -> None:
    """FLV, MKV, MP4 and TS, with a time in the name, in folders that are made; all without a decode error."""
    endings = ("flv", "mkv", "mp4", "ts")
    targets = [record(e, tmp_path / "made" / f"%Y-%m-%d_%H-%M-%S.{e}") for e in endings]
    async with on_air(profile(files(media.h264(6)), passthrough(*targets)), ffmpeg_path) as runner:
        await live(runner)
        await seconds(3)
    for ending in endings:
        (made,) = (tmp_path / "made").glob(f"20*.{ending}")
        assert_sound(made, ffmpeg_path, 2)


async def test_a_recording_is_never_overwritten(
    ffmpeg_path: str, tmp_path: Path, media: MediaLibrary
) -> None:
    """A recorder that comes back goes on in a new file."""
    wanted = profile(files(media.h264(6)), passthrough(record("tape", tmp_path / "tape.mkv")))
    async with on_air(wanted, ffmpeg_path) as runner:
        await live(runner)
        first = pid(runner, "tape")
        runner.restart("tape")
        await happens(runner, "tape", lambda unit: unit.state is State.LIVE and unit.pid != first)
    assert ["tape-1.mkv", "tape.mkv"] == sorted(path.name for path in tmp_path.glob("*.mkv"))
    assert all(decode_errors(path, ffmpeg_path) == [] for path in tmp_path.glob("*.mkv"))


async def test_a_recording_in_segments(ffmpeg_path: str, tmp_path: Path, media: MediaLibrary) -> None:
    """With a segment length, a new file begins at the next keyframe after each."""
    tape = record("tape", tmp_path / "%H-%M-%S.ts", segment_s=2)
    async with on_air(profile(files(media.h264(6)), passthrough(tape)), ffmpeg_path) as runner:
        await live(runner)
        await until(lambda: len(list(tmp_path.glob("*.ts"))) >= 3, "three segments", 20)
    first = sorted(tmp_path.glob("*.ts"))[0]
    assert_sound(first, ffmpeg_path, 1.5)


async def test_srt(embedded_ffmpeg: str, ffmpeg_path: str, tmp_path: Path, media: MediaLibrary) -> None:
    """An SRT target with a passphrase gets MPEG-TS with both streams."""
    from tests.live.ports import free_port

    port, got = free_port(), tmp_path / "got.ts"
    listener = (
        "-y",
        "-i",
        f"srt://127.0.0.1:{port}?mode=listener&passphrase=canary-passphrase",
        "-c",
        "copy",
        got,
    )
    address = Address(f"srt://127.0.0.1:{port}", passphrase=Secret("canary-passphrase"))
    wanted = profile(files(media.h264(6)), passthrough(Target("a", address, container=Container.AUTO)))
    async with ffmpeg_running(embedded_ffmpeg, *listener), on_air(wanted, ffmpeg_path) as runner:
        await live(runner)
        await until(lambda: got.exists() and got.stat().st_size > 200_000, "media over SRT")
    assert {"video": "h264", "audio": "aac"} == probe(got).codecs


async def test_a_killed_sender_comes_back_and_the_others_lose_nothing(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """kill -9 of one sender: a new one is live at once; the other target's frames go on without a hole."""
    async with rtmp_sink() as other:
        wanted = profile(files(media.h264(6)), passthrough(target("a", sink.url()), target("b", other.url())))
        async with on_air(wanted, ffmpeg_path) as runner:
            await live(runner)
            first = pid(runner, "a")
            import os

            os.kill(first, signal.SIGKILL)
            await sink.wait_media(100, n=2)
            await live(runner)
            unit = status(runner, "a")
            assert (1, "killed") == (unit.restarts, unit.cause.code if unit.cause else None)
            assert 0 == status(runner, "b").restarts
        assert_unbroken(other.connections)
        assert sink.connections[1].frames()[0].keyframe


def assert_unbroken(connections: list[Connection], longest_ms: int = 120) -> None:
    """One connection, and no frame missing in it by its timestamps."""
    (connection,) = connections
    for kind in (Type.VIDEO, Type.AUDIO):
        times = [frame.timestamp_ms for frame in connection.frames(kind)]
        assert all(0 < b - a <= longest_ms for a, b in itertools.pairwise(times))


async def test_a_killed_encoder_comes_back_and_its_targets_stay_connected(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """kill -9 of the encoder: the target keeps its connection, and its clock only rises."""
    import os

    async with on_air(
        profile(files(media.h264(6)), encoding(target("a", sink.url()))), ffmpeg_path
    ) as runner:
        await live(runner)
        before = (await sink.wait_media(100)).media_count
        os.kill(pid(runner, "small"), signal.SIGKILL)
        connection = await sink.wait_media(before + 300)
        await live(runner)
        assert 1 == status(runner, "small").restarts
    assert 1 == len(sink.connections)
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert sorted(set(times)) == times


async def test_every_kind_of_bad_platform_leaves_a_good_one_alone(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """Stalled, slow, flapping, silent, refusing the key, refusing connections: each gets its cause, and
    the good target beside them misses nothing.
    """
    async with (
        rtmp_sink(stall_after=100_000) as stalled,
        rtmp_sink(read_bps=200_000) as slow,
        rtmp_sink(close_after=300_000) as flapping,
        rtmp_sink(silent=True) as silent,
        rtmp_sink(refuse_publish=True) as picky,
    ):
        with refused_port() as nobody:
            wanted = profile(
                files(media.h264(6)),
                passthrough(
                    target("good", sink.url()),
                    target("stalled", stalled.url()),
                    target("slow", slow.url()),
                    target("flapping", flapping.url()),
                    target("silent", silent.url()),
                    target("picky", picky.url()),
                    target("nobody", f"rtmp://127.0.0.1:{nobody}/live"),
                ),
            )
            # Three that fail at once, over and over, would take the machine from the others: real pauses.
            async with on_air(wanted, ffmpeg_path, draw=0.5) as runner:
                await live(runner, "good")
                await happens(runner, "flapping", lambda unit: unit.restarts >= 2, 30)
                await happens(runner, "picky", lambda unit: unit.state is State.FAILED)
                await happens(runner, "nobody", lambda unit: unit.restarts >= 2)
                await happens(runner, "stalled", lambda unit: unit.restarts >= 1, 45)
                await happens(runner, "silent", lambda unit: unit.restarts >= 1, 45)
                causes = {u.path.split(".")[-1]: u.cause.code for u in runner.status().units if u.cause}
                assert 0 == status(runner, "good").restarts
                assert 0 == status(runner, "good").dropped_gops
    assert {"picky": "key-rejected", "nobody": "refused"} == {n: causes[n] for n in ("picky", "nobody")}
    assert_unbroken(sink.connections)


async def test_twenty_targets_at_once(ffmpeg_path: str, media: MediaLibrary, sink: RtmpSink) -> None:
    """Twenty targets go live and are ended together, within the bound for an orderly end."""
    targets = [target(f"t{n}", sink.url()) for n in range(20)]
    async with on_air(profile(files(media.h264(6)), passthrough(*targets)), ffmpeg_path) as runner:
        await live(runner, timeout_s=40)
        assert 20 == len({c.stream for c in sink.connections})
        await asyncio.wait_for(runner.stop(), 5)
        assert [] == ffmpegs()


async def test_a_target_that_is_added_or_removed_touches_no_other(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """One target more, then without it: the first keeps its process, its connection and every frame."""
    async with rtmp_sink() as other:
        one = profile(files(media.h264(6)), passthrough(target("a", sink.url())))
        two = with_targets(one, "source", target("a", sink.url()), target("b", other.url()))
        async with on_air(one, ffmpeg_path) as runner:
            await live(runner)
            before = pid(runner, "a")
            assert ["start groups.source.targets.b: wanted and not running"] == [
                str(c) for c in await runner.apply(two)
            ]
            await live(runner)
            assert () == await runner.apply(two)
            await runner.apply(one)
            await other.wait_closed()
            assert before == pid(runner, "a")
            assert not any(unit.path.endswith(".b") for unit in runner.status().units)
    assert_unbroken(sink.connections)


async def test_another_input_reaches_the_connected_targets(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """An edit of the input restarts the input alone: targets stay connected, the picture changes."""
    one = profile(files(media.h264(6)), passthrough(target("a", sink.url())))
    async with on_air(one, ffmpeg_path) as runner:
        await live(runner)
        before = (await sink.wait_media(50)).media_count
        planned = await runner.apply(replace(one, input=files(media.h264(4, 500, size="640x360"))))
        assert ["input"] == [change.path for change in planned]
        connection = await sink.wait_media(before + 200)
        await live(runner)
    assert 1 == len(sink.connections)
    assert 2 <= len([m for m in connection.media if m.header and m.type == Type.VIDEO])


@pytest.mark.parametrize("bits", [31, 32])
async def test_a_show_outlives_its_clock(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary, bits: int
) -> None:
    """The runner's own clock passes 2^31 and 2^32 ms (24.8 and 49.7 days) and the sender goes on."""
    wanted = profile(files(media.h264(6)), passthrough(target("a", sink.url())))
    async with on_air(wanted, ffmpeg_path, start_ms=2**bits - 3000) as runner:
        connection = await sink.wait_media(500, timeout_s=20)
        assert 0 == status(runner, "a").restarts
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert sorted(set(times)) == times
    assert times[-1] - times[0] > 5000


async def test_a_runner_that_stops_leaves_nothing(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """An orderly end: every child is gone, and the platform saw the stream closed."""
    wanted = profile(
        files(media.h264(6)), passthrough(target("a", sink.url())), encoding(target("b", sink.url()))
    )
    async with on_air(wanted, ffmpeg_path) as runner:
        await live(runner)
        pids = [u.pid for u in runner.status().units if u.pid]
    await sink.wait_closed(2)
    assert 4 == len(pids)
    assert [] == [one for one in pids if alive(one)]
