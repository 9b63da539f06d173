"""The command line itself: finding commands, and turning every ending into a text and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

import spiritstream as package
from spiritstream.cli.main import COMMANDS, cli
from spiritstream.errors import (
    BusyError,
    ExitCode,
    Finding,
    KeyMissingError,
    MovedError,
    PeerError,
    ProfileError,
    SpiritError,
    TamperedError,
    UsageError,
)
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

RUNNER = Path(package.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(RUNNER)}
PROGRAM = (sys.executable, "-m", "spiritstream")


def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """`python -m spiritstream`, to its end."""
    called: subprocess.CompletedProcess[str] = subprocess.run(
        [*PROGRAM, *arguments],
        **{"capture_output": True, "text": True, "timeout": 60, "env": ENVIRONMENT, **options},  # type: ignore[call-overload]
    )
    return called


Ending = Callable[[], object]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ending], None]:
    """Makes `spiritstream fake` end in a way of the test's choice."""

    def make(ending: Ending) -> None:
        @click.command("fake")
        def command() -> object:
            return ending()

        module = ModuleType("spiritstream.cli.fake")
        module.__dict__["command"] = command
        monkeypatch.setitem(COMMANDS, "fake", ("fake", "Ends somehow."))
        monkeypatch.setitem(sys.modules, "spiritstream.cli.fake", module)

    return make


def raising(error: BaseException) -> Ending:
    """An ending by an exception."""

    def ending() -> object:
        raise error

    return ending


NEAREST = {"rum": "run", "valdate": "validate", "key": "keys", "encoder": "encoders", "docter": "doctor"}


@pytest.mark.parametrize("word", NEAREST)
def test_unknown_command(spiritstream: Spiritstream, word: str) -> None:
    """A command that does not exist is a wrong use, and the nearest one is named."""
    called = spiritstream(word)
    assert (ExitCode.USAGE, "") == called[:2]
    assert f"No such command. Did you mean '{NEAREST[word]}'?" in called.err


def test_unknown_command_like_none(spiritstream: Spiritstream) -> None:
    """What looks like no command gets no wild guess; it may be a key, so it is not repeated."""
    called = spiritstream("live_canary_1234")
    assert (ExitCode.USAGE, "") == called[:2]
    assert "No such command.\n" in called.err
    assert "canary" not in called.err


@pytest.mark.parametrize("words", [["--nope"], ["run"], ["run", "--nope", "x"], ["run", "a", "b"]])
def test_wrong_use(spiritstream: Spiritstream, words: list[str]) -> None:
    """Wrong options and arguments are a wrong use, said on stderr with where help is."""
    called = spiritstream(*words)
    assert (ExitCode.USAGE, "") == called[:2]
    assert called.err.startswith("Usage: ")
    assert "Error: " in called.err


def test_help_lists_every_command(spiritstream: Spiritstream) -> None:
    """`--help` shows each command with its text, in the order of first use."""
    called = spiritstream("--help")
    assert (0, "") == (called.code, called.err)
    listed = called.out.partition("Commands:\n")[2].splitlines()
    assert [f"{name} {text}" for name, (_, text) in COMMANDS.items()] == [
        " ".join(line.split()) for line in listed if line
    ]


