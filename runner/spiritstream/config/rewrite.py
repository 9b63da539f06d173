"""Replacing a file that a person owns: whole or not at all, and only if it is still the one that was read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from spiritstream.errors import BusyError, SpiritError, UsageError


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was read. `path` is the file itself: a link to it is followed, and stays."""

    path: Path
    data: bytes = field(repr=False)
    status: os.stat_result


def read_original(path: Path, max_bytes: int) -> Original:
    """The file, up to one byte more than `max_bytes`: whoever parses it refuses what is too long.

    Raises:
        UsageError: it cannot be read, or it is no regular file.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_file():  # before opening: a pipe would wait for ever
            raise UsageError(f"{path} is not a file", "name the profile's file")
        with real.open("rb") as file:
            return Original(real, file.read(max_bytes + 1), os.fstat(file.fileno()))
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
        reason = getattr(error, "strerror", None) or "its links lead nowhere"
        raise UsageError(f"{path} cannot be read: {reason}", "name the profile's file") from None


def replace_original(original: Original, data: bytes, prove: Callable[[Path], None] | None = None) -> None:
    """Put `data` in the file's place, with its mode and owner.

    `prove` is shown the draft before it takes the file's place, and raises when it is not as it must be.

    Raises:
        BusyError: the file is no longer the one that was read; it is left as it is.
        SpiritError: it cannot be written; it is left as it is.
    """
    path = original.path
    draft = draft_for(path)
    try:
        clear_drafts(path)
        write_new(draft, data, original.status)
        if prove:
            prove(draft)
        _refuse_if_changed(original)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SpiritError(
            f"{path} cannot be replaced: {error.strerror or type(error).__name__}; it is as it was",
            "its folder must be writable, and its owner be you",
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def draft_for(path: Path) -> Path:
    """A new name beside `path`, for what is to take its place."""
    return path.with_name(f".{path.name}.{token_hex(4)}.tmp")


def clear_drafts(path: Path) -> None:
    """Remove what a run that was killed left beside `path`; OSError as the system says.

    Another run's living draft goes, too: that run then fails with nothing changed, as it should when two
    replace one file.
    """
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.tmp")
    for draft in [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)]:
        draft.unlink(missing_ok=True)


def write_new(path: Path, data: bytes, like: os.stat_result | None = None) -> None:
    """Write a new file, for nobody else's eyes from its first byte; `like` lends its owner and mode."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if like:
            _own_like(descriptor, like)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode) if like else 0o600)  # whatever the umask says
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _own_like(descriptor: int, like: os.stat_result) -> None:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)


def _refuse_if_changed(original: Original) -> None:
    """Compare bytes, not times: two edits can fall into one tick of the clock."""
    try:
        same = original.path.read_bytes() == original.data
    except FileNotFoundError:
        same = False
    if not same:
        raise BusyError(f"{original.path} was changed meanwhile; it is left as it is", "run it again")


def sync_folder(folder: Path) -> None:
    """Make what was renamed or linked in a folder outlast a crash, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
