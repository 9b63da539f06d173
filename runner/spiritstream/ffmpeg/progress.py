"""ffmpeg's `-progress` blocks to figures. Pure.

A block is lines of `key=value` up to `progress=continue` or `progress=end`. Values that ffmpeg does
not know read `N/A`; before the first packet some versions print the lowest 64-bit number instead.
"""

from __future__ import annotations

import re

from spiritstream.ffmpeg.lines import LineSplitter
from spiritstream.model.status import Progress

# At most 18 digits: what is longer is "no timestamp" in disguise. `speed` may read 1.02e+03x.
_NUMBER = re.compile(r"(-?\d{1,18}(?:\.\d{1,9})?(?:e[+-]?\d{1,2})?)(?:x|kbits/s)?", re.ASCII)
_KEYS = frozenset(
    [
        "frame",
        "fps",
        "bitrate",
        "speed",
        "total_size",
        "out_time_us",
        "out_time_ms",
        "drop_frames",
        "dup_frames",
    ]
)


class ProgressParser:
    """Collects lines into blocks. Never raises, whatever it is fed."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._block: dict[str, str] = {}

    def feed(self, data: bytes | str) -> Progress | None:
        """The newest figures that `data` (bytes in any chunks, or one whole line) completes."""
        newest = None
        for line in self._splitter.feed(data) if isinstance(data, bytes) else data.splitlines():
            newest = self._line(line) or newest
        return newest

    def _line(self, line: str) -> Progress | None:
        key, _, value = line.partition("=")
        key = key.strip()
        if key == "progress":
            block, self._block = self._block, {}
            return _figures(block)
        if key in _KEYS:
            self._block[key] = value.strip()
        return None


def _figures(block: dict[str, str]) -> Progress:
    # out_time_ms is in microseconds too: an old mistake that ffmpeg keeps for its users.
    time_us = _number(block.get("out_time_us", block.get("out_time_ms")))
    bitrate_kbps = _amount(block.get("bitrate"))
    return Progress(
        frame=_count(block.get("frame")),
        fps=_amount(block.get("fps")),
        bitrate_bps=None if bitrate_kbps is None else bitrate_kbps * 1000,
        speed=_amount(block.get("speed")),
        size_bytes=_count(block.get("total_size")),
        time_s=None if time_us is None else time_us / 1_000_000,
        dropped=_count(block.get("drop_frames")),
        duplicated=_count(block.get("dup_frames")),
    )


def _number(value: str | None) -> float | None:
    found = _NUMBER.fullmatch(value or "")
    return float(found[1]) if found else None


def _amount(value: str | None) -> float | None:
    number = _number(value)
    return None if number is None or number < 0 else number


def _count(value: str | None) -> int | None:
    number = _amount(value)
    return None if number is None else int(number)
