"""A new consumer gets headers and the last group of pictures at once."""

from __future__ import annotations

from spiritstream.media.flv import Role, make_tag
from spiritstream.media.gop import GopCache
from tests.media.tags import frame, group, headers, key, sound, video_header


def fed(*tags: object, max_bytes: int = 10_000) -> GopCache:
    """A cache that has seen `tags`."""
    cache = GopCache(max_bytes)
    cache.expect(audio=True, video=True)
    for tag in tags:
        cache.add(tag)  # type: ignore[arg-type]
    return cache


def test_the_burst_is_headers_then_the_last_group() -> None:
    """Older groups are forgotten; headers carry the time of the group's start."""
    cache = fed(*headers(), *group(0), *group(160))
    assert [Role.META, Role.HEADER, Role.HEADER, Role.KEY, Role.SOUND] == [t.role for t in cache.burst()[:5]]
    assert {160} == {tag.time_ms for tag in cache.burst()[:4]}
    assert 3 + 8 == len(cache.burst())


def test_it_is_ready_only_when_every_promised_stream_is_known() -> None:
    """A consumer that starts before the sound's header is there would never hear anything."""
    meta, video, audio = headers()
    assert not fed(meta, video, key(0)).ready
    assert fed(meta, video, audio, key(0)).ready
    assert not fed(meta, video, audio, frame(0)).ready


def test_a_group_longer_than_the_bound_is_not_kept() -> None:
    """Memory is bounded: the consumer then waits for the next keyframe."""
    cache = fed(*headers(), key(0), *[frame(n) for n in range(1, 50)], max_bytes=500)
    assert not cache.ready
    cache.add(key(51))
    assert cache.ready


def test_a_new_source_forgets_the_old_ones_pictures() -> None:
    """Nobody gets pictures of before with headers of after."""
    cache = fed(*headers(), *group(0))
    cache.expect(audio=False, video=True)
    assert (False, []) == (cache.ready, cache.burst())
    for tag in (video_header(), key(500)):
        cache.add(tag)
    assert cache.ready


def test_sound_alone_starts_anywhere() -> None:
    """Radio has no keyframes: the last frame of sound is a start."""
    cache = GopCache()
    cache.expect(audio=True, video=False)
    for tag in (headers()[2], sound(0), sound(20)):
        cache.add(tag)
    assert [0xAF, 0xAF] == [tag.raw[11] for tag in cache.burst()]
    assert 20 == cache.burst()[-1].time_ms


def test_codecs_are_named() -> None:
    """What a source carries is known by its first frames, with a header or without."""
    cache = fed(*headers(), make_tag(8, 0, b"\x2f\xff\xfb"))
    assert {9: "h264", 8: "aac"} == cache.codecs
    mp3 = fed(video_header(), make_tag(8, 0, b"\x2f\xff\xfb"))
    assert "mp3" == mp3.codecs[8]
