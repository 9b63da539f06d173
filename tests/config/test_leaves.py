"""Which secrets a profile has, where they stand, and what they are bound to."""

import pytest

from spiritstream.config.destination import host_destination
from spiritstream.config.document import parse_document
from spiritstream.config.leaves import INGEST, SecretLeaf
from spiritstream.config.load import document_leaves
from spiritstream.config.platforms import platform_ids

TEXT = """\
input:
  pull:
    url: "srt://Camera.Example:9000"
    passphrase: 'hunter2'
groups:
  g:
    targets:
      a: {platform: YouTube, key: clear}
      b: {record: a.mkv}
      c:
        url: rtmp://[::1]/app
        key: {env: K}
        password: |
          secret
"""


def test_leaves() -> None:
    """Each secret comes with its destination and its very place in the text, in the text's order."""
    document = parse_document(TEXT, "f")
    leaves = document_leaves(document)
    expected = [
        ("input.pull.passphrase", "passphrase", "camera.example", 4, 17, "'hunter2'"),
        ("groups.g.targets.a.key", "key", "youtube", 8, 35, "clear"),
        ("groups.g.targets.c.key", "key", "[::1]", 12, 14, "{env: K}"),
        ("groups.g.targets.c.password", "password", "[::1]", 13, 19, "|\n          secret"),
    ]
    found = [(x.path, x.field, x.destination, x.line, x.column, TEXT[x.start : x.end]) for x in leaves]
    assert expected == found
    assert ["hunter2", "clear", {"env": "K"}, "secret\n"] == [leaf.value for leaf in leaves]


DESTINATIONS = [
    ("platform: youtube", "youtube"),
    ("platform: YouTube - RTMPS", "youtube"),
    ('platform: youtube, server: "Backup YouTube ingest server"', "youtube"),
    ('platform: youtube, server: "rtmps://A.Evil.Example/live2"', "a.evil.example"),
    ("platform: no-such", None),
    ("url: rtmp://Live.Example/app", "live.example"),
    ("url: rtmp://relay/app", "relay."),
    ("url: rtmp://good.example@evil.example/app", None),
    ("url: rtmp://live.example/app, platform: youtube", None),
    ("record: a.mkv", None),
    ("platform: [youtube]", None),
]


@pytest.mark.parametrize(("target", "expected"), DESTINATIONS)
def test_destination(target: str, expected: str | None) -> None:
    """A key is bound to its platform, or to the host of the URL that it really goes to."""
    document = parse_document(f"groups: {{g: {{targets: {{a: {{{target}, key: x}}}}}}}}", "f")
    assert [expected] == [leaf.destination for leaf in document_leaves(document)]


def test_ingest() -> None:
    """The key that publishers have to know is bound to `input`, which no platform and no host is called."""
    document = parse_document("input: {rtmp: {listen: 0.0.0.0, key: hunter2}}", "f")
    leaves = [(leaf.path, leaf.field, leaf.destination, leaf.value) for leaf in document_leaves(document)]
    assert [("input.rtmp.key", "key", INGEST, "hunter2")] == leaves
    assert INGEST not in platform_ids()
    assert INGEST != host_destination(INGEST)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "[]",
        "groups: []",
        "groups: {g: 1}",
        "groups: {g: {targets: [a]}}",
        "input: {pull: x}",
        "input: {rtmp: [x]}",
    ],
)
def test_other_shapes(text: str) -> None:
    """A document of any shape has leaves, if only none."""
    assert [] == document_leaves(parse_document(text, "f"))


def test_repr_hides_the_value() -> None:
    """A leaf holds clear text before it is sealed: printing it shows none."""
    leaf = SecretLeaf("a.key", "key", "h", "hunter2", 1, 2, 3, 4, ("a", "key"))
    assert "hunter2" not in f"{leaf} {leaf!r} {[leaf]}"
