"""What an unquoted YAML scalar means: the core schema of YAML 1.2, and nothing more. Pure.

YAML 1.1 (PyYAML's own rules) reads `no` as false, `0123` as 83 and `12:30:00` as 45000; here the first
and the last are text, and `0123` is 123. See https://yaml.org/spec/1.2.2/#103-core-schema.
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEX = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NUMBER_STARTS = frozenset("+-.0123456789")
# No setting needs more digits, and Python refuses to convert more than 4300 of them.
_LONGEST_NUMBER = 40


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted scalar; infinities, NaN and endless numbers stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > _LONGEST_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    return text
