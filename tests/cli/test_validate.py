"""`spiritstream validate`."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spiritstream.cli.validate import command, github_line
from spiritstream.errors import Finding

GOOD = "version: 1\nname: {}\ninput: {{test: {{}}}}\n"
BAD = GOOD.format("bad") + "grups: {}\n"


def _validate(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_good(folder: Path) -> None:
    """Good profiles are said to be so in one line, and the status is 0."""
    _write(folder / "a.yaml", GOOD.format("a"))
    _write(folder / "b.yml", GOOD.format("b"))
    result = _validate("a.yaml", "b.yml", "a.yaml")
    assert (0, "ok: 2 profiles checked, nothing is wrong\n") == (result.return_value, result.output)


def test_bad(folder: Path) -> None:
    """Mistakes are printed with their place and hint, and the status is 4."""
    _write(folder / "a.yaml", BAD)
    result = _validate("a.yaml")
    expected = "a.yaml:4:1: unknown key 'grups'\n  hint: did you mean 'groups'?\n"
    assert (4, expected) == (result.return_value, result.output)


def test_json(folder: Path) -> None:
    """JSON has a version, the number of files and every finding."""
    _write(folder / "a.yaml", BAD)
    result = _validate("a.yaml", "--output", "json")
    finding = {
        "file": "a.yaml",
        "line": 4,
        "column": 1,
        "path": "",
        "message": "unknown key 'grups'",
        "hint": "did you mean 'groups'?",
    }
    assert {"version": 1, "files": 1, "findings": [finding], "warnings": []} == json.loads(result.stdout)
    assert 4 == result.return_value


def test_json_good(folder: Path) -> None:
    """JSON of good profiles has an empty list, and nothing else is on stdout."""
    _write(folder / "a.yaml", GOOD.format("a"))
    result = _validate("a.yaml", "--output", "json")
    assert {"version": 1, "files": 1, "findings": [], "warnings": []} == json.loads(result.stdout)


def test_github(folder: Path) -> None:
    """GitHub gets one workflow command for each finding."""
    _write(folder / "a.yaml", BAD)
    result = _validate("a.yaml", "--output", "github")
    expected = "::error file=a.yaml,line=4,col=1::unknown key 'grups'%0Ahint: did you mean 'groups'?\n"
    assert (4, expected) == (result.return_value, result.output)


def test_github_escapes() -> None:
    """What would end a workflow command, or start another, is escaped."""
    finding = Finding("a:b,c%\n::x", 1, 2, "p", "50%\r\n::error::y")
    expected = "::error file=a%3Ab%2Cc%25%0A%3A%3Ax,line=1,col=2::p: 50%25%0D%0A::error::y"
    assert expected == github_line(finding)


def test_folder(folder: Path) -> None:
    """Folders are searched to the bottom, without hidden files and folders."""
    for name in ("a.yaml", "sub/deep/b.yml"):
        _write(folder / name, GOOD.format(Path(name).stem))
    for name in (".git/c.yaml", "sub/.d.yaml", "readme.md", "e.yaml.bak"):
        _write(folder / name, "not: a profile\n")
    (folder / "f.yaml").mkdir()
    result = _validate(".")
    assert (0, "ok: 2 profiles checked, nothing is wrong\n") == (result.return_value, result.stdout)


def test_empty_folder(folder: Path) -> None:
    """A folder without a profile is said, and is no mistake."""
    (folder / "sub").mkdir()
    result = _validate("sub")
    expected = "sub: no profile is in this folder (*.yaml, *.yml)\n"
    assert (0, "", expected) == (result.return_value, result.stdout, result.stderr)


def test_missing_path(folder: Path) -> None:
    """A path that does not exist is a fault of the call."""
    assert 2 == CliRunner().invoke(command, ["none.yaml"]).exit_code
    assert 2 == CliRunner().invoke(command, []).exit_code


def test_same_name(folder: Path) -> None:
    """Two profiles of one name clash, at the later one's name."""
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        _write(folder / name, GOOD.format("same" if name != "b.yaml" else "b"))
    result = _validate(".")
    expected = (
        "c.yaml:2:7: name: another profile has this name: a.yaml\n  hint: give each a name of its own\n"
    )
    assert (4, expected) == (result.return_value, result.output)


def test_links(folder: Path) -> None:
    """A link inside the folder counts once; one that leads out of it is not followed."""
    _write(folder / "out/secret.yaml", BAD)
    _write(folder / "in/a.yaml", GOOD.format("a"))
    (folder / "in/same.yaml").symlink_to("a.yaml")
    (folder / "in/out.yaml").symlink_to("../out/secret.yaml")
    (folder / "in/folder").symlink_to("../out")
    result = _validate("in")
    expected = (
        "in/out.yaml:1:1: a link that leads out of the folder is not followed\n"
        "  hint: check its target by itself\n"
    )
    assert (4, expected) == (result.return_value, result.output)


def test_dangling_link(folder: Path) -> None:
    """A link to nothing is a file that cannot be read."""
    (folder / "in").mkdir()
    (folder / "in/a.yaml").symlink_to("none.yaml")
    result = _validate("in")
    assert (4, "in/a.yaml:1:1: cannot be read: no such file or directory\n") == (
        result.return_value,
        result.output,
    )


def test_mounted_like_kubernetes(folder: Path) -> None:
    """A mounted ConfigMap, whose files are links into a hidden folder, is read."""
    _write(folder / "in/..2024/a.yaml", GOOD.format("a"))
    (folder / "in/..data").symlink_to("..2024")
    (folder / "in/a.yaml").symlink_to("..data/a.yaml")
    result = _validate("in")
    assert (0, "ok: 1 profile checked, nothing is wrong\n") == (result.return_value, result.output)


def test_pipe(folder: Path) -> None:
    """A pipe among the profiles is not waited for."""
    _write(folder / "in/a.yaml", GOOD.format("a"))
    os.mkfifo(folder / "in/pipe.yaml")
    assert 0 == _validate("in").return_value


def test_name_that_cannot_be_printed(folder: Path) -> None:
    """A file's name with control characters or broken text reaches no terminal."""
    path = os.fsencode(folder) + b"/\x1b[2J\xff.yaml"
    Path(os.fsdecode(path)).write_text(BAD)
    result = _validate(".")
    assert "?[2J?.yaml:4:1: unknown key 'grups'" == result.output.splitlines()[0]


SENDING = """\
version: 1
name: {}
input: {{pull: {{url: "srt://studio.example:9000"}}}}
groups:
  g:
    video: {{codec: h264, bitrate: 6M}}
    targets: {{t: {{url: "rtmp://live.example/app", key: {{env: KEY}}}}}}
"""


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        (None, ""),
        ("12M", ""),
        (
            "11M",
            "warning: b.yaml:2:7: name: it would send 12M with the profiles before it,"
            " and the uplink is 11M\n",
        ),
        ("5M", "warning: a.yaml:2:7: name: it would send 6M, and the uplink is 5M\n"),
    ],
)
def test_uplink(folder: Path, monkeypatch: pytest.MonkeyPatch, line: str | None, warned: str) -> None:
    """Where this machine's settings say what the line carries, more than that is a warning."""
    for name in ("a", "b"):
        _write(folder / f"{name}.yaml", SENDING.format(name))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    if line:
        monkeypatch.setenv("SPIRITSTREAM_UPLINK", line)
    result = _validate(".")
    assert (0, warned) == (result.return_value, result.stderr.partition("  hint:")[0])
