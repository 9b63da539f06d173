"""Reading a file that a person wrote, bounded."""

from __future__ import annotations

from pathlib import Path

from spiritstream.config.document import MAX_BYTES
from spiritstream.errors import Finding


def read_bounded(path: Path) -> bytes:
    """A file's bytes, but no more than is needed to see that it is too large."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def unreadable(file: str, error: OSError) -> Finding:
    """The finding for a file that cannot be read."""
    return Finding(file, 1, 1, "", f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
