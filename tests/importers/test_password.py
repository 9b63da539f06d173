"""The password of an encrypted profile, typed at a real terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import spiritstream as package
from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.errors import ExitCode
from spiritstream.importers import mgs
from spiritstream.secret import Secret
from tests.importers.making import CANARY, VECTORS

PASSWORD = "correct horse CANARY ü"
PROMPT = "a.mgs (not shown): "
_PATIENCE_S = 60
_AGAIN_S = 10
_PRESSES = 20
# The terminal becomes the program's own, as a shell's does: ctrl-C comes from it.
_START = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
_START += "from spiritstream.cli.main import main; main()"


class Person:
    """Somebody at a terminal, who has just typed `spiritstream import a.mgs`."""

    def __init__(self, folder: Path) -> None:
        self.seen = ""
        self._read = 0
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, "import", "a.mgs", "--output-dir", "shows"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(package.__file__).parents[1]),
                "XDG_CONFIG_HOME": str(folder / "config"),
            },
        )
        os.close(theirs)

    def answers(self, text: str) -> None:
        """Wait for the question, then type."""
        while PROMPT not in self.seen[self._read :]:
            assert self._more(), self.seen
        self._read = len(self.seen)
        os.write(self._terminal, text.encode())

    def leaves(self) -> int:
        """Read to the end; the exit code."""
        while self._more():
            pass
        return self._process.wait(_PATIENCE_S)

    def interrupts(self) -> int:
        """Press ctrl-C, and again when nothing comes of it: Python loses one that comes just before it reads.

        The exit code.
        """
        os.write(self._terminal, b"\x03")
        for _ in range(_PRESSES):
            if not select.select([self._terminal], [], [], _AGAIN_S)[0]:
                os.write(self._terminal, b"\x03")
            elif not self._more():
                break
        return self._process.wait(_PATIENCE_S)

    def close(self) -> None:
        """End what still runs."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def _more(self) -> bool:
        assert select.select([self._terminal], [], [], _PATIENCE_S)[0], self.seen
        try:
            data = os.read(self._terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.seen += data.decode()
        return bool(data)


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """A person in a folder with an encrypted profile of the format's own costs."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    save_identity(Identity.create(), tmp_path / "config" / "spiritstream" / "identity")
    salt, nonce = bytes(32), bytes(12)
    text = (VECTORS / "spiritstream" / "profiles" / "friday.json").read_bytes()
    sealed = AESGCM(mgs._key(Secret(PASSWORD), salt)).encrypt(nonce, text, None)
    (tmp_path / "a.mgs").write_bytes(mgs.MAGIC + salt + nonce + sealed)
    somebody = Person(tmp_path)
    yield somebody
    somebody.close()


def test_it_is_not_shown(person: Person, tmp_path: Path) -> None:
    """What is typed is not echoed; a wrong password is asked for again, and the right one opens the file."""
    person.answers(f"{CANARY} wrong\n")
    person.answers(f"{PASSWORD}\n")
    assert 0 == person.leaves(), person.seen
    assert "it does not open with this password; try again" in person.seen
    assert "friday-show.yaml: made of a.mgs" in person.seen
    assert CANARY not in person.seen
    (written,) = (tmp_path / "shows").iterdir()
    assert CANARY not in written.read_text()


def _three_times(person: Person) -> None:
    for number in range(3):
        person.answers(f"{CANARY} {number}\n")


def _ctrl_c(person: Person) -> None:
    person.answers(CANARY)
    person.interrupts()


def _end(person: Person) -> None:
    person.answers("\x04")


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        (_three_times, ExitCode.KEY, "it does not open with this password"),
        (_ctrl_c, 130, ""),
        (_end, 130, ""),
    ],
    ids=["wrong three times", "ctrl-C", "ctrl-D"],
)
def test_it_was_not_told(
    act: Callable[[Person], None], code: int, said: str, person: Person, tmp_path: Path
) -> None:
    """Three wrong ones, or none, end it with an exit code; nothing is written, or shown."""
    act(person)
    assert code == person.leaves(), person.seen
    assert said in person.seen
    assert CANARY not in person.seen
    assert "Traceback" not in person.seen
    assert not (tmp_path / "shows").exists()
