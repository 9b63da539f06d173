"""What comes in is measured from what really comes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spiritstream.media.flv import VIDEO, Tag, make_tag
from spiritstream.media.meter import Meter
from spiritstream.media.sps import Picture
from spiritstream.model.status import Incoming
from tests.media.tags import frame, key, sound

NTSC = Fraction(30000, 1001)


def shown(
    rate: Fraction | float, seconds: float, *, keyframe_every: int = 60, start_ms: int = 0
) -> list[Tag]:
    """Frames at that rate, stamped in whole milliseconds as a publisher does."""
    count = int(seconds * rate)
    stamps = [start_ms + round(n * 1000 / rate) for n in range(count)]
    return [key(ms) if n % keyframe_every == 0 else frame(ms) for n, ms in enumerate(stamps)]


def met(*tags: Tag) -> Meter:
    """A meter that has seen `tags`, each when it was due."""
    meter = Meter()
    for tag in tags:
        meter.add(tag.time_ms / 1000, [tag])
    return meter


@pytest.mark.parametrize("seconds", [3.0, 7.3, 60.0])
@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (Fraction(24000, 1001), 23.976),
        (24, 24.0),
        (25, 25.0),
        (NTSC, 29.97),
        (30, 30.0),
        (50, 50.0),
        (Fraction(60000, 1001), 59.94),
        (60, 60.0),
        (120, 120.0),
        (12.5, 12.5),
        (1, 1.0),
    ],
)
def test_the_frame_rate_is_counted(rate: Fraction | float, expected: float, seconds: float) -> None:
    """Whole milliseconds do not blur the rate: 29.97 is told from 30."""
    assert expected == pytest.approx(met(*shown(rate, seconds)).fps(), abs=0.002)


def test_jitter_does_not_change_the_frame_rate() -> None:
    """Frames that are stamped up to 12 ms early or late are as many as they are."""
    jitter = (0, 12, -9, 5, -12, 3, 8, -4)
    tags = [tag.at(20 + tag.time_ms + jitter[n % 8]) for n, tag in enumerate(shown(30, 10))]
    assert 30.0 == pytest.approx(met(*tags).fps(), abs=0.2)


def test_frames_that_are_left_out_are_seen() -> None:
    """A publisher that cannot keep up and drops every fifth frame shows 24, not 30."""
    assert 24.0 == met(*(tag for n, tag in enumerate(shown(30, 10)) if n % 5 != 3)).fps()


def test_the_frame_rate_follows_a_change() -> None:
    """What was before the last seconds does not count."""
    assert 60.0 == met(*shown(30, 10), *shown(60, 8, start_ms=10_000)).fps()


def test_sound_is_no_frame() -> None:
    """Only the picture's tags count."""
    tags = [tag for one in shown(25, 5) for tag in (one, sound(one.time_ms), sound(one.time_ms + 20))]
    assert 25.0 == met(*tags).fps()


def test_a_moment_is_too_short_to_measure() -> None:
    """Under a second there is no figure, and none without frames."""
    assert met().fps() is None
    assert met(*shown(30, 0.9)).fps() is None


def test_the_longest_keyframe_interval_counts() -> None:
    """An encoder puts in keyframes at cuts: what matters is how long one may wait for the next."""
    keys = [key(ms) for ms in (0, 2000, 2400, 4400)]
    assert 2.0 == met(*keys).keyframe_s()
    assert 0.5 == met(*keys, *[key(4400 + 500 * n) for n in range(1, 5)]).keyframe_s()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        ([key(0)], None),
        ([key(0), frame(5000)], None),
        ([key(0), frame(11_000)], 11.0),
        ([key(0), key(2000), frame(3900)], 2.0),
        ([key(0), key(2000), frame(6500)], 4.5),
    ],
)
def test_a_group_that_does_not_end_is_seen(tags: list[Tag], expected: float | None) -> None:
    """No second keyframe is needed to tell that there is none for long."""
    assert expected == met(*tags).keyframe_s()


