"""Names and comments out of other programs' words: valid, unique, and never a secret or an escape."""

from __future__ import annotations

import re

import pytest

from spiritstream.config.places import NAME
from spiritstream.importers.names import remark, slug, unique
from spiritstream.secret import Secret


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Friday Show", "friday-show"),
        ("Café, Live!", "cafe-live"),
        ("  --a__b--  ", "a__b"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c", "a-b-c"),
        (".hidden", "hidden"),
        ("a\x00b\x1b[31m\nc", "a-b-31m-c"),
        ("CON", "con"),
        ("生放送", "imported"),
        ("", "imported"),
        ("-", "imported"),
        ("9", "9"),
        ("x" * 500, "x" * 58),
    ],
)
def test_names(text: str, name: str) -> None:
    """Every name is valid, as near to the old one as can be, and leads into no other folder."""
    found = slug(text, "imported")
    assert name == found
    assert NAME.fullmatch(found)


@pytest.mark.parametrize("text", ["live_ABC-123", "my live_abc-123 key", "LIVE ABC 123", "live-abc-123"])
def test_a_pasted_key_is_no_name(text: str) -> None:
    """People paste keys into the wrong field: what holds one makes no name, however it is spelled."""
    secret = Secret("live_ABC-123" if "_" in text else "live ABC 123")
    assert "target-1" == slug(text, "target-1", [secret])


def test_unique() -> None:
    """The second of one name gets a number, and still is valid."""
    taken = {"a", "a-2"}
    assert ("b", "a-3") == (unique("b", taken), unique("a", taken))
    assert NAME.fullmatch(unique(slug("x" * 500, ""), {"x" * 58}))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb: c", "a b: c"),
        ("a\u2028b\u0085c\ufeff", "a b c"),
        ("\x1b]0;title\x07x", "]0;title x"),
        ("the key is live_abc!", "the key is ***!"),
        ("y" * 400, "y" * 300 + "…"),
    ],
)
def test_remarks(text: str, line: str) -> None:
    """A comment is one printable line, whatever the file says: it cannot end, and holds no secret."""
    found = remark(text, [Secret("live_abc")])
    assert line == found
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", found)
