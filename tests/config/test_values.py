"""The written forms of bitrate, duration, fps and size."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.values import parse_bitrate, parse_duration, parse_fps, parse_size
from spiritstream.model.profile import Size

CASES: list[tuple[Callable[[object], object], object, object]] = [
    (parse_bitrate, "3000k", 3_000_000),
    (parse_bitrate, "6M", 6_000_000),
    (parse_bitrate, "4.5M", 4_500_000),
    (parse_bitrate, 6_000_000, 6_000_000),
    (parse_bitrate, "128", 128),
    (parse_duration, "2s", 2.0),
    (parse_duration, "500ms", 0.5),
    (parse_duration, "90m", 5400.0),
    (parse_duration, "1h", 3600.0),
    (parse_duration, 2, 2.0),
    (parse_duration, 2.5, 2.5),
    (parse_fps, 30, Fraction(30)),
    (parse_fps, 30.0, Fraction(30)),
    (parse_fps, 29.97, Fraction(30000, 1001)),
    (parse_fps, 23.976, Fraction(24000, 1001)),
    (parse_fps, 23.98, Fraction(24000, 1001)),
    (parse_fps, 59.94, Fraction(60000, 1001)),
    (parse_fps, 12.5, Fraction(25, 2)),
    (parse_fps, "30000/1001", Fraction(30000, 1001)),
    (parse_size, "1280x720", Size(1280, 720)),
]
BAD: list[tuple[Callable[[object], object], object]] = [
    (parse_bitrate, "6m"),
    (parse_bitrate, "6 M"),
    (parse_bitrate, "-6M"),
    (parse_bitrate, True),
    (parse_bitrate, None),
    (parse_duration, "1h30m"),
    (parse_duration, -1),
    (parse_fps, "29.97"),
    (parse_fps, "30/0"),
    (parse_fps, [30]),
    (parse_size, "1280X720"),
    (parse_size, "1280x"),
    (parse_size, "\u0661x\u0662"),
]


@pytest.mark.parametrize(("parse", "text", "expected"), CASES)
def test_value(parse: Callable[[object], object], text: object, expected: object) -> None:
    """Units are SI; frame rates that are written with decimals mean NTSC's exact ones."""
    assert expected == parse(text)


@pytest.mark.parametrize(("parse", "text"), BAD)
def test_refused(parse: Callable[[object], object], text: object) -> None:
    """Whatever is not exactly of the form is refused."""
    with pytest.raises(ValueError):
        parse(text)


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_no_other_error(value: object) -> None:
    """Any text or number gives a value or ValueError."""
    for parse in (parse_bitrate, parse_duration, parse_fps, parse_size):
        try:
            parse(value)
        except ValueError:
            continue