def test_another_source_is_measured_anew() -> None:
    """The pause between two publishers is no keyframe interval, and no low frame rate."""
    meter = met(*shown(30, 6))
    meter.restart()
    assert (None, None) == (meter.fps(), meter.keyframe_s())
    for tag in shown(60, 5, start_ms=8_000):
        meter.add(tag.time_ms / 1000, [tag])
    assert (60.0, 1.0) == (meter.fps(), meter.keyframe_s())


@pytest.mark.parametrize("step_s", [0.01, 0.1, 0.33, 1.0])
def test_the_bit_rate_is_the_same_however_it_is_cut(step_s: float) -> None:
    """6 Mbit/s in small pieces or in large ones."""
    meter = Meter()
    piece = frame(0, size=int(750_000 * step_s) - 20)
    for n in range(int(12 / step_s)):
        meter.add(n * step_s, [piece])
    assert 6_000_000 == pytest.approx(meter.bitrate_bps((n + 0.5) * step_s), rel=0.002)


def test_the_bit_rate_goes_down_to_nothing_in_silence() -> None:
    """A source that sends no more shows less each second, and then nothing."""
    meter = Meter()
    for n in range(100):
        meter.add(n / 10, [frame(n * 100, size=10_000)])
    falling = [meter.bitrate_bps(9.9 + silence_s) for silence_s in (0, 2, 4, 6)]
    assert sorted(falling, reverse=True) == falling
    assert 0 == falling[-1] < falling[-2]


def streams_bps(meter: Meter, now: float) -> tuple[float | None, float | None]:
    """The video's and the audio's."""
    found = meter.incoming(now, codecs={}, picture=None, clock_faults=0)
    return found.video_bps, found.audio_bps


def played(seconds: float, *, video: bool = True, audio: bool = True, start_s: float = 0.0) -> list[Tag]:
    """25 frames a second of 10 kB, and 50 of sound of 320 bytes: 2 Mbit/s, and 128 kbit/s."""
    start_ms = int(start_s * 1000)
    pictures = [key(start_ms + n * 40, 10_000) for n in range(int(25 * seconds))] if video else []
    sounds = [sound(start_ms + n * 20, 320) for n in range(int(50 * seconds))] if audio else []
    return sorted([*pictures, *sounds], key=lambda tag: tag.time_ms)


def test_video_and_audio_are_counted_apart() -> None:
    """And without what FLV puts around each, as an encoder counts them; the whole is as it came."""
    meter = met(*played(8))
    assert (2_000_000, 128_000) == pytest.approx(streams_bps(meter, 8.0), rel=0.02)
    around = (25 * 20 + 50 * 17) * 8
    assert 2_128_000 + around == pytest.approx(meter.bitrate_bps(8.0), rel=0.02)


@pytest.mark.parametrize(
    ("tags", "now", "expected"),
    [
        pytest.param([], 9.0, (None, None), id="nothing"),
        pytest.param(played(3, audio=False), 3.0, (2e6, None), id="too early to say that none comes"),
        pytest.param(played(8, audio=False), 8.0, (2e6, 0), id="a picture without sound"),
        pytest.param(played(8, video=False), 8.0, (0, 128e3), id="sound without a picture"),
        pytest.param([*played(8), *played(7, audio=False, start_s=8)], 15.0, (2e6, 0), id="sound ends"),
        pytest.param(
            [*played(8, audio=False), *played(7, start_s=8)], 15.0, (2e6, 128e3), id="sound comes late"
        ),
        pytest.param(played(8), 20.0, (None, None), id="silence: neither comes, which is no missing sound"),
    ],
)
def test_that_a_stream_is_missing_takes_seconds_to_know(
    tags: list[Tag], now: float, expected: tuple[float | None, float | None]
) -> None:
    """None of it is told only after the other one has come for as long as a window."""
    found = streams_bps(met(*tags), now)
    assert [rate is None for rate in expected] == [rate is None for rate in found]
    assert [rate or 0 for rate in expected] == pytest.approx([rate or 0 for rate in found], rel=0.02)


