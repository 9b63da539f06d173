"""Reading bit by bit what codecs write into their parameter sets. Pure."""

from __future__ import annotations

import re

_MOST_ZEROS = 32
_EMULATION = re.compile(rb"\x00\x00\x03")


def payload(unit: bytes, header_bytes: int) -> bytes:
    """A NAL unit without its header and its emulation prevention bytes (ITU-T H.264 7.3.1, H.265 7.3.1.1)."""
    return _EMULATION.sub(b"\x00\x00", unit[header_bytes:])


class Bits:
    """Bits of `data`, the first one first.

    Raises:
        ValueError: from every reading method, when there are not enough bits, or they are no number.
    """

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def u(self, count: int) -> int:
        """An unsigned number of `count` bits."""
        self._left -= count
        if self._left < 0:
            raise ValueError("not enough bits")
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def skip(self, count: int) -> None:
        """Pass over `count` bits."""
        self.u(count)

    def ue(self) -> int:
        """An unsigned Exp-Golomb number (ITU-T H.264 9.1): 1, 010, 011, 00100 ... are 0, 1, 2, 3 ..."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise ValueError("no Exp-Golomb number")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb number (ITU-T H.264 9.1.1): 0, 1, -1, 2, -2 ..."""
        number = self.ue()
        return (number + 1) // 2 if number % 2 else -(number // 2)
