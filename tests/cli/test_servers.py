"""What commands offer and show of a platform's servers: `auto`, `backup`, and what is looked up."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from spiritstream.cli.platforms import complete_with_server
from spiritstream.config.load import load_profile
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a config folder of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("id", "lines"),
    [
        ("bilibili", ["(backup)", "server: auto takes the nearest of 2", "server: backup takes its first"]),
        ("twitch", ["server: auto takes the nearest of those that the platform names when it is asked"]),
        ("nimo-tv", ["server: auto takes what the platform names when it is asked with the key"]),
        ("dacast", ["no server is listed: it is looked up with the key when a target connects"]),
        ("youtube", ["server: backup takes its first"]),
    ],
)
def test_shown(spiritstream: Spiritstream, id: str, lines: list[str]) -> None:
    """A platform's page says which servers are backups, and what `auto` and `backup` take."""
    said = spiritstream("platforms", id)
    assert (said.code, said.err) == (0, "")
    assert [line for line in lines if line not in said.out] == []
    assert ("server: auto takes" in said.out) is any("auto" in line for line in lines)


def test_explained(spiritstream: Spiritstream) -> None:
    """The field's own page names both words."""
    said = spiritstream("explain", "groups.targets.server")
    assert "auto for the nearest, backup for its backup ingest" in said.out
    assert "auto, backup" in said.out


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("twit", ["twitch", "twitter"]),
        ("bilibili=", ["auto", "backup", "Global - Primary | 全球 - 主要"]),
        (
            "youtube=b",
            ["backup", "Backup YouTube ingest server", "Backup YouTube ingest server (legacy RTMP)"],
        ),
        ("kick=a", []),
        ("nobody=a", []),
    ],
)
def test_completed(typed: str, expected: list[str]) -> None:
    """A shell is offered ids, and behind `=` the words and servers of that platform."""
    context = click.Context(click.Command("new"))
    found = complete_with_server(context, click.Option(["--platform"]), typed)
    name = typed.partition("=")[0]
    assert found[: len(expected) or 1] == [f"{name}={one}" if "=" in typed else one for one in expected]


def test_new(spiritstream: Spiritstream, home: Path) -> None:
    """`new` writes what was chosen; what cannot be chosen, or holds a key, is refused and not repeated."""
    write = ("new", "show.yaml", "--input", "test", "--keys", "env", "--platform")
    said = spiritstream(*write, "twitch=auto", "--platform", "dacast")
    assert (said.code, 'server: "auto"' in (home / "show.yaml").read_text()) == (0, True)
    profile = load_profile(home / "show.yaml", None, {"TWITCH_KEY": "k", "DACAST_KEY": "k"})
    servers = [target.server for target in profile.groups[0].targets]
    assert [bool(one and one.auto) for one in servers] == [True, False]
    assert [bool(one and one.lookup) for one in servers] == [True, True]
    for bad in ("kick=auto", "twitch=rtmp://live.twitch.tv/app/live_CANARY"):
        said = spiritstream("new", "other.yaml", *write[2:], bad)
        assert said.code == ExitCode.INVALID
        assert "CANARY" not in said.out + said.err
        assert not (home / "other.yaml").exists()
