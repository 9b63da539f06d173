"""YAML to data and marks: strict, bounded, and silent about what the text says."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spiritstream.config.document import MAX_BYTES, parse_document, read_document
from spiritstream.config.tree import MAX_DEPTH, MAX_NODES
from spiritstream.errors import ProfileError

GOOD = """\
# a comment
version: 1
name: "friday"
list: [a, 'b', {c: 1}]
block:
  - x
  - key: |
      text
    other: 0123
"""

FINDINGS = [
    ("empty", "", ["f:1:1: the file is empty"]),
    ("only a comment", "# nothing\n", ["f:1:1: the file is empty"]),
    ("null", "null\n", ["f:1:1: the file is empty"]),
    ("NUL", "a: b\x00", ["f:1:5: a control character stands here"]),
    ("escape", "a: b\n\x1b", ["f:2:1: a control character stands here"]),
    ("surrogate", "a: \ud800", ["f:1:4: a control character stands here"]),
    ("BOM", "\ufeffa: 1", ["f:1:1: the file starts with a byte order mark"]),
    ("two documents", "a: 1\n---\nb: 2\n", ["f:2:1: a second document starts here"]),
    ("text after the end", "a: 1\n...\nb: 2\n", ["f:3:1: text stands behind the end of the profile"]),
    ("duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\n", ["f:4:3: b.c: the key 'c' stands here twice"]),
    ("duplicate in quotes", 'a: 1\n"a": 2\n', ["f:2:1: a: the key 'a' stands here twice"]),
    (
        "three duplicates",
        "a: 1\na: 2\na: 3\n",
        [f"f:{n}:1: a: the key 'a' stands here twice" for n in (2, 3)],
    ),
    (
        "anchor and alias",
        "a: &x 1\nb: *x\n",
        ["f:1:4: a: a YAML anchor is not allowed", "f:2:4: b: a YAML alias is not allowed"],
    ),
    ("merge", "a:\n  <<: {b: 1}\n", ["f:2:3: a: a YAML merge key is not allowed"]),
    ("tag", "a: !!str 1\n", ["f:1:4: a: a YAML tag is not allowed"]),
    ("bare tag", "a: ! 1\n", ["f:1:4: a: a YAML tag is not allowed"]),
    ("unknown tag handle", "a: !x!y 1\n", ["f:1:4: a YAML tag is not allowed"]),
    ("number as key", "a:\n  720: b\n", ["f:2:3: a: a key must be text"]),
    ("nothing as key", "? \n: b\n", ["f:1:2: a key must be text"]),
    ("true as key", "true: b\n", ["f:1:1: a key must be text"]),
    ("list as key", "? [a]\n: b\nc: 1\n", ["f:1:3: a key must be text"]),
    ("open quote", 'a: 1\nb: "x\n', ["f:2:4: a quote is opened here and never closed"]),
    ("open bracket", "a: [1,\n", ["f:2:1: a value is missing here"]),
    ("wrong bracket", "a: [1}\n", ["f:1:6: a '[' is not closed, or a comma is missing"]),
    ("wrong brace", "a: {b: 1]\n", ["f:1:9: a '{' is not closed, or a comma is missing"]),
    ("colon in a value", "a: b: c\n", ["f:1:5: a ':' stands where no key can be"]),
    ("tab", "a:\n\tb: 1\n", ["f:2:1: a tab stands where a value or key should"]),
    ("indentation", "a: 1\n  b: 2\n", ["f:2:4: a ':' stands where no key can be"]),
    ("key without colon", "a: 1\nb\n", ["f:3:1: this key has no ':'"]),
    ("at sign", "a: @b\n", ["f:1:4: this character cannot start a value"]),
    ("unknown escape", 'a: "\\q"\n', ["f:1:6: an unknown escape"]),
    ("escape beyond Unicode", 'a: "\\UFFFFFFFF"\n', ["f:1:7: this is not valid YAML"]),
    ("escaped NUL", 'a: "\\0"\n', ["f:1:4: a: an escape in this text makes a control character"]),
    ("escaped surrogate", 'a: "\\uD800"\n', ["f:1:4: a: an escape in this text makes a control character"]),
    ("too deep", "[" * (MAX_DEPTH + 1), [f"f:1:{MAX_DEPTH + 1}: nested more than {MAX_DEPTH} deep"]),
    ("very deep", "[" * 5000, [f"f:1:{MAX_DEPTH + 1}: nested more than {MAX_DEPTH} deep"]),
    ("deep lists", "- " * 5000, [f"f:1:{2 * MAX_DEPTH + 1}: nested more than {MAX_DEPTH} deep"]),
    ("huge version", f"%YAML 1.{'9' * 5000}\n---\na: 1\n", ["f:1:9: this is not valid YAML"]),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in FINDINGS], ids=[c[0] for c in FINDINGS])
def test_findings(text: str, expected: list[str]) -> None:
    """What is wrong with the YAML is said at its line and column."""
    _, findings = read_document(text, "f")
    assert expected == [str(finding).splitlines()[0] for finding in findings]


def test_data() -> None:
    """Scalars, flow and block collections become the data that they are."""
    expected = {
        "version": 1,
        "name": "friday",
        "list": ["a", "b", {"c": 1}],
        "block": ["x", {"key": "text\n", "other": 123}],
    }
    assert expected == parse_document(GOOD, "f").data


def test_marks() -> None:
    """Each value's mark gives its line, its column and its very text; each key's mark gives the key."""
    document = parse_document(GOOD, "f")
    marks = {path: (m.line, m.column, GOOD[m.start : m.end]) for path, m in document.marks.items()}
    del marks[()], marks["block",], marks["block", 1]
    assert marks == {
        ("version",): (2, 10, "1"),
        ("name",): (3, 7, '"friday"'),
        ("list",): (4, 7, "[a, 'b', {c: 1}]"),
        ("list", 0): (4, 8, "a"),
        ("list", 1): (4, 11, "'b'"),
        ("list", 2): (4, 16, "{c: 1}"),
        ("list", 2, "c"): (4, 20, "1"),
        ("block", 0): (6, 5, "x"),
        ("block", 1, "key"): (7, 10, "|\n      text"),
        ("block", 1, "other"): (9, 12, "0123"),
    }
    keys = {path: GOOD[m.start : m.end] for path, m in document.keys.items()}
    assert keys == {path: path[-1] for path in keys}


def test_bytes_and_line_ends() -> None:
    """Bytes are UTF-8, and columns count characters; CRLF is one line end."""
    document = parse_document("ä: 1\r\nb: 'ö' # x\r\n".encode(), "f")
    mark = document.marks["b",]
    assert (2, 4, "'ö'") == (mark.line, mark.column, document.text[mark.start : mark.end])


def test_not_utf8() -> None:
    """The first byte that is not UTF-8 is located."""
    _, findings = read_document("a: 1\nä: ".encode() + b"\xff", "f")
    assert ["f:2:4: the file is not UTF-8 text"] == [str(f).splitlines()[0] for f in findings]


def test_too_large() -> None:
    """A file of more than 1 MiB is not even scanned."""
    _, findings = read_document(b"#" * (MAX_BYTES + 1), "f")
    assert ["the file is larger than 1 MiB"] == [finding.message for finding in findings]


def test_too_many_nodes() -> None:
    """Reading stops at the bound, wherever the file ends."""
    _, findings = read_document("- a\n" * (MAX_NODES + 10), "f")
    assert [(MAX_NODES, f"more than {MAX_NODES} values in one file")] == [
        (f.line, f.message) for f in findings
    ]


def test_alias_bomb() -> None:
    """A bomb of aliases is refused where it is written, and nothing grows."""
    bomb = "a: &a [x]\n" + "".join(
        f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ProfileError) as caught:
        parse_document(bomb, "f")
    kinds = {finding.message for finding in caught.value.findings}
    assert {"a YAML anchor is not allowed", "a YAML alias is not allowed"} == kinds


def test_data_beside_findings() -> None:
    """What could be read comes beside what is wrong: the first of two equal keys, and no refused key."""
    document, findings = read_document("a: 1\na: 2\n3: {x: [y]}\nb: !t c\n", "f")
    assert document is not None
    assert ({"a": 1, "b": "c"}, 3) == (document.data, len(findings))


_PIECES = st.sampled_from(
    [*"ab01:-?[]{},&*!|>'\"%@`#~ \n\t\\<", "\n  ", ": ", "- ", "---\n", "...", "\\u", "<<"]
)


@given(st.one_of(st.text(), st.binary(), st.lists(_PIECES, max_size=40).map("".join)))
@example("? ? ? x")
@example("{? [a]: b}")
@example("!<")
@example("%TAG ! x\n---\na")
@example("a: |9\n b")
@example("\u2028a: 1")
def test_any_text(text: str | bytes) -> None:
    """Any text or bytes become a document or a ProfileError, and nothing else; marks lie in the text."""
    try:
        document = parse_document(text, "f")
    except ProfileError as error:
        assert error.findings
        return
    for mark in (*document.marks.values(), *document.keys.values()):
        assert 0 <= mark.start <= mark.end <= len(document.text)
