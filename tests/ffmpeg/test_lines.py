"""Lines out of a child's bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.ffmpeg.lines import LONGEST_BYTES, LineSplitter

from .chunks import chunked


def split(*chunks: bytes) -> list[str]:
    """All lines of an output that came in these chunks."""
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.flush()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"frame=1\rframe=2\r", ["frame=1", "frame=2"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\n\n\r\rtwo", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"  kept  \n", ["  kept  "]),
        ("Müller\n".encode(), ["Müller"]),
        (b"a\xff\xfeb\n", ["a\ufffd\ufffdb"]),
        (b"a\x0bb\x1cc\x85\n", ["a\x0bb\x1cc\ufffd"]),
    ],
)
def test_breaks(data: bytes, expected: list[str]) -> None:
    r"""Lines end at \r, \n and \r\n only; empty ones are dropped; what cannot be decoded is replaced."""
    assert expected == split(data)


def test_a_line_comes_as_soon_as_it_ends() -> None:
    """A status line is seen when its carriage return arrives, not when the next line begins."""
    assert ["frame=1"] == LineSplitter().feed(b"frame=1\r")


def test_a_letter_may_be_cut_between_chunks() -> None:
    """A letter of several bytes that arrives in two chunks is still that letter."""
    assert ["ü"] == split(b"\xc3", b"\xbc\n")


def test_an_endless_line_is_cut() -> None:
    """Of a line that is too long the start is kept; the next line is whole."""
    chunks = [b"x" * 1000] * 50
    assert ["x" * LONGEST_BYTES, "next"] == split(*chunks, b"x\nnext\n")


def test_flush_gives_a_line_once() -> None:
    """What was flushed does not come again."""
    splitter = LineSplitter()
    splitter.feed(b"last words")
    assert [["last words"], []] == [splitter.flush(), splitter.flush()]


@given(
    st.binary(max_size=300) | st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\xc3", b"\xbc"])).map(b"".join),
    st.data(),
)
def test_chunking_changes_nothing(data: bytes, draw: st.DataObject) -> None:
    """However the bytes are cut, the lines are the same."""
    assert split(data) == split(*chunked(data, draw))
