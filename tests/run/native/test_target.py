"""A native target on a virtual clock: what it sends, what it survives, how it judges, and how it leaves."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.flv import AUDIO, VIDEO, Tag, make_tag
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import Address, Group, Leave, Record, Sender, Target
from spiritstream.model.servers import ServerChoice
from spiritstream.model.status import Cause
from spiritstream.run.native import NativeTarget, carries
from spiritstream.run.servers import Servers, Settled
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from tests.live.arrivals import Connection
from tests.live.chunks import Type
from tests.live.sinks import Behaviour
from tests.media.tags import audio_header, frame, headers, key, sound, video_header
from tests.run.native.peers import URL, Platform
from tests.virtualtime import run_virtually

FFMPEG = Ffmpeg(Path("ffmpeg"), (6, 0), "6.0", "PATH")
FRAME_S = 0.04


class Show:
    """A hub that is fed in real (virtual) time, a platform, and a native target between them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **target: Any) -> None:
        loop = asyncio.get_running_loop()
        self.platform = Platform(monkeypatch, target.pop("behaviour", None))
        self.hub = Hub(loop.time)
        wanted = Target("t", Address(URL, Secret("canary-key")), sender=Sender.NATIVE, **target)
        self.group = Group("g", (wanted,))
        tools = Tools(FFMPEG, loop.time, loop.time, lambda: 0.0)
        self.unit = NativeTarget("groups.g.targets.t", wanted, self.group, self.hub, tools)
        self.sent: list[Tag] = []
        self._frames = 0

    def publish(self, *tags: Tag) -> None:
        """Give the hub tags."""
        self.sent += tags
        self.hub.publish(tags)

    def source(self, at_ms: int = 0, *, audio: bool = True, video: bool = True) -> None:
        """A source begins."""
        self.hub.begin(at_ms, audio=audio, video=video)
        self.publish(*[tag for tag in headers() if tag.kind != VIDEO or video])

    async def run(self, seconds: float, *, size: int = 20, video: bool = True) -> None:
        """Media comes for so long, a keyframe each second."""
        for _ in range(round(seconds / FRAME_S)):
            at_ms = self._frames * 40
            picture = key(at_ms, size) if self._frames % 25 == 0 else frame(at_ms, size)
            self.publish(*((picture, sound(at_ms)) if video else (sound(at_ms),)))
            self._frames += 1
            await asyncio.sleep(FRAME_S)

    @property
    def connections(self) -> list[Connection]:
        """What the platform saw."""
        return self.platform.sink.connections

    def code(self) -> str:
        """The last cause."""
        return self.unit.cause.code if self.unit.cause else ""


Story = Callable[[Show], Awaitable[None]]


def tell(monkeypatch: pytest.MonkeyPatch, story: Story, **target: Any) -> None:
    """Run a story with a target that is ordered live, and end it in order."""

    async def go() -> None:
        show = Show(monkeypatch, **target)
        show.unit.start()
        await story(show)
        await show.unit.stop()
        assert all(sock.fileno() == -1 for sock in show.platform.socks)
        assert State.IDLE is show.unit.state
        await show.platform.over()

    run_virtually(go())


def checksums(tags: Sequence[Tag], kind: int) -> list[int]:
    """The bodies of one kind of tags."""
    return [zlib.crc32(tag.raw[11:-4]) for tag in tags if tag.kind == kind]


def test_everything_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers first, then from a keyframe every body as it was, at once, on a clock that begins at 0."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(10)
        await show.run(0.5)
        assert State.LIVE is show.unit.state
        (connection,) = show.connections
        for kind in (AUDIO, VIDEO):
            arrived = [item for item in connection.media if item.type == kind]
            assert checksums(show.sent, kind) == [item.checksum for item in arrived]
            assert arrived[0].header
            assert [0, *range(0, 10_480, 40)] == [item.timestamp_ms for item in arrived]
        assert connection.media[2].keyframe
        assert connection.longest_gap_s() <= FRAME_S + 0.001

    tell(monkeypatch, story)


