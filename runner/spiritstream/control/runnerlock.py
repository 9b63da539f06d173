"""A runner's lock: what proves that it lives, when its socket does not.

A socket's name may be lost, as when somebody clears a folder out; a lock is the process' own until it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from spiritstream.errors import BusyError, SpiritError

# Who looks whether a socket was left behind has the lock for a moment; so has a child that one who was
# killed was about to start: it keeps what its parent had open until it becomes another program.
TRY_S = 0.5
_PAUSE_S = 0.02


def lock_of(folder: Path, name: str) -> Path:
    """The lock of the runner of the profile `name`; `folder` is the state's."""
    return folder / "runners" / f"{name}.lock"


@contextlib.contextmanager
def only_runner(path: Path, name: str) -> Iterator[None]:
    """Be the one runner of the profile `name`, for as long as the context lasts; `path` is the lock's.

    Raises:
        BusyError: there is one already.
        SpiritError: the lock cannot be made.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise SpiritError(
            f"{path} cannot be made: {error.strerror or 'unknown reason'}",
            "it keeps a show from being sent twice: see to it that its folder can be written",
        ) from None
    try:
        if not locked(descriptor, TRY_S):
            raise _busy(name, path)
        with contextlib.suppress(OSError):  # a full disk: it is ours, though nobody can read whose
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: were it removed, two could hold locks of one name.
        os.close(descriptor)


@contextlib.contextmanager
def no_runner(path: Path) -> Iterator[bool]:
    """Whether no runner has the lock; then none can come up as long as the context lasts: be brief."""
    try:
        descriptor = _open(path)
    except OSError:
        yield False
        return
    try:
        yield locked(descriptor, 0.0)
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """The pid of who holds the lock, as it has written it there; `None` if it cannot be read."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def locked(descriptor: int, within_s: float) -> bool:
    """Lock a file; whether that was possible in time. Waits for it; OSError as the system says."""
    end = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True


def _busy(name: str, path: Path) -> BusyError:
    pid = holder(path)
    return BusyError(
        f"'{name}' has a runner already{f', pid {pid}' if pid else ''} ({path} is its lock)",
        f"`spiritstream stop {name}` ends it" + (f"; if it does not answer: kill {pid}" if pid else ""),
    )
