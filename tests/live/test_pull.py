"""Every kind of address that a pull reads, from a real peer on loopback."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from spiritstream.model.profile import Address, PullInput
from spiritstream.secret import Secret
from tests.live.chunks import Type
from tests.live.media import MediaLibrary, ffmpeg_running
from tests.live.ports import free_port
from tests.live.shows import live, on_air, passthrough, profile, target
from tests.live.sinks import RtmpSink

Source = Callable[[Path, MediaLibrary, str], AbstractAsyncContextManager[Address]]
TS: tuple[str, ...] = ("-c", "copy", "-f", "mpegts")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A web server for a folder; gives its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.asynccontextmanager
async def http_file(folder: Path, media: MediaLibrary, ffmpeg: str) -> AsyncIterator[Address]:
    """A file on a web server."""
    source = media.h264(8, container="ts")
    with served(source.parent) as base:
        yield Address(f"{base}/{source.name}")


@contextlib.asynccontextmanager
async def hls(folder: Path, media: MediaLibrary, ffmpeg: str) -> AsyncIterator[Address]:
    """A playlist of segments on a web server, as broadcasters publish; the key is a query of its URL."""
    made = ("-i", media.h264(10), "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0")
    async with ffmpeg_running(ffmpeg, *made, folder / "list.m3u8") as packing:
        await packing.wait()
    with served(folder) as base:
        yield Address(base + "/list.m3u8?token={stream_key}", Secret("canary-token"))


@contextlib.asynccontextmanager
async def srt(folder: Path, media: MediaLibrary, ffmpeg: str) -> AsyncIterator[Address]:
    """An encoder that offers its stream over SRT, with a passphrase."""
    port = free_port()
    offer = f"srt://127.0.0.1:{port}?mode=listener&passphrase=canary-passphrase"
    async with ffmpeg_running(ffmpeg, "-re", "-stream_loop", "-1", "-i", media.h264(6), *TS, offer):
        yield Address(f"srt://127.0.0.1:{port}", passphrase=Secret("canary-passphrase"))


@contextlib.asynccontextmanager
async def udp(folder: Path, media: MediaLibrary, ffmpeg: str) -> AsyncIterator[Address]:
    """MPEG-TS sent over UDP, as studio equipment does."""
    port = free_port()
    to = f"udp://127.0.0.1:{port}?pkt_size=1316"
    async with ffmpeg_running(ffmpeg, "-re", "-stream_loop", "-1", "-i", media.h264(6), *TS, to):
        yield Address(f"udp://127.0.0.1:{port}")


@pytest.mark.parametrize("source", [http_file, hls, srt, udp], ids=lambda source: str(source.__name__))
async def test_a_pulled_stream_reaches_its_target(
    source: Source,
    sink: RtmpSink,
    ffmpeg_path: str,
    embedded_ffmpeg: str,
    tmp_path: Path,
    media: MediaLibrary,
) -> None:
    """Whatever the protocol, H.264 and AAC arrive at an RTMP target, on one rising clock."""
    async with (
        source(tmp_path, media, embedded_ffmpeg) as address,
        on_air(profile(PullInput(address), passthrough(target("a", sink.url()))), ffmpeg_path) as runner,
    ):
        await live(runner)
        connection = await sink.wait_media(150)
    for kind in (Type.VIDEO, Type.AUDIO):
        times = [frame.timestamp_ms for frame in connection.frames(kind)]
        assert len(times) > 20
        assert sorted(set(times)) == times