def test_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows figures as an ffmpeg sender does, its connection's own, no process, and no key."""

    async def story(show: Show) -> None:
        assert show.unit.status().tcp is None
        show.source()
        await show.run(20, size=20_000)
        status = show.unit.status()
        assert ("target", "rtmp://a.example/live/***", None) == (status.kind, status.destination, status.pid)
        figures = status.progress
        assert 485 < (figures.frame or 0) <= 500
        assert (25.0, 1.0) == (figures.fps, figures.speed)
        assert figures.bitrate_bps is not None
        assert 20_000 * 25 * 8 < figures.bitrate_bps < 20_000 * 25 * 8 * 1.02
        assert 19.4 <= (figures.time_s or 0) <= 20
        assert (0, 0.0, 0) == (status.queue_bytes, status.queue_s, status.dropped_gops)
        assert status.tcp is not None
        assert "canary" not in repr(status)

    tell(monkeypatch, story)


def test_begins_at_a_keyframe_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes late begins with the running group, and at 0 all the same."""

    async def story(show: Show) -> None:
        show.platform.sink.behaviour = Behaviour(mute_at="publish")
        show.source()
        await show.run(2.5)
        show.platform.sink.behaviour = Behaviour()
        await show.run(9)  # the step's bound, and a retry at once
        *_, connection = show.connections
        first = next(item for item in connection.media if not item.header)
        assert (0, True) == (first.timestamp_ms, first.keyframe)
        assert State.LIVE is show.unit.state

    tell(monkeypatch, story)


def test_what_can_still_be_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little leaves the queue before the kernel takes it: what waits there can be dropped, group by group."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(1)
        show.platform.sink.pause()
        show.publish(*(key(1_000 + n * 40, 100_000) for n in range(20)))
        assert show.unit.queue()[0] > 1_000_000

    tell(monkeypatch, story)


def test_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops reading is left after 15 s, without a goodbye, and called again at once."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(1, size=20_000)
        show.platform.sink.pause()
        await show.run(14, size=20_000)
        assert 1 == len(show.platform.called)
        assert show.unit.queue()[1] > 3
        assert show.unit.queue()[0] <= 16 * 1024 * 1024
        show.platform.sink.paused = False  # who comes next is read
        await show.run(3, size=20_000)
        assert ("stalled", 2) == (show.code(), len(show.platform.called))
        assert State.LIVE is show.unit.state
        assert 1 == show.unit.status().restarts
        assert show.unit.status().dropped_gops > 0

    tell(monkeypatch, story)


def test_a_dark_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing comes in the connection is kept, and goes on when something does."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(2)
        await asyncio.sleep(60)
        assert (State.WAITING, "input-silent") == (show.unit.state, show.code())
        show.source(62_000)
        await show.run(2)
        assert State.LIVE is show.unit.state
        (connection,) = show.connections
        times = [item.timestamp_ms for item in connection.frames(Type.VIDEO)]
        assert sorted(times) == times
        assert times[-1] >= 63_900

    tell(monkeypatch, story)


def test_other_streams_than_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture goes and comes: the connection stays, and what overflows without one still goes on."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(2)
        show.source(2_000, video=False)
        await show.run(1, video=False)
        (connection,) = show.connections
        show.platform.sink.pause()
        for _ in range(3):
            # Fast enough to overflow before it is a stall.
            show.publish(*(sound(3_000 + n * 23, 2_000) for n in range(500)))
            await show.run(1, video=False)
        assert show.unit.queue()[2] > 0
        show.platform.sink.resume()
        before = connection.media_count
        await show.run(2, video=False)
        assert connection.media_count > before + 40
        show.source(video=True)
        await show.run(2)
        assert connection.frames(Type.VIDEO)[-1].at > connection.frames(Type.AUDIO)[-1].at - 1
        assert 1 == len(show.connections)

    tell(monkeypatch, story)


def test_sound_before_the_first_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound that is a little older than the keyframe it follows is at 0: there is no time before."""

    async def story(show: Show) -> None:
        show.hub.begin(1_000, audio=True, video=True)
        show.publish(*headers(), key(1_000), sound(980), sound(1_003), frame(1_040))
        await asyncio.sleep(1)
        (connection,) = show.connections
        assert [0, 0, 0, 0, 3, 40] == [item.timestamp_ms for item in connection.media]

    tell(monkeypatch, story)


