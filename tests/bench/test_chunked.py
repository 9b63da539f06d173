"""What the chunk reader is measured with."""

from __future__ import annotations

import pytest

from spiritstream.media.flv import VIDEO, file_header
from spiritstream.rtmp.chunks import ChunkReader
from tests.bench.ingest import chunked
from tests.media.tags import frame, key


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (123, 1), (124, 2), (300, 3)])
def test_chunks_are_counted(size: int, expected: int) -> None:
    """A body of 128 bytes is one chunk, one more byte begins another; five bytes come with each frame."""
    tag = frame(0, size)
    assert len(tag.raw) - 15 == size + 5
    assert expected == chunked(file_header(audio=False, video=True) + tag.raw)[1]


def test_the_stream_is_the_media() -> None:
    """What is read from the stream is what the file holds."""
    tags = [key(0, 500), frame(33, 200)]
    stream, _ = chunked(file_header(audio=False, video=True) + b"".join(tag.raw for tag in tags))
    found = [(message.kind, message.time_ms, message.body) for message in ChunkReader().feed(stream)]
    assert [(VIDEO, tag.time_ms, tag.raw[11:-4]) for tag in tags] == found
