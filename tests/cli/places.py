"""Folders of a test's own for everything that a command looks for; with names short enough for sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_RUNTIME_DIR": "run",
    "XDG_STATE_HOME": "state",
    "XDG_DATA_HOME": "data",
    "HOME": "home",
}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that they are in."""
    with TemporaryDirectory(prefix="spirit-") as name:
        for variable in ("STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "SPIRITSTREAM_PROFILES"):
            monkeypatch.delenv(variable, raising=False)
        for variable, folder in _FOLDERS.items():
            (Path(name) / folder).mkdir(mode=0o700)
            monkeypatch.setenv(variable, str(Path(name, folder)))
        yield Path(name)


def sockets(home: Path) -> Path:
    """Where sockets are."""
    return home / "run" / "spiritstream"


def controller_at(home: Path) -> Path:
    """Where the controller's is."""
    return sockets(home) / "_controller.sock"


def logs(home: Path) -> Path:
    """Where logs are."""
    return home / "state" / "spiritstream" / "logs"
