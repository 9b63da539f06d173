"""The harness itself: what the other tests on real parts rely on."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.children import child
from tests.live.arrivals import longest_gap_s
from tests.live.chunks import ChunkReader, Message, Type, amf_decode, amf_encode, pack
from tests.live.conftest import NginxMaker
from tests.live.media import MediaLibrary, decode_errors, ffmpeg_running, probe, publishing
from tests.live.nginx import NginxRtmp
from tests.live.ports import free_port, refused_port
from tests.live.processes import alive, descendants, kill, until
from tests.live.sinks import RtmpSink, rtmp_sink
from tests.live.tls import server_tls

KIB = 1024


async def test_sink_notes_what_ffmpeg_publishes(
    sink: RtmpSink, ffmpeg_path: str, media: MediaLibrary
) -> None:
    """Both ffmpegs publish to a sink: app, key, codec headers, keyframes and rising times are noted."""
    async with ffmpeg_running(ffmpeg_path, *publishing(media.h264(5), sink.url("app/x") + "/canary")):
        connection = await sink.wait_media(150)
    await sink.wait_closed()
    assert ("app/x", "canary") == (connection.app, connection.stream)
    assert [(Type.VIDEO, True), (Type.AUDIO, True)] == [
        (m.type, m.header) for m in connection.media if m.header
    ]
    video = connection.frames(Type.VIDEO)
    assert video[0].keyframe
    assert sum(frame.keyframe for frame in video) <= len(video) / 30 + 1
    times = [frame.timestamp_ms for frame in video]
    assert sorted(set(times)) == times
    assert connection.media_bytes == sum(item.size for item in connection.media)
    assert connection.first_media_at == connection.media[0].at
    assert connection.longest_gap_s() == longest_gap_s(item.at for item in connection.media)


async def test_sink_reads_what_was_published_byte_for_byte(
    sink: RtmpSink, any_ffmpeg: str, media: MediaLibrary
) -> None:
    """Two publishers of one file give the same timestamps, sizes and checksums."""
    source = media.h264(3)
    once = ("-i", source, "-c", "copy", "-f", "flv")
    async with ffmpeg_running(any_ffmpeg, *once, sink.url() + "/one") as one:
        await one.wait()
    async with ffmpeg_running(any_ffmpeg, *once, sink.url() + "/two") as two:
        await two.wait()
    await sink.wait_closed(2)
    first, second = (
        [(m.type, m.timestamp_ms, m.size, m.checksum) for m in c.media] for c in sink.connections
    )
    assert 200 < len(first)
    assert first == second


async def test_rtmps(tmp_path: Path, ffmpeg_path: str, media: MediaLibrary) -> None:
    """A sink with a certificate takes RTMPS from whoever trusts that."""
    async with rtmp_sink(tls=server_tls(tmp_path)) as sink:
        assert sink.url().startswith("rtmps://")
        *args, url = publishing(media.h264(3), sink.url() + "/key")
        trust = ("-tls_verify", "1", "-ca_file", tmp_path / "cert.pem")
        async with ffmpeg_running(ffmpeg_path, *args, *trust, url):
            await sink.wait_media(30)


async def test_stalling_sink(any_ffmpeg: str, media: MediaLibrary) -> None:
    """A stalled sink stops reading and keeps the connection; the sender hangs on it."""
    async with rtmp_sink(stall_after=50 * KIB) as sink:
        fast = ("-stream_loop", "-1", "-i", media.h264(5, 6000), "-c", "copy", "-f", "flv")
        async with ffmpeg_running(any_ffmpeg, *fast, sink.url() + "/key") as ffmpeg:
            await until(
                lambda: bool(sink.connections and sink.connections[0].media_bytes >= 50 * KIB), "the stall"
            )
            with pytest.raises(TimeoutError):
                await sink.wait_closed(timeout_s=0.5)
            assert sink.connections[0].media_bytes < 50 * KIB + 512 * KIB
            assert ffmpeg.returncode is None


async def test_paused_sink_reads_on_after_resume(
    sink: RtmpSink, any_ffmpeg: str, media: MediaLibrary
) -> None:
    """A platform may hang for a while, and go on where it was."""
    async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), sink.url() + "/key")):
        connection = await sink.wait_media(30)
        sink.pause()
        before = connection.media_count
        with pytest.raises(TimeoutError):
            await sink.wait_media(before + 1, timeout_s=0.3)
        sink.resume()
        await sink.wait_media(before + 30)
    assert 1 == len(sink.connections)


async def test_slow_sink_takes_no_more_than_its_rate(any_ffmpeg: str, media: MediaLibrary) -> None:
    """A crawling platform reads some, for ever."""
    async with rtmp_sink(read_bps=2_000_000) as sink:
        fast = ("-stream_loop", "-1", "-i", media.h264(5, 6000), "-c", "copy", "-f", "flv")
        async with ffmpeg_running(any_ffmpeg, *fast, sink.url() + "/key"):
            first = await sink.wait_media()
            await until(lambda: first.media_bytes > 250 * KIB, "a quarter of a megabyte")
            seconds = first.media[-1].at - first.media[0].at
    # At this rate it takes a second, less what the first read and the last took at once.
    assert seconds > 0.3


async def test_flapping_sink(any_ffmpeg: str, media: MediaLibrary) -> None:
    """A flapping sink cuts each connection after some media."""
    async with rtmp_sink(close_after=20 * KIB) as sink:
        for n in (1, 2):
            async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), sink.url() + "/key")) as ffmpeg:
                await ffmpeg.wait()
            connection = await sink.wait_closed(n)
            assert connection.media_bytes >= 20 * KIB


async def test_silent_sink(any_ffmpeg: str, media: MediaLibrary) -> None:
    """A silent sink accepts, and answers nothing: no publish is ever seen."""
    source = media.h264(5)
    async with (
        rtmp_sink(silent=True) as sink,
        ffmpeg_running(any_ffmpeg, *publishing(source, sink.url() + "/key")) as ffmpeg,
    ):
        await sink.wait_connected()
        with pytest.raises(TimeoutError):
            await sink.wait_publish(timeout_s=0.5)
        assert ffmpeg.returncode is None


async def test_refusing_sink(ffmpeg_path: str, media: MediaLibrary) -> None:
    """A refused key gets BadName and no media; another key is taken."""
    async with rtmp_sink(refuse_keys={"bad"}) as sink:
        async with ffmpeg_running(ffmpeg_path, *publishing(media.h264(5), sink.url() + "/bad")) as ffmpeg:
            assert await ffmpeg.wait()
        async with ffmpeg_running(ffmpeg_path, *publishing(media.h264(5), sink.url() + "/good")):
            connection = await sink.wait_media()
    assert "good" == connection.stream
    assert [None, 0] == [sink.connections[0].published_at, sink.connections[0].media_count]


async def test_sink_goes_away_and_returns(sink: RtmpSink, any_ffmpeg: str, media: MediaLibrary) -> None:
    """A stopped sink cuts its publishers and refuses new ones; started again it is at the same port."""
    url = sink.url() + "/key"
    async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), url)) as ffmpeg:
        await sink.wait_media()
        await sink.stop()
        await ffmpeg.wait()
    async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), url)) as ffmpeg:
        assert await ffmpeg.wait()
    await sink.start()
    assert url == sink.url() + "/key"
    async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), url)):
        await sink.wait_media(n=2)


async def test_nginx_records_and_counts(platform: NginxRtmp, ffmpeg_path: str, media: MediaLibrary) -> None:
    """nginx records what it is sent, decodable and with rising times, and says who publishes."""
    source = media.h264(3)
    async with ffmpeg_running(
        ffmpeg_path, "-re", "-i", source, "-c", "copy", "-f", "flv", platform.url() + "/show"
    ) as ffmpeg:
        recording = await platform.wait_recorded("show", 10 * KIB)
        stat = (await platform.stats())["show"]
        await ffmpeg.wait()
    assert (True, 1) == (stat.publishing, stat.clients)
    assert stat.bytes_in > 10 * KIB
    await until(lambda: recording.stat().st_size > 0.9 * source.stat().st_size, "the rest of the recording")
    found = probe(recording)
    assert {"video": "h264", "audio": "aac"} == found.codecs
    assert {} == found.backward_steps
    assert 2.8 < found.track("video").duration_s < 3.1
    assert [] == decode_errors(recording, ffmpeg_path)


async def test_nginx_refuses_keys(make_nginx: NginxMaker, any_ffmpeg: str, media: MediaLibrary) -> None:
    """A refused key leaves no recording, and its publisher is cut; another key is taken."""
    async with make_nginx(refuse_keys={"bad"}) as nginx:
        async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), nginx.url() + "/bad")) as ffmpeg:
            await ffmpeg.wait()
        async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), nginx.url() + "/good")):
            await nginx.wait_recorded("good")
        assert [] == nginx.recordings("bad")


async def test_nginx_goes_away_and_returns(platform: NginxRtmp, any_ffmpeg: str, media: MediaLibrary) -> None:
    """A stopped or killed nginx cuts its publishers; back at the same port it records into another file."""
    url = platform.url() + "/show"
    for n, leave in enumerate((platform.stop, platform.kill), start=1):
        async with ffmpeg_running(any_ffmpeg, *publishing(media.h264(5), url)) as ffmpeg:
            await platform.wait_recorded("show", n=n)
            await leave()
            await ffmpeg.wait()
        await platform.start()
    assert 2 == len(platform.recordings("show"))


async def test_nginx_keeps_each_recording(platform: NginxRtmp, any_ffmpeg: str, media: MediaLibrary) -> None:
    """A publisher that returns within the second does not overwrite what it sent before."""
    once = ("-i", media.video_only(1), "-c", "copy", "-f", "flv", platform.url() + "/show")
    for n in (1, 2, 3):
        async with ffmpeg_running(any_ffmpeg, *once) as ffmpeg:
            assert 0 == await ffmpeg.wait()
        await platform.wait_recorded("show", KIB, n=n)
    assert 1 == len({path.stat().st_size for path in platform.recordings("show")})


def test_free_and_refused_ports() -> None:
    """A refused port refuses; a free one can be listened on."""
    with refused_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    socket.create_server(("127.0.0.1", free_port())).close()


@pytest.mark.parametrize(
    ("made", "codecs"),
    [
        ("h264", {"video": "h264", "audio": "aac"}),
        ("mpeg2", {"video": "mpeg2video", "audio": "mp2"}),
        ("vp8", {"video": "vp8", "audio": "opus"}),
        ("audio_only", {"audio": "aac"}),
        ("video_only", {"video": "h264"}),
    ],
)
def test_media_is_what_it_says(
    made: str, codecs: dict[str, str], media: MediaLibrary, any_ffmpeg: str
) -> None:
    """Each kind of media has its codecs, decodes, and is made once."""
    path: Path = getattr(media, made)(2)
    assert codecs == probe(path).codecs
    assert [] == decode_errors(path, any_ffmpeg)
    assert path.stat().st_mtime_ns == getattr(media, made)(2).stat().st_mtime_ns


def test_media_keeps_its_rate(media: MediaLibrary) -> None:
    """Media asked for at 6 Mbit/s is sent at 6 Mbit/s, with a keyframe each two seconds."""
    path = media.h264(6, 6000)
    video = probe(path).track("video")
    assert (1280, 720) == video.size
    assert pytest.approx(6.16e6, rel=0.1) == path.stat().st_size * 8 / 6
    assert [0.0, 2.0, 4.0] == [
        round(p.pts_s - video.packets[0].pts_s, 2) for p in video.packets if p.keyframe
    ]


def test_broken_media_is_noticed(tmp_path: Path, media: MediaLibrary, any_ffmpeg: str) -> None:
    """A file with a hole in it does not pass as sound."""
    data = bytearray(media.h264(2).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = bytes(5000)
    (tmp_path / "broken.flv").write_bytes(data)
    assert [] != decode_errors(tmp_path / "broken.flv", any_ffmpeg)


async def test_orphans_are_found(tmp_path: Path) -> None:
    """A process whose parent was killed is still found, so that no test can leave one behind."""
    shell = await asyncio.create_subprocess_exec("sh", "-c", "sleep 300 & wait")
    await until(lambda: any(p.name == "sleep" for p in descendants()), "the grandchild")
    (orphan,) = (p for p in descendants() if p.name == "sleep")
    shell.kill()
    await shell.wait()
    assert alive(orphan.pid)
    assert orphan.pid in [p.pid for p in descendants()]
    kill(orphan.pid)
    await until(lambda: not alive(orphan.pid), "its end")


def run_child(path: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a child with some bytes on stdin, to its end."""
    return subprocess.run([path, *args], input=b"x" * 100_000, capture_output=True, timeout=20)


