"""Two controllers never keep the same folder, whatever else they have of their own."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from spiritstream.control.claim import claimed
from spiritstream.control.state import only_one
from spiritstream.errors import BusyError, ExitCode
from tests.cli.places import home

__all__ = ["home"]


def test_a_folder_is_one_controllers(tmp_path: Path) -> None:
    """The second is told who has it and what to do; nothing is written there; it is free in the end."""
    with claimed(tmp_path):
        with pytest.raises(BusyError, match="keeps the profiles of") as caught, claimed(tmp_path):
            pass
        assert (ExitCode.BUSY, []) == (caught.value.exit_code, list(tmp_path.iterdir()))
        assert "--profiles DIR" in caught.value.hint
    with claimed(tmp_path):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a lock")
def test_the_holder_is_named(tmp_path: Path) -> None:
    """By its pid, which the folder itself does not tell."""
    with claimed(tmp_path), pytest.raises(BusyError, match=f"another controller, pid {os.getpid()},"):
        claimed(tmp_path).__enter__()


def test_the_way_to_it_does_not_matter(tmp_path: Path) -> None:
    """By a link it is the same folder; another folder is another's."""
    for name in ("profiles", "others"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("profiles")
    with claimed(tmp_path / "profiles"):
        with pytest.raises(BusyError), claimed(tmp_path / "link"):
            pass
        with claimed(tmp_path / "others"):
            pass


def test_a_folder_that_can_only_be_read(tmp_path: Path) -> None:
    """Such as a volume of Kubernetes': it is claimed all the same. One that is not there is nobody's."""
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with claimed(tmp_path), pytest.raises(BusyError), claimed(tmp_path):
        pass
    with claimed(tmp_path / "nowhere"), claimed(tmp_path / "nowhere"):
        pass


def test_where_nothing_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems: nobody is kept away."""

    def refused(*_: object) -> None:
        raise OSError(9, "bad file descriptor")

    monkeypatch.setattr("fcntl.flock", refused)
    with claimed(tmp_path), claimed(tmp_path):
        pass


def test_a_runtime_folders_holder_is_named(tmp_path: Path) -> None:
    """The lock of a state or runtime folder tells whose it is, too."""
    lock = tmp_path / "controller.lock"
    with only_one(lock), pytest.raises(BusyError, match=f"pid {os.getpid()}"), only_one(lock):
        pass


def test_serve_is_refused_beside_one_with_other_folders(home: Path) -> None:
    """A system's service and a person's own: 75, the folder, and who has it."""
    profiles = home / "profiles"
    profiles.mkdir()
    with claimed(profiles):
        done = subprocess.run(
            [sys.executable, "-m", "spiritstream", "serve", "--profiles", profiles],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (ExitCode.BUSY, "") == (done.returncode, done.stdout)
    assert f"keeps the profiles of {profiles} on air" in done.stderr
