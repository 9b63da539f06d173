"""Setting and removing one entry: the lines that say it change, and not a byte besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.document import parse_document, read_document
from spiritstream.config.entries import drop_entry, put_entry, written
from spiritstream.errors import UsageError

Case = tuple[str, str, object, str]

# text, dotted path, new value, text afterwards
PUT: dict[str, Case] = {
    "plain": ("a: x   # mine\nb: 2\n", "a", "y", "a: y   # mine\nb: 2\n"),
    "number": ("a: 3 # mine\n", "a", 4, "a: 4 # mine\n"),
    "quotes stay": ("a: 'x' # mine\n", "a", "y", 'a: "y" # mine\n'),
    "quotes where needed": ("a: x\n", "a", "y: #z", 'a: "y: #z"\n'),
    "a text like a number": ("a: x\n", "a", "12", 'a: "12"\n'),
    "block scalar": ("a: |-  # mine\n  x\nb: 2\n", "a", "y", "a: y  # mine\nb: 2\n"),
    "nothing yet": ("a:   # mine\nb: 2\n", "a", "y", "a: y   # mine\nb: 2\n"),
    "null": ("a: null # mine\n", "a", "y", "a: y # mine\n"),
    "the same": ("a:    'x' # mine\n", "a", "x", "a:    'x' # mine\n"),
    "new at the end": ("b: 2 # mine\n# last\n", "a", "y", "b: 2 # mine\n# last\na: y\n"),
    "new without a last line end": ("b: 2\nc: 3", "a", "y", "b: 2\nc: 3\na: y"),
    "new below an indented root": ("  b: 2\n", "a", "y", "  b: 2\n  a: y\n"),
    "new in a flow root": ("{b: 2}\n", "a", "y", "{b: 2, a: y}\n"),
    "new in an empty root": ("{}\n", "a", "y", "{a: y}\n"),
    "new behind a last comma": ("{b: 2,}\n", "a", "y", "{b: 2, a: y}\n"),
    "new, deep": ("b: 2\n", "l.k.d", 3, "b: 2\nl:\n  k:\n    d: 3\n"),
    "deeper": (
        "l:\n    m: 1 # mine\n\n# about b\nb: 2\n",
        "l.k.d",
        3,
        "l:\n    m: 1 # mine\n    k:\n      d: 3\n\n# about b\nb: 2\n",
    ),
    "into a flow mapping": ("l: {m: 1} # mine\nb: 2\n", "l.k.d", 3, "l: {m: 1, k: {d: 3}} # mine\nb: 2\n"),
    "into an empty mapping": ("l: {}\n", "l.d", 3, "l: {d: 3}\n"),
    "into nothing": ("l: # mine\nb: 2\n", "l.d", 3, "l: {d: 3} # mine\nb: 2\n"),
    "in place of a scalar": ("l: x # mine\nb: 2\n", "l.d", 3, "l: {d: 3} # mine\nb: 2\n"),
    "a scalar for a mapping": ("l:\n  m: 1\n# about b\nb: 2\n", "l", "y", "l: y\n# about b\nb: 2\n"),
    "a list, new": ("b: 2\n", "s", ["x", "y z"], 'b: 2\ns: [x, "y z"]\n'),
    "a list, flow": ("s: [x, y] # mine\n", "s", ["y", "z"], "s: [y, z] # mine\n"),
    "a list for a scalar": ("s: x # mine\n", "s", ["y"], "s: [y] # mine\n"),
    "a list, block": (
        "s:\n  # first\n  - x # about x\n  - y # about y\n# about b\nb: 2\n",
        "s",
        ["y", "z"],
        "s:\n  # first\n  - y # about y\n  - z\n# about b\nb: 2\n",
    ),
    "a list, block, all new": ("s:\n- x\nb: 2\n", "s", ["z"], "s:\n- z\nb: 2\n"),
    "a list, block, last line": ("s:\n- x", "s", ["x", "z"], "s:\n- x\n- z"),
    "wide characters": ("n: 日本🎬\na: x # ü\n", "a", "ü y", 'n: 日本🎬\na: "ü y" # ü\n'),
}

# text, dotted path, text afterwards
DROP: dict[str, tuple[str, str, str]] = {
    "a line": ("a: x # mine\nb: 2\n", "a", "b: 2\n"),
    "comments around stay": ("# one\na: x\n# two\nb: 2\n", "a", "# one\n# two\nb: 2\n"),
    "the last without a line end": ("b: 2\na: x", "a", "b: 2\n"),
    "a block": ("s:\n  - x\n  - y # mine\n# two\nb: 2\n", "s", "# two\nb: 2\n"),
    "nothing as a value": ("a:   # mine\nb: 2\n", "a", "b: 2\n"),
    "one of two below": ("l:\n  d: 3\n  m: 1\nb: 2\n", "l.d", "l:\n  m: 1\nb: 2\n"),
    "the only one below": ("l: # mine\n  k:\n    d: 3\nb: 2\n", "l.k.d", "b: 2\n"),
    "the only one, with a neighbour above": ("l:\n  k: {d: 3}\n  m: 1\n", "l.k.d", "l:\n  m: 1\n"),
    "flow, first": ("l: {d: 3, m: 1} # x\n", "l.d", "l: {m: 1} # x\n"),
    "flow, last": ("l: {m: 1, d: 3} # x\n", "l.d", "l: {m: 1} # x\n"),
    "flow root": ("{b: 2, a: x}\n", "a", "{b: 2}\n"),
    "not there": ("b: 2\n", "a", "b: 2\n"),
    "not there, deep": ("l: x\n", "l.d", "l: x\n"),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("before", "path", "value", "after"), PUT.values(), ids=PUT)
def test_put(before: str, path: str, value: object, after: str, ends: str) -> None:
    """One entry gets its value; comments, order and layout stay."""
    document = read_document(before.replace("\n", ends), "f")[0]
    assert document
    assert after.replace("\n", ends) == put_entry(document, path.split("."), value)


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("before", "path", "after"), DROP.values(), ids=DROP)
def test_drop(before: str, path: str, after: str, ends: str) -> None:
    """One entry goes, and with it the mappings that it leaves empty."""
    document = parse_document(before.replace("\n", ends), "f")
    assert after.replace("\n", ends) == drop_entry(document, path.split("."))


UNUSUAL = {
    "behind the document's end": ("b: 2\n...\n", "a", 5),
    "a comment behind the last of a flow mapping": ("{b: 2 # mine\n}\n", "a", 5),
    "an item on the next line": ("s:\n  - x\n  -\n    y\n", "s", ["x"]),
    "a list as the root": ("- b\n", "a", 5),
}


@pytest.mark.parametrize(("text", "path", "value"), UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_layout_is_refused(text: str, path: str, value: object) -> None:
    """What would not come out right is refused, with the advice to edit by hand."""
    with pytest.raises(UsageError) as caught:
        put_entry(parse_document(text, "f"), [path], value)
    assert f"f: {path} cannot be changed in place: its layout is unusual" == caught.value.message
    assert "edit the file by hand" == caught.value.hint


def test_an_entry_with_an_explicit_key_goes_whole() -> None:
    """YAML's rarer spelling of an entry: all of its lines are one entry."""
    document = parse_document("b: 2\n? a\n  # mine\n: x\nc: 3\n", "f")
    assert "b: 2\nc: 3\n" == drop_entry(document, ["a"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("/usr/bin/ffmpeg", "/usr/bin/ffmpeg"),
        ("", '""'),
        ("no", "no"),
        ("true", '"true"'),
        ("1e3", '"1e3"'),
        ("-x", '"-x"'),
        ("a b", '"a b"'),
        ('a"\\b', '"a\\"\\\\b"'),
        (7, "7"),
        (["a", "1"], '[a, "1"]'),
    ],
)
def test_written(value: object, text: str) -> None:
    """A value is written without quotes only where it reads as itself without them."""
    assert text == written(value)
    assert {"k": value} == parse_document(f"k: {text}", "f").data


