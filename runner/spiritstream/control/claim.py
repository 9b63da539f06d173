"""A folder of profiles is one controller's, whatever its own folders and its user are.

Two that have nothing else in common, as a system's service and a person's own have not, would send every
show of it twice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from spiritstream.control.runnerlock import TRY_S, locked
from spiritstream.errors import BusyError

_LOCKS = Path("/proc/locks")


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the one controller that reads `folder`, for as long as the context lasts. Nothing is written there.

    Where folders cannot be locked, as on some network file systems, nobody is kept away.

    Raises:
        BusyError: another one has it.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        # Not there yet, or not ours to read: that is said by whoever reads it.
        yield
        return
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    with contextlib.suppress(OSError):
        if not locked(descriptor, TRY_S):
            pid = _holder(descriptor)
            raise BusyError(
                f"another controller{f', pid {pid},' if pid else ''} keeps the profiles of {folder} on air",
                "it has its own state and sockets: `spiritstream down` in its place, or as its user, "
                "ends it; or keep another folder: --profiles DIR",
            )


def _holder(descriptor: int) -> int | None:
    """The pid of who has locked a file, as Linux tells; `None` elsewhere, or if it is not ours to see."""
    inode = str(os.fstat(descriptor).st_ino)
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = (line.split() for line in _LOCKS.read_text().splitlines())
        # 1: FLOCK ADVISORY WRITE 1234 08:01:5678 0 EOF; a device's number may differ from stat's (btrfs).
        found = {int(words[4]) for words in lines if words[1] == "FLOCK" and words[5].split(":")[2] == inode}
        return found.pop() or None if len(found) == 1 else None
    return None