def test_the_source_changes_while_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets through in the middle of a new source's first group waits for a keyframe, with the headers."""

    async def story(show: Show) -> None:
        show.platform.sink.pause()
        show.source()
        await show.run(1)
        show.hub.begin(1_000, audio=True, video=True)
        show.publish(*headers(), *(tag for n in range(10) for tag in (frame(n * 40), sound(n * 40))))
        show.platform.sink.resume()
        await asyncio.sleep(1)
        show.publish(frame(1_000), sound(1_000))
        show.publish(frame(1_020), key(1_040), sound(1_040), frame(1_080))
        await asyncio.sleep(1)
        *_, connection = show.connections
        assert [True, True, False, False, False] == [item.header for item in connection.media]
        assert [0, 0, 0, 0, 40] == [item.timestamp_ms for item in connection.media]
        assert connection.frames(Type.VIDEO)[0].keyframe

    tell(monkeypatch, story)


@pytest.mark.parametrize("leave", [Leave.CLEAN, Leave.DROP])
def test_the_source_has_ended(monkeypatch: pytest.MonkeyPatch, leave: Leave) -> None:
    """When the source is not waited for any longer the server is left, and called again when it is back."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(2)
        await asyncio.sleep(15)
        assert show.connections[0].closed_at is None
        show.hub.end()
        await asyncio.sleep(60)
        (first,) = show.connections
        assert first.closed_at is not None
        assert (["FCUnpublish", "deleteStream"] if leave is Leave.CLEAN else []) == first.goodbyes
        assert (State.WAITING, "input-silent") == (show.unit.state, show.code())
        assert 0 == show.unit.status().restarts
        show.source(77_000)
        await show.run(1)
        assert (State.LIVE, 2) == (show.unit.state, len(show.connections))
        assert 0 == show.connections[1].frames(Type.VIDEO)[0].timestamp_ms

    tell(monkeypatch, story, leave=leave)


def test_clock_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past 24 and 32 bits the wire's clock goes on, modulo 2^32."""

    async def story(show: Show) -> None:
        show.hub.begin(0, audio=True, video=True)
        show.publish(*headers(), key(0), sound(0))
        await asyncio.sleep(1)
        expected = [0, 0]
        for start in (0xFFFFFF - 80, 0x7FFFFFFF - 80, 0xFFFFFFFF - 80):
            show.hub.begin(start, audio=True, video=True)
            show.publish(video_header(), audio_header())
            for n in range(5):
                show.publish((key if n == 0 else frame)(n * 40, 200_000))
                expected.append((start + n * 40) & 0xFFFFFFFF)
            await asyncio.sleep(1)
        (connection,) = show.connections
        assert expected[1:] == [item.timestamp_ms for item in connection.frames(Type.VIDEO)]

    tell(monkeypatch, story)


def test_codecs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Enhanced RTMP names is passed on untouched and announced; what RTMP has no name for is not."""

    async def story(show: Show) -> None:
        hevc = bytes((0x90,)) + b"hvc1" + b"config"
        picture = bytes((0x91,)) + b"hvc1" + bytes(3) + b"picture"
        show.hub.begin(0, audio=False, video=True)
        show.publish(make_tag(VIDEO, 0, hevc), make_tag(VIDEO, 0, picture))
        await asyncio.sleep(1)
        (connection,) = show.connections
        assert ["hvc1"] == connection.enhanced
        assert [zlib.crc32(hevc), zlib.crc32(picture)] == [item.checksum for item in connection.media]
        # The input changes to what does not pass: the connection is given up, and a person is told.
        show.hub.begin(1_000, audio=False, video=True)
        show.publish(make_tag(VIDEO, 0, b"\x12screen"), make_tag(VIDEO, 0, b"\x14vp6"))
        await asyncio.sleep(2)
        assert (State.FAILED, "video-not-passable") == (show.unit.state, show.code())

    tell(monkeypatch, story)


@pytest.mark.parametrize(
    ("leave", "goodbyes"),
    [(Leave.CLEAN, ["FCUnpublish", "deleteStream"]), (Leave.DROP, [])],
)
@pytest.mark.parametrize("how", ["stop", "again"])
def test_leaving(monkeypatch: pytest.MonkeyPatch, leave: Leave, goodbyes: list[str], how: str) -> None:
    """A stop, or a new start that was asked for, says goodbye or does not, as the target wants."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(2)
        if how == "stop":
            await show.unit.stop()
        else:
            show.unit.again()
            await show.run(1)
            assert (State.LIVE, 2) == (show.unit.state, len(show.connections))
        first = show.connections[0]
        while first.closed_at is None:
            await asyncio.sleep(0)
        assert goodbyes == first.goodbyes
        assert 50 <= len(first.frames(Type.VIDEO)) <= 51

    tell(monkeypatch, story, leave=leave)


