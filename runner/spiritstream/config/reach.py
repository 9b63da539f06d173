"""What a profile from git may reach on this machine: nothing but what the settings allow.

Whoever edits the repository must not get at the server. What a profile can name on it are variables,
files to read and files to write; its URLs lead to the network, and ffmpeg is told to open nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from spiritstream.config.document import Document, read_document
from spiritstream.config.leaves import secret_leaves
from spiritstream.config.places import Path as Place
from spiritstream.config.within import LeavesError, normal, open_within, place_of, record_place
from spiritstream.config.within import Place as Where
from spiritstream.errors import Finding

# What looks unlike a variable that people choose may be a key in the wrong place: it is not repeated.
_USUAL = re.compile(r"[A-Z_][A-Z0-9_]{0,39}", re.ASCII)
_MAY_NAME = re.compile(rb"files|\bfile\b|certificate|private_key|\\")
_OUTSIDE = "lies outside the repository and the folders that profiles from git may read"
_COMMIT = "put the file into the repository; or "
_SECRET = ("file", "private_key")
_LINKED = "leads by a link to outside the repository and the folders that profiles from git may read"


@dataclass(frozen=True, slots=True)
class Reach:
    """What profiles from git may use of this machine.

    `variables` are names; `readable` are folders, the repository's own first; `recordings` is where relative
    paths of recordings start, and no recording leaves it. `refused` says of files of the repository, by
    their whole paths, why they cannot be had, and what to do.
    """

    variables: frozenset[str]
    readable: tuple[Path, ...]
    recordings: Path
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def read(self, path: str, most_bytes: int) -> bytes:
        """The first bytes of a file, when it may be read at this moment.

        Raises:
            LeavesError: it leads outside.
            OSError, ValueError: it cannot be read.
        """
        with open_within(path, self.readable) as stream:
            return stream.read(most_bytes)


__all__ = ["LeavesError", "Reach", "reach_findings", "whole_paths"]


def reach_findings(document: Document, reach: Reach, folder: Path) -> list[Finding]:
    """What a profile names and may not; `folder` is what relative paths to be read are relative to.

    Links are followed as they lead at this moment.
    """
    found = [
        *_told(document, variables(document), lambda name: _variable_problem(name, reach)),
        *_told(document, readings(document), lambda path: _reading_problem(path, reach, folder)),
        *_told(document, recordings(document), lambda path: _recording_problem(path, reach)),
    ]
    return sorted(found)


def _told(
    document: Document,
    leaves: Iterator[tuple[Place, str]],
    problem: Callable[[str], tuple[str, str] | None],
) -> Iterator[Finding]:
    for at, text in leaves:
        if wrong := problem(text):
            # Nobody shall be told to put a secret into git.
            message, hint = wrong[0], wrong[1].removeprefix(_COMMIT) if at[-1] in _SECRET else wrong[1]
            yield document.finding(at, message, hint)


def variables(document: Document) -> Iterator[tuple[Place, str]]:
    """Every variable that a profile names, with its place."""
    return _sources(document, "env")


def readings(document: Document) -> Iterator[tuple[Place, str]]:
    """Every path that a profile has read: input files, secrets' files, the certificate and its key."""
    files: Any = _at(document.data, "input", "files")
    base: Place = ("input", "files")
    if isinstance(files, dict):
        files, base = files.get("paths"), (*base, "paths")
    for index, path in enumerate(files if isinstance(files, list) else ()):
        if isinstance(path, str):
            yield (*base, index), path
    for name in ("certificate", "private_key"):
        if isinstance(path := _at(document.data, "input", "rtmp", "tls", name), str):
            yield ("input", "rtmp", "tls", name), path
    yield from _sources(document, "file")


def whole_paths(data: bytes, file: str, folder: Path) -> frozenset[str]:
    """The files that a profile has read, `folder` being where its relative paths start."""
    # Without one of these words there is no path in it; a backslash may spell one in another way.
    if not _MAY_NAME.search(data):
        return frozenset()
    document, _ = read_document(data, file)
    paths = (text for _, text in readings(document)) if document else ()
    return frozenset(normal(folder, text) for text in paths)


def recordings(document: Document) -> Iterator[tuple[Place, str]]:
    """Every path that a profile records into."""
    groups = _at(document.data, "groups")
    for group in groups if isinstance(groups, dict) else ():
        targets = _at(groups, group, "targets")
        for name in targets if isinstance(targets, dict) else ():
            record: Any = _at(targets, name, "record")
            at: Place = ("groups", group, "targets", name, "record")
            if isinstance(record, dict):
                record, at = record.get("path"), (*at, "path")
            if isinstance(record, str):
                yield at, record


def _sources(document: Document, kind: str) -> Iterator[tuple[Place, str]]:
    for leaf in secret_leaves(document, lambda *_: None):
        if isinstance(text := _at(leaf.value, kind), str):
            yield (*leaf.at, kind), text


def _at(data: object, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _variable_problem(name: str, reach: Reach) -> tuple[str, str] | None:
    if name in reach.variables:
        return None
    is_usual = bool(_USUAL.fullmatch(name))
    called = f"the variable {name}" if is_usual else "this variable"
    allowed = [*sorted(reach.variables), name if is_usual else "NAME"]
    return f"profiles from git may not use {called}", _hint("environment", allowed)


def _reading_problem(text: str, reach: Reach, folder: Path) -> tuple[str, str] | None:
    path = normal(folder, text)
    if refused := reach.refused.get(path):
        return refused
    match place_of(path, reach.readable):
        case Where.OUTSIDE:
            parent = str(Path(path).parent)
            shown = parent if text.startswith("/") and parent.isprintable() and parent != "/" else "FOLDER"
            wanted = [*map(str, reach.readable[1:]), shown]
            return _OUTSIDE, _COMMIT + _hint("folders", wanted)
        case Where.LINKED:
            return _LINKED, "put the file itself there, in the link's place"
    return None


def _recording_problem(text: str, reach: Reach) -> tuple[str, str] | None:
    match record_place(normal(reach.recordings, text), reach.recordings):
        case Where.OUTSIDE:
            relative = "write a path relative to it, such as show/%Y-%m-%d_%H-%M-%S.mkv"
            return (
                "lies outside the one folder that profiles from git record into",
                f"{relative}; or {_hint('recordings', ['FOLDER'])}",
            )
        case Where.LINKED:
            return (
                "leads by a link to outside the one folder that profiles from git record into",
                _hint("recordings", ["FOLDER"]),
            )
    return None


def _hint(setting: str, values: list[str]) -> str:
    """What the server's owner does, if it is meant; a list is replaced, so it is given whole."""
    words = " ".join(map(quote, values))
    return f"if it may, on the server: spiritstream config set {setting} {words}"
