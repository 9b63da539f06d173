"""Which `.spiritstream.yaml` a profile's file inherits from, and how it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiritstream.config import commonfile
from spiritstream.config.common import COMMON
from spiritstream.config.commonfile import common_for, find_common, read_common
from spiritstream.config.load import check_file, load_profile

TEXT = "version: 1\ndefaults: {targets: {sender: native}}\n"
PROFILE = """\
version: 1
name: show
input: {test: {}}
groups: {g: {targets: {t: {platform: youtube, key: {env: KEY}}}}}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def found(folder: Path, file: str) -> str | None:
    """The folder in which it was found for a file, seen from `folder`."""
    path = find_common(folder / file)
    assert path is None or COMMON == path.name
    return None if path is None else os.path.relpath(path.parent, folder)


@pytest.mark.parametrize(
    ("there", "file", "expected"),
    [
        pytest.param([], "a.yaml", None, id="none"),
        pytest.param(["."], "a.yaml", ".", id="beside it"),
        pytest.param([".", "a"], "a/b/c.yaml", "a", id="the nearest"),
        pytest.param(["."], "a/b/c/d/x.yaml", ".", id="as deep as a source is"),
        pytest.param(["."], "a/b/c/d/e/x.yaml", None, id="deeper"),
        pytest.param(["a"], "b/x.yaml", None, id="beside the way up"),
        pytest.param([".."], "x.yaml", None, id="never the home folder's"),
    ],
)
def test_nearest(home: Path, there: list[str], file: str, expected: str | None) -> None:
    """Outside of a repository: the nearest of five folders, below the home folder."""
    folder = home / "shows"
    (folder / file).parent.mkdir(parents=True)
    for one in there:
        (folder / one).mkdir(parents=True, exist_ok=True)
        (folder / one / COMMON).write_text(TEXT)
    assert expected == found(folder, file)


@pytest.mark.parametrize("mark", ["folder", "file"])
def test_repository(home: Path, mark: str) -> None:
    """In a repository: up to its top, however deep, and no further. A work tree's `.git` is a file."""
    top = home / "repo"
    deep = top / "a/b/c/d/e/f"
    deep.mkdir(parents=True)
    (home / "repo" / ".git").mkdir() if mark == "folder" else (top / ".git").write_text("gitdir: x\n")
    (home / COMMON).write_text(TEXT)
    assert None is found(top, "a/b/c/d/e/f/x.yaml")
    (top / COMMON).write_text(TEXT)
    assert "." == found(top, "a/b/c/d/e/f/x.yaml")


def test_beside_in_the_home_folder(home: Path) -> None:
    """A file in the home folder itself inherits from the one beside it."""
    (home / COMMON).write_text(TEXT)
    assert "." == found(home, "x.yaml")


def test_everybodys_folder(home: Path) -> None:
    """A folder that everybody may write to, such as /tmp, says nothing about what lies below it."""
    mine = home / "all" / "mine"
    mine.mkdir(parents=True)
    (home / "all" / COMMON).write_text(TEXT)
    assert ".." == found(mine, "x.yaml")
    (home / "all").chmod(0o1777)
    assert None is found(mine, "x.yaml")


def test_a_link_is_as_good(home: Path) -> None:
    """A link to one is followed; one that leads nowhere is there, and cannot be read."""
    shows = home / "shows"
    shows.mkdir()
    (home / "real").write_text(TEXT)
    (shows / COMMON).symlink_to(home / "real")
    assert "native" == read_common(shows / COMMON, "f").defaults["targets"]["sender"]
    (home / "real").unlink()
    inherited = common_for(shows / "x.yaml")
    assert inherited is not None
    assert [f"{shows / COMMON}:1:1: cannot be read: no such file or directory"] == [
        str(one) for one in inherited.findings
    ]


def test_a_folder_that_is_a_link(home: Path) -> None:
    """What stands above the link is the nearest; where there is nothing, what stands above its end."""
    (home / "repo/.git").mkdir(parents=True)
    (home / "repo/shows").mkdir()
    (home / "repo" / COMMON).write_text(TEXT)
    (home / "config/here").mkdir(parents=True)
    (home / "config/here/shows").symlink_to(home / "repo/shows")
    assert "repo" == found(home, "config/here/shows/x.yaml")
    (home / "config" / COMMON).write_text(TEXT)
    assert "config" == found(home, "config/here/shows/x.yaml")


def test_a_home_folder_that_is_a_link(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own file counts for nothing below it, by whichever name it is reached."""
    (home / COMMON).write_text(TEXT)
    (home / "shows").mkdir()
    link = home.parent / "link"
    link.symlink_to(home)
    monkeypatch.setenv("HOME", str(link))
    assert [None, None] == [found(one, "shows/x.yaml") for one in (home, link)]


def test_somebody_elses(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another user's is not taken: it could name a recipient of theirs."""
    (home / COMMON).write_text(TEXT)
    (home / "x.yaml").write_text(PROFILE)
    monkeypatch.setattr(commonfile, "is_ours", lambda path, profile: False)
    (finding,) = check_file(home / "x.yaml").findings
    assert "belongs to another user, and is not taken" == finding.message


def test_by_hand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is loaded and checked with what it inherits; findings name it as the file was named."""
    (home / COMMON).write_text(TEXT)
    (home / "sub").mkdir()
    (home / "sub" / "x.yaml").write_text(PROFILE)
    assert "ffmpeg" == load_profile(home / "sub" / "x.yaml", None, {"KEY": "k"}).groups[0].targets[0].sender
    (home / ".git").mkdir()
    assert "native" == load_profile(home / "sub" / "x.yaml", None, {"KEY": "k"}).groups[0].targets[0].sender
    (home / COMMON).write_text("version: 2\n")
    monkeypatch.chdir(home / "sub")
    expected = "version: expected 1"
    assert [f"../{COMMON}:1:10: {expected}"] == [str(one) for one in check_file(Path("x.yaml")).findings]
    assert [f"{home}/{COMMON}:1:10: {expected}"] == [
        str(one) for one in check_file(home / "sub/x.yaml").findings
    ]
    assert [f"y:1:10: {expected}"] == [str(one) for one in check_file(home / COMMON, "y").findings]
