"""Unquoted scalars mean what YAML 1.2's core schema says."""

import pytest

from spiritstream.config.scalars import plain_scalar

CASES = [
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("nUll", "nUll"),
    ("true", True),
    ("False", False),
    ("no", "no"),
    ("on", "on"),
    ("y", "y"),
    ("0", 0),
    ("-7", -7),
    ("0123", 123),
    ("0o17", 15),
    ("0x1F", 31),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("12:30:00", "12:30:00"),
    ("2024-01-31", "2024-01-31"),
    ("29.97", 29.97),
    (".5", 0.5),
    ("6.", 6.0),
    ("1e3", 1000.0),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("1e999", "1e999"),
    ("9" * 5000, "9" * 5000),
    ("٣", "٣"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_plain_scalar(text: str, expected: object) -> None:
    """Booleans are true and false alone; numbers are decimal, 0o and 0x; dates and times stay text."""
    value = plain_scalar(text)
    assert (expected, type(expected)) == (value, type(value))
