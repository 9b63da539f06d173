"""The written forms of bitrate, duration, fps and size, as numbers. Pure.

Each raises ValueError for what the schema's pattern refuses too; ranges are checked elsewhere.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from spiritstream.model.profile import Size

_BITRATE = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,6})?)([kM]?)", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|)", re.ASCII)
_RATIO = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})", re.ASCII)
_BITS = {"": 1, "k": 1000, "M": 1_000_000}
_SECONDS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "": Fraction(1),
}
# NTSC's rates are written with two or three decimals, and are n * 1000/1001.
_NTSC = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
_NTSC_ROUNDING = Fraction(1, 200)


def parse_bitrate(value: object) -> int:
    """Bit/s of `3000k`, `4.5M`, `6000000`."""
    return _bitrate(_text(value))


# A household's profiles say the same few things, and fractions take their time.
@lru_cache(maxsize=1024)
def _bitrate(text: str) -> int:
    match = _BITRATE.fullmatch(text)
    if not match:
        raise ValueError("not a bitrate")
    return int(Fraction(match[1]) * _BITS[match[2]])


def parse_duration(value: object) -> float:
    """Seconds of `2s`, `500ms`, `90m`, `1h`, `2.5`."""
    return _duration(_text(value))


@lru_cache(maxsize=1024)
def _duration(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("not a duration")
    return float(Fraction(match[1]) * _SECONDS[match[2]])


def parse_fps(value: object) -> Fraction:
    """Frames per second of `30`, `29.97` (which is 30000/1001), `30000/1001`."""
    return _fps(_text(value), isinstance(value, str))


@lru_cache(maxsize=1024)
def _fps(text: str, is_text: bool) -> Fraction:
    if match := _RATIO.fullmatch(text):
        return Fraction(int(match[1]), int(match[2]))
    if is_text:
        raise ValueError("not frames per second")
    exact = Fraction(text)
    near = [rate for rate in _NTSC if abs(rate - exact) < _NTSC_ROUNDING]
    return near[0] if near else exact.limit_denominator(1001)


def parse_size(value: object) -> Size:
    """The size of `1280x720`."""
    match = _SIZE.fullmatch(_text(value))
    if not match:
        raise ValueError("not a size")
    return Size(int(match[1]), int(match[2]))


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("neither text nor a number")
    # 6000000.0 is the integer that JSON Schema takes it for.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
