"""The picture's size is read from real encoders' headers, and garbage is no picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spiritstream.media.bits import Bits
from spiritstream.media.sps import Picture, from_header

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors/sps/headers.json").read_text()
)
HEADERS = [bytes.fromhex(case["header"]) for case in VECTORS]
AVC = HEADERS[0]
BASELINE = next(header for header in HEADERS if header[14] == 66)
HEVC = next(header for header in HEADERS if header[0] & 0x80)


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_an_encoders_header_says_the_size_that_it_was_asked_for(case: dict[str, Any]) -> None:
    """Cropped to what is shown, odd sizes too; with the frame rate where H.264 writes one down."""
    found = from_header(bytes.fromhex(case["header"]))
    assert found is not None
    assert (case["size"], case["fps"]) == (str(found), found.fps)


PROFILES = {
    "high, 1088 lines cropped": "high",
    "baseline": "baseline",
    "portrait": "baseline",
    "high 10": "high10",
    "high 4:2:2": "high422",
    "high 4:4:4, odd": "high444",
}


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_an_encoders_header_says_the_profile(case: dict[str, Any]) -> None:
    """H.264's, as it was asked for; HEVC's is none of these."""
    found = from_header(bytes.fromhex(case["header"]))
    assert found is not None
    expected = None if "hevc" in case["name"] else PROFILES.get(case["name"], "high")
    assert expected == found.profile


@pytest.mark.parametrize(
    ("idc", "constraints", "expected"),
    [
        pytest.param(66, 0x00, "baseline", id="baseline"),
        pytest.param(66, 0xC0, "baseline", id="constrained baseline"),
        pytest.param(77, 0x40, "main", id="main"),
        pytest.param(77, 0x80, "baseline", id="main that is baseline, too"),
        pytest.param(88, 0x00, "extended", id="extended"),
        pytest.param(88, 0x40, "main", id="extended that is main, too"),
        pytest.param(88, 0xC0, "baseline", id="extended that is baseline, too"),
        pytest.param(100, 0x00, "high", id="high"),
        pytest.param(100, 0x0C, "high", id="constrained high"),
        pytest.param(110, 0x10, "high10", id="high 10 intra"),
        pytest.param(44, 0x00, "high444", id="CAVLC 4:4:4"),
        pytest.param(118, 0x00, None, id="several views"),
    ],
)
def test_the_profile_is_the_simplest_that_the_stream_keeps_to(
    idc: int, constraints: int, expected: str | None
) -> None:
    """By its number and its flags; of what has no common name nothing is said."""
    # The parameter set of a High profile is longer than that of others by chroma and bit depths.
    source = AVC if idc in (100, 110, 44, 118) else BASELINE
    header = bytearray(source)
    header[14:16] = idc, constraints
    found = from_header(bytes(header))
    assert found is not None
    assert expected == found.profile


def test_classic_and_enhanced_headers_say_the_same() -> None:
    """The record is the same behind a codec number and behind a fourCC."""
    assert from_header(AVC) == from_header(b"\x90avc1" + AVC[5:]) == Picture(1920, 1080, 29.97, "high")
    assert from_header(HEVC) == from_header(b"\x1c\0\0\0\0" + HEVC[5:]) == Picture(1920, 1080)


def test_hevcs_average_frame_rate_is_used() -> None:
    """The record counts frames in 256 seconds."""
    record = bytearray(HEVC)
    record[5 + 19 : 5 + 21] = (50 * 256).to_bytes(2, "big")
    assert Picture(1920, 1080, 50.0) == from_header(bytes(record))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x17", id="one byte"),
        pytest.param(b"\x17\0\0\0\0", id="no record"),
        pytest.param(b"\x17\0\0\0\0avcC", id="garbage"),
        pytest.param(AVC[:10] + b"\xe0" + AVC[11:], id="no parameter set"),
        pytest.param(AVC[:20], id="cut off"),
        pytest.param(AVC[:14] + bytes(27), id="all zeros: no Exp-Golomb number"),
        pytest.param(HEVC[:60], id="HEVC, cut off"),
        pytest.param(HEVC[:27], id="HEVC, without arrays"),
        pytest.param(b"\x90av01" + AVC[5:], id="a codec whose header is not read"),
        pytest.param(b"\x14\0\0\0\0" + AVC[5:], id="an old codec"),
    ],
)
def test_what_says_no_size_is_no_picture(body: bytes) -> None:
    """Nothing is guessed."""
    assert from_header(body) is None


def test_a_size_without_its_timing_is_a_size() -> None:
    """Where the parameter set ends within the VUI, the size stands all the same."""
    found = from_header(AVC[:14] + AVC[14:29])
    assert Picture(1920, 1080, profile="high") == found


@given(st.binary(max_size=400))
@example(bytes(400))
@example(b"\xff" * 400)
def test_garbage_never_raises(garbage: bytes) -> None:
    """Whatever a publisher sends, reading it ends, with a picture of a possible size or with none."""
    starts = (b"", AVC[:13], AVC[:14], AVC[:20], HEVC[:5], HEVC[:28], b"\x90hvc1" + b"\x01" + bytes(21))
    for start in starts:
        found = from_header(start + garbage)
        assert found is None or (0 < found.width < 65536 and 0 < found.height < 65536)


@given(st.sampled_from(HEADERS), st.integers(0, 200), st.integers(1, 255))
def test_one_wrong_byte_never_raises(header: bytes, at: int, difference: int) -> None:
    """A garbled header is read to some size, or to none."""
    garbled = bytearray(header)
    garbled[at % len(header)] ^= difference
    found = from_header(bytes(garbled))
    assert found is None or (0 < found.width < 65536 and 0 < found.height < 65536)


@pytest.mark.parametrize(
    ("bits", "unsigned", "signed"),
    [("1", 0, 0), ("010", 1, 1), ("011", 2, -1), ("00100", 3, 2), ("00101", 4, -2), ("0001000", 7, 4)],
)
def test_exp_golomb(bits: str, unsigned: int, signed: int) -> None:
    """The numbers of ITU-T H.264 tables 9-2 and 9-3."""
    data = int(bits.ljust(8, "0"), 2).to_bytes(1, "big")
    assert (unsigned, signed) == (Bits(data).ue(), Bits(data).se())
