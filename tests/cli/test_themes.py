"""`spiritstream themes`: what there is, what is in one, and what is wrong."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from spiritstream.cli.themes import command, complete
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream
from tests.config.test_themes import REQUIRED, theme

__all__ = ["spiritstream"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of themes, with two good ones and a bad one."""
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name if name != "CONFIG" else tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    themes = tmp_path / "spiritstream" / "themes"
    themes.mkdir(parents=True)
    (themes / "night.yaml").write_text(json.dumps(theme()))
    (themes / "day.yaml").write_text(json.dumps(theme(name="Day", mode="light")))
    (themes / "bad.yaml").write_text(json.dumps(theme(tokens={"--primary": "CANARY;"})))
    (themes / ".night.yaml.0123.new").write_text("half")
    return themes


def test_list(spiritstream: Spiritstream, folder: Path) -> None:
    """Each with id, mode, name and file; what is wrong with one follows on stderr, with exit 4."""
    called = spiritstream("themes")
    rows = [line.split() for line in called.out.splitlines()]
    assert [["bad", "-", "not", "valid"], ["day", "light", "Day"], ["night", "dark", "Night"]] == [
        row[:-1] for row in rows
    ]
    assert [str(folder / f"{id}.yaml") for id in ("bad", "day", "night")] == [row[-1] for row in rows]
    assert ExitCode.INVALID == called.code
    assert f"{folder / 'bad.yaml'}:1:" in called.err
    assert "CANARY" not in called.out + called.err
    (folder / "bad.yaml").unlink()
    assert 0 == spiritstream("themes").code


def test_list_as_json(spiritstream: Spiritstream, folder: Path) -> None:
    """The same as data, with its version."""
    called = spiritstream("themes", "--output", "json")
    data = json.loads(called.out)
    assert (ExitCode.INVALID, 1) == (called.code, data["version"])
    bad, day, _ = data["themes"]
    assert {
        "id": "day",
        "name": "Day",
        "mode": "light",
        "file": str(folder / "day.yaml"),
        "problems": [],
    } == day
    assert ("bad", None, 2) == (bad["id"], bad["name"], len(bad["problems"]))
    assert {"line", "column", "path", "message", "hint"} == set(bad["problems"][0])


def test_one(spiritstream: Spiritstream, folder: Path) -> None:
    """All its tokens, also those that it leaves out, as text and as data."""
    called = spiritstream("themes", "night")
    assert 0 == called.code
    assert f"night: Night, dark, {folder / 'night.yaml'}" == called.out.splitlines()[0]
    assert "--border-subtle             #123" in called.out
    found = json.loads(spiritstream("themes", "night", "--output", "json").out)["theme"]
    assert {*REQUIRED, "--border-subtle"} == set(found["tokens"])


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nihgt", ExitCode.USAGE, "did you mean night?"),
        ("../night", ExitCode.USAGE, "no such theme"),
        ("zzz", ExitCode.USAGE, "lists those there are"),
        ("bad", ExitCode.INVALID, "missing: "),
    ],
)
def test_none(name: str, code: int, said: str, spiritstream: Spiritstream, folder: Path) -> None:
    """One that is not there, or is not valid."""
    called = spiritstream("themes", name)
    assert (code, "") == called[:2]
    assert said in called.err


def test_there_are_none(spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder is no error: it is said where it would be."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    called = spiritstream("themes")
    assert (0, "") == called[:2]
    assert str(tmp_path / "spiritstream" / "themes") in called.err
    assert [] == json.loads(spiritstream("themes", "--output", "json").out)["themes"]


def test_a_link_to_nowhere(spiritstream: Spiritstream, folder: Path) -> None:
    """A file that cannot be read is a finding, beside the others."""
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / "bad.yaml").unlink()
    called = spiritstream("themes")
    assert ExitCode.INVALID == called.code
    assert "gone.yaml" in called.err
    assert "night" in called.out
    assert ExitCode.INVALID == spiritstream("themes", "gone").code


def test_completion(folder: Path) -> None:
    """The ids that begin with what was typed."""
    context = command.make_context("themes", [])
    assert ["night"] == complete(context, command.params[0], "n")


def test_the_schema_is_published(spiritstream: Spiritstream) -> None:
    """`schema theme` prints it, `explain --of theme` a token of it."""
    assert json.loads(spiritstream("schema", "theme").out)["title"] == "spiritstream theme"
    assert "--border-muted" in spiritstream("explain", "--of", "theme", "tokens.--border-subtle").out


def test_export_and_clear(spiritstream: Spiritstream, folder: Path, tmp_path: Path) -> None:
    """Themes are in the archive, where `tar` puts them back, if all are valid; a clearing removes them."""
    assert ExitCode.INVALID == spiritstream("data", "export", tmp_path / "a.tar.gz").code
    (folder / "bad.yaml").unlink()
    called = spiritstream("data", "export", tmp_path / "a.tar.gz")
    assert (0, ["spiritstream/themes/day.yaml", "spiritstream/themes/night.yaml"]) == (
        called.code,
        called.out.splitlines(),
    )
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        member = tar.extractfile("spiritstream/themes/night.yaml")
        assert member is not None
        assert (folder / "night.yaml").read_bytes() == member.read()
    called = spiritstream("data", "clear", "--yes")
    assert (0, 2) == (called.code, called.out.count("removed: "))
    assert [".night.yaml.0123.new"] == [path.name for path in folder.iterdir()]


def test_clear_leaves_a_work_tree(spiritstream: Spiritstream, folder: Path) -> None:
    """Themes that are kept in git stay."""
    (folder / ".git").mkdir()
    called = spiritstream("data", "clear", "--yes")
    assert "There is nothing to remove." in called.out
    assert 3 == called.err.count("in a git work tree")