def test_children_that_end(tmp_path: Path) -> None:
    """Children do what their names say, whatever their arguments."""
    args = ("-i", "pipe:0", "-f", "flv", "rtmp://127.0.0.1/live/canary")
    assert 145 == run_child(child(tmp_path, "exit_now", code=145), *args).returncode
    assert b"No: sorry\n" == run_child(child(tmp_path, "exit_now", text="No: sorry"), *args).stderr
    assert b"canary" in run_child(child(tmp_path, "leak_key"), *args).stderr
    chat = run_child(child(tmp_path, "chatty", lines=10, line_bytes=1000), *args).stderr
    assert (10, 2) == (chat.count(b"\r"), chat.count(b"\n"))
    stuck = run_child(child(tmp_path, "progress_stuck", stuck_at=4), "-progress", "pipe:2", *args).stderr
    assert b"out_time_us=4000000\n" in stuck
    assert b"9.0.2" in run_child(child(tmp_path, "hang"), "-version").stdout


def test_slow_start_becomes_the_real_one(tmp_path: Path, any_ffmpeg: str) -> None:
    """A slow start ends in the real ffmpeg."""
    path = child(tmp_path, "slow_start", seconds=0.1, ffmpeg=any_ffmpeg)
    assert b" flv " in run_child(path, "-hide_banner", "-muxers").stdout


