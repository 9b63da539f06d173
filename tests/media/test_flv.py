"""FLV tags are split from any cut of the bytes, and two bytes of each are understood."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.media.flv import (
    AUDIO,
    SCRIPT,
    VIDEO,
    FlvError,
    FlvReader,
    Role,
    codec_of,
    file_header,
    make_tag,
)
from tests.media.tags import group, headers, key

ON_METADATA = b"\x02\x00\x0aonMetaData"
BODIES = [
    # name, kind, the body's first bytes, role, codec
    ("AVC sequence header", VIDEO, b"\x17\x00", Role.HEADER, "h264"),
    ("AVC keyframe", VIDEO, b"\x17\x01", Role.KEY, "h264"),
    ("AVC inter frame", VIDEO, b"\x27\x01", Role.FRAME, "h264"),
    ("AVC end of sequence", VIDEO, b"\x17\x02", Role.END, "h264"),
    ("HEVC, legacy id, header", VIDEO, b"\x1c\x00", Role.HEADER, "hevc"),
    ("Sorenson keyframe", VIDEO, b"\x12\x00", Role.KEY, "h263"),
    ("command frame", VIDEO, b"\x57\x01", Role.OTHER, "h264"),
    ("enhanced HEVC header", VIDEO, b"\x90hvc1", Role.HEADER, "hevc"),
    ("enhanced HEVC keyframe", VIDEO, b"\x91hvc1", Role.KEY, "hevc"),
    ("enhanced HEVC keyframe without composition time", VIDEO, b"\x93hvc1", Role.KEY, "hevc"),
    ("enhanced AV1 inter frame", VIDEO, b"\xa1av01", Role.FRAME, "av1"),
    ("enhanced metadata", VIDEO, b"\xd4hvc1", Role.OTHER, "hevc"),
    ("enhanced VP9 end", VIDEO, b"\x92vp09", Role.END, "vp9"),
    ("AAC sequence header", AUDIO, b"\xaf\x00", Role.HEADER, "aac"),
    ("AAC frame", AUDIO, b"\xaf\x01", Role.SOUND, "aac"),
    ("MP3 frame", AUDIO, b"\x2f\xff", Role.SOUND, "mp3"),
    ("enhanced Opus header", AUDIO, b"\x90Opus", Role.HEADER, "opus"),
    ("enhanced Opus frame", AUDIO, b"\x91Opus", Role.SOUND, "opus"),
    ("enhanced multichannel configuration", AUDIO, b"\x94Opus", Role.HEADER, "opus"),
    ("enhanced Opus end", AUDIO, b"\x92Opus", Role.END, "opus"),
    ("metadata", SCRIPT, ON_METADATA + b"\x08", Role.META, None),
    ("metadata as it is published", SCRIPT, b"\x02\x00\x0d@setDataFrame" + ON_METADATA, Role.META, None),
    ("a script of another name", SCRIPT, b"\x02\x00\x0aonTextData\x03", Role.OTHER, None),
    ("a name that only begins so", SCRIPT, b"\x02\x00\x0bonMetaData2", Role.OTHER, None),
    ("another published script", SCRIPT, b"\x02\x00\x0d@setDataFrame\x02\x00\x03foo", Role.OTHER, None),
    ("a name that is no string", SCRIPT, b"\x0c" + ON_METADATA[1:], Role.OTHER, None),
    ("a script that is cut off", SCRIPT, ON_METADATA[:-1], Role.OTHER, None),
    ("an empty script", SCRIPT, b"", Role.OTHER, None),
    ("empty video body", VIDEO, b"", Role.OTHER, None),
    ("one byte of video", VIDEO, b"\x27", Role.FRAME, None),
]


@pytest.mark.parametrize(
    ("kind", "body", "role", "codec"), [case[1:] for case in BODIES], ids=[c[0] for c in BODIES]
)
def test_the_first_bytes_tell_role_and_codec(kind: int, body: bytes, role: Role, codec: str | None) -> None:
    """Keyframes, codec headers and codecs are told by the body's first bytes, classic and enhanced."""
    tag = make_tag(kind, 0, body + b"\0" * 3 if len(body) > 1 else body)
    assert role == tag.role
    if codec is not None:
        assert codec == codec_of(tag)


def stream() -> bytes:
    """A short FLV stream."""
    return file_header(audio=True, video=True) + b"".join(t.raw for t in [*headers(), *group(0), *group(160)])


@given(st.lists(st.integers(0, len(stream())), max_size=12))
def test_any_cut_of_the_bytes_gives_the_same_tags(cuts: list[int]) -> None:
    """However a pipe cuts the stream, the tags and their raw bytes are the same."""
    data = stream()
    edges = [0, *sorted(cuts), len(data)]
    reader = FlvReader()
    tags = [tag for a, b in itertools.pairwise(edges) for tag in reader.feed(data[a:b])]
    assert data[13:] == b"".join(tag.raw for tag in tags)
    assert (True, True) == (reader.has_audio, reader.has_video)


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for_and_never_crashes(data: bytes) -> None:
    """Whatever bytes come: tags, or FlvError, and nothing else."""
    reader = FlvReader()
    try:
        reader.feed(data)
    except FlvError:
        return
    assert data[:4] == b"FLV\x01"[: len(data[:4])]


@given(st.binary(max_size=100))
def test_garbage_after_a_good_header_is_refused_or_waited_for(data: bytes) -> None:
    """Bytes that are no tag are told at the tag's boundary."""
    reader = FlvReader()
    try:
        tags = reader.feed(file_header(audio=False, video=True) + data)
    except FlvError:
        assert data[0] not in (AUDIO, VIDEO, SCRIPT) or len(data) > 3
        return
    assert sum(len(tag.raw) for tag in tags) <= len(data)


def test_a_garbled_size_does_not_eat_memory() -> None:
    """A tag that claims more than 8 MiB is refused when its header is read, not waited for."""
    reader = FlvReader()
    with pytest.raises(FlvError):
        reader.feed(file_header(audio=False, video=True) + b"\x09\xff\xff\xff" + bytes(7))


@pytest.mark.parametrize("time_ms", [0, 1, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_time_survives_the_way_through_the_bytes(time_ms: int) -> None:
    """All 32 bits of a timestamp are written and read, the upper eight in their own byte."""
    reader = FlvReader()
    (tag,) = reader.feed(file_header(audio=False, video=True) + key(0).at(time_ms).raw)
    assert time_ms == tag.time_ms


def test_beyond_32_bits_the_bytes_wrap_and_the_tag_does_not() -> None:
    """A show longer than 49.7 days: the tag's own time goes on, its bytes hold the low 32 bits."""
    tag = key(0).at(0x1_0000_0005)
    reader = FlvReader()
    (read,) = reader.feed(file_header(audio=False, video=True) + tag.raw)
    assert (0x1_0000_0005, 5) == (tag.time_ms, read.time_ms)


def test_moving_a_tag_changes_nothing_but_its_time() -> None:
    """Header, body and trailer stay byte for byte."""
    before, after = key(7).raw, key(7).at(1234).raw
    assert before[:4] + before[8:] == after[:4] + after[8:]
