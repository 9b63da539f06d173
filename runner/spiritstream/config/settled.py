"""A profile's inherited values written into it, so that it means the same where it inherits others. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from spiritstream.config.common import Common
from spiritstream.config.document import Document, read_document
from spiritstream.config.entries import put_entry
from spiritstream.config.filling import inherited_values
from spiritstream.config.places import Path, dotted
from spiritstream.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settled:
    """A profile's text for another place: what was written into it, and what it inherits only there."""

    data: bytes = field(repr=False)
    written: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()


def settled(data: bytes, file: str, here: Common | None, there: Common | None) -> Settled:
    """`data`, a profile's text that inherits from `here`, as it is to stand where it inherits from `there`.

    Raises:
        UsageError: a value cannot be written into this text.
    """
    document, _ = read_document(data, file)
    if document is None:
        return Settled(data)
    ours = inherited_values(document, here) if here else {}
    theirs = inherited_values(document, there) if there else {}
    written: list[Path] = []
    # What is written can take the sense from another default: an encoder from its preset.
    while differing := [path for path in ours if path not in written and theirs.get(path) != ours[path]]:
        for path in differing:
            document = _with(document, path, ours[path])
        written += differing
        theirs = inherited_values(document, there) if there else {}
    added = tuple(dotted(path) for path in theirs if path not in ours)
    return Settled(document.text.encode() if written else data, tuple(map(dotted, written)), added)


def _with(document: Document, path: Path, value: object) -> Document:
    try:
        new, _ = read_document(put_entry(document, [str(part) for part in path], value), document.file)
    except UsageError as error:
        hint = "write it there by hand: the profile inherits it here, and does not where it is to stand"
        raise UsageError(error.message, hint) from None
    assert new is not None
    return new