@pytest.mark.parametrize(("name", "end"), [("hang", signal.SIGKILL), ("ignore_eof", signal.SIGINT)])
async def test_children_that_stay(tmp_path: Path, name: str, end: signal.Signals) -> None:
    """They outlive the end of their input, and end by the signal they are made for."""
    process = await asyncio.create_subprocess_exec(
        child(tmp_path, name), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdin and process.stderr
    if name == "hang":
        assert b"hanging\n" == await process.stderr.readline()
        process.terminate()
    process.stdin.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 0.3)
    process.send_signal(end)
    assert (-signal.SIGKILL if name == "hang" else 255) == await process.wait()


def chunked(message: Message, size: int, stream: int = 4) -> bytes:
    """A message with its header in full, in chunks of `size`, as a publisher sends it."""
    late = message.timestamp_ms >= 0xFFFFFF
    extension = message.timestamp_ms.to_bytes(4, "big") if late else b""
    time = b"\xff\xff\xff" if late else message.timestamp_ms.to_bytes(3, "big")
    head = time + len(message.body).to_bytes(3, "big") + bytes([message.type]) + b"\1\0\0\0" + extension
    parts = [message.body[at : at + size] for at in range(0, len(message.body), size)]
    return bytes([stream]) + head + (bytes([0xC0 | stream]) + extension).join(parts)


