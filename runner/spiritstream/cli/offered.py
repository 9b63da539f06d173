"""Profiles that a person offers: checked, and as they would stand where the controller reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spiritstream.cli.overview import Overview
from spiritstream.errors import Finding, ProfileError, UsageError


@dataclass(frozen=True, slots=True)
class Offered:
    """One valid profile. `data` is the text with its paths written whole; `path` is the person's file."""

    path: Path
    name: str
    data: bytes = field(repr=False)
    rewritten: bool = False

    @property
    def digest(self) -> str:
        """The SHA-256 of `data`, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def is_in(self, overview: Overview) -> bool:
        """Whether it stands where the controller reads already."""
        folder = overview.controller.folder if overview.controller else None
        return folder is not None and self.path.resolve().is_relative_to(Path(folder).resolve())


def read_offered(paths: Sequence[Path]) -> list[Offered]:
    """The profiles in these files and folders, as they stand; each must be valid, with a name of its own.

    Raises:
        ProfileError: with everything that is wrong in any of them.
        UsageError: there is none.
    """
    from spiritstream.cli.files import label, profiles_under
    from spiritstream.config.load import check_data, read_bounded, unreadable

    found: list[Offered] = []
    findings: list[Finding] = []
    for path in profiles_under(paths):
        name = label(path)
        try:
            data = read_bounded(path)
        except OSError as error:
            findings.append(unreadable(name, error))
            continue
        checked = check_data(data, name, path.parent)
        findings += checked.findings
        if any(other.name == checked.name for other in found if checked.name):
            message = "another of these profiles has this name"
            hint = "give each a name of its own"
            findings.append(Finding(name, checked.line, checked.column, "name", message, hint))
        found.append(Offered(path, checked.name, data))
    if findings:
        raise ProfileError(findings)
    if not found:
        raise UsageError("there is no profile in what was named", "name files that end in .yaml or .yml")
    return found


def for_folder(offered: Offered, folder: Path) -> Offered:
    """The profile as it is to stand in `folder`; in another than its own, its paths are whole.

    Raises:
        ProfileError: a path cannot be written whole.
    """
    from spiritstream.cli.files import label
    from spiritstream.config.whole import whole_paths

    if offered.path.resolve().is_relative_to(folder.resolve()):
        return offered
    data = whole_paths(offered.data, label(offered.path), offered.path.parent)
    return Offered(offered.path, offered.name, data, rewritten=data != offered.data)


def place_for(offered: Offered, overview: Overview) -> str:
    """The file, relative to the controller's folder, that the profile stands in or is to be put into.

    Raises:
        UsageError: another profile stands where it would be put, or it has another file there.
    """
    folder = Path(overview.controller.folder or "/") if overview.controller else Path("/")
    known = overview.of(offered.name)
    if offered.is_in(overview):
        return offered.path.resolve().relative_to(folder.resolve()).as_posix()
    if known is not None and known.file:
        return known.file
    file = f"{offered.name}.yaml"
    if any(show.file == file for show in overview.shows) or (folder / file).exists():
        raise UsageError(
            f"the controller's folder has another profile in {folder / file}",
            "rename that file, or give one of the two profiles its own name",
        )
    return file
