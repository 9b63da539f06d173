"""Where profiles come from, as values: a file's bytes, a reading of a whole source, what a source does.

Types only: what reads a folder is folder.py, what reads a git repository is git.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

from spiritstream.config.common import COMMON as COMMON
from spiritstream.config.shelf import EMPTY, FOLDER, Shelf

SUFFIXES = (".yaml", ".yml")
FILES_MAX = 5_000
FILE_BYTES_MAX = 1024 * 1024
ALL_BYTES_MAX = 32 * 1024 * 1024
DEPTH_MAX = 4
"""Folders below the top that are looked into; what lies deeper is not a profile of this source."""
_SHOWN = 5


@dataclass(frozen=True)
class Entry:
    """One file of a source as it was read.

    `file` is its path relative to the source, with `/`, as shown to people; `folder` is what
    relative paths inside it are relative to. `refused` says of files that it names, by their whole
    paths, why the source cannot give them, and what to do. `problem` says why its own bytes are not to
    be had, which then are none.
    """

    file: str
    data: bytes = field(repr=False)
    folder: Path
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    problem: str = ""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its bytes, in hex; with files refused, of what is refused, too."""
        whole = hashlib.sha256(self.data)
        if self.refused:
            whole.update(repr(sorted(self.refused.items())).encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


@dataclass(frozen=True)
class Reading:
    """What a source held at one moment.

    `complete=False` says that it was torn, unreadable or gone: then what is missing proves
    nothing, and `problem` tells a person why. What `entries` still holds was whole when it
    was read. `problem` may also tell of something skipped in a complete reading.
    `common` is the source's `.spiritstream.yaml`, which is never among the entries; one that is there
    and cannot be read has a `problem`. `platforms` are those beside the profiles.
    """

    entries: Mapping[str, Entry]
    revision: str
    complete: bool
    problem: str = ""
    common: Entry | None = None
    platforms: Shelf = EMPTY


def revision_of(digests: Mapping[str, str]) -> str:
    """One digest for a set of files: equal exactly when names and contents are equal."""
    whole = hashlib.sha256()
    for file, digest in sorted(digests.items()):
        whole.update(f"{len(file)}:{file}={digest}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def is_legible(name: str) -> bool:
    """Whether a name is text that can be shown: bytes that are not UTF-8 and control characters are not."""
    return name.isprintable()


def shown(name: str) -> str:
    """A file's name for people; what is not legible is escaped, so that it does nothing to a terminal."""
    return name if is_legible(name) else ascii(name)[1:-1]


def together(texts: Iterable[str]) -> str:
    """Several things that are wrong as one line; the first few of them."""
    listed = list(texts)
    more = [f"and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    return "; ".join([*listed[:_SHOWN], *more])


def reading(
    entries: Mapping[str, Entry],
    common: Entry | None,
    revision: str,
    faults: Iterable[str],
    notes: Iterable[str],
) -> Reading:
    """A reading that is complete when there are no faults, and when it holds anything at all.

    A source without a profile is what a missing mount, a checkout under way or a wrong path look
    like. Only a `.spiritstream.yaml` in it, which those cannot fake, says that this is the source
    and that it is meant to hold no profile.
    """
    wrong = list(faults)
    if not wrong and not entries and common is None:
        wrong = [f"there is no profile in it; if that is meant, put a {COMMON} there with 'version: 1' in it"]
    return Reading(entries, revision, not wrong, together([*wrong, *notes]), common)


def is_profile(file: str) -> bool:
    """Whether a relative path is one that a source reads: YAML, nothing hidden on the way, not too deep.

    What is in a folder called `platforms` are platforms.
    """
    parts = file.split("/")
    visible = all(part and not part.startswith(".") for part in parts) and FOLDER not in parts[:-1]
    return visible and len(parts) <= DEPTH_MAX + 1 and parts[-1].endswith(SUFFIXES)


class Source(Protocol):
    """Something that holds profiles: a folder, or a git repository."""

    @property
    def where(self) -> str:
        """What it is, for people; never with credentials."""
        ...

    async def read(self) -> Reading:
        """Everything it holds now. Never raises for what is wrong with the source; blocks no loop."""
        ...

    async def wait(self) -> None:
        """Return when something may have changed: an event, or the time for another look."""
        ...

    def close(self) -> None:
        """Let go of watches and children."""
        ...


@runtime_checkable
class Placed(Protocol):
    """A source that knows where a file of it would stand that it does not hold."""

    def folder_of(self, file: str) -> Path:
        """Where relative paths in a profile of it lead."""
        ...
