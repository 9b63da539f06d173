"""The peers' own words can be believed: what a comparison sees, and what a platform passes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import NginxMaker
from tests.live.media import MediaLibrary, ffmpeg_running, publishing
from tests.live.peers.recorded import VIDEO, Tag, assert_same_media, frames, has_all, headers, read_tags
from tests.live.sinks import rtmp_sink

Change = Callable[[list[Tag]], list[Tag]]


@pytest.fixture
def source(media: MediaLibrary) -> Path:
    """Two seconds."""
    return media.h264(2, 300, size="320x180")


def written(path: Path, tags: list[Tag]) -> Path:
    """An FLV file of these tags."""
    parts = [b"FLV\x01\x05\0\0\0\x09\0\0\0\0"]
    for tag in tags:
        stamp = tag.time_ms.to_bytes(4)
        head = bytes((tag.kind,)) + len(tag.body).to_bytes(3) + stamp[1:] + stamp[:1] + bytes(3)
        parts += head, tag.body, (len(head) + len(tag.body)).to_bytes(4)
    path.write_bytes(b"".join(parts))
    return path


def flipped(tag: Tag) -> Tag:
    """The same tag with one other bit."""
    return Tag(tag.kind, tag.time_ms, tag.body[:-1] + bytes((tag.body[-1] ^ 1,)))


def later(tag: Tag, ms: int) -> Tag:
    """The same tag at another time."""
    return Tag(tag.kind, tag.time_ms + ms, tag.body)


DIFFERENCES: dict[str, tuple[Change, str]] = {
    "nothing": (lambda tags: tags, ""),
    "a clock that starts elsewhere": (lambda tags: [later(tag, 1000) for tag in tags], ""),
    "headers that come again": (lambda tags: tags + [tag for tag in tags if tag.part == 0], ""),
    "an end of sequence": (lambda tags: [*tags, Tag(VIDEO, tags[-1].time_ms, b"\x17\x02\0\0\0")], ""),
    "a bit of a frame": (lambda tags: [*tags[:50], flipped(tags[50]), *tags[51:]], "differ"),
    "a bit of a header": (lambda tags: [flipped(tag) if tag.part == 0 else tag for tag in tags], "headers"),
    "a frame less": (lambda tags: [tag for tag in tags if tag is not frames(tags, VIDEO)[20]], "of"),
    "a frame more": (lambda tags: [*tags, later(frames(tags, VIDEO)[-1], 10)], "of"),
    "a step of the clock": (lambda tags: [*tags[:50], *(later(t, 9) for t in tags[50:])], "another way"),
}


@pytest.mark.parametrize(("change", "complaint"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_a_comparison_sees_every_difference(
    source: Path, tmp_path: Path, change: Change, complaint: str
) -> None:
    """A lost frame, one bit and one step of the clock are seen; where the clock starts does not matter."""
    arrived = written(tmp_path / "arrived.flv", change(read_tags(source)))
    expected = pytest.raises(AssertionError, match=complaint) if complaint else contextlib.nullcontext()
    with expected:
        assert_same_media(source, arrived)


def test_a_recording_under_way_is_readable(source: Path, tmp_path: Path) -> None:
    """A tag that is not whole yet is left out, and the recording is not taken for complete."""
    half = tmp_path / "half.flv"
    half.write_bytes(source.read_bytes()[:-30])
    assert read_tags(source)[: len(read_tags(half))] == read_tags(half)
    assert [False, True] == [has_all(source, path) for path in (half, source)]
    assert 2 == len(headers(read_tags(half)))


async def test_a_platform_pushes_on(make_nginx: NginxMaker, any_ffmpeg: str, source: Path) -> None:
    """What one publisher sends to an nginx with push targets reaches each of them, under the same key."""
    async with (
        rtmp_sink() as one,
        rtmp_sink() as two,
        make_nginx(record=False, push=[one.url(), two.url()]) as nginx,
        ffmpeg_running(any_ffmpeg, *publishing(source, nginx.url() + "/canary")),
    ):
        arrived = [await sink.wait_media(20) for sink in (one, two)]
    assert ["canary", "canary"] == [connection.stream for connection in arrived]
