"""Whether two names look alike, whatever the letters that they are written with. Pure."""

from __future__ import annotations

import unicodedata

# Small letters of other alphabets, and digits, that are read as Latin ones (Unicode's confusables, UTS 39,
# as far as names of services go); given as code points, since nobody could tell them apart here.
_CYRILLIC = {
    0x430: "a", 0x432: "b", 0x435: "e", 0x43A: "k", 0x43C: "m", 0x43D: "h", 0x43E: "o", 0x440: "p",
    0x441: "c", 0x442: "t", 0x443: "y", 0x445: "x", 0x455: "s", 0x456: "l", 0x458: "j", 0x475: "v",
    0x4AF: "y", 0x4BB: "h", 0x4CF: "l", 0x501: "d", 0x51B: "q", 0x51D: "w", 0x433: "r",
}  # fmt: skip
_GREEK = {
    0x3B1: "a", 0x3B2: "b", 0x3B5: "e", 0x3B7: "n", 0x3B9: "l", 0x3BA: "k", 0x3BC: "u", 0x3BD: "v",
    0x3BF: "o", 0x3C1: "p", 0x3C4: "t", 0x3C5: "u", 0x3C7: "x", 0x3C9: "w", 0x3F2: "c", 0x3F3: "j",
}  # fmt: skip
_LATIN = {0x131: "l", 0x237: "j", 0x261: "g", 0x269: "l", ord("0"): "o", ord("1"): "l", ord("i"): "l"}
# A capital i and a small L are one stroke; these pairs read as one letter.
_PAIRS = (("rn", "m"), ("vv", "w"))
_READ_AS = _CYRILLIC | _GREEK | _LATIN


def likeness(name: str) -> str:
    """Names that look alike have the same one: case, width, accents, spaces and signs make no difference."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    read = "".join(char for char in plain.translate(_READ_AS) if char.isalnum())
    for pair, letter in _PAIRS:
        read = read.replace(pair, letter)
    return read
