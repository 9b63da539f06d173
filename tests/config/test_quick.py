"""What libyaml reads is what PyYAML's own parser reads, marks too; what is in doubt, it does not read."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spiritstream.config import quick
from spiritstream.config.document import read_document, read_thoroughly
from spiritstream.config.quick import read_quickly
from spiritstream.config.tree import MAX_DEPTH, MAX_NODES
from tests.bench.controller_profiles import idle_profile, live_profile
from tests.config.test_document import FINDINGS
from tests.config.test_findings import SCHEMA_CASES

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))

PLAIN = {
    "a mapping": "a: 1\nb: text\n",
    "no last line break": "a: 1",
    "blank lines and comments": "\n# one\n\na: 1  # two\n\n\nb: 2\n# three\n",
    "a document's start": "---\na: 1\n",
    "a document's end": "a: 1\n...\n",
    "quotes": "a: 'it''s'\nb: \"x y\"\n'c': \"\"\n",
    "quotes over lines": "a: 'one\n  two\n\n  three'\nb: \"one\n  two\"\n",
    "plain text over lines": "a: one\n  two\n\n  three\nb: 1\n",
    "lists": "a:\n- 1\n- b: 2\n  c: 3\n- - 4\n  - 5\n",
    "flow": "a: {b: [1, 2], c: {d: e}}\nf: [ ]\ng: { }\n",
    "flow over lines": "a: {\n  b: 1,\n  c: [2,\n 3],\n}\n",
    "colons": "a: rtmp://host:1935/app\nb: {c: rtmp://host:1935/app, d: x:y}\n",
    "wide characters": "é: 日本\nb: 😀 x\nc: {d: 日, e: 1}\n",
    "numbers": "a: 0x1F\nb: 0123\nc: 1.5\nd: -2\ne: 12:30\nf: 0o17\n",
    "words": "a: null\nb: ~\nc: true\nd: no\n",
    "percent and marks inside": "a: 5%\nb: x!y\nc: a&b*c|d>e\n# 100% sure\n",
}

DOUBTFUL = {
    "tab": "a:\t1\n",
    "carriage return": "a: 1\r\nb: 2\r\n",
    "next line": "a: x\x85b\n",
    "line separator": "a: x\u2028y\n",
    "byte order mark inside": "a: x\ufeffy\n",
    "escape": 'a: "x\\ty"\n',
    "question mark in brackets": "a: [b?c]\n",
    "block scalar": "a: |\n  b\n",
    "folded": "a: >-\n  b\n",
    "directive": "%YAML 1.1\n---\na: 1\n",
    "anchor": "a: &b 1\n",
    "alias": "a: *b\n",
    "tag": "a: !!str 1\n",
    "nothing": "a:\nb: 1\n",
    "nothing in brackets": "a: [1, , 2]\n",
    "nothing after a start": "---\n",
    "a list": "- a\n",
    "text": "hello\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "duplicate key": "a: 1\na: 2\n",
    "number as key": "1: a\n",
    "merge key": "<<: {a: 1}\n",
    "list as key": "{[a]: b}\n",
    "deep": "a: " + "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH + "\n",
    "large": "a: [" + "1," * MAX_NODES + "1]\n",
    "broken": "a: 'b\n",
}


def as_thorough(text: str) -> None:
    """Whatever is read quickly is what is read thoroughly, with nothing wrong in it."""
    parts = read_quickly(text)
    if parts is None:
        return
    document, findings = read_thoroughly(text, "f")
    assert document is not None
    assert (document.data, document.marks, document.keys, []) == (*parts, findings)


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_texts_are_read_quickly(text: str) -> None:
    """The YAML that profiles are written in."""
    assert read_quickly(text) is not None
    as_thorough(text)


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubtful_texts_are_not(text: str) -> None:
    """What the two parsers could read differently, and what has something wrong in it."""
    assert read_quickly(text) is None


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_examples(path: Path) -> None:
    """The examples' data and marks are the same."""
    as_thorough(path.read_text(encoding="utf-8"))


def test_a_thousand_profiles() -> None:
    """Profiles as people write them need no second look."""
    texts = [idle_profile(number, lambda *_: "sealed:v1:0123:kick:abc-_d") for number in range(24)]
    texts.append(live_profile("live", "a.flv", ["rtmp://127.0.0.1:1935/live"], lambda *_: "sealed:v1:x"))
    assert None not in [read_quickly(text) for text in texts]
    for text in texts:
        as_thorough(text)


@pytest.mark.parametrize("text", [text for _, text, _ in FINDINGS], ids=[name for name, *_ in FINDINGS])
def test_what_is_wrong_with_yaml_is_found_thoroughly(text: str) -> None:
    """Nothing in which there is anything to be found is read quickly."""
    assert "\x00" in text or "\x1b" in text or "\ud800" in text or read_quickly(text) is None


@pytest.mark.parametrize("text", [text for text, _ in SCHEMA_CASES.values()], ids=SCHEMA_CASES)
def test_wrong_profiles(text: str) -> None:
    """Profiles that are good YAML and no good profiles have the same marks, which their findings stand at."""
    as_thorough(text)


_PIECES = st.sampled_from(
    "a|b: |key:| |  |\n|\n  |\n    |\n- |- |-|---|...|\n---\n|: |:|#| # c|'|\"|''|{|}|[|]|, |,|{a: b}|[1, 2]|"
    "é|日|😀|\u00a0|0x1F|null|~|true|1.5|<<|=|%|@|`|\n\n|a:b|http://x/y:1|::|x: {y: z, w: [1, 2]}\n|"
    "name: n\n|groups:\n  g:\n    t: {u: v}\n|\"a b\"|'it''s'|\n   c|\n d|!|&|*|>|?|\\|\t|\u2028".split("|")
)


@given(st.lists(_PIECES, max_size=24).map("".join))
@example("{platform: ,kick}")
@example("a: [b: c, d]\n")
@example("- {a: 'b'c: d}\n")
def test_any_text(text: str) -> None:
    """Also what nobody would write is read alike, or not quickly."""
    as_thorough(text)


@given(st.data())
def test_edited_profiles(data: st.DataObject) -> None:
    """A profile with pieces put in anywhere is read alike, or not quickly."""
    text = idle_profile(data.draw(st.integers(0, 11)), lambda *_: "sealed:v1:0123:kick:abc-_d")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(_PIECES) + text[at + data.draw(st.integers(0, 3)) :]
    as_thorough(text)


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without it, everything is read thoroughly."""
    fast, _ = read_document(PLAIN["flow"], "f")
    monkeypatch.setattr(quick, "_PARSER", None)
    assert read_quickly(PLAIN["flow"]) is None
    slow, _ = read_document(PLAIN["flow"], "f")
    assert fast is not None
    assert fast == slow
