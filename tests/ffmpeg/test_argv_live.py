"""The command lines do what they promise, with each real ffmpeg."""

from __future__ import annotations

import asyncio
import http.server
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from spiritstream.ffmpeg.argv import Conversion, encoder_argv, input_argv, sender_argv
from spiritstream.ffmpeg.encoders import X264, known_encoder, video_options
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.profile import (
    Address,
    Audio,
    FilesInput,
    Group,
    PullInput,
    Record,
    Size,
    Target,
    TestInput,
    Video,
)
from spiritstream.secret import Secret
from tests.ffmpeg.running import Build, call, running
from tests.live import nginx
from tests.live.media import MediaLibrary, decode_errors, ffmpeg_running, probe
from tests.live.ports import free_port
from tests.live.processes import until
from tests.live.sinks import rtmp_sink
from tests.live.tls import server_tls

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("no_process_left")]

COPY, BOTH = Conversion(), Conversion(video=True, audio=True)


def bring(tool: Ffmpeg, inp: TestInput | FilesInput | PullInput, convert: Conversion = COPY) -> Build:
    """An input's command line."""
    return lambda fd: input_argv(inp, ffmpeg=tool, progress_fd=fd, convert=convert)


def encode(tool: Ffmpeg, group: Group) -> Build:
    """An encoder's command line, in software."""
    return lambda fd: encoder_argv(group, X264 if group.video else None, ffmpeg=tool, progress_fd=fd)


def send(tool: Ffmpeg, target: Target) -> Build:
    """A sender's command line."""
    return lambda fd: sender_argv(target, ffmpeg=tool, progress_fd=fd, generate_pts=True)


def seconds(path: Path) -> float:
    """How long a file lasts."""
    shown = [packet.pts_s for track in probe(path).tracks for packet in track.packets]
    return max(shown) - min(shown)


