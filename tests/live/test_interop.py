"""Strangers publish into our ingest, and our sender into strangers: what arrives is what was sent.

All journeys of one kind are made at the same time, once, as each takes as long as its media lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from spiritstream.model.profile import RtmpInput, Sender, Target
from spiritstream.secret import Secret
from spiritstream.sockets.tls import client_tls
from tests.live import nginx
from tests.live.ffmpegs import ffmpegs
from tests.live.media import MediaLibrary, decode_errors, ffmpeg_running, probe
from tests.live.nginx import NginxRtmp, nginx_rtmp
from tests.live.peers import front, gstreamer, node_media
from tests.live.peers.front import tls_front
from tests.live.peers.gstreamer import gst_publishing
from tests.live.peers.listener import ffmpeg_listening, listens
from tests.live.peers.node_media import node_media_server
from tests.live.peers.recorded import assert_same_media, has_all
from tests.live.ports import free_port
from tests.live.processes import until
from tests.live.shows import files, live, on_air, passthrough, profile, status, target
from tests.live.tls import server_tls

# All of a journey: the media's four seconds, and the start and end of whatever takes part.
_JOURNEY_S = 30


@dataclass(frozen=True, slots=True)
class Journey:
    """What was sent, and what was recorded at its end."""

    sent: Path
    arrived: Path


@dataclass(frozen=True, slots=True)
class Baggage:
    """What every journey needs."""

    folder: Path
    """Its `cert.pem` is trusted by all that check."""
    source: Path
    ffmpeg: str

    def home(self, name: str) -> Path:
        """A folder for one journey."""
        home = self.folder / name
        home.mkdir()
        return home


Journeys = Mapping[str, Journey | BaseException]


async def together(**journeys: Awaitable[Journey]) -> Journeys:
    """Makes all journeys at once; one that fails is an outcome, too."""
    bounded = (asyncio.wait_for(journey, _JOURNEY_S) for journey in journeys.values())
    return dict(zip(journeys, await asyncio.gather(*bounded, return_exceptions=True), strict=True))


def assert_arrived(journeys: Journeys, name: str, ffmpeg: str) -> None:
    """Byte for byte, with a rising clock, and decodable."""
    journey = journeys[name]
    if isinstance(journey, BaseException):
        raise journey
    assert_same_media(journey.sent, journey.arrived)
    seen = probe(journey.arrived)
    assert {"video": "h264", "audio": "aac"} == {k: c for k, c in seen.codecs.items() if k != "data"}
    assert {} == {kind: steps for kind, steps in seen.backward_steps.items() if kind != "data"}
    assert [] == decode_errors(journey.arrived, ffmpeg)


def need(reason: str) -> None:
    """Skips this journey where something is missing."""
    if reason:
        pytest.skip(reason)


def native(name: str, url: str, key: str | None = None) -> Target:
    """A target that the runner itself publishes to."""
    return replace(target(name, url, key), sender=Sender.NATIVE)


async def play(baggage: Baggage, to: Target) -> None:
    """A show that sends the source to one target, once."""
    show = profile(files(baggage.source, loop=False), passthrough(to))
    async with on_air(show, baggage.ffmpeg) as runner:
        await live(runner, to.name)
        assert status(runner, to.name).pid is None, "a child carries it"
        await runner.ended()


@pytest.fixture(scope="module")
def baggage(
    tmp_path_factory: pytest.TempPathFactory, media: MediaLibrary, any_ffmpeg: str
) -> Iterator[Baggage]:
    """One certificate, and one file whose pictures are larger than the largest chunk that we send.

    It has two groups of pictures: a target that is late gets the whole first.
    """
    folder = tmp_path_factory.mktemp("interop")
    server_tls(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
        client_tls.cache_clear()
        yield Baggage(folder, media.h264(4, 8000, size="640x360", fps=15), any_ffmpeg)
    client_tls.cache_clear()


# Publishers: each publishes the source to a URL, to its end, and says what it sent.


async def by_ffmpeg(name: str, baggage: Baggage, url: str, home: Path) -> Path:
    """An ffmpeg, old or new."""
    if name not in ffmpegs():
        pytest.skip(f"the {name} ffmpeg is missing")
    arguments = ("-re", "-i", baggage.source, "-c", "copy", "-f", "flv", url)
    async with ffmpeg_running(ffmpegs()[name], *arguments) as publisher:
        assert 0 == await publisher.wait()
    return baggage.source


async def by_gstreamer(baggage: Baggage, url: str, home: Path) -> Path:
    """GStreamer, whose muxer is its own."""
    need(gstreamer.missing())
    sent = home / "sent.flv"
    async with gst_publishing(baggage.source, url, sent=sent) as publisher:
        assert 0 == await publisher.wait()
    return sent


async def by_ourselves(baggage: Baggage, url: str, home: Path) -> Path:
    """Another runner's sender."""
    address, _, key = url.rpartition("/")
    await play(baggage, native("out", address, key))
    return baggage.source


