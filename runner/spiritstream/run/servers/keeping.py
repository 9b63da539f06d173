"""Lists that were asked for without a key, on disk: what the next start knows at once, or falls back to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
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
        with file_for(folder, url).open("rb") as file:
            data = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    match data:
        case {"version": 1, "url": str() as asked, "at": int() | float() as at, "rows": rows}:
            found = good_rows(rows)
            return Kept(found, float(at)) if found and asked == url and 0 <= at < _LATEST else None
    return None


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
