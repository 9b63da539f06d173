"""What onMetaData announces of the picture. Pure.

Source: Adobe, AMF0 2.2 (number) and 2.5 (object): a property is its name's length in two bytes, the name, a
marker and the value. Two numbers are looked for by their names; nothing else of it is decoded.
"""

from __future__ import annotations

import math
import struct

from spiritstream.media.sps import Picture, picture

_LONGEST = 65_536
_NUMBER = b"\x00"


def from_metadata(body: bytes) -> Picture | None:
    """The picture that a script tag's `body` announces. `None` when it does not.

    It is the sender's word, and may be stale: a codec's own header is to be preferred.
    """
    width, height = _number(body, b"width"), _number(body, b"height")
    if width is None or height is None:
        return None
    try:
        return picture(int(width), int(height), _number(body, b"framerate"))
    except ValueError:
        return None


def _number(body: bytes, name: bytes) -> float | None:
    """The number that is the value of the property `name`."""
    before = len(name).to_bytes(2, "big") + name + _NUMBER
    at = body.find(before, 0, _LONGEST)
    value = body[at + len(before) : at + len(before) + 8]
    if at < 0 or len(value) < 8:
        return None
    number = float(struct.unpack(">d", value)[0])
    return number if math.isfinite(number) else None