Publish = Callable[[Baggage, str, Path], Awaitable[Path]]
PUBLISHERS: dict[str, Publish] = {
    "ffmpeg_5_1": partial(by_ffmpeg, "system"),
    "ffmpeg_9_0": partial(by_ffmpeg, "embedded"),
    "gstreamer": by_gstreamer,
    "ourselves": by_ourselves,
}
SCHEMES = ("rtmp", "rtmps")


async def into_our_ingest(
    publish: Publish, scheme: str, name: str, baggage: Baggage, end: NginxRtmp
) -> Journey:
    """Publisher, our ingest, our sender, a platform that records."""
    home, port, key = baggage.home(f"from-{name}"), free_port(), f"canary-in-{name}"
    taken = RtmpInput("127.0.0.1", port, "live", Secret(key))
    if scheme == "rtmps":
        certificate, private_key = (str(baggage.folder / file) for file in ("cert.pem", "key.pem"))
        taken = replace(taken, certificate=certificate, private_key=private_key)
    async with on_air(profile(taken, passthrough(native(name, end.url()))), baggage.ffmpeg):
        await until(lambda: listens(port), "the ingest listens")
        sent = await publish(baggage, f"{scheme}://127.0.0.1:{port}/live/{key}", home)
        recording = await end.wait_recorded(f"canary-{name}")
        await until(lambda: has_all(sent, recording), "the last frames are recorded")
    return Journey(sent, recording)


@pytest.fixture(scope="module")
def received(baggage: Baggage) -> Journeys:
    """What came of every publisher, over RTMP and RTMPS."""
    need(nginx.missing())

    async def all_of_them() -> Journeys:
        async with nginx_rtmp(baggage.folder) as end:
            journeys = {
                name: into_our_ingest(publish, scheme, name, baggage, end)
                for scheme in SCHEMES
                for publisher, publish in PUBLISHERS.items()
                if (name := f"{publisher}_{scheme}")
            }
            return await together(**journeys)

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_publishers_into_our_ingest(received: Journeys, any_ffmpeg: str, publisher: str, scheme: str) -> None:
    """What a publisher sends reaches a real platform through our ingest and sender, byte for byte."""
    assert_arrived(received, f"{publisher}_{scheme}", any_ffmpeg)


# Receivers: our sender publishes the source to a URL, and each tells where it was recorded.

Send = Callable[[str], Awaitable[None]]


async def to_nginx(send: Send, home: Path) -> Path:
    """nginx-rtmp."""
    need(nginx.missing())
    async with nginx_rtmp(home) as platform:
        await send(platform.url())
        return await platform.wait_recorded("canary-out")


async def to_a_front(send: Send, home: Path) -> Path:
    """nginx-rtmp behind a TLS front: RTMPS."""
    need(nginx.missing() or front.missing())
    async with nginx_rtmp(home) as platform, tls_front(home, platform.port, home.parent) as tls:
        await send(tls.url())
        return await platform.wait_recorded("canary-out")


async def to_ffmpeg(name: str, send: Send, home: Path) -> Path:
    """An ffmpeg that listens, old or new."""
    if name not in ffmpegs():
        pytest.skip(f"the {name} ffmpeg is missing")
    async with ffmpeg_listening(ffmpegs()[name], home) as listener:
        await send(listener.url())
        assert 0 == await listener.ended()
        return listener.recording


async def to_node(send: Send, home: Path) -> Path:
    """node-media-server."""
    need(node_media.missing())
    async with node_media_server(home) as server:
        await send(server.url())
        return await server.wait_recorded("canary-out")


RECEIVERS: dict[str, Callable[[Send, Path], Awaitable[Path]]] = {
    "nginx_rtmp": to_nginx,
    "rtmps_front": to_a_front,
    "ffmpeg_5_1": partial(to_ffmpeg, "system"),
    "ffmpeg_9_0": partial(to_ffmpeg, "embedded"),
    "node_media_server": to_node,
}


@pytest.fixture(scope="module")
def delivered(baggage: Baggage) -> Journeys:
    """What came of our sender at every receiver."""

    async def send(url: str) -> None:
        await play(baggage, native("out", url))

    async def journey(name: str) -> Journey:
        return Journey(baggage.source, await RECEIVERS[name](send, baggage.home(f"to-{name}")))

    async def all_of_them() -> Journeys:
        return await together(**{name: journey(name) for name in RECEIVERS})

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_our_sender_into_receivers(delivered: Journeys, any_ffmpeg: str, receiver: str) -> None:
    """What our sender publishes is recorded by every other server, byte for byte."""
    assert_arrived(delivered, receiver, any_ffmpeg)
