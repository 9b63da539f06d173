"""Every program's configuration, whole: what is made of it, line by line, and that it is a valid profile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.leaves import secret_leaves
from spiritstream.config.load import check_data, surroundings
from spiritstream.secret import Secret
from tests.importers.making import CANARY, VECTORS, written

EXPECTED = sorted((VECTORS / "expected").glob("*.yaml"))
SOURCES = (
    *("spiritstream", "obs", "obs-plain", "stream-sprout.yaml", "nginx.conf", "mediamtx.yml"),
    *("restream.sh", "encode.sh"),
)


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_made_of_it(source: str) -> None:
    """The text is the expected one: targets, encodings, comments, and what each key is sealed for."""
    stem = source.partition(".")[0]
    expected = {path.name: path.read_text() for path in EXPECTED if path.name.startswith(f"{stem}-")}
    if stem == "obs":
        expected = {name: text for name, text in expected.items() if not name.startswith("obs-plain")}
    assert expected == {f"{stem}-{one.name}.yaml": one.text for one in written(source)}


@pytest.mark.parametrize("source", SOURCES)
def test_it_is_valid(source: str) -> None:
    """Nothing is wrong with the profile, but that its keys are only shown to be sealed here."""
    for one in written(source):
        text = re.sub(r'"sealed for (\S+) as key"', "{env: KEY}", one.text)
        text = re.sub(r'"sealed for (\S+) as \w+"', "{env: OTHER}", text)
        findings = check_data(text.encode(), "f.yaml", Path()).findings
        assert [] == [finding for finding in findings if "same place" not in finding.message]


@pytest.mark.parametrize("source", SOURCES)
def test_keys_arrive_whole(source: str) -> None:
    """Each secret that stands in the new file is one of the old file's, and none is in clear text."""
    for one in written(source):
        leaves = secret_leaves(parse_document(one.text, "f.yaml"), surroundings(Path()).destination)
        sealed = {leaf.at for leaf in leaves if isinstance(leaf.value, str)}
        assert sealed == set(one.secrets)
        assert CANARY not in one.text
        assert all(CANARY in form for secret in one.secrets.values() for form in secret.forms())


def test_whole_keys() -> None:
    """Queries, and what stands between a template's ends, belong to the key or not, to the byte."""
    keys = {
        (one.name, *map(str, at[1::2])): secret
        for source in SOURCES
        for one in written(source)
        for at, secret in one.secrets.items()
        if at[-1] == "key" and at[0] == "groups"
    }
    assert {
        ("friday-show", "passthrough-default", "backup"): Secret("CANARY-backup-11"),
        ("friday-show", "mobile-720p", "facebook"): Secret("CANARY-facebook?s_bl=1&a=b"),
        ("studio", "source", "youtube-2"): Secret("CANARY-nginx-backup"),
        ("studio", "source", "push-3"): Secret("CANARY-nginx-relay?token=CANARY-token"),
        ("stage", "source", "forward-2"): Secret("publish:stage:CANARY-mtx-srt"),
    }.items() <= keys.items()


def test_commented_encoding_is_ready() -> None:
    """What OBS Studio encoded stands in comments that are a valid group when the # is taken away."""
    for source in ("obs", "obs-plain"):
        (one,) = written(source)
        text = re.sub(r"^    # (video|audio):", r"    \1:", one.text, flags=re.MULTILINE)
        assert text != one.text
        text = re.sub(r'"sealed for \S+ as \w+"', "{env: KEY}", text)
        assert [] == check_data(text.encode(), "f.yaml", Path()).findings
