"""A folder of platform files: what is in it, each read only when it is asked for.

There is one in the config folder, which is its owner's and may be a link to any folder. Another may stand
beside profiles: it is found as their `.spiritstream.yaml` is, and what is in it is an attacker's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from spiritstream.config.commonfile import find_upward, is_ours
from spiritstream.config.data import data_folder
from spiritstream.config.document import MAX_BYTES
from spiritstream.config.folders import config_folder
from spiritstream.config.platforms import id_of_file
from spiritstream.config.reading import read_bounded, unreadable
from spiritstream.config.within import LeavesError, open_within
from spiritstream.errors import Finding

FOLDER = "platforms"
FILES_MAX = 200
ALL_BYTES_MAX = 8 * 1024 * 1024
_NAMES_MAX = 2_000
_ENDINGS = (".yaml", ".yml")
LINKED = ("a link that leads out of the folder is not followed", "put what it leads to in its place")


@dataclass(frozen=True)
class PlatformFile:
    """A platform's file as it was read; `file` is its name as it is shown.

    `problem` says why its bytes are not to be had, which then are none, and `hint` what to do.
    """

    file: str
    data: bytes = field(repr=False)
    problem: str = ""
    hint: str = ""

    @property
    def id(self) -> str:
        """The platform's id, which is the file's name."""
        return Path(self.file).stem

    @cached_property
    def digest(self) -> str:
        """What tells it from another one."""
        return hashlib.sha256(self.data + self.problem.encode()).hexdigest()


@dataclass(frozen=True)
class Shelf:
    """The platform files of one folder, by id. `faults` are of the folder, and of what is no platform's."""

    files: Mapping[str, PlatformFile] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What tells one shelf from another; reads every file."""
        listed = sorted((id, file.digest) for id, file in self.files.items())
        return hashlib.sha256(repr((listed, self.faults)).encode()).hexdigest()


EMPTY = Shelf()


class _Unread(Mapping[str, PlatformFile]):
    """Files that are read when somebody asks for them, once."""

    def __init__(self, ids: Iterable[str], read: Callable[[str], PlatformFile]) -> None:
        self._ids = tuple(ids)
        self._read = read
        self._found: dict[str, PlatformFile] = {}

    def __getitem__(self, id: str) -> PlatformFile:
        if id not in self._found:
            if id not in self._ids:
                raise KeyError(id)
            self._found[id] = self._read(id)
        return self._found[id]

    def __contains__(self, id: object) -> bool:
        return id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def sorted_out(names: Iterable[str], folder: str) -> tuple[list[str], tuple[Finding, ...]]:
    """The ids of the platforms that files of these names are; and what is meant to be one and is none.

    `folder` is how the folder is shown.
    """
    some = list(islice(names, _NAMES_MAX + 1))
    meant = sorted(filter(_is_meant, some))
    if len(meant) > FILES_MAX or len(some) > _NAMES_MAX:
        message = f"there are more than {FILES_MAX} platforms in this folder, and none of them is read"
        return [], (Finding(folder, 1, 1, "", message, "remove those that nobody uses"),)
    ids = {name: id_of_file(name) for name in meant}
    return [id for id in ids.values() if id], tuple(_misnamed(name, folder) for name in ids if not ids[name])


def bounded(shelf: Shelf, folder: str) -> Shelf:
    """The shelf, if its files are not too much together."""
    if sum(len(file.data) for file in shelf.files.values()) <= ALL_BYTES_MAX:
        return shelf
    return Shelf(faults=(*shelf.faults, too_much(folder)))


def too_much(folder: str) -> Finding:
    """What is said of a folder whose files are too much together."""
    message = f"the platforms in this folder hold more than {ALL_BYTES_MAX // 1024**2} MiB together, and "
    return Finding(folder, 1, 1, "", f"{message}none of them is read", "a platform has a few kilobytes")


def _is_meant(name: str) -> bool:
    return name.endswith(_ENDINGS) and not name.startswith(".")


def _misnamed(name: str, folder: str) -> Finding:
    shown = "".join(char if char.isprintable() else "?" for char in name)
    hint = "name it as in my-platform.yaml: lower-case letters, digits and '-', and .yaml at its end"
    return Finding(f"{folder}/{shown}", 1, 1, "", "this name is no platform's id, so it is not read", hint)


def config_platforms() -> Path:
    """Where the config folder's platforms are, whether or not there is such a folder."""
    return config_folder() / FOLDER


def config_shelf() -> Shelf:
    """The config folder's platforms."""
    folder = config_platforms()

    def read(id: str) -> PlatformFile:
        path = folder / f"{id}.yaml"
        try:
            return PlatformFile(str(path), read_bounded(path))
        except OSError as error:
            return PlatformFile(str(path), b"", unreadable("", error).message)

    ids, faults = listed(folder, str(folder))
    return Shelf(_Unread(ids, read), faults) if ids or faults else EMPTY


def find_beside(folder: Path) -> Path | None:
    """The `platforms/` that profiles in `folder` see: the nearest, as their `.spiritstream.yaml` is found."""
    try:
        found = find_upward(folder, FOLDER, os.path.isdir)
        return None if found is None or _is_known(found) else found
    except OSError:  # it went at this moment
        return None


def _is_known(folder: Path) -> bool:
    """Whether these are the shipped ones, as in the program's checkout, or the config folder's."""
    own = config_platforms()
    return is_shipped(folder) or (own.is_dir() and own.samefile(folder))


def is_shipped(folder: Path) -> bool:
    """Whether this is the folder of the shipped platforms."""
    return data_folder(FOLDER).samefile(folder)


def beside_shelf(folder: Path) -> Shelf:
    """The platforms beside the profiles in `folder`."""
    found = find_beside(folder)
    return shelf_of(found, _as_written(found, folder), folder) if found else EMPTY


def shelf_of(found: Path, shown: str, owner: Path) -> Shelf:
    """A `platforms/` beside profiles: links in it lead nowhere but to where it stands, and each file is ours.

    `shown` is how it is called, `owner` a path whose owner may put files there, too.
    """
    top = found.parent

    def read(id: str) -> PlatformFile:
        path, file = found / f"{id}.yaml", f"{shown}/{id}.yaml"
        try:
            with open_within(str(path.absolute()), [top]) as stream:
                data = stream.read(MAX_BYTES + 1)
            if is_ours(path, owner):
                return PlatformFile(file, data)
            return PlatformFile(
                file, b"", "belongs to another user, and is not taken", "let it belong to you"
            )
        except LeavesError:
            return PlatformFile(file, b"", *LINKED)
        except OSError as error:
            return PlatformFile(file, b"", unreadable("", error).message)

    if not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(top)):
        return Shelf(faults=(Finding(shown, 1, 1, "", *LINKED),))
    ids, faults = listed(found, shown)
    return Shelf(_Unread(ids, read), faults)


def listed(folder: Path, shown: str) -> tuple[list[str], tuple[Finding, ...]]:
    """As `sorted_out`, of what is in a folder now; nothing, where there is none."""
    try:
        with os.scandir(folder) as listing:
            return sorted_out((item.name for item in listing), shown)
    except FileNotFoundError as error:
        # Behind a link there was one, such as on a disk that is not there now.
        return [], (unreadable(shown, error),) if folder.is_symlink() else ()
    except OSError as error:
        return [], (unreadable(shown, error),)


def _as_written(found: Path, folder: Path) -> str:
    text = str(found) if folder.is_absolute() else os.path.relpath(found)
    return "".join(char if char.isprintable() else "?" for char in text)
