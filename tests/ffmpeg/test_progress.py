"""What a child says of its own progress."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.ffmpeg.progress import ProgressParser
from spiritstream.model.status import Progress

from .chunks import chunked

FOLDER = Path(__file__).parent.parent / "vectors" / "progress"
VECTORS = sorted(FOLDER.glob("*.txt"))
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


def parse(*chunks: bytes) -> list[Progress]:
    """Every figure that a parser gives for these chunks."""
    parser = ProgressParser()
    return [figures for chunk in chunks if (figures := parser.feed(chunk))]


def block(**values: str) -> bytes:
    """A block as ffmpeg writes it."""
    return "".join(f"{key}={value}\n" for key, value in {**values, "progress": "continue"}.items()).encode()


def test_there_are_vectors_of_both_versions() -> None:
    """Every recorded block has its meaning written down, and both ffmpegs were recorded."""
    assert sorted(EXPECTED) == [path.name for path in VECTORS]
    assert {"5.1.9", "9.0.2"} == {path.stem.split(".", 1)[1] for path in VECTORS}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_recorded_progress(path: Path) -> None:
    """The last block of a recorded run means what a person read in it."""
    assert EXPECTED[path.name] == asdict(parse(path.read_bytes())[-1])


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_every_block_of_a_recording_is_seen(path: Path) -> None:
    """Fed line by line, a recording gives figures once for each block."""
    data = path.read_bytes()
    assert data.count(b"progress=") == len(parse(*data.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Progress()),
        ({"frame": "12"}, Progress(frame=12)),
        ({"fps": " 29.97"}, Progress(fps=29.97)),
        ({"bitrate": "6044.1kbits/s"}, Progress(bitrate_bps=6044100.0)),
        ({"bitrate": "   0.5kbits/s"}, Progress(bitrate_bps=500.0)),
        ({"speed": "1.01x"}, Progress(speed=1.01)),
        ({"speed": "   0x"}, Progress(speed=0.0)),
        ({"speed": "1.02e+03x"}, Progress(speed=1020.0)),
        ({"total_size": "63327"}, Progress(size_bytes=63327)),
        ({"out_time_us": "1514000"}, Progress(time_s=1.514)),
        ({"out_time_ms": "1514000"}, Progress(time_s=1.514)),
        ({"out_time_us": "-21333"}, Progress(time_s=-0.021333)),
        ({"out_time_us": "-9223372036854775807"}, Progress()),
        ({"drop_frames": "7", "dup_frames": "3"}, Progress(dropped=7, duplicated=3)),
        ({"frame": "-1", "fps": "-0.5", "total_size": "-22", "speed": "-1x"}, Progress()),
        (
            {"frame": "N/A", "bitrate": "N/A", "total_size": "N/A", "out_time_us": "N/A", "speed": "N/A"},
            Progress(),
        ),
        ({"fps": "nan", "speed": "infx", "bitrate": "1e999kbits/s", "frame": "9" * 4000}, Progress()),
        ({"frame": "٣", "fps": "", "speed": "x", "stream_0_0_q": "-1.0", "frame ": "="}, Progress()),
    ],
    ids=str,
)
def test_values(values: dict[str, str], expected: Progress) -> None:
    """Figures come in plain units; what ffmpeg does not know, or cannot mean, is `None`."""
    assert [expected] == parse(block(**values))


def test_nothing_before_a_block_ends() -> None:
    """Half a block gives no figures, and is completed by the next bytes."""
    assert [Progress(frame=5)] == parse(b"frame=5\npro", b"gress=contin", b"ue\n")


def test_blocks_do_not_leak_into_each_other() -> None:
    """A key that the second block lacks is unknown, not remembered."""
    assert [Progress(frame=5), Progress(fps=2.0)] == parse(block(frame="5"), block(fps="2.00"))


def test_the_newest_block_of_a_chunk_counts() -> None:
    """Of several blocks that arrive at once only the newest is news."""
    assert [Progress(frame=6)] == parse(block(frame="5") + block(frame="6"))


def test_whole_lines_do_as_well() -> None:
    """Lines that somebody else has split are taken too."""
    parser = ProgressParser()
    assert [None, Progress(frame=5)] == [parser.feed("frame=5"), parser.feed("progress=end")]


LINES = st.one_of(
    st.binary(max_size=30),
    st.builds(
        lambda key, value: f"{key}={value}\n".encode(),
        st.sampled_from(["frame", "fps", "bitrate", "speed", "out_time_us", "total_size", "progress"]),
        st.text(max_size=20) | st.integers().map(str) | st.floats().map(str),
    ),
)


@given(st.lists(LINES).map(b"".join), st.data())
def test_garbage_and_chunking(data: bytes, draw: st.DataObject) -> None:
    """Nothing makes the parser raise, and the last figures do not depend on how the bytes are cut."""
    assert parse(data)[-1:] == parse(*chunked(data, draw))[-1:]
