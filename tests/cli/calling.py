"""Calls the console script in this process: its real arguments, errors and exit codes."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple

import pytest

from spiritstream.cli.main import main


class Called(NamedTuple):
    """What a call came to."""

    code: int
    out: str
    err: str


class Spiritstream:
    """`spiritstream(...)` calls the command with these arguments, and `stdin` as its input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Called:
        """Call it, and catch what it says."""
        with self._monkeypatch.context() as patch, pytest.raises(SystemExit) as exited:
            patch.setattr(sys, "argv", ["spiritstream", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            main()
        assert isinstance(exited.value.code, int)
        return Called(exited.value.code, *self._capsys.readouterr())


@pytest.fixture
def spiritstream(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Spiritstream:
    """The command."""
    return Spiritstream(monkeypatch, capsys)
