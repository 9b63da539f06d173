"""Which profiles a command is to look at: the files that are named, and those in the folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from spiritstream.errors import Finding

ENDINGS = (".yaml", ".yml")


def label(path: Path) -> str:
    """A path as it can be printed: no control characters, no bytes that are not UTF-8."""
    return "".join(char if char.isprintable() else "?" for char in str(path))


def collect(paths: Sequence[Path]) -> tuple[list[Path], list[Finding]]:
    """The files to check, each once, and what is wrong with the folders themselves."""
    files: dict[Path, Path] = {}
    findings: list[Finding] = []
    for path in paths:
        found = list(_in_folder(path, findings)) if path.is_dir() else [path]
        if not found:
            click.echo(f"{label(path)}: no profile is in this folder (*.yaml, *.yml)", err=True)
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values()), findings


def _in_folder(root: Path, findings: list[Finding]) -> Iterator[Path]:
    """The profiles below a folder, in order; hidden ones, and links that lead out of it, are not followed.

    What is in a folder called `platforms` are platforms.
    """
    from spiritstream.config.load import unreadable
    from spiritstream.config.shelf import FOLDER
    from spiritstream.errors import Finding

    def refused(error: OSError) -> None:
        findings.append(unreadable(label(Path(error.filename or root)), error))

    inside = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=refused):
        subfolders[:] = sorted(name for name in subfolders if name != FOLDER and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if (
                name.startswith(".")
                or not name.endswith(ENDINGS)
                or not (path.is_file() or path.is_symlink())
            ):
                continue
            if path.resolve().is_relative_to(inside):
                yield path
            else:
                message = "a link that leads out of the folder is not followed"
                findings.append(Finding(label(path), 1, 1, "", message, "check its target by itself"))


def common_files(paths: Sequence[Path], profiles: Sequence[Path]) -> list[Path]:
    """Every `.spiritstream.yaml` in these folders, and those that these profiles inherit from."""
    from spiritstream.config.common import COMMON
    from spiritstream.config.commonfile import find_common

    found: dict[Path, Path] = {}
    for path in (path for path in paths if path.is_dir()):
        for folder, subfolders, names in os.walk(path):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            if COMMON in names:
                found.setdefault(Path(folder).resolve() / COMMON, Path(folder, COMMON))
    for path in profiles:
        if above := find_common(path):
            shown = above if path.is_absolute() else Path(os.path.relpath(above))
            found.setdefault(above.parent.resolve() / COMMON, shown)
    return list(found.values())


def profiles_under(paths: Sequence[Path]) -> list[Path]:
    """The profiles under these paths, for who must miss none.

    Raises:
        ProfileError: a folder cannot be read, or a link leads out of it.
    """
    from spiritstream.errors import ProfileError

    files, findings = collect(paths)
    if findings:
        raise ProfileError(findings)
    return files
