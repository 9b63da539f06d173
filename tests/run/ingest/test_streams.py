"""Which streams a publisher sends: settled as early as can be, and corrected when that was wrong."""

from __future__ import annotations

import pytest

from spiritstream.media.flv import SCRIPT, Tag, make_tag
from spiritstream.rtmp.amf import EcmaArray, Value, encode
from spiritstream.run.ingest.streams import Shape, Streams
from tests.media.tags import audio_header, frame, group, key, meta, sound, video_header

BOTH, PICTURE, SOUND = Shape(True, True), Shape(False, True), Shape(True, False)


def told(*names: str) -> Tag:
    """Metadata with these codec ids, and more."""
    about: dict[str, Value] = {"encoder": "test", **{f"{name}codecid": 7.0 for name in names}}
    return make_tag(SCRIPT, 0, encode("onMetaData", EcmaArray(about)))


def settled(*tags: Tag) -> tuple[Shape | None, int]:
    """The shape that comes out of tags given one by one, and after how many."""
    streams = Streams()
    for count, tag in enumerate(tags, 1):
        shape, _ = streams.take([tag])
        if shape:
            return shape, count
    return None, len(tags)


SETTLED = {
    "metadata names both": ([told("video", "audio"), video_header()], BOTH, 2),
    "metadata names a picture": ([told("video"), video_header()], PICTURE, 2),
    "metadata names sound": ([told("audio"), sound(0)], SOUND, 2),
    "metadata names nothing, both come": ([told(), video_header(), audio_header()], BOTH, 3),
    "metadata cannot be read": ([meta(), sound(0), key(0)], BOTH, 3),
    "no metadata, both come": ([key(0), sound(0)], BOTH, 2),
    "only a picture for a second": ([key(0), *(frame(n * 100) for n in range(1, 20))], PICTURE, 11),
    "only sound for a second": ([sound(n * 100) for n in range(20)], SOUND, 11),
    "a clock that jumps settles early, no more": (
        [key(0), *(frame(n * 10**6) for n in range(1, 9))],
        PICTURE,
        2,
    ),
    "a clock that stands still": ([sound(0)] * 50, None, 50),
    "a clock that runs back": ([sound(9_000 - n) for n in range(50)], None, 50),
    "metadata alone": ([told("video", "audio")] * 3, None, 3),
}


@pytest.mark.parametrize(("tags", "shape", "count"), SETTLED.values(), ids=SETTLED)
def test_settling(tags: list[Tag], shape: Shape | None, count: int) -> None:
    """By metadata with the first media, else by seeing both, else after a second of media time."""
    assert (shape, count) == settled(*tags)


def test_nothing_is_lost_by_settling() -> None:
    """What came before it was settled goes out with it, in order."""
    tags = [told(), audio_header(), sound(0), sound(20), video_header(), key(20), frame(40)]
    streams = Streams()
    out: list[Tag] = []
    for tag in tags:
        out += streams.take([tag])[1]
    assert tags == out


def test_held_media_is_bounded() -> None:
    """A clock that never moves does not fill memory: what was seen decides."""
    streams = Streams()
    shapes = [streams.take([key(0, size=1 << 20)])[0] for _ in range(8)]
    assert PICTURE in shapes
    data = Streams()
    for _ in range(50):
        assert (None, []) == data.take([make_tag(SCRIPT, 0, encode("onTextData", "x" * 60_000))] * 10)
    assert data._held_bytes <= 8 << 20


def test_a_promise_that_is_not_kept_is_corrected() -> None:
    """Metadata names sound, and none comes for five seconds: consumers no longer wait for it."""
    streams = Streams()
    begun = [streams.take([told("video", "audio"), video_header(), key(0)])[0]]
    for n in range(1, 8):
        begun.append(streams.take([key(n * 1000)])[0])
    assert [BOTH, None, None, None, None, PICTURE, None, None] == begun


def test_a_stream_that_comes_later_begins_anew_with_the_headers() -> None:
    """Sound is switched on: the hub begins with both, and gets metadata and the picture's header again."""
    streams = Streams()
    promised, header = told("video"), video_header()
    streams.take([promised, header, *group(0)[:1]])
    late = audio_header()
    shape, tags = streams.take([late, frame(40), key(80)])
    assert BOTH == shape
    assert [promised, header, late] == tags[:3]
    assert [80] == [tag.time_ms for tag in tags[3:]]  # the frame before the key is of no use to anybody


def test_the_first_picture_is_a_whole_one() -> None:
    """Frames that come before the first keyframe are left out; sound is not."""
    streams = Streams()
    tags = [
        told("video", "audio"),
        video_header(),
        frame(0),
        sound(0),
        frame(40),
        sound(40),
        key(80),
        frame(120),
    ]
    _, out = streams.take(tags)
    assert [tags[i] for i in (0, 1, 3, 5, 6, 7)] == out


def test_begin_anew_gives_everything_that_was_forgotten() -> None:
    """The hub has forgotten us: the next media comes with shape and headers; data alone wakes nobody."""
    streams = Streams()
    promised, header = told("video"), video_header()
    streams.take([promised, header, key(0), frame(40)])
    streams.begin_anew()
    assert (None, []) == streams.take([make_tag(SCRIPT, 50, encode("onTextData", "still here"))])
    assert (PICTURE, [promised, header]) == streams.take([frame(9000)])
    again = key(9040)
    assert (None, [again]) == streams.take([again])
