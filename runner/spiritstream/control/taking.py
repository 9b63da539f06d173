"""Taking one file's bytes as a whole, or saying why not."""

# A thousand Path objects would cost more than the files.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
from pathlib import Path

from spiritstream.control.source import FILE_BYTES_MAX

# A write that finds no more room ends where a page does: nobody else's files often do, in mid-line at that.
_PIECE_BYTES = 4096

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, time of the last change of the content, and of the file."""
Identity = tuple[int, int]
"""Device and inode."""


class UnreadableError(Exception):
    """A file that is there and cannot be taken as it is; the text says why."""


class BusyError(UnreadableError):
    """A file that somebody writes at this moment."""


def identity_of(path: str | Path) -> Identity | None:
    """Which folder stands at a path, so that another one in its place is noticed; None without one."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


def taken(path: str) -> tuple[Stamp, bytes]:
    """A file's stamp and bytes, when nobody writes it meanwhile.

    Raises BusyError, UnreadableError or OSError.
    """
    # Non-blocking: a pipe of that name would hold us for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("is not a file")
        if status.st_size > FILE_BYTES_MAX:
            raise UnreadableError(f"is larger than {FILE_BYTES_MAX // 1024**2} MiB, too large for a profile")
        if not _nobody_writes(descriptor):
            raise BusyError("is being written: somebody has it open")
        data = stream.read(FILE_BYTES_MAX + 1)
        if stamp_of(os.fstat(descriptor)) != stamp_of(status) or len(data) != status.st_size:
            raise BusyError("is being written")
        if data and len(data) % _PIECE_BYTES == 0 and (data[-1:] != b"\n" or _is_full(descriptor)):
            raise UnreadableError(
                "looks cut off, as by a full disk: save it again, and let it end with an empty line"
            )
    return stamp_of(status), data


def _is_full(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        return os.fstatvfs(descriptor).f_bavail == 0
    return False


def _nobody_writes(descriptor: int) -> bool:
    """Whether nobody has the file open for writing; True also where that cannot be told.

    Linux gives a read lease only on such a file (fcntl(2), F_SETLEASE), to its owner, on most local
    file systems. It ends with the descriptor; until then whoever opens the file for writing waits.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return True
    try:
        # The kernel tells the holder by a signal when somebody wants to write: one that does nothing.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno != errno.EAGAIN
    return True


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes whenever a file does, but for two writes within one tick of the clock."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
