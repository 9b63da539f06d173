"""Replacing a file: whole or not at all, and as it was in everything but its content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiritstream.config import rewrite
from spiritstream.config.rewrite import Original, read_original, replace_original
from spiritstream.errors import BusyError, SpiritError, UsageError

OLD, NEW = b"old\r\n", b"new\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A person's file, alone in its folder."""
    path = tmp_path / "folder" / "show.yaml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def read(path: Path) -> Original:
    """The file as it is."""
    return read_original(path, 1000)


def names(file: Path) -> list[str]:
    """What is in the file's folder."""
    return sorted(path.name for path in file.parent.iterdir())


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o400, 0o755])
def test_replaces_and_keeps_the_mode(file: Path, mode: int) -> None:
    """The new bytes are there, the mode is the old one whatever the umask, and nothing is left beside it."""
    file.chmod(mode)
    before = os.umask(0o077)
    try:
        replace_original(read(file), NEW)
    finally:
        os.umask(before)
    assert NEW == file.read_bytes()
    assert mode == file.stat().st_mode & 0o7777
    assert ["show.yaml"] == names(file)


def of_somebody(original: Original) -> Original:
    """The same file, as if it belonged to somebody else."""
    status = original.status
    theirs = os.stat_result([*status[:4], status.st_uid + 1, status.st_gid + 2, *status[6:]])
    return Original(original.path, original.data, theirs)


def test_keeps_the_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that root edits is given to its owner before anything is in it."""
    given: list[tuple[int, int, int]] = []

    def give(descriptor: int, owner: int, group: int) -> None:
        given.append((owner, group, os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fchown", give)
    replace_original(of_somebody(read(file)), NEW)
    assert [(os.geteuid() + 1, file.stat().st_gid + 2, 0)] == given


def test_refuses_when_the_owner_cannot_be_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that would change hands is left as it is."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(SpiritError, match="Operation not permitted"):
        replace_original(of_somebody(read(file)), NEW)
    assert (OLD, ["show.yaml"]) == (file.read_bytes(), names(file))


def test_edits_what_a_link_points_to(file: Path) -> None:
    """A link stays a link, and the file behind it, in its own folder, is replaced."""
    link = file.parent.parent / "link.yaml"
    link.symlink_to(file)
    replace_original(read(link), NEW)
    assert link.is_symlink()
    assert (NEW, ["show.yaml"]) == (file.read_bytes(), names(file))


@pytest.mark.parametrize("change", ["written", "replaced", "removed"])
def test_refuses_what_was_changed_meanwhile(file: Path, change: str) -> None:
    """Somebody else's edit since the reading is never lost, whatever its way, even with the old times."""
    original = read(file)
    if change == "written":
        file.write_bytes(b"abc\r\n")
        os.utime(file, ns=(original.status.st_atime_ns, original.status.st_mtime_ns))
    elif change == "replaced":
        other = file.with_name("other")
        other.write_bytes(b"abc\r\n")
        other.replace(file)
    else:
        file.unlink()
    with pytest.raises(BusyError, match="changed meanwhile"):
        replace_original(original, NEW)
    assert (["show.yaml"] if change != "removed" else []) == names(file)
    assert change == "removed" or file.read_bytes() == b"abc\r\n"


@pytest.mark.parametrize("step", ["write_new", "_refuse_if_changed", "replace"])
def test_a_failure_leaves_the_file_and_no_draft(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A full disk or a broken one at any step: the old file is there, whole, and alone."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    original = read(file)
    owner: object = Path if step == "replace" else rewrite
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(SpiritError, match="No space left on device"):
        replace_original(original, NEW)
    assert (OLD, ["show.yaml"]) == (file.read_bytes(), names(file))


def test_is_on_disk_before_it_is_in_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft is synced before the rename, and the folder after it: no crash leaves an empty profile."""
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        steps.append("sync")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return real_replace(self, target)

    original = read(file)
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    replace_original(original, NEW)
    assert ["sync", "replace", "sync"] == steps


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "loop", "beneath a file"])
def test_refuses_what_is_no_file(file: Path, kind: str) -> None:
    """What cannot be a profile's file is named, and never waited for."""
    path = file.parent / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "beneath a file":
        path = file / "thing"
    with pytest.raises(UsageError, match="thing"):
        read(path)


def test_reads_no_more_than_needed(file: Path) -> None:
    """One byte above the bound is enough to know that a file is too long."""
    file.write_bytes(b"x" * 100)
    assert 11 == len(read_original(file, 10).data)


def test_the_content_is_not_shown(file: Path) -> None:
    """A file's bytes, with their clear-text keys, are not in its repr."""
    assert "old" not in repr(read(file)).replace(str(file), "")
