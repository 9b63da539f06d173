"""`diff`: two texts of a profile line by line, without a secret in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.cli.diff import Pair, diff_lines
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import CONTROLLER, peer, status_data
from tests.cli.places import controller_at, home

__all__ = ["home", "spiritstream"]

TEXT = """\
version: 1
name: show
input: {test: {fps: 10}}
groups: {source: {targets: {tape: {record: /srv/tape.mkv}}}}
"""
EDITED = TEXT.replace("fps: 10", "fps: 25")


@pytest.mark.parametrize(
    ("pair", "lines"),
    [
        pytest.param(Pair("show", TEXT, "show.yaml", TEXT), [], id="equal: nothing"),
        pytest.param(
            Pair("show", "a\nb\n", "show.yaml", "a\nc\n"),
            ["--- show (applied)", "+++ show.yaml", "@@ -1,2 +1,2 @@", " a", "-b", "+c"],
            id="a line",
        ),
        pytest.param(
            Pair("show", "", "show.yaml", "a\n"),
            ["--- /dev/null", "+++ show.yaml", "@@ -0,0 +1 @@", "+a"],
            id="not applied yet",
        ),
        pytest.param(
            Pair("show", "a\n", "show.yaml", ""),
            ["--- show (applied)", "+++ /dev/null", "@@ -1 +0,0 @@", "-a"],
            id="gone from the source",
        ),
        pytest.param(
            Pair("show", "", "s\x1b[31m.yaml", "\x1b[31m\n"),
            ["--- /dev/null", "+++ s[31m.yaml", "@@ -0,0 +1 @@", "+[31m"],
            id="nothing that steers a terminal",
        ),
    ],
)
def test_lines(pair: Pair, lines: list[str]) -> None:
    """As `diff -u` writes it, from what is applied to what is written."""
    assert lines == [line.rstrip() for line in diff_lines(pair)]


def told(applied: str | None, now: str | None) -> list[dict[str, str | None]]:
    """What a controller says of its texts."""
    return [{"name": "show", "file": "show.yaml", "applied": applied, "now": now}]


def test_file(home: Path, spiritstream: Spiritstream) -> None:
    """A file beside what is applied; exit code 3 when it differs, 0 when it does not."""
    file = home / "show.yaml"
    file.write_text(EDITED)
    with peer(controller_at(home), CONTROLLER, status=status_data(), texts=told(TEXT, TEXT)) as asked:
        differs = spiritstream("diff", file)
    assert ("texts", {"names": ["show"]}) in asked
    assert (ExitCode.PENDING, "") == (differs.code, differs.err)
    assert "-input: {test: {fps: 10}}\n+input: {test: {fps: 25}}\n" in differs.out
    with peer(controller_at(home), CONTROLLER, status=status_data(), texts=told(EDITED, TEXT)):
        assert (ExitCode.DONE, "", "nothing differs\n") == spiritstream("diff", file)


def test_source(home: Path, spiritstream: Spiritstream) -> None:
    """Without a file: what the source holds now beside what is applied."""
    with peer(controller_at(home), CONTROLLER, status=status_data(), texts=told(TEXT, EDITED)) as asked:
        said = spiritstream("diff")
    assert ("texts", {"names": None}) in asked
    assert ExitCode.PENDING == said.code
    assert said.out.startswith("--- show (applied)\n+++ show.yaml\n")


def test_invalid_file(home: Path, spiritstream: Spiritstream) -> None:
    """A file with a mistake is no profile to compare: the mistake is said."""
    file = home / "show.yaml"
    file.write_text(TEXT + "nope: 1\n")
    with peer(controller_at(home), CONTROLLER, status=status_data(), texts=told(TEXT, TEXT)):
        said = spiritstream("diff", file)
    assert (ExitCode.INVALID, "") == said[:2]
    assert "nope" in said.err


def test_no_controller(home: Path, spiritstream: Spiritstream) -> None:
    """Where none runs nothing is applied, and what to do is said."""
    said = spiritstream("diff")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "no controller runs" in said.err and "spiritstream apply FILE" in said.err
