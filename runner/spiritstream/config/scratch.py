"""A folder for clear text while an editor is open: ours alone, in memory where possible, never left."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "spiritstream-edit-"
_MOUNTS = Path("/proc/self/mountinfo")
_MEMORY = ("tmpfs", "ramfs")
_SHARED_MEMORY = "/dev/shm"
_OCTAL = re.compile(r"\\([0-7]{3})")  # a space in a path, for one


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder, and whether what is in it stays in memory."""

    path: Path
    in_memory: bool


@contextmanager
def scratch_folder(environ: Mapping[str, str]) -> Iterator[Scratch]:
    """A new folder of mode 0700, removed with all that is in it when the block is left.

    What a run that was killed left in the same place is removed first: nobody holds its lock any more.
    """
    base = _memory(environ)
    place = base or Path(tempfile.gettempdir())
    _sweep(place)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Scratch(path, base is not None)
        finally:
            os.close(held)
    finally:
        _remove(path)


def _memory(environ: Mapping[str, str]) -> Path | None:
    """The user's runtime folder (XDG Base Directory Specification), else the shared memory's."""
    for name in (environ.get("XDG_RUNTIME_DIR"), _SHARED_MEMORY):
        place = Path(name) if name else None
        if place and place.is_dir() and os.access(place, os.W_OK | os.X_OK) and in_memory(place):
            return place
    return None


def in_memory(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether `path` lies on a file system without a disk (proc_pid_mountinfo(5))."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    real = path.resolve()
    found = Path("/"), ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4]))
        # The last of several mounts on one point is the one that is seen.
        if real.is_relative_to(point) and len(point.parts) >= len(found[0].parts):
            found = point, after.split(" ")[0]
    return found[1] in _MEMORY


def _sweep(place: Path) -> None:
    for left in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.is_symlink() or left.stat().st_uid != os.geteuid():
                continue
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(left)
            finally:
                os.close(held)


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path, ignore_errors=True)
    finally:
        # Again, if a signal came between, or an editor that is being ended wrote its backup meanwhile.
        shutil.rmtree(path, ignore_errors=True)
