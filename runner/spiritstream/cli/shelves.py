"""The platforms beside the profiles that a command looks at: on disk, or as git is about to commit them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.cli.files import label
from spiritstream.config.shelf import EMPTY, FOLDER, PlatformFile, Shelf, bounded, sorted_out

if TYPE_CHECKING:
    from spiritstream.config.registry import Known
    from spiritstream.config.staged import Blob
    from spiritstream.errors import Finding


def of_platforms(path: Path) -> bool:
    """Whether a path is one of platforms: a folder that is called so, or a file in one."""
    return (path if path.is_dir() else path.absolute().parent).absolute().name == FOLDER


def platform_folders(paths: Sequence[Path]) -> list[Path]:
    """Every `platforms/` in these folders, and these themselves if they are one."""
    found: dict[Path, Path] = {}
    for path in (path for path in paths if path.is_dir()):
        for folder in _under(path):
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def _under(path: Path) -> Iterator[Path]:
    if of_platforms(path):
        yield path
        return
    for folder, subfolders, _ in os.walk(path):
        if FOLDER in subfolders:
            yield Path(folder, FOLDER)
        subfolders[:] = sorted(name for name in subfolders if name != FOLDER and not name.startswith("."))


def platform_files(paths: Sequence[Path]) -> list[Path]:
    """The platforms' files in these folders."""
    from spiritstream.config.platforms import id_of_file

    folders = platform_folders([path for path in paths if path.is_dir()])
    files = (path for folder in folders for path in sorted(folder.iterdir()))
    return [path for path in files if id_of_file(path.name) and path.is_file()]


def platform_findings(paths: Sequence[Path]) -> list[Finding]:
    """What is wrong with the platform files that are named, and with those in these folders."""
    named = {path.absolute().parent: path.parent for path in paths if path.is_file() and of_platforms(path)}
    found = [one for folder in platform_folders(paths) for one in _findings(folder)]
    if not named:
        return found
    wanted = {label(path) for path in paths}
    return found + [one for folder in named.values() for one in _findings(folder) if one.file in wanted]


def _findings(folder: Path) -> list[Finding]:
    from spiritstream.config.registry import Known
    from spiritstream.config.shelf import config_platforms, config_shelf, is_shipped, shelf_of

    if is_shipped(folder):
        return []
    if config_platforms().is_dir() and folder.samefile(config_platforms()):
        return Known(config_shelf()).findings()
    shelf = shelf_of(folder, label(folder), folder)
    return Known(config_shelf(), lambda: shelf).beside_findings()


class Staged:
    """The `platforms/` folders that are staged, by their paths from the top of the work tree."""

    def __init__(self, top: Path) -> None:
        from spiritstream.config.document import MAX_BYTES
        from spiritstream.config.staged import staged_matching

        blobs: dict[str, list[Blob]] = {}
        for blob in staged_matching(f"**/{FOLDER}/*", MAX_BYTES):
            blobs.setdefault(blob.path.rpartition("/")[0], []).append(blob)
        self.shelves = {
            folder: _shelf(label(Path(os.path.relpath(top / folder))), some) for folder, some in blobs.items()
        }
        self._known: dict[str, Known] = {}

    def known(self, folder: Path) -> Known:
        """What profiles of a folder, seen from the top, know: the nearest ones, as they are staged."""
        for way in (folder, *folder.parents):
            name = (way / FOLDER).as_posix()
            if name in self.shelves:
                return self._of(name)
        return self._of("")

    def findings(self, folder: str) -> list[Finding]:
        """What is wrong with the platforms in a folder."""
        return self._of(folder).beside_findings()

    def _of(self, folder: str) -> Known:
        from spiritstream.config.registry import Known
        from spiritstream.config.shelf import config_shelf

        if folder not in self._known:
            shelf = self.shelves.get(folder, EMPTY)
            self._known[folder] = Known(config_shelf(), lambda: shelf)
        return self._known[folder]


def _shelf(shown: str, blobs: Sequence[Blob]) -> Shelf:
    by_name: Mapping[str, Blob] = {blob.path.rpartition("/")[2]: blob for blob in blobs}
    ids, faults = sorted_out(by_name, shown)
    return bounded(Shelf({id: _file(shown, f"{id}.yaml", by_name) for id in ids}, faults), shown)


def _file(shown: str, name: str, blobs: Mapping[str, Blob]) -> PlatformFile:
    data = blobs[name].data
    problem = "" if data is not None else "the file is larger than 1 MiB"
    return PlatformFile(f"{shown}/{name}", data or b"", problem)