def test_a_source_that_begins_is_not_yet_without_sound() -> None:
    """The one before had none for long; of this one it is not known for some seconds."""
    meter = met(*played(8, audio=False))
    meter.restart()
    for tag in played(4, audio=False, start_s=10):
        meter.add(tag.time_ms / 1000, [tag])
    assert streams_bps(meter, 14.0)[1] is None


def reordered(seconds: float, *, start_ms: int = 0, b_frames: int = 2) -> list[Tag]:
    """25 frames a second in the order of decoding: after each, so many B-frames that are shown before it."""
    step = b_frames + 1
    begun = range(0, int(seconds * 25), step)
    places = [0, *(start + place for start in begun for place in (step, *range(1, step)))]
    return [late(start_ms + n * 40, (place - n + 1) * 40) for n, place in enumerate(places)]


def late(time_ms: int, later_ms: int) -> Tag:
    """A frame that is shown so much later; the first one is a keyframe."""
    kind = 0x17 if time_ms % 1_000_000 == 0 else 0x27
    return make_tag(VIDEO, time_ms, bytes((kind, 1)) + later_ms.to_bytes(3, "big", signed=True) + bytes(9))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(shown(25, 4.9), None, id="too early to say that there is none"),
        pytest.param(shown(25, 5.1), 0, id="none"),
        pytest.param(reordered(1), 2, id="seen at once"),
        pytest.param(reordered(9, b_frames=3), 3, id="three"),
        pytest.param([late(n * 40, 80) for n in range(200)], 0, id="all are equally late"),
        pytest.param([*reordered(5), *shown(25, 8, start_ms=6_000)], 2, id="of some seconds ago: some"),
        pytest.param([*reordered(5), *shown(25, 30, start_ms=6_000)], 0, id="of half a minute ago: none"),
    ],
)
def test_b_frames_are_counted(tags: list[Tag], expected: int | None) -> None:
    """That there are some is known as soon as they are seen; that there are none, after some seconds."""
    assert expected == met(*tags).b_frames()


def test_b_frames_of_the_source_before_do_not_count() -> None:
    """Another publisher is another encoder."""
    meter = met(*reordered(5))
    meter.restart()
    assert meter.b_frames() is None


def test_before_anything_came_there_is_nothing() -> None:
    """No rate, no codec, no size."""
    nothing = Meter().incoming(1000.0, codecs={"video": None, "audio": None}, picture=None, clock_faults=0)
    assert Incoming() == nothing


def test_all_figures_together() -> None:
    """Measured ones, and those that others know."""
    meter = met(*shown(NTSC, 7))
    codecs = {"video": "h264", "audio": "aac"}
    found = meter.incoming(7.0, codecs=codecs, picture=Picture(1920, 1080, 30.0, "main"), clock_faults=3)
    figures = (found.video_bps, 0, "main", 0)
    assert Incoming(found.bitrate_bps, "h264", "aac", "1920x1080", 29.97, 2.002, 3, *figures) == found
    assert found.bitrate_bps > (found.video_bps or 0) > 0


def test_the_declared_frame_rate_stands_in_until_one_is_measured() -> None:
    """And no frame rate is told of a source that shows no frames any more."""

    def fps(now: float) -> float | None:
        return meter.incoming(now, codecs={}, picture=Picture(1, 1, 50.0), clock_faults=0).fps

    meter = Meter()
    assert fps(0.0) is None
    meter.add(0.0, [key(0)])
    assert 50.0 == fps(0.1)
    for tag in shown(25, 3)[1:]:
        meter.add(tag.time_ms / 1000, [tag])
    assert 25.0 == fps(3.0)
    assert fps(9.0) is None