async def feed(process: asyncio.subprocess.Process, tool: Ffmpeg, source: Path) -> int:
    """Give a file to a sender at its own speed, and return the sender's exit status."""
    feeder = await asyncio.create_subprocess_exec(
        *(str(tool.path), "-nostdin", "-v", "error", "-re", "-i", str(source)),
        *("-c", "copy", "-f", "flv", "-flush_packets", "1", "pipe:1"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and feeder.stdout
    while data := await feeder.stdout.read(65536):
        process.stdin.write(data)
        await process.stdin.drain()
    await feeder.wait()
    process.stdin.close()
    async with asyncio.timeout(20):
        return await process.wait()


def keyframes(path: Path) -> list[float]:
    """When they are shown, from the first on."""
    shown = [packet.pts_s for packet in probe(path).track("video").packets if packet.keyframe]
    return [round(at - shown[0], 2) for at in shown]


async def test_test_input(tool: Ffmpeg, tmp_path: Path) -> None:
    """The test picture has the size, frame rate and constant bitrate that are asked for, and a tone."""
    wanted = TestInput(Size(320, 180), Fraction(25), 400_000)
    async with running(bring(tool, wanted)) as (process, _):
        assert process.stdout and process.stderr
        async with asyncio.timeout(30):
            media = await process.stdout.readexactly(3 * (400_000 + 128_000) // 8)
    path = tmp_path / "test.flv"
    path.write_bytes(media)
    video, audio = (probe(path).track(kind) for kind in ("video", "audio"))
    assert ("h264", (320, 180)) == (video.codec, video.size)
    assert ("aac", 48_000, 2) == (audio.codec, audio.rate_hz, audio.channels)
    assert 25 == pytest.approx((len(video.packets) - 1) / video.duration_s, rel=0.02)
    assert 3 == pytest.approx(video.duration_s, rel=0.25)
    assert [0, 2] == keyframes(path)[:2]


async def test_file_as_it_is(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path) -> None:
    """A file's streams pass untouched; its name may look like a URL or an option."""
    odd = tmp_path / "-http:a %d 'b'.mp4"
    odd.write_bytes(library.h264(6, 500, "mp4", size="640x360").read_bytes())
    called = await call(bring(tool, FilesInput((str(odd),))))
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert 0 == called.status, called.said
    assert {"video": "h264", "audio": "aac"} == probe(path).codecs
    assert 6 == pytest.approx(seconds(path), abs=0.2)
    assert [] == decode_errors(path, str(tool.path))
    assert "[info] Input #0, " in called.said
    assert "[info] Output #0, flv, to 'pipe:1'" in called.said
    assert "progress=end" in called.progress


@pytest.mark.parametrize("kind", ["mpeg2", "vp8"])
async def test_converted_file(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path, kind: str) -> None:
    """What FLV cannot carry is converted on its way in."""
    source = library.mpeg2(4) if kind == "mpeg2" else library.vp8(4)
    called = await call(bring(tool, FilesInput((str(source),)), BOTH))
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert 0 == called.status, called.said
    assert {"video": "h264", "audio": "aac"} == probe(path).codecs
    assert 48_000 == probe(path).track("audio").rate_hz
    assert [0, 2] == keyframes(path)
    assert 4 == pytest.approx(seconds(path), abs=0.3)


async def test_playlists_are_not_files(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """A file that names other files is refused: whoever writes it could read what is not theirs."""
    secret = tmp_path / "secret.flv"
    secret.write_bytes(show.read_bytes())
    playlist = tmp_path / "list.ffconcat"
    playlist.write_text("ffconcat version 1.0\nfile secret.flv\n")
    hls = tmp_path / "list.m3u8"
    hls.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\nfile:{secret}\n#EXT-X-ENDLIST\n")
    for path in (playlist, hls):
        called = await call(bring(tool, FilesInput((str(path),))))
        assert b"" == called.out


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_one_stream_only(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path, kind: str) -> None:
    """Sound alone and picture alone come in, are encoded and are sent like anything else."""
    source = library.audio_only(3) if kind == "audio" else library.video_only(3)
    brought = tmp_path / "brought.flv"
    brought.write_bytes((await call(bring(tool, FilesInput((str(source),))))).out)
    group = Group("g", video=Video("h264", 300_000, fps=Fraction(30)), audio=Audio("aac", 64_000))
    encoded = tmp_path / "encoded.flv"
    encoded.write_bytes((await call(encode(tool, group), brought)).out)
    recorded = tmp_path / "recorded.mkv"
    sent = await call(send(tool, Target("t", record=Record(str(recorded)))), encoded)
    assert 0 == sent.status, sent.said
    assert [kind] == list(probe(recorded).codecs)
    assert 3 == pytest.approx(seconds(recorded), abs=0.3)


async def test_encoding(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path) -> None:
    """Size with bars, frame rate, bitrate, keyframes on the clock and sound are as the group says."""
    video = Video("h264", 400_000, size=Size(320, 240), fps=Fraction(25), keyframe_s=1, preset="superfast")
    group = Group("g", video=video, audio=Audio("aac", 64_000, 44_100, 1))
    called = await call(encode(tool, group), library.h264(6, 500, size="640x360"))
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert 0 == called.status, called.said
    assert (320, 240) == probe(path).track("video").size
    assert [0, 1, 2, 3, 4, 5] == keyframes(path)[:6]
    assert 25 == pytest.approx(len(probe(path).track("video").packets) / 6, rel=0.02)
    assert (44_100, 1) == (probe(path).track("audio").rate_hz, probe(path).track("audio").channels)
    assert 464_000 == pytest.approx(len(called.out) * 8 / 6, rel=0.1)
    assert [] == decode_errors(path, str(tool.path))
    assert {} == probe(path).backward_steps


def b_frames_in_a_row(path: Path) -> int:
    """The most pictures in a row that are shown before one that came earlier."""
    most = row = 0
    latest = float("-inf")
    for packet in probe(path).track("video").packets:
        row = row + 1 if packet.pts_s < latest else 0
        most, latest = max(most, row), max(latest, packet.pts_s)
    return most


@pytest.mark.parametrize("most", [0, 1, 2])
@pytest.mark.parametrize(("name", "codec"), [("libx264", "h264"), ("libx265", "hevc")])
def test_b_frames(
    tool: Ffmpeg, library: MediaLibrary, tmp_path: Path, name: str, codec: str, most: int
) -> None:
    """There are as many in a row as the group says, or none at all; left to itself the encoder makes more."""
    source = library.h264(3, 300, size="320x180")
    found = []
    for wanted in (most, None):
        video = Video(codec, 300_000, fps=Fraction(30), preset="veryfast", b_frames=wanted)
        options = video_options(known_encoder(name, codec), video, tool.version)
        path = tmp_path / f"{wanted}.mkv"
        start = (str(tool.path), "-nostdin", "-v", "error", "-i", str(source), "-an")
        subprocess.run([*start, *map(str, options), str(path)], check=True, timeout=60)
        found.append(b_frames_in_a_row(path))
    assert most == found[0] < found[1]


async def test_without_b_frames(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path) -> None:
    """In what a platform gets, each picture is shown when it is decoded."""
    video = Video("h264", 300_000, fps=Fraction(30), preset="veryfast", profile="main", b_frames=0)
    called = await call(encode(tool, Group("g", video=video)), library.h264(3, 300, size="320x180"))
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert 0 == called.status, called.said
    packets = probe(path).track("video").packets
    assert len(packets) > 80
    assert [] == [packet for packet in packets if packet.pts_s != packet.dts_s]


async def test_encoding_follows_the_input(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """Where the group names no size and frame rate, the input's stay; copied sound is not touched."""
    called = await call(encode(tool, Group("g", video=Video("h264", 300_000, preset="ultrafast"))), show)
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert (640, 360) == probe(path).track("video").size
    assert 30 == pytest.approx(len(probe(path).track("video").packets) / 6, rel=0.02)
    assert [0, 2, 4] == keyframes(path)[:3]
    assert 48_000 == probe(path).track("audio").rate_hz


async def test_sound_alone_is_encoded(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """A group that encodes its sound only passes every picture."""
    called = await call(encode(tool, Group("g", audio=Audio("mp3", 96_000, 44_100))), show)
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert {"video": "h264", "audio": "mp3"} == probe(path).codecs
    assert len(probe(show).track("video").packets) == len(probe(path).track("video").packets)


async def test_first_picture_does_not_wait(tool: Ffmpeg, show: Path) -> None:
    """Headers and a single group of pictures suffice for a sender to connect and send, with nothing after."""
    async with rtmp_sink() as sink:
        target = Target("t", Address(sink.url(), Secret("key")))
        async with running(send(tool, target)) as (process, _):
            assert process.stdin
            process.stdin.write(show.read_bytes()[:40_000])
            await process.stdin.drain()
            connection = await sink.wait_media(3)
            assert ("live", "key") == (connection.app, connection.stream)


async def test_silent_sound_does_not_hold_the_picture(
    tool: Ffmpeg, show: Path, library: MediaLibrary
) -> None:
    """A stream that is announced and never comes delays the other by seconds at most."""
    video_only = library.video_only(5)
    announced = bytearray(video_only.read_bytes())
    announced[4] = 5
    async with rtmp_sink() as sink:
        target = Target("t", Address(sink.url(), Secret("key")))
        async with running(send(tool, target)) as (process, _):
            assert process.stdin
            process.stdin.write(bytes(announced))
            await process.stdin.drain()
            await sink.wait_media(30)


async def test_rtmp_platform(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """nginx-rtmp records what was sent, whole and in order."""
    if reason := nginx.missing():
        pytest.skip(reason)
    async with nginx.nginx_rtmp(tmp_path) as platform:
        target = Target("t", Address(platform.url(), Secret("key")))
        called = await call(send(tool, target), show)
        assert 0 == called.status, called.said
        await platform.wait_recorded("key", int(show.stat().st_size * 0.9))
        await platform.stop()
        (recording,) = platform.recordings("key")
    assert {"video": "h264", "audio": "aac"} == probe(recording).codecs
    assert 6 == pytest.approx(seconds(recording), abs=0.2)
    assert {} == probe(recording).backward_steps
    assert [] == decode_errors(recording, str(tool.path))


@pytest.mark.parametrize("trusted", [True, False])
async def test_rtmps_checks_the_certificate(tool: Ffmpeg, show: Path, tmp_path: Path, trusted: bool) -> None:
    """A server that proves its name is sent to; one that cannot never hears the key."""
    async with rtmp_sink(tls=server_tls(tmp_path)) as sink:
        target = Target("t", Address(sink.url(), Secret("key")))
        ca_file = str(tmp_path / "cert.pem") if trusted else None
        called = await call(send(replace(tool, ca_file=ca_file), target), show)
        published = [connection.stream for connection in sink.connections if connection.stream]
    assert (["key"], True) == (published, called.status == 0) if trusted else [] == published
    assert trusted is ("Output #0" in called.said)


async def test_srt(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path) -> None:
    """A passphrase reaches the other side byte for byte, whatever is in it."""
    passphrase, port, received = "p%25 w+rd&x=y/z", free_port(), tmp_path / "received.ts"
    listener = ("-mode", "listener", "-passphrase", passphrase, "-i", f"srt://127.0.0.1:{port}", "-c", "copy")
    address = Address(f"srt://127.0.0.1:{port}", Secret("#!::r=a/b"), passphrase=Secret(passphrase))
    async with ffmpeg_running(str(tool.path), *listener, "-flush_packets", "1", received) as server:
        async with running(send(tool, Target("t", address))) as (process, _):
            assert 0 == await feed(process, tool, library.h264(3, 300, size="320x180"))
        async with asyncio.timeout(20):
            await server.wait()
    assert {"video": "h264", "audio": "aac"} == probe(received).codecs


@pytest.mark.parametrize("ending", ["flv", "mkv", "mp4", "ts"])
async def test_record_survives_a_kill(tool: Ffmpeg, show: Path, tmp_path: Path, ending: str) -> None:
    """A recording whose writer is killed is whole but for its last group of pictures."""
    path = tmp_path / f"100%-show.{ending}"
    async with running(send(tool, Target("t", record=Record(str(path))))) as (process, _):
        assert process.stdin
        process.stdin.write(show.read_bytes())
        await process.stdin.drain()
        enough = int(show.stat().st_size * 0.6)
        await until(lambda: path.exists() and path.stat().st_size > enough, "most of it is on disk", 20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert {"video": "h264", "audio": "aac"} == probe(path).codecs
        assert 3.5 < seconds(path)


async def test_record_overwrites_nothing(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """A file that is there is left as it is, even if it came after the name was chosen."""
    path = tmp_path / "show.mkv"
    path.write_text("mine")
    await call(send(tool, Target("t", record=Record(str(path)))), show)
    assert "mine" == path.read_text()


@pytest.mark.parametrize("ending", ["flv", "mkv", "mp4", "ts"])
async def test_segments(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path, ending: str) -> None:
    """Each segment is a file of its own that begins at zero with a keyframe and can be played."""
    record = Record(str(tmp_path / f"http:%Y-%S.{ending}"), 2)
    async with running(send(tool, Target("t", record=record))) as (process, _):
        # At its own speed, as the names tell seconds apart.
        assert 0 == await feed(process, tool, library.h264(4.4, 300, size="320x180"))
    segments = sorted(tmp_path.iterdir())
    assert 2 <= len(segments)
    for path in segments[:2]:
        video = probe(path).track("video")
        assert video.packets[0].keyframe
        assert video.packets[0].pts_s < 1.6
        # 5.1 puts a picture's timing before the parameters it refers to, at a segment's very beginning.
        known = ("referenced in buffering period", "Last message repeated")
        assert [] == [
            line for line in decode_errors(path, str(tool.path)) if not any(k in line for k in known)
        ]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server on `tmp_path`/web."""
    (tmp_path / "web").mkdir()
    handler = partial(_Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_pull_hls(tool: Ffmpeg, library: MediaLibrary, tmp_path: Path, web: str) -> None:
    """HLS comes in, and at the pace of a show."""
    source = library.h264(3, 300, size="320x180", keyframe_s=1)
    playlist = tmp_path / "web" / "live.m3u8"
    segments = ("-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", str(playlist))
    subprocess.run([tool.path, "-nostdin", "-v", "error", "-i", source, *segments], check=True)
    called = await call(bring(tool, PullInput(Address(f"{web}/live.m3u8"))))
    path = tmp_path / "out.flv"
    path.write_bytes(called.out)
    assert 0 == called.status, called.said
    assert {"video": "h264", "audio": "aac"} == probe(path).codecs
    assert 3 == pytest.approx(seconds(path), abs=0.3)


async def test_pull_opens_nothing_local(tool: Ffmpeg, show: Path, tmp_path: Path, web: str) -> None:
    """A playlist on the web that names a file of ours gets nothing."""
    (tmp_path / "web" / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\nfile:{show}\n#EXT-X-ENDLIST\n"
    )
    called = await call(bring(tool, PullInput(Address(f"{web}/evil.m3u8"))))
    assert b"" == called.out


@pytest.mark.parametrize("page", ["page.txt", "page?x=.txt"])
async def test_pull_puts_no_text_on_air(tool: Ffmpeg, tmp_path: Path, web: str, page: str) -> None:
    """ffmpeg would draw it; a page that only this machine can read shall not be seen by a show's viewers."""
    for name in ("page.txt", "page"):
        (tmp_path / "web" / name).write_text("canary of a page\n" * 500)
    called = await call(bring(tool, PullInput(Address(f"{web}/{page}"))))
    assert (b"", True) == (called.out, called.status != 0)


async def test_pull_rtmp(tool: Ffmpeg, show: Path, tmp_path: Path) -> None:
    """A stream is pulled from a platform by its key."""
    if reason := nginx.missing():
        pytest.skip(reason)
    async with nginx.nginx_rtmp(tmp_path, record=False) as platform:
        publisher = ("-re", "-stream_loop", "-1", "-i", show, "-c", "copy", "-f", "flv")
        async with ffmpeg_running(str(tool.path), *publisher, platform.url() + "/key"):
            address = Address(platform.url(), Secret("key"))
            async with running(bring(tool, PullInput(address))) as (process, _):
                assert process.stdout
                async with asyncio.timeout(30):
                    media = await process.stdout.readexactly(60_000)
    assert b"FLV\x01" == media[:4]
