"""Edits in place: one scalar changes, and not a byte besides."""

from __future__ import annotations

import string
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.document import parse_document
from spiritstream.config.edit import Edit, replace_spans, scalar_edit

NEW = "sealed:v1:0123456789abcdef:[2001:db8::1]:AAAA_-"
# Each value stands as YAML writes it, with what its style becomes; `{}` is where the new value goes.
STYLES = {
    "plain": ("k: abc\n", 'k: "{}"\n'),
    "plain at the end": ("k: abc", 'k: "{}"'),
    "plain with comment": ("k: abc   # mine: 'x'\n", "k: \"{}\"   # mine: 'x'\n"),
    "plain over two lines": ("k: abc\n  def # c\nz: 1\n", 'k: "{}" # c\nz: 1\n'),
    "number": ("k: 0123\n", 'k: "{}"\n'),
    "single quotes": ("k: 'it''s' # c\n", "k: '{}' # c\n"),
    "double quotes": ('k: "a\\"b\\u0041" # c\n', 'k: "{}" # c\n'),
    "double over two lines": ('k: "a\n  b"\nz: 1\n', 'k: "{}"\nz: 1\n'),
    "next line": ("k:\n  abc\nz: 1\n", 'k:\n  "{}"\nz: 1\n'),
    "literal": ("k: |\n  abc\nz: 1\n", 'k: "{}"\nz: 1\n'),
    "literal, stripped": ("k: |-  # mine\n  abc\n\n# c\nz: 1\n", 'k: "{}"  # mine\n\n# c\nz: 1\n'),
    "literal, kept": ("k: |2+\n  abc\n\n\nz: 1\n", 'k: "{}"\n\n\nz: 1\n'),
    "literal with comment look-alike": ("k: |-\n  #abc\n  # d\n# c\nz: 1\n", 'k: "{}"\n# c\nz: 1\n'),
    "literal at the end": ("k: |-\n  abc", 'k: "{}"'),
    "folded": ("k: >-\n  abc\n  def\nz: 1\n", 'k: "{}"\nz: 1\n'),
    "flow mapping": ("{a: 1, k: abc, z: 1}\n", '{a: 1, k: "{}", z: 1}\n'),
    "flow, tight": ('{"k":abc}\n', '{"k":"{}"}\n'),
    "flow, over lines": ("{\n  k: abc  # c\n  , z: 1}\n", '{\n  k: "{}"  # c\n  , z: 1}\n'),
    "wide characters before": ("n: 日本🎬\nk: abc # ü\n", 'n: 日本🎬\nk: "{}" # ü\n'),
}


class Place(NamedTuple):
    """Where a value stands."""

    text: str
    start: int
    end: int


def place_of_k(text: str) -> Place:
    """The value of the key `k` in a text."""
    mark = parse_document(text, "profile.yaml").marks[("k",)]
    return Place(text, mark.start, mark.end)


def with_new_value(place: Place, value: str = NEW) -> str:
    """The text with another value for `k`."""
    return replace_spans(place.text, [scalar_edit(place.text, place.start, place.end, value)])


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("before", "after"), STYLES.values(), ids=STYLES)
def test_a_scalar_of_any_style(before: str, after: str, ends: str) -> None:
    """Only the scalar changes: comments, layout, blank lines, line ends stay, and the new value is read."""
    text = before.replace("\n", ends)
    changed = with_new_value(place_of_k(text))
    assert after.replace("\n", ends).replace("{}", NEW) == changed
    expected = {**_data(text), "k": NEW}
    assert expected == _data(changed)


def _data(text: str) -> dict[str, object]:
    data = parse_document(text, "profile.yaml").data
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k: !!str abc # c", f'k: !!str "{NEW}" # c'),
        ("k: &a abc", f'k: &a "{NEW}"'),
        ("k: !x &a\n  'abc'", f"k: !x &a\n  '{NEW}'"),
        ("k: &a |-\n  abc\n", f'k: &a "{NEW}"\n'),
    ],
)
def test_tags_and_anchors_stay(text: str, expected: str) -> None:
    """What PyYAML counts as part of a scalar but is none of its own bytes stays."""
    start, end = 3, len(text.removesuffix(" # c").rstrip())
    assert expected == replace_spans(text, [scalar_edit(text, start, end, NEW)])


