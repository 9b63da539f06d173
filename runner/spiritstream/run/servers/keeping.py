"""Lists that were asked for without a key, on disk: what the next start knows at once, or falls back to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from spiritstream.run.servers.fetching import MOST_BYTES
from spiritstream.run.servers.readers import Row, good_rows

_VERSION = 1
_LATEST = 1e11


@dataclass(frozen=True, slots=True)
class Kept:
    """A list, and when it was asked for, in Unix seconds."""

    rows: tuple[Row, ...]
    at: float


def file_for(folder: Path, url: str) -> Path:
    """The file of the list that is asked for at `url`."""
    return folder / f"servers-{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def load(folder: Path, url: str) -> Kept | None:
    """What is kept of `url`; `None` where there is nothing, or something else than we wrote."""
    try:
        data = json.loads(_read(file_for(folder, url)))
    except (OSError, ValueError, RecursionError):
        return None
    match data:
        case {"version": 1, "url": str() as asked, "at": int() | float() as at, "rows": rows}:
            found = good_rows(rows)
            return Kept(found, float(at)) if found and asked == url and 0 <= at < _LATEST else None
    return None


def _read(path: Path) -> bytes:
    """What is in a file that nobody but us can have written: keys go where it says.

    Raises:
        OSError: there is none, or it is somebody else's.
    """
    # As it waits for nobody, a pipe in the file's place does not hold us up.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        found = os.fstat(file.fileno())
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & stat.S_IWOTH
        if not (is_ours and stat.S_ISREG(found.st_mode)):
            raise PermissionError(f"{path} is not ours")
        return file.read(MOST_BYTES)


def save(folder: Path, url: str, kept: Kept) -> None:
    """Keep a list. A disk that does not take it costs no more than the next look-up."""
    rows = [[row.name, row.url, row.secure_url] for row in kept.rows]
    text = json.dumps({"version": _VERSION, "url": url, "at": kept.at, "rows": rows})
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".servers-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(file_for(folder, url))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
