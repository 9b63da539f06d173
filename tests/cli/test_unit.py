"""The example unit for systemd says only what this program and systemd know."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from spiritstream.cli.main import cli
from spiritstream.cli.places import controller_socket, state_folder
from spiritstream.config.identity import CREDENTIAL
from spiritstream.config.unlock import PASSPHRASE_CREDENTIAL

UNIT = Path(__file__).parents[2] / "examples" / "spiritstream.service"
TEXT = UNIT.read_text()


def settings() -> dict[str, list[str]]:
    """The unit's settings by name; comments are none."""
    found = defaultdict(list)
    for line in TEXT.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name].append(value)
    return found


def called() -> Iterator[list[str]]:
    """Every call of spiritstream that the unit names, in a setting or a comment: its words."""
    yield shlex.split(settings()["ExecStart"][0])[1:]
    for words in re.findall(r"(?:`|/spiritstream )spiritstream ([a-z][^`\n]*)", TEXT):
        yield shlex.split(words)


@pytest.mark.parametrize("words", list(called()), ids=" ".join)
def test_commands(words: list[str]) -> None:
    """Each named command exists, and so does each of its options."""
    command: click.Command = cli
    while words and isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    known = {name for option in command.params for name in option.opts}
    assert [] == [word for word in words if word.startswith("-") and word not in known]


def test_names_commands() -> None:
    """The test above sees some."""
    assert ["serve", "status", "down", "down", "keys"] == [words[0] for words in called()]


def test_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """What systemd makes is what the program uses."""
    said = settings()
    assert ["XDG_RUNTIME_DIR=%t"] == said["Environment"]
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/spiritstream")
    assert Path("/run", *said["RuntimeDirectory"]) == controller_socket().parent
    assert Path("/var/lib", *said["StateDirectory"]) == state_folder()


def test_credentials() -> None:
    """They have the names that are looked for."""
    assert [f"{CREDENTIAL}:/etc/spiritstream/identity"] == settings()["LoadCredential"]
    assert f"# LoadCredential={PASSPHRASE_CREDENTIAL}:/etc/" in TEXT


def test_shows_outlive_the_controller() -> None:
    """Only it is ended, its runners' folder stays, `notify` tells of it, and a hang leaves no core dump."""
    said = settings()
    expected = {
        "KillMode": "process",
        "RuntimeDirectoryPreserve": "yes",
        "Type": "notify",
        "WatchdogSec": "60",
        "LimitCORE": "0",
    }
    assert expected == {name: said[name][0] for name in expected}
    assert ["/bin/kill -HUP $MAINPID"] == said["ExecReload"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_takes_it(tmp_path: Path) -> None:
    """With a program that is there in its place."""
    unit = tmp_path / UNIT.name
    unit.write_text(TEXT.replace("/opt/spiritstream/bin/spiritstream", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)
