"""A secret that stands anywhere in a profile, by mistake or not, is in no message."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.document import read_document
from spiritstream.config.load import check_text, load_profile
from spiritstream.errors import Finding, SpiritError
from tests.config.test_load import FULL, PUSHED

CANARIES = ["CANARY-s3cr3t/9f8e7d", "live_123456_CANARYabcdef", "CANARY" * 20, "a: CANARY", "CANARY\n123"]
Place = tuple[str | int, ...]


def _places(node: object, path: Place = ()) -> Iterator[Place]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from _places(child, (*path, key))


PROFILES: list[dict[str, object]] = [yaml.safe_load(text) for text in (FULL, PUSHED)]
PLACES = [(profile, place) for profile in PROFILES for place in _places(profile)]


def _with(profile: dict[str, object], place: Place, canary: str, as_key: bool) -> str:
    data = copy.deepcopy(profile)
    node: object = data
    for part in place[:-1]:
        node = node[part]  # type: ignore[index]
    assert isinstance(node, dict)
    if as_key:
        node[canary] = node.pop(place[-1])
    else:
        node[place[-1]] = canary
    return yaml.safe_dump(data, sort_keys=False)


def _said(findings: list[Finding]) -> str:
    return "\n".join(map(str, findings))


@pytest.mark.parametrize("canary", CANARIES, ids=range(len(CANARIES)))
@pytest.mark.parametrize("as_key", [False, True], ids=["value", "key"])
def test_canary(canary: str, as_key: bool, tmp_path: Path) -> None:
    """A canary in place of any value or key is never repeated, by validating or by loading."""
    for profile, place in PLACES:
        text = _with(profile, place, canary, as_key)
        assert canary not in (said := _said(check_text(text, "f")))
        assert "CANARY" not in said
        if as_key:
            continue  # an invalid profile: loading it raises the same findings
        path = tmp_path / "p.yaml"
        path.write_text(text)
        try:
            load_profile(path, None, {"PW": "a", "KEY": "b", "PP": "c"})
        except SpiritError as error:
            assert "CANARY" not in f"{error} {error!r}"


@pytest.mark.parametrize("cut", ["'", '"', "[", "{", "\t", ": :", "&", "*", "!", "%", "@", "`", "|", "\\"])
def test_canary_in_broken_yaml(cut: str) -> None:
    """YAML's own messages quote the text: ours do not."""
    for line in (
        f"key: {cut}CANARY",
        f"key: CANARY{cut}",
        f"{cut}CANARY: x",
        f"key: {cut}CANARY: {cut}",
        f'"{cut}CANARY',
    ):
        for text in (line, f"a: 1\n{line}\nb: 2\n", f"a: {{{line}\n", f"{line}\n{line}\n"):
            _, findings = read_document(text, "f")
            assert "CANARY" not in _said(findings + check_text(text, "f"))


def test_prefixes() -> None:
    """Every beginning of a profile, as a half-written file is one, has an answer; only the whole is good."""
    for text, enough in ((FULL, "username"), (PUSHED, "key: {env: KEY}")):
        answers = [bool(check_text(text[:length], "f")) for length in range(len(text))]
        assert all(answers[: text.index(enough)])
        assert [] == check_text(text, "f")


_WORDS = st.sampled_from(
    "version name input test files pull url key groups g targets a video audio codec copy h264 bitrate 1M "
    "size record platform youtube server env file enabled container fps keyframe segment path paths "
    "rtmp listen app key open takeover hold tls certificate private_key sender leave native drop".split()
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), _WORDS)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=3), inner),
    max_leaves=25,
)


@given(_TREES)
def test_any_tree(tree: object) -> None:
    """Data of any shape is answered with findings, never with another error."""
    check_text(yaml.safe_dump(tree, allow_unicode=True), "f")


@given(st.sampled_from(PLACES), _TREES)
def test_any_leaf(at: tuple[dict[str, object], Place], tree: object) -> None:
    """A value of any shape in place of any part of a good profile, too."""
    profile, place = at
    data = copy.deepcopy(profile)
    node: object = data
    for part in place[:-1]:
        node = node[part]  # type: ignore[index]
    node[place[-1]] = tree  # type: ignore[index]
    check_text(yaml.safe_dump(data), "f")