NAMES = ["a", "b", "l", "s"]
scalars = st.one_of(st.integers(0, 99), st.text("xyz: #'\"\\-[]{},ü", min_size=1, max_size=6))
comments = st.sampled_from(["", " # note", '  # it\'s "mine": {x}'])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A mapping with scalars, lists and mappings, in block and flow, with comments and blank lines."""
    lines = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1)):
        lines += draw(st.sampled_from([[], ["# alone"], [""]]))
        note, one, two = draw(comments), written(draw(scalars)), written(draw(scalars))
        lines += draw(
            st.sampled_from(
                [
                    [f"{name}: {one}{note}"],
                    [f"{name}:{note}", f"  - {one}{note}", f"  - {two}"],
                    [f"{name}:{note}", f"  d: {one}{note}", f"  m: {two}"],
                    [f"{name}: {{d: {one}, m: {two}}}{note}"],
                    [f"{name}: [{one}, {two}]{note}"],
                ]
            )
        )
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# end\n"]))


@given(
    texts(),
    st.sampled_from([*NAMES, "l.d", "l.q", "n.e.w"]),
    st.one_of(scalars, st.lists(scalars, min_size=1)),
)
def test_put_and_drop_in_any_text(text: str, path: str, value: object) -> None:
    """The entry is there afterwards, then gone again, and everything else is as it was."""
    way = path.split(".")
    put = parse_document(put_entry(parse_document(text, "f"), way, value), "f")
    assert _sorted(value) == _sorted(_at(put.data, way))
    others = {key: held for key, held in _mapping(put.data).items() if key != way[0]}
    before = _mapping(parse_document(text, "f").data)
    assert {key: held for key, held in before.items() if key != way[0]} == others
    if others:
        gone = parse_document(drop_entry(put, way), "f")
        assert _at(gone.data, way) is None
        assert others == {key: held for key, held in _mapping(gone.data).items() if key != way[0]}


def _mapping(data: object) -> dict[str, object]:
    assert isinstance(data, dict)
    return data


def _at(data: object, way: list[str]) -> object:
    for key in way:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _sorted(value: object) -> object:
    return sorted(set(map(str, value))) if isinstance(value, list) else value
