"""Finding the `.spiritstream.yaml` of a profile's file, and reading it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.config.common import COMMON, Common, parse_common, resolved_schema
from spiritstream.config.data import data_folder
from spiritstream.config.reading import read_bounded, unreadable
from spiritstream.config.schema import profile_validator
from spiritstream.errors import Finding

if TYPE_CHECKING:
    from spiritstream.config.rules import Validator

LEVELS = 5
"""Folders that are looked into outside of a repository: as many as a source is deep."""
_DEEPEST = 64
_PROFILE = "profile.schema.json"


@lru_cache(maxsize=8)
def common_of(data: bytes, file: str) -> Common:
    """What a file's bytes say; `file` is its name in the findings."""
    return parse_common(data, file, _validator())


def find_common(path: Path) -> Path | None:
    """The `.spiritstream.yaml` that a profile's file inherits from: the nearest, from its folder upward."""
    return find_upward(path.parent, COMMON)


def find_upward(folder: Path, name: str, is_there: Callable[[Path], bool] = os.path.lexists) -> Path | None:
    """The nearest file of a name that profiles in `folder` see, from there upward.

    In a repository the search ends at its top, where `.git` is. Elsewhere it ends after `LEVELS` folders,
    and below the home folder, the root, and folders that everybody may write to, such as /tmp. A folder that
    is reached through links is looked for as it is written first, and then where it is.
    """
    written = Path(os.path.abspath(folder))  # noqa: PTH100  links stay, `..` goes
    for start in dict.fromkeys((written, Path(os.path.realpath(written)))):
        for one in _folders(start):
            if is_there(one / name):
                return one / name
    return None


def read_common(path: Path, file: str, profile: Path | None = None) -> Common:
    """What a `.spiritstream.yaml` says; `profile` is the file that inherits from it, `file` its shown name.

    One that belongs to somebody else than us, the system, or who owns the profile, is not taken: in a
    shared folder it would let others change what is on air, and whom keys are sealed for.
    """
    try:
        if not is_ours(path, profile):
            message = "belongs to another user, and is not taken"
            hint = "let it belong to who owns the profiles, or put them into a folder of your own"
            return Common(file, findings=(Finding(file, 1, 1, "", message, hint),))
        return common_of(read_bounded(path), file)
    except OSError as error:
        return Common(file, findings=(unreadable(file, error),))


def is_ours(path: Path, profile: Path | None = None) -> bool:
    """Whether a file may be taken: see `read_common`. OSError as the system says."""
    owners = [profile.stat().st_uid] if profile and profile.exists() else []
    return {os.lstat(path).st_uid, path.stat().st_uid} <= {0, os.geteuid(), *owners}


def common_for(path: Path) -> Common | None:
    """What the profile in a file inherits, if anything. Its findings name it as `path` is written."""
    found = find_common(path)
    return read_common(found, _as_written(found, path), path) if found else None


def _folders(start: Path) -> Iterator[Path]:
    """Where to look, the nearest first."""
    above = [start, *start.parents][:_DEEPEST]
    top = next((index for index, folder in enumerate(above) if os.path.lexists(folder / ".git")), None)
    if top is not None:
        yield from above[: top + 1]
        return
    yield start
    home = os.path.expanduser("~")  # noqa: PTH111  where there is none, no error
    homes = Path(home), Path(os.path.realpath(home))
    for folder in above[1:LEVELS]:
        if folder == Path(folder.root) or any(one.is_relative_to(folder) for one in homes):
            return
        if _is_everybodys(folder):
            return
        yield folder


def _is_everybodys(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True


def _as_written(found: Path, path: Path) -> str:
    text = str(found) if path.is_absolute() else os.path.relpath(found)
    return "".join(char if char.isprintable() else "?" for char in text)


@lru_cache(maxsize=1)
def _validator() -> Validator:
    return profile_validator(common_schema())


def common_schema() -> dict[str, object]:
    """The file's JSON Schema, with what it shares with the profile's in its place."""
    folder = data_folder("schemas")
    own, profile = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in ("common.schema.json", _PROFILE)
    )
    return resolved_schema(own, {_PROFILE: profile})
