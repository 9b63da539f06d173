"""The folder for clear text: in memory, ours alone, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from spiritstream.config import scratch
from spiritstream.config.scratch import in_memory, scratch_folder

MOUNTS = """\
22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /dev/shm rw,nosuid - tmpfs tmpfs rw
31 22 0:26 / /run/user/1000 rw shared:9 master:2 - tmpfs tmpfs rw,size=1k
32 31 8:2 / /run/user/1000/disk rw - ext4 /dev/sdb rw
33 22 0:27 / /mnt/two\\040words rw - ramfs ramfs rw
34 22 8:3 / /dev/shm/over rw - tmpfs tmpfs rw
35 34 8:4 / /dev/shm/over rw - xfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/shm", True),
        ("/dev/shm/a/b", True),
        ("/dev/shmem", False),
        ("/run/user/1000", True),
        ("/run/user/1000/disk/a", False),
        ("/mnt/two words", True),
        ("/dev/shm/over", False),
        ("/home", False),
    ],
)
def test_in_memory(tmp_path: Path, path: str, expected: bool) -> None:
    """The file system of the nearest mount decides, the last one where several are."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert expected == in_memory(Path(path), mounts)


def test_not_known(tmp_path: Path) -> None:
    """Where the system does not say, it counts as a disk."""
    assert not in_memory(tmp_path, tmp_path / "nothing")


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder that counts as memory."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setattr(scratch, "in_memory", lambda path: path == folder)
    monkeypatch.setattr(scratch, "_SHARED_MEMORY", str(tmp_path / "none"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield folder


def test_where_it_is(runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime folder, else the shared memory, else the usual place, which is said."""
    with scratch_folder({"XDG_RUNTIME_DIR": str(runtime)}) as found:
        assert (runtime, True) == (found.path.parent, found.in_memory)
        assert 0o700 == found.path.stat().st_mode & 0o777
    with scratch_folder({}) as found:
        assert (tmp_path, False) == (found.path.parent, found.in_memory)
    monkeypatch.setattr(scratch, "_SHARED_MEMORY", str(runtime))
    with scratch_folder({"XDG_RUNTIME_DIR": "/nowhere"}) as found:
        assert (runtime, True) == (found.path.parent, found.in_memory)
    assert [] == list(runtime.iterdir())


def test_everything_in_it_goes(runtime: Path) -> None:
    """Files, folders and links go with it, also when the block fails; what a link points to stays."""
    outside = runtime.parent / "outside"
    outside.write_text("mine")
    with pytest.raises(ZeroDivisionError), scratch_folder({"XDG_RUNTIME_DIR": str(runtime)}) as found:
        (found.path / ".show.yaml.swp").write_text("x")
        (found.path / "deep" / "er").mkdir(parents=True)
        (found.path / "link").symlink_to(outside)
        raise ZeroDivisionError
    assert ([], "mine") == (list(runtime.iterdir()), outside.read_text())


def test_what_a_killed_run_left_is_swept(runtime: Path) -> None:
    """The next run removes what nobody holds any more, and leaves what somebody still works in."""
    left = runtime / "spiritstream-edit-left"
    left.mkdir()
    (left / "show.yaml").write_text("clear")
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    with scratch_folder(environ) as first, scratch_folder(environ) as second:
        assert sorted([first.path, second.path]) == sorted(runtime.iterdir())


def test_an_interrupted_removal_is_done_again(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal in the middle of clearing away does not leave the rest."""
    real, calls = shutil.rmtree, [0]

    def rmtree(path: Path, ignore_errors: bool) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise KeyboardInterrupt
        real(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(KeyboardInterrupt), scratch_folder({"XDG_RUNTIME_DIR": str(runtime)}) as found:
        (found.path / "show.yaml").write_text("clear")
    assert [] == list(runtime.iterdir())
