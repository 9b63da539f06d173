"""What passes through a hub is put on one clock, and told of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from spiritstream.media.flv import AUDIO, SCRIPT, VIDEO, Tag, make_tag
from spiritstream.media.hub import Hub
from spiritstream.model.status import Incoming
from tests.media.tags import audio_header, frame, group, headers, key, meta, sound, video_header
from tests.media.test_metadata import metadata
from tests.media.test_sps import AVC, HEVC

CUE = make_tag(SCRIPT, 0, b"\x02\x00\x0aonCuePoint\x05")


class Seen:
    """A consumer that keeps what it gets."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []

    def push(self, tags: Sequence[Tag]) -> None:
        """Keep them."""
        self.tags += tags


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


def play(hub: Hub, clock: Clock, *tags: Tag) -> None:
    """Publish each tag when it is due."""
    for tag in tags:
        clock.now = max(clock.now, tag.time_ms / 1000)
        hub.publish([tag])


def hub_of(*first: Tag, video: bool = True) -> tuple[Hub, Clock]:
    """A hub whose source begins so."""
    clock = Clock()
    hub = Hub(clock)
    hub.begin(0, audio=True, video=video)
    hub.publish(list(first))
    return hub, clock


def test_a_script_that_is_no_metadata_passes_and_is_not_kept() -> None:
    """It reaches who is there, replaces nothing, and moves no clock: it comes with any time, often none."""
    hub, clock = hub_of(*headers())
    there = Seen()
    hub.attach(there)
    play(hub, clock, *group(0), *group(60_000), CUE, *group(60_160))
    later = Seen()
    hub.attach(later)
    assert [meta().raw[11:], CUE.raw[11:]] == [tag.raw[11:] for tag in there.tags if tag.kind == SCRIPT]
    assert [meta().raw[11:]] == [tag.raw[11:] for tag in later.tags if tag.kind == SCRIPT]
    assert [60_160, 60_160, 60_160] == [tag.time_ms for tag in later.tags[:3]]
    assert 0 == hub.incoming().clock_faults


def video(body: bytes) -> Tag:
    """A video tag."""
    return make_tag(VIDEO, 0, body)


def script(body: bytes) -> Tag:
    """A script tag."""
    return make_tag(SCRIPT, 0, body)


SAID = script(metadata(width=640, height=360, framerate=50))


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        pytest.param([SAID, video(AVC)], ("h264", "1920x1080", 29.97), id="the codec's word goes first"),
        pytest.param(
            [SAID, video(HEVC)], ("hevc", "1920x1080", 50.0), id="each says what the other does not"
        ),
        pytest.param([video(AVC)], ("h264", "1920x1080", 29.97), id="without metadata"),
        pytest.param([SAID, video_header()], ("h264", "640x360", 50.0), id="a header that is not understood"),
        pytest.param([SAID, video(b"\x90av01\x81")], ("av1", "640x360", 50.0), id="AV1: the metadata's word"),
        pytest.param([meta(), video(b"\x90vp09")], ("vp9", None, None), id="nobody says"),
    ],
)
def test_what_is_announced_is_told_at_once(
    first: list[Tag], expected: tuple[str, str | None, float | None]
) -> None:
    """Codec, size and rate are known with the first frame."""
    hub, clock = hub_of(*first, audio_header())
    play(hub, clock, key(0))
    told = hub.incoming()
    assert (*expected, "aac") == (told.video, told.size, told.fps, told.audio)


def test_sound_alone_has_no_picture() -> None:
    """Whatever the metadata still says."""
    hub, clock = hub_of(SAID, audio_header(), video=False)
    play(hub, clock, *[sound(n * 20) for n in range(100)])
    told = hub.incoming()
    assert Incoming(told.bitrate_bps, None, "aac", audio_bps=told.audio_bps) == told


def show(start_ms: int, seconds: float) -> list[Tag]:
    """25 frames a second, a keyframe each second."""
    frames = range(int(seconds * 25))
    return [key(start_ms + n * 40) if n % 25 == 0 else frame(start_ms + n * 40) for n in frames]


def test_a_source_is_measured() -> None:
    """Rate, keyframes and bits come from the tags, whatever was announced."""
    hub, clock = hub_of(video(AVC), audio_header())
    play(hub, clock, *show(0, 8))
    told = hub.incoming()
    figures = (told.video_bps, 0, "high", 0)  # an audio header, and not one frame of it
    assert Incoming(told.bitrate_bps, "h264", "aac", "1920x1080", 25.0, 1.0, 0, *figures) == told
    weight = sum(len(tag.raw) for tag in show(0, 1)) * 8
    assert weight == pytest.approx(told.bitrate_bps, rel=0.02) == hub.bitrate_bps()


def test_faults_of_the_clock_are_told_and_the_rate_is_none_of_them() -> None:
    """A jump back of an hour is one fault; the frame rate goes on, as our clock does."""
    hub, clock = hub_of(video(AVC), audio_header())
    for tag in [*show(3_600_000, 4), *show(0, 4)]:
        clock.now += 0.04
        hub.publish([tag])
    told = hub.incoming()
    assert (1, 25.0, 1.0) == (told.clock_faults, told.fps, told.keyframe_s)


def test_a_publisher_that_returns_is_no_fault() -> None:
    """A new connection starts its clock anew; only its own size, rate and intervals are told."""
    hub, clock = hub_of(video(AVC), audio_header())
    play(hub, clock, *show(500_000, 3))
    clock.now += 10
    hub.begin(hub.resume_ms(), audio=True, video=True)
    told = hub.incoming()
    assert (None, None, None, 0) == (told.size, told.fps, told.keyframe_s, told.clock_faults)
    hub.publish([video(HEVC)])
    for tag in show(0, 2):
        clock.now += 0.04
        hub.publish([make_tag(AUDIO, tag.time_ms, b"\xaf\x01"), tag])
    told = hub.incoming()
    assert ("1920x1080", 25.0, 1.0, 0) == (told.size, told.fps, told.keyframe_s, told.clock_faults)


def test_of_a_source_that_is_gone_nothing_is_told() -> None:
    """Only the count of its faults stays, as it is the input's."""
    hub, clock = hub_of(video(AVC), audio_header())
    for tag in [*show(3_600_000, 3), *show(0, 3)]:
        clock.now += 0.04
        hub.publish([tag])
    hub.end()
    clock.now += 15
    assert Incoming(clock_faults=1) == hub.incoming()
