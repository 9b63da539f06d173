"""An address's parts become what ffmpeg is given, and reach the server byte for byte."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from spiritstream.ffmpeg.address import full_url, locate
from spiritstream.ffmpeg.argv import sender_argv
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.profile import Address, Target
from spiritstream.secret import Secret
from tests.ffmpeg.running import call, revealed
from tests.live.media import MediaLibrary
from tests.live.sinks import rtmp_sink

K = Secret("KEY")
RTMP = "rtmp://host/live"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address(RTMP, K), "rtmp://host/live/KEY"),
        (Address("rtmp://host/live/", K), "rtmp://host/live/KEY"),
        (Address("rtmp://host", K), "rtmp://host/KEY"),
        (Address("rtmps://host:443/v2/pub", K), "rtmps://host:443/v2/pub/KEY"),
        (Address(RTMP, Secret("k?a=b&c=/d%20")), "rtmp://host/live/k?a=b&c=/d%20"),
        (Address("rtmp://host/live?backup=1", K), "rtmp://host/live?backup=1/KEY"),
        (Address("rtmp://host/live/{stream_key}?backup=1", K), "rtmp://host/live/KEY?backup=1"),
        (Address(RTMP, K, "user", Secret("p@ss:word")), "rtmp://user:p@ss:word@host/live/KEY"),
        (Address(RTMP, K, "user", Secret("p/ss")), "rtmp://user:p%2Fss@host/live/KEY"),
        (Address(RTMP, K, "us:er", Secret("pass")), "rtmp://us%3Aer:pass@host/live/KEY"),
        (Address("srt://host:9000?mode=caller", K, passphrase=Secret("p")), "srt://host:9000?mode=caller"),
        (Address("http://host/x", None, "us@er", Secret("p/ss")), "http://us%40er:p%2Fss@host/x"),
        (Address("https://host/x?key={stream_key}&y", K), "https://host/x?key=KEY&y"),
        (Address("rtsp://host/cam", None, "user"), "rtsp://user@host/cam"),
        (Address("udp://127.0.0.1:5000"), "udp://127.0.0.1:5000"),
    ],
)
def test_full_url(address: Address, expected: str) -> None:
    """Public part, user part and key are joined; only the user part is ever encoded."""
    assert [expected] == revealed((full_url(address),))


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        (Address(RTMP, K), True),
        (Address(RTMP, None, "user", Secret("pass")), True),
        (Address("rtmp://host/live/{stream_key}", K), True),
        (Address(RTMP), False),
        (Address("rtsp://host/cam", None, "user"), False),
        (Address("srt://host:9000", passphrase=Secret("pass")), False),
    ],
)
def test_secrecy(address: Address, secret: bool) -> None:
    """A URL is a secret as a whole if one is in it, and plain text if none is."""
    assert secret is isinstance(full_url(address), Secret)


@pytest.mark.parametrize(
    ("address", "url", "options"),
    [
        (Address(RTMP, K), "rtmp://host/live/KEY", []),
        (Address("rtmp://host/v2/pub", K), "rtmp://host/v2/pub/KEY", []),
        (Address("rtmp://host/v2/pub", Secret("a/b")), "rtmp://host/v2/pub/a/b", []),
        (Address(RTMP, Secret("k?x=1")), "rtmp://host/live/k?x=1", []),
        (Address("rtmp://host/live/{stream_key}?x=1", K), "rtmp://host/live/KEY?x=1", []),
        (Address(RTMP, Secret("a/b")), RTMP, ["-rtmp_app", "live", "-rtmp_playpath", "a/b"]),
        (Address(RTMP, Secret("k?x=a/b")), RTMP, ["-rtmp_app", "live", "-rtmp_playpath", "k?x=a/b"]),
        (Address("rtmp://host", K), "rtmp://host/", ["-rtmp_app", "", "-rtmp_playpath", "KEY"]),
        (Address("rtmp://h/{stream_key}", K), "rtmp://h/", ["-rtmp_app", "", "-rtmp_playpath", "KEY"]),
        (Address("rtmp://h/a/b/c", K), "rtmp://h/a/b/c", ["-rtmp_app", "a/b/c", "-rtmp_playpath", "KEY"]),
        (Address(RTMP, Secret("k.flv")), RTMP, ["-rtmp_app", "live", "-rtmp_playpath", "k.flv"]),
        (Address(RTMP, Secret("k k")), RTMP, ["-rtmp_app", "live", "-rtmp_playpath", "k k"]),
        (Address(RTMP, Secret("k?slist=1")), RTMP, ["-rtmp_app", "live", "-rtmp_playpath", "k?slist=1"]),
        (
            Address(RTMP, Secret("a/b"), "user", Secret("pass")),
            "rtmp://user:pass@host/live",
            ["-rtmp_app", "live", "-rtmp_playpath", "a/b"],
        ),
        (Address("rtmp://host/live/public"), "rtmp://host/live/public", []),
        (
            Address("srt://host:9000", Secret("#!::r=a"), passphrase=Secret("p%25 w+")),
            "srt://host:9000",
            ["-srt_streamid", "#!::r=a", "-passphrase", "p%25 w+"],
        ),
    ],
)
def test_locate(address: Address, url: str, options: list[str]) -> None:
    """What ffmpeg would misread in a URL is given as an option instead."""
    location = locate(address)
    assert [url, *options] == revealed((location.url, *location.options))


def test_no_secret_is_shown() -> None:
    """Neither the URL nor the options print what they hold."""
    address = Address(RTMP, Secret("canary-key/x"), "user", Secret("canary-pass"), Secret("canary-phrase"))
    shown = f"{locate(address)!r} {full_url(address)}"
    assert "canary" not in shown


# Applications and stream names, as a server is to get them.
ASKED = {
    ("live", "plain"),
    ("live", "a/b"),
    ("live", "k?x=1&y=2"),
    ("live", "k?x=a/b"),
    ("live", "c:d/e"),
    ("live", "name.mp4"),
    ("live", "name.flv"),
    ("live", "two words"),
    ("live", "k%20#x"),
    ("v2/pub", "f/g"),
    ("a/b/c", "h"),
    ("live?backup=1", "i"),
    ("ondemand", "j"),
    ("", "no-app"),
    ("", "no/app"),
}


async def test_server_gets_app_and_name(tool: Ffmpeg, library: MediaLibrary) -> None:
    """A real ffmpeg asks a real server for exactly the application and the stream name that are wanted."""
    target = Target("t")
    clip = library.h264(1, 200, size="320x180")
    async with rtmp_sink() as sink:
        base = sink.url("").rstrip("/")
        for app, name in sorted(ASKED):
            address = Address(f"{base}/{app}".rstrip("/"), Secret(name))
            build = partial(_sender, replace(target, address=address), tool)
            called = await asyncio.wait_for(call(build, clip), 20)
            assert 0 == called.status, called.said
        assert ASKED == {(connection.app, connection.stream) for connection in sink.connections}


def _sender(target: Target, tool: Ffmpeg, fd: int) -> tuple[str | Secret, ...]:
    return sender_argv(target, ffmpeg=tool, progress_fd=fd, generate_pts=True)
