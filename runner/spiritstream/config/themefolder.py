"""This user's themes: a file each in `themes/` of the config folder, named by its id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from spiritstream.config.data import data_folder
from spiritstream.config.document import read_document
from spiritstream.config.folders import config_folder
from spiritstream.config.reading import read_bounded, unreadable
from spiritstream.config.themes import ID, Checker, Theme, bad_id, parse_theme
from spiritstream.errors import Finding, ProfileError, UsageError

FOLDER = "themes"
_LONGEST_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Themed:
    """A theme's file: the theme, or what is wrong with it."""

    path: Path
    theme: Theme | None
    findings: tuple[Finding, ...] = ()


def themes_folder() -> Path:
    """Where themes are, whether or not there is such a folder."""
    return config_folder() / FOLDER


def theme_files() -> list[Path]:
    """The themes' files, sorted; none where there is no such folder."""
    folder = themes_folder()
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))


def themes() -> Iterator[Themed]:
    """Every theme, in the order of the ids."""
    for path in theme_files():
        try:
            yield read_theme(path, _bytes(path))
        except ProfileError as error:
            yield Themed(path, None, tuple(error.findings))


def exported_themes() -> dict[str, bytes]:
    """The files of an archive by their names in it, below the config folder.

    Raises:
        ProfileError: one is not valid, and may hold anything.
    """
    found = {path: _bytes(path) for path in theme_files()}
    findings = [one for path, data in found.items() for one in read_theme(path, data).findings]
    if findings:
        raise ProfileError(findings)
    return {f"{FOLDER}/{path.name}": data for path, data in found.items()}


def find_theme(id: str) -> Themed:
    """The theme of this id.

    Raises:
        UsageError: there is none.
        ProfileError: its file is not valid.
    """
    found = {path.stem: path for path in theme_files()}
    if id not in found:
        near = get_close_matches(id[:_LONGEST_COMPARED], found, n=1)
        hint = f"did you mean {near[0]}?" if near else "`spiritstream themes` lists those there are"
        raise UsageError("there is no such theme", hint)
    themed = read_theme(found[id], _bytes(found[id]))
    if themed.theme is None:
        raise ProfileError(list(themed.findings))
    return themed


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path)
    except OSError as error:
        raise ProfileError([unreadable(str(path), error)]) from None


def read_theme(path: Path, data: bytes) -> Themed:
    """What is in a theme's file."""
    document, findings = read_document(data, str(path))
    if document is None or findings:
        return Themed(path, None, tuple(sorted(set(findings))))
    findings = checker().findings(document)
    findings += [] if ID.fullmatch(path.stem) else [bad_id(document)]
    theme = None if findings else parse_theme(path.stem, document.data)
    return Themed(path, theme, tuple(sorted(findings)))


@lru_cache(maxsize=1)
def checker() -> Checker:
    """The check by the published schema."""
    file = data_folder("schemas") / "theme.schema.json"
    return Checker(json.loads(file.read_text(encoding="utf-8")))
