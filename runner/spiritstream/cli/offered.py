"""Profiles that a person offers: checked, and as they would stand where the controller reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.cli.overview import Overview
from spiritstream.config.common import COMMON
from spiritstream.errors import Finding, ProfileError, UsageError

if TYPE_CHECKING:
    from spiritstream.config.load import Checked


@dataclass(frozen=True, slots=True)
class Offered:
    """One valid profile. `data` is the text with its paths written whole; `path` is the person's file.

    `written` are the values that it inherits where it is, and that stand in `data`; `inherits` are those
    that it inherits only where the controller reads.
    """

    path: Path
    name: str
    data: bytes = field(repr=False)
    rewritten: bool = False
    written: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of `data`, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def is_in(self, overview: Overview) -> bool:
        """Whether it stands where the controller reads already."""
        folder = overview.controller.folder if overview.controller else None
        return folder is not None and self.path.resolve().is_relative_to(Path(folder).resolve())


async def source_folder() -> Path | None:
    """The folder that the controller reads, or would if one was started; `None`: it reads from git.

    Raises:
        SpiritError: it does not answer, or the settings are not valid.
    """
    from spiritstream.cli.onair import controller
    from spiritstream.config.settings import load_settings

    async with controller() as peer:
        if peer is None:
            return load_settings(os.environ).profiles
        source = Path(str(peer.hello.get("source")))
        return source if source.is_absolute() and source.is_dir() else None


def read_offered(paths: Sequence[Path], folder: Path | None = None) -> list[Offered]:
    """The profiles in these files and folders, as they stand; each must be valid, with a name of its own.

    Valid is what is so where it stands, or where it is to stand: in `folder`, with what that adds.

    Raises:
        ProfileError: with everything that is wrong in any of them.
        UsageError: there is none.
    """
    from spiritstream.cli.files import label, profiles_under
    from spiritstream.config.load import read_bounded, unreadable

    found: list[Offered] = []
    findings: list[Finding] = []
    for path in profiles_under(paths):
        name = label(path)
        try:
            data = read_bounded(path)
        except OSError as error:
            findings.append(unreadable(name, error))
            continue
        checked = _checked(path, name, data, folder)
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


def _checked(path: Path, name: str, data: bytes, folder: Path | None) -> Checked:
    from spiritstream.cli.files import label
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.load import check_data
    from spiritstream.config.registry import finder
    from spiritstream.config.settled import settled

    there = common_for(folder / path.name) if folder else None
    # What it sends to is what its platforms are where it is to stand.
    known = finder(folder or path.parent)
    if folder and path.resolve().is_relative_to(folder.resolve()):
        return check_data(data, name, path.parent, common=there, platforms=known)
    here = common_for(path)
    checked = check_data(data, name, path.parent, common=here, platforms=known)
    if checked.findings and there and not (here and here.findings):
        text = settled(data, name, here, there).data
        moved = check_data(text, name, path.parent, common=there, platforms=known)
        checked = checked if moved.findings else moved
    if checked.findings and folder and not check_data(data, name, path.parent, common=here).findings:
        there_too = f"put it into {label(folder / 'platforms')}, too"
        left = f"what stands in platforms/ beside it stays there: {there_too}"
        hinted = [replace(one, hint=f"{one.hint}; {left}" if one.hint else left) for one in checked.findings]
        return replace(checked, findings=hinted)
    return checked


def for_folder(offered: Offered, folder: Path) -> Offered:
    """The profile as it is to stand in `folder`.

    In another than its own, its paths are whole, and what it inherits here and would not there is written.

    Raises:
        ProfileError: a path cannot be written whole.
        UsageError: a value cannot be written.
    """
    from spiritstream.cli.files import label
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.settled import settled
    from spiritstream.config.whole import whole_paths

    if offered.path.resolve().is_relative_to(folder.resolve()):
        return offered
    data = whole_paths(offered.data, label(offered.path), offered.path.parent)
    rewritten = data != offered.data
    new = settled(data, label(offered.path), common_for(offered.path), common_for(folder / "profile.yaml"))
    return Offered(offered.path, offered.name, new.data, rewritten, new.written, new.inherits)


def changed_by_moving(offered: Offered, file: str) -> Iterator[str]:
    """What is to be said of a profile that is put into the controller's `file`."""
    if offered.rewritten:
        yield f"{offered.name}: its relative paths stand whole in the controller's copy ({file})"
    if offered.written:
        said = f"what it inherits here stands in the controller's copy ({file})"
        yield f"{offered.name}: {said}: {', '.join(offered.written)}"
    if offered.inherits:
        said = f"the {COMMON} where the controller reads gives it"
        yield f"{offered.name}: {said}: {', '.join(offered.inherits)}"


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
