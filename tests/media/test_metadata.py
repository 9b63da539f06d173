"""Two numbers of onMetaData are found by their names."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.media.metadata import from_metadata
from spiritstream.media.sps import Picture

NAME = b"\x02\x00\x0aonMetaData"


def metadata(**numbers: float) -> bytes:
    """An onMetaData with these numbers, as an object."""
    properties = (
        len(name).to_bytes(2, "big") + name.encode() + b"\0" + struct.pack(">d", value)
        for name, value in numbers.items()
    )
    return NAME + b"\x03" + b"".join(properties) + b"\0\0\x09"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (metadata(duration=0, width=1920, height=1080, framerate=60), Picture(1920, 1080, 60.0)),
        (metadata(width=1280, height=720), Picture(1280, 720)),
        (metadata(framerate=29.97, height=720, width=1280), Picture(1280, 720, 29.97)),
        (metadata(width=1280, height=720, framerate=float("nan")), Picture(1280, 720)),
        (metadata(width=1280, height=720, framerate=-1), Picture(1280, 720)),
        (metadata(width=1280), None),
        (metadata(width=0, height=0), None),
        (metadata(width=float("inf"), height=720), None),
        (metadata(width=1e300, height=720), None),
        (metadata(displaywidth=1280, displayheight=720), None),
        (metadata(width=1280, height=720)[:-8], None),
        (NAME + b"\x03\x00\x05width\x02\x00\x041280\x00\x06height\x02\x00\x03720", None),
        (b"", None),
    ],
)
def test_size_and_rate_are_found(body: bytes, expected: Picture | None) -> None:
    """In any order, among others; what is missing, cut off, no number or no size is no picture."""
    assert expected == from_metadata(body)


@given(st.binary(max_size=100))
def test_garbage_never_raises(garbage: bytes) -> None:
    """Whatever stands behind the names."""
    from_metadata(NAME + b"\x00\x05width\x00" + garbage)
    from_metadata(NAME + garbage + b"\x00\x05width\x00" + garbage + b"\x00\x06height\x00" + garbage)