def test_last_frames_before_the_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is given to a server that takes it within half a second, before the goodbye."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(1)
        show.platform.sink.pause()
        await show.run(2, size=20_000)
        assert show.unit.queue()[1] > 1
        asyncio.get_running_loop().call_later(0.3, show.platform.sink.resume)
        await show.unit.stop()
        assert 3.3 == round(asyncio.get_running_loop().time(), 3)
        (connection,) = show.connections
        assert ["FCUnpublish", "deleteStream"] == connection.goodbyes
        assert 75 == len(connection.frames(Type.VIDEO))

    tell(monkeypatch, story)


def test_a_stop_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that reads nothing holds a stop up for a second and a half at most."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(1)
        show.platform.sink.pause()
        await show.run(4, size=20_000)
        await show.unit.stop()
        assert 6.5 == round(asyncio.get_running_loop().time(), 3)

    tell(monkeypatch, story)


@pytest.mark.parametrize("behaviour", [Behaviour(silent=True), Behaviour(mute_at="publish")])
def test_stopped_while_it_connects(monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour) -> None:
    """A stop does not wait for a server's answer, and leaves no connection behind."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(3)
        assert State.STARTING is show.unit.state
        await show.unit.stop()
        assert 3 == round(asyncio.get_running_loop().time(), 3)

    tell(monkeypatch, story, behaviour=behaviour)


def test_refused(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key fails until a person mends it, and is not in the log."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(1)
        assert (State.FAILED, "key-rejected") == (show.unit.state, show.code())
        show.platform.sink.behaviour = Behaviour()
        show.unit.again()
        await show.run(1)
        assert State.LIVE is show.unit.state

    with caplog.at_level(logging.DEBUG):
        tell(monkeypatch, story, behaviour=Behaviour(refuse_publish=True))
    assert "refused the stream" in caplog.text
    assert "canary" not in caplog.text


def test_lost_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut is back at once, with the running group: no second without a picture."""

    async def story(show: Show) -> None:
        show.source()
        await show.run(2.5)
        show.platform.sink.cut()
        await show.run(2.5)
        first, second = show.connections
        assert second.connected_at <= 2.5 + FRAME_S
        assert second.frames(Type.VIDEO)[0].keyframe
        assert ("reset", State.LIVE) == (show.code(), show.unit.state)
        shown = {item.checksum for c in (first, second) for item in c.frames(Type.VIDEO)}
        assert set(checksums(show.sent[1:], VIDEO)) - shown == {zlib.crc32(video_header().raw[11:-4])}

    tell(monkeypatch, story)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("t", Address(URL), sender=Sender.NATIVE), True),
        (Target("t", Address("rtmps://a.example/live"), sender=Sender.NATIVE), True),
        (Target("t", Address(URL)), False),
        (Target("t", Address("srt://a.example:9000"), sender=Sender.NATIVE), False),
        (Target("t", record=Record("/x.mkv"), sender=Sender.NATIVE), False),
    ],
)
def test_carries(target: Target, expected: bool) -> None:
    """The native sender is for RTMP, and only where it was asked for."""
    assert expected is carries(target)


def test_a_source_that_goes_away_while_its_server_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the source then, and goes on with the same choice."""

    class Slow(Servers):
        async def settle(self, target: Target, *, with_key: bool = True) -> Settled | Cause:
            await asyncio.sleep(2)
            assert target.address is not None
            return Settled(target.address, "rtmp://near.example/live/***", "near")

    async def story(show: Show) -> None:
        show.unit._servers = Slow(Path("/nowhere"))
        show.source()
        await show.run(1)
        assert State.STARTING is show.unit.state
        show.hub.end()
        await asyncio.sleep(2)
        assert (State.WAITING, "input-silent", []) == (show.unit.state, show.code(), show.connections)
        show.source(5000)
        await show.run(1)
        assert (State.LIVE, "near", 0) == (show.unit.state, show.unit.status().server, show.unit.restarts)

    tell(monkeypatch, story, server=ServerChoice(auto=True))
