"""A profile's relative paths written whole, so that it means the same in another folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as File

from spiritstream.config.document import Document, read_document
from spiritstream.config.edit import Edit, replace_spans, scalar_edit
from spiritstream.config.leaves import SECRET_FIELDS
from spiritstream.config.places import Path
from spiritstream.errors import Finding, ProfileError

_HINT = "write the whole path, from / on"


def whole_paths(data: bytes, file: str, folder: File) -> bytes:
    """A valid profile's text with every relative path in it seen from `folder`; all else stays as it is.

    Raises:
        ProfileError: a path holds what is not written here: another letter than ASCII's, a quote.
    """
    document, _ = read_document(data, file)
    if document is None:
        return data
    edits, findings = [], []
    for at in _relative(document):
        try:
            edits.append(_edit(document, at, folder))
        except ValueError:
            mark = document.marks[at]
            message = "this path, seen from the file's folder, cannot be written whole here"
            findings.append(Finding(file, mark.line, mark.column, "", message, _HINT))
    if findings:
        raise ProfileError(findings)
    return replace_spans(document.text, edits).encode()


def _edit(document: Document, at: Path, folder: File) -> Edit:
    mark = document.marks[at]
    whole = os.path.normpath(folder.absolute() / str(_at(document.data, at)))
    return scalar_edit(document.text, mark.start, mark.end, whole)


def _relative(document: Document) -> Iterator[Path]:
    return (at for at in _paths(document.data) if not os.path.isabs(str(_at(document.data, at))))  # noqa: PTH117


def _paths(data: object) -> Iterator[Path]:
    """The places of everything that is a path."""
    for listed in (("input", "files"), ("input", "files", "paths")):
        entries = _at(data, listed)
        yield from ((*listed, index) for index in range(len(entries) if isinstance(entries, list) else 0))
    for name in ("certificate", "private_key"):
        yield from _if_text(data, ("input", "rtmp", "tls", name))
    for kind in ("rtmp", "pull"):
        yield from _of_secrets(data, ("input", kind))
    for group in _names(data, ("groups",)):
        for target in _names(data, ("groups", group, "targets")):
            at: Path = ("groups", group, "targets", target)
            yield from _if_text(data, (*at, "record"))
            yield from _if_text(data, (*at, "record", "path"))
            yield from _of_secrets(data, at)


def _of_secrets(data: object, at: Path) -> Iterator[Path]:
    for field in SECRET_FIELDS:
        yield from _if_text(data, (*at, field, "file"))


def _if_text(data: object, at: Path) -> Iterator[Path]:
    if isinstance(_at(data, at), str):
        yield at


def _names(data: object, at: Path) -> list[str]:
    found = _at(data, at)
    return list(found) if isinstance(found, dict) else []


def _at(data: object, at: Path) -> object:
    for part in at:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
        else:
            return None
    return data