def test_help_imports_no_command() -> None:
    """Listing the commands imports none of them."""
    code = (
        "import json, sys; sys.argv = ['spiritstream', '--help']\n"
        "from spiritstream.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print(json.dumps(list(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    ours = sorted(name for name in json.loads(done.stderr) if name.startswith("spiritstream."))
    assert ["spiritstream.cli", "spiritstream.cli.main", "spiritstream.errors"] == ours


@pytest.mark.parametrize("name", COMMANDS)
def test_texts(name: str) -> None:
    """What `--help` says of a command is what the command says of itself."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (name, COMMANDS[name][1]) == (command.name, command.short_help)


def test_without_arguments(spiritstream: Spiritstream) -> None:
    """Without a command, the help is shown; that is a wrong use."""
    called = spiritstream()
    assert ExitCode.USAGE == called.code
    assert "Commands:" in called.err


ERRORS = {
    SpiritError: 1,
    PeerError: 1,
    UsageError: 2,
    KeyMissingError: 5,
    TamperedError: 6,
    MovedError: 6,
    BusyError: 75,
}


@pytest.mark.parametrize("kind", ERRORS)
def test_error(spiritstream: Spiritstream, fake: Callable[[Ending], None], kind: type[SpiritError]) -> None:
    """What is wrong and what to do goes to stderr; the exit code says who must act."""
    fake(raising(kind("it is wrong", "mend it")))
    assert (ERRORS[kind], "", "spiritstream: it is wrong\n  hint: mend it\n") == spiritstream("fake")


def test_error_without_hint(spiritstream: Spiritstream, fake: Callable[[Ending], None]) -> None:
    """Where there is nothing to advise, nothing is."""
    fake(raising(UsageError("it is wrong")))
    assert (2, "", "spiritstream: it is wrong\n") == spiritstream("fake")


def test_findings(spiritstream: Spiritstream, fake: Callable[[Ending], None]) -> None:
    """A profile's findings stand as they are, for editors that jump to a place."""
    findings = [Finding("a.yaml", 2, 1, "name", "wrong", "mend it"), Finding("a.yaml", 1, 1, "", "worse")]
    fake(raising(ProfileError(findings)))
    expected = "a.yaml:1:1: worse\na.yaml:2:1: name: wrong\n  hint: mend it\n"
    assert (4, "", expected) == spiritstream("fake")


@pytest.mark.parametrize("error", [RuntimeError("canary"), KeyError("canary"), OSError(5, "canary")])
def test_unexpected_error(
    spiritstream: Spiritstream, fake: Callable[[Ending], None], error: Exception
) -> None:
    """A fault of ours is one line with its kind: no traceback, no text that could hold a secret."""
    fake(raising(error))
    code, out, err = spiritstream("fake")
    assert (ExitCode.UNEXPECTED, "") == (code, out)
    assert [
        f"spiritstream: unexpected error: {type(error).__name__}",
        "  hint: please report it with the command; `spiritstream doctor` may tell more",
    ] == err.splitlines()


def test_interrupt(spiritstream: Spiritstream, fake: Callable[[Ending], None]) -> None:
    """Ctrl-C ends a command as shells expect, without a word."""
    fake(raising(KeyboardInterrupt()))
    code, out, err = spiritstream("fake")
    assert (130, "") == (code, out + err.strip())


@pytest.mark.parametrize(("result", "expected"), [(None, 0), (0, 0), (3, 3), (ExitCode.GUARDED, 8)])
def test_result(
    spiritstream: Spiritstream, fake: Callable[[Ending], None], result: object, expected: int
) -> None:
    """A command's result is its exit code; none means that all went well."""
    fake(lambda: result)
    assert (expected, "", "") == spiritstream("fake")


@pytest.mark.parametrize("words", ["--help", "validate p.yaml", "validate bad.yaml --output json"])
def test_a_reader_that_leaves(tmp_path: Path, words: str) -> None:
    """`| head` reads a line and goes: that is quiet, and no failure of ours."""
    (tmp_path / "p.yaml").write_text("version: 1\nname: x\ninput: {test: {}}\n")
    (tmp_path / "bad.yaml").write_text("".join(f"{'x' * 200}{n}: 1\n" for n in range(2000)))
    read, write = os.pipe()
    os.close(read)
    try:
        done = run(*words.split(), cwd=tmp_path, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (0, "") == (done.returncode, done.stderr)


def test_as_a_module() -> None:
    """`python -m spiritstream` is the same program."""
    done = run("--version")
    assert (0, f"spiritstream, version {package.__version__}\n") == (done.returncode, done.stdout)
    assert run("--help").stdout.startswith("Usage: python -m spiritstream [OPTIONS] COMMAND")