def test_a_byte_order_mark_stays() -> None:
    """Offsets count it like any other character."""
    text = "\ufeffk: abc\r\n"
    assert f'\ufeffk: "{NEW}"\r\n' == replace_spans(text, [scalar_edit(text, 4, 7, NEW)])


@pytest.mark.parametrize("value", ["a'b", 'a"b', "a\\b", "a\nb", "é", "\0"])
def test_writes_only_what_needs_no_escape(value: str) -> None:
    """A value that would need an escape is refused instead of being written wrongly."""
    with pytest.raises(ValueError, match="printable ASCII"):
        scalar_edit("k: abc", 3, 6, value)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "0123456789"),
        ([Edit(2, 4, "x")], "01x456789"),
        ([Edit(8, 10, ""), Edit(0, 1, "ab")], "ab1234567"),
        ([Edit(3, 3, "+")], "012+3456789"),
        ([Edit(2, 4, "x"), Edit(4, 6, "y")], "01xy6789"),
        ([Edit(0, 10, "")], ""),
    ],
)
def test_replace_spans(edits: list[Edit], expected: str) -> None:
    """Edits are made by their places in the old text, in any order."""
    assert expected == replace_spans("0123456789", edits)


@pytest.mark.parametrize(
    "edits",
    [[Edit(2, 5, "x"), Edit(4, 6, "y")], [Edit(5, 4, "")], [Edit(-1, 2, "")], [Edit(8, 11, "")]],
)
def test_replace_spans_refuses(edits: list[Edit]) -> None:
    """Edits that overlap or lie outside are a mistake of the caller."""
    with pytest.raises(ValueError, match="overlap"):
        replace_spans("0123456789", edits)


@given(st.text(), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), st.text(max_size=5)), max_size=6))
def test_everything_outside_the_spans_stays(text: str, spans: list[tuple[int, int, str]]) -> None:
    """The new text is the old one's untouched pieces with the new pieces between them."""
    edits, position = [], 0
    for gap, length, new in spans:
        start = min(position + gap, len(text))
        position = min(start + length, len(text))
        edits.append(Edit(start, position, new))
    edges = [0, *(edge for edit in edits for edge in (edit.start, edit.end)), len(text)]
    kept = [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    expected = kept[0] + "".join(edit.new + piece for edit, piece in zip(edits, kept[1:], strict=True))
    assert expected == replace_spans(text, edits)


words = st.text(string.ascii_letters + string.digits + "-_/.", min_size=1, max_size=12).map(lambda w: f"w{w}")
comments = st.sampled_from(["", " # note", '   # it\'s "mine": {x}'])


@st.composite
def profiles(draw: st.DrawFn) -> str:
    """A mapping in which `k` has any style, among neighbours of any style."""

    def entry(name: str) -> str:
        value, comment = draw(words), draw(comments)
        style = draw(st.sampled_from(["{}", "'{}'", '"{}"', "|-", ">-", "|", "\n    {}"]))
        if "{}" in style:
            return f"{name}: {style.format(value)}{comment}\n"
        blank = draw(st.sampled_from(["", "\n", "\n\n"]))
        return f"{name}: {style}{comment}\n    {value}\n{blank}"

    text = "".join([entry("a"), draw(st.sampled_from(["", "# line\n", "\n"])), entry("k"), entry("z")])
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(profiles())
def test_any_profile_changes_in_one_place(text: str) -> None:
    """Whatever stands around a value, the text before it and behind it stays, and so do the other values."""
    place = place_of_k(text)
    changed = with_new_value(place)
    assert {**_data(text), "k": NEW} == _data(changed)
    assert changed.startswith(text[: place.start])
    assert changed.endswith(text[place.end :])
    assert text.count("#") == changed.count("#")
