"""Completion in shells: the script, and the names of what is on air; never an error while somebody types."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spiritstream as package
from spiritstream.cli.names import places_like
from spiritstream.errors import ExitCode
from spiritstream.wire import to_data
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import CONTROLLER, RUNNER, peer, profile_data, runner_status, status_data
from tests.cli.places import controller_at, home, sockets

__all__ = ["home", "spiritstream"]

STATUS = to_data(runner_status())
INSIDE = ["show", "show/input", "show/source", "show/source/twitch", "show/source/youtube"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script(spiritstream: Spiritstream, shell: str) -> None:
    """Each shell gets a script that calls us."""
    said = spiritstream("completion", shell)
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert f"_SPIRITSTREAM_COMPLETE={shell}_complete" in said.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_valid(spiritstream: Spiritstream, shell: str) -> None:
    """The shell finds no fault with its script."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell}") if shell == "bash" else None
        return
    script = spiritstream("completion", shell).out
    done = subprocess.run([program, "-n"], input=script, text=True, capture_output=True)
    assert (0, "") == (done.returncode, done.stderr)


def test_unknown_shell(spiritstream: Spiritstream) -> None:
    """Another shell is a wrong use."""
    assert ExitCode.USAGE == spiritstream("completion", "tcsh").code


@pytest.mark.parametrize(
    ("typed", "deep", "expected"),
    [
        ("", True, ["other", "show"]),
        ("s", True, ["show"]),
        ("show", True, INSIDE),
        ("show/", True, INSIDE[1:]),
        ("show/source/y", True, ["show/source/youtube"]),
        ("show", False, ["show"]),
        ("x", True, []),
        ("nope/", True, []),
    ],
)
@pytest.mark.parametrize("controlled", [False, True], ids=["runners", "controller"])
def test_names(home: Path, typed: str, deep: bool, expected: list[str], controlled: bool) -> None:
    """Profiles are completed, and behind their name what is in them."""
    managed = {**RUNNER, "managed": controlled}
    data = status_data(profile_data("show"), profile_data("other", runner=None))
    with peer(sockets(home) / "show.sock", managed, status=STATUS):
        if controlled:
            with peer(controller_at(home), CONTROLLER, status=data):
                found = places_like(typed, deep=deep)
        else:
            with peer(sockets(home) / "other.sock", RUNNER, status=STATUS):
                found = places_like(typed, deep=deep)
    assert expected == found


@pytest.mark.parametrize("status", [None, {}, 1], ids=["leaves", "odd", "odder"])
def test_never_an_error(home: Path, capfd: pytest.CaptureFixture[str], status: object) -> None:
    """A controller that does not answer as it should completes nothing, without a word."""
    with peer(controller_at(home), CONTROLLER, status=status):
        assert [] == places_like("s", deep=True)
    assert ("", "") == capfd.readouterr()


def test_as_a_shell_asks(home: Path) -> None:
    """What the script calls prints the names."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "_SPIRITSTREAM_COMPLETE": "bash_complete",
        "COMP_WORDS": "spiritstream stop sho",
        "COMP_CWORD": "2",
    }
    code = "import sys; sys.argv[0] = 'spiritstream'; from spiritstream.cli.main import main; main()"
    with peer(sockets(home) / "show.sock", RUNNER, status=STATUS):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=30
        )
    assert (0, "", ["plain,show"]) == (done.returncode, done.stderr, done.stdout.split())
