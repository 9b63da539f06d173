"""The files that `spiritstream import` is given, and those in the folders among them."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.cli.files import label
from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.importers.recognise import Recognised

OBS_FILES = ("service.json", "basic.ini", "streamEncoder.json", "obs-multi-rtmp.json")
_THEME_ENDINGS = (".jsonc", ".json")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was recognised. `by_hand`: it was named itself, and not found in a folder."""

    path: Path
    data: bytes = field(repr=False)
    found: Recognised
    by_hand: bool = True

    @property
    def name(self) -> str:
        """What messages call it."""
        return label(self.path)


def expanded(paths: Sequence[Path]) -> dict[Path, bool]:
    """Each file once, and whether it was named by hand.

    Raises:
        UsageError: a folder holds no program's configuration.
    """
    files: dict[Path, bool] = {}
    for path in paths:
        found = dict.fromkeys(_in_folder(path), False) if path.is_dir() else {path: True}
        if not found:
            raise UsageError(f"{label(path)}: no program's configuration is in this folder", "name its files")
        files = {**found, **files} if path.is_dir() else {**files, **found}
    return files


def _in_folder(folder: Path) -> Iterator[Path]:
    """OBS Studio's folder of one profile, SpiritStream's data folder, or one of themes."""
    yield from (folder / name for name in OBS_FILES if (folder / name).is_file())
    profiles = folder / "profiles"
    if profiles.is_dir():
        yield from sorted(path for path in profiles.iterdir() if path.suffix in (".json", ".mgs"))
        others = (folder / "settings.json", folder / "indexes" / "order_indexes.json")
        yield from (path for path in others if path.is_file())
        yield from _themes(folder / "themes")
    elif folder.name == "themes":
        yield from _themes(folder)


def _themes(folder: Path) -> Iterator[Path]:
    """The themes' files in SpiritStream's order: of two with one id, it takes the .jsonc."""
    from spiritstream.importers.theme import is_skipped

    for ending in _THEME_ENDINGS:
        yield from sorted(path for path in folder.glob(f"*{ending}") if not is_skipped(path.name))


def read_source(path: Path, by_hand: bool = True) -> Source:
    """A file's bytes, and what it is.

    Raises:
        SpiritError: it cannot be read, or is nothing that is known.
    """
    from spiritstream.importers.recognise import recognise

    data = file_bytes(path)
    return Source(path, data, recognise(data, label(path)), by_hand)


def file_bytes(path: Path) -> bytes:
    """What is in a file, up to what any configuration has.

    Raises:
        UsageError: it is none, or cannot be read.
    """
    from spiritstream.importers.values import MAX_FILE_BYTES

    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before opening: a pipe would wait for ever
            raise UsageError(f"{label(path)} is not a file", "name a file, or a folder of files")
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be one"
        raise UsageError(f"{label(path)} cannot be read: {reason}", "name a file that is yours") from None
