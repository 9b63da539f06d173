"""The config folder's platforms, looked at again and again: a listing and the stamps, mostly."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spiritstream.config.shelf import EMPTY, PlatformFile, Shelf, config_platforms, listed
from spiritstream.control.taking import BusyError, Stamp, UnreadableError, stamp_of, taken
from spiritstream.errors import Finding

GONE_S = 0.3
"""So long a file has to be missing to be gone."""


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: Stamp
    file: PlatformFile


class OwnFiles:
    """Everything in that folder by now; one that is being written is as it was before."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: Mapping[str, _Read] = {}
        self._shelf = EMPTY

    def look(self) -> Shelf:
        """The files as they are. Raises nothing; waits for the disk."""
        folder = self._folder or config_platforms()
        known, faults = self._look(folder)
        if self._known.keys() - known.keys() and not faults:
            # Editors and checkouts put a file in another's place, and in between there is none: the shipped
            # platform of that name, if there is one, would get keys that are not meant for it.
            time.sleep(GONE_S)
            known, faults = self._look(folder)
        self._known = known
        files = {id: read.file for id, read in self._known.items()}
        if (files, faults) != (self._shelf.files, self._shelf.faults):
            self._shelf = Shelf(files, faults)
        return self._shelf

    def _look(self, folder: Path) -> tuple[dict[str, _Read], tuple[Finding, ...]]:
        ids, faults = listed(folder, str(folder))
        return {id: read for id in ids if (read := self._read(folder, id))}, faults

    def _read(self, folder: Path, id: str) -> _Read | None:
        path, before = folder / f"{id}.yaml", self._known.get(id)
        try:
            status = path.stat()
            if before and before.stamp == stamp_of(status):
                return before
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("is not a file")
            stamp, data = taken(os.path.realpath(path))
            return _Read(stamp, PlatformFile(str(path), data))
        except UnreadableError as error:
            if before and isinstance(error, BusyError):
                return before
            return _Read((0,) * 5, PlatformFile(str(path), b"", str(error)))
        except FileNotFoundError:
            return None
        except OSError as error:
            why = f"cannot be read: {(error.strerror or 'unknown reason').lower()}"
            return _Read((0,) * 5, PlatformFile(str(path), b"", why))