@pytest.mark.parametrize("time", [0, 23, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFFF])
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_chunks_are_joined(time: int, step: int) -> None:
    """A message is the same however its bytes arrive, with an extended timestamp too."""
    messages = [Message(Type.VIDEO, time, bytes(range(250))), Message(Type.AUDIO, time, b"\xaf\x01sound")]
    data = chunked(messages[0], 128) + chunked(messages[1], 128, stream=6)
    reader = ChunkReader()
    pieces = [memoryview(data)[at : at + step] for at in range(0, len(data), step)]
    assert messages == [message for piece in pieces for message in reader.feed(piece)]


def test_chunk_headers_shorten() -> None:
    """Times add up over the short forms of a header; large chunk sizes and stream numbers are understood."""
    size = pack(Type.SET_CHUNK_SIZE, (1000).to_bytes(4, "big"))
    first = b"\x00\x06" + (40).to_bytes(3, "big") + (2).to_bytes(3, "big") + b"\x09\1\0\0\0" + b"ab"
    second = b"\x40\x06" + (10).to_bytes(3, "big") + (300).to_bytes(3, "big") + b"\x09" + b"c" * 300
    third = b"\x80\x06" + (20).to_bytes(3, "big") + b"d" * 300
    fourth = b"\xc0\x06" + b"e" * 300
    found = list(ChunkReader().feed(memoryview(size + first + second + third + fourth)))
    assert [(40, b"ab"), (50, b"c" * 300), (70, b"d" * 300), (90, b"e" * 300)] == [
        (message.timestamp_ms, message.body) for message in found
    ]


def test_chunk_header_repeats_an_absolute_time() -> None:
    """A message without any header after one with an absolute time is later by that time: ffmpeg does so."""
    first = b"\x05" + (23).to_bytes(3, "big") + (2).to_bytes(3, "big") + b"\x08\1\0\0\0" + b"ab"
    found = list(ChunkReader().feed(memoryview(first + b"\xc5cd")))
    assert [Message(Type.AUDIO, 23, b"ab"), Message(Type.AUDIO, 46, b"cd")] == found


def test_amf_is_read_as_written() -> None:
    """What AMF0 can say comes back as it was."""
    values = ["connect", 1.0, {"app": "live", "ok": True, "none": None, "deep": {"n": -2.5}}, None, False]
    assert values == amf_decode(b"".join(amf_encode(value) for value in values))  # type: ignore[arg-type]


async def test_sinks_in_a_process_of_their_own(any_ffmpeg: str, media: MediaLibrary) -> None:
    """For measurements sinks run apart, are steered by lines, and report as JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.live.serve_sinks", "--sinks", "2", "--media"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        limit=2**24,
    )
    assert process.stdin and process.stdout
    urls = json.loads(await process.stdout.readline())["urls"]
    async with ffmpeg_running(
        any_ffmpeg, "-i", media.h264(3), "-c", "copy", "-f", "flv", urls[1] + "/key"
    ) as ffmpeg:
        await ffmpeg.wait()
    answers = []
    for line in (b"pause 0\n", b"stop 1\n", b"start 1\n", b"dance\n", b"report\n"):
        process.stdin.write(line)
        answers.append(json.loads(await process.stdout.readline()))
    process.stdin.close()
    answers.append(json.loads(await process.stdout.readline()))
    assert 0 == await process.wait()
    assert [{}, {}, {}, {"error": "not understood"}] == answers[:4]
    assert answers[4] == answers[5]
    ((), (connection,)) = answers[5]["sinks"]
    assert connection["media_count"] == len(connection["media"]) > 200
