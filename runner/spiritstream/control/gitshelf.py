"""The platforms that a commit has beside its profiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from spiritstream.config.shelf import (
    ALL_BYTES_MAX,
    EMPTY,
    FOLDER,
    LINKED,
    PlatformFile,
    Shelf,
    sorted_out,
    too_much,
)
from spiritstream.control.gitcopy import Copy, Item
from spiritstream.control.source import FILE_BYTES_MAX, shown
from spiritstream.errors import Finding

_LINK = "is a link or a submodule in the repository, which is not followed"


async def shelf_at(copy: Copy, commit: str, path: str, items: Iterable[Item]) -> Shelf:
    """The `platforms/` nearest to the profiles in `path`, whose `items` these are: there, or above.

    Raises GitError.
    """
    if found := _under(FOLDER, items):
        return await _shelf(copy, FOLDER, found)
    tree = await copy.items(commit, "") if path else []
    for folder in PurePosixPath(path).parents if path else ():
        name = str(folder / FOLDER)
        if found := _under(name, tree):
            return await _shelf(copy, f"/{name}", found)
    return EMPTY


def _under(folder: str, items: Iterable[Item]) -> list[Item]:
    """What stands directly in a folder, by its name there; the folder itself, if it is a link.

    A file of its name is none, as on disk: what stands above counts.
    """
    start = f"{folder}/"
    below = [item for item in items if _is_in(item, folder)]
    named = [replace(item, name=item.name[len(start) :]) for item in below]
    return [item for item in named if "/" not in item.name]


def _is_in(item: Item, folder: str) -> bool:
    return item.name.startswith(f"{folder}/") or (item.name == folder and not item.is_file)


async def _shelf(copy: Copy, folder: str, items: Iterable[Item]) -> Shelf:
    by_name = {item.name: item for item in items}
    if "" in by_name:
        return Shelf(faults=(Finding(folder, 1, 1, "", *LINKED),))
    ids, faults = sorted_out((name for name in by_name if name.isprintable()), shown(folder))
    found = {id: by_name[f"{id}.yaml"] for id in ids}
    taken = {id: item for id, item in found.items() if item.is_file and item.size <= FILE_BYTES_MAX}
    if sum(item.size for item in taken.values()) > ALL_BYTES_MAX:
        return Shelf(faults=(*faults, too_much(folder)))
    blobs = await copy.blobs(item.sha for item in taken.values())
    files = {
        id: PlatformFile(f"{folder}/{item.name}", blobs[item.sha] if id in taken else b"", _problem(item))
        for id, item in found.items()
    }
    return Shelf(files, faults)


def _problem(item: Item) -> str:
    if not item.is_file:
        return _LINK
    return "is larger than 1 MiB, too large for a platform" if item.size > FILE_BYTES_MAX else ""
