"""Sealing the clear-text secrets of a profile's text, and proving the new text. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field

from spiritstream.config.document import Document, parse_document
from spiritstream.config.edit import replace_spans, scalar_edit
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.places import Path
from spiritstream.config.seal import is_sealed, seal, unsealable
from spiritstream.errors import Finding, ProfileError, SpiritError
from spiritstream.secret import Secret

LeavesOf = Callable[[Document], list[SecretLeaf]]
"""The secrets of a document, with the destinations that the platforms known here give them."""


@dataclass(frozen=True, slots=True)
class Clear:
    """A secret that stands in clear text: where, and for which destination it is to be sealed."""

    path: str
    at: Path
    start: int
    end: int
    destination: str
    field: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Sealing:
    """A file's new bytes, what was sealed in it, and the secrets that are no text and stay as they are."""

    data: bytes = field(repr=False)
    sealed: tuple[str, ...]
    left: tuple[str, ...] = ()
    proved: bool = True


def seal_text(
    data: bytes, file: str, recipient: Recipient, identity: Identity | None, leaves_of: LeavesOf
) -> Sealing:
    """`data`, a profile's bytes, with every clear-text secret sealed, and proved as far as possible.

    Raises:
        ProfileError: it is no YAML, a secret cannot be one, or where it goes cannot be told.
    """
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    document = parse_document(data.removeprefix(bom), file)
    clear, left = clear_secrets(document, leaves_of)
    if not clear:
        return Sealing(data, (), left)
    new = {c: seal(recipient, c.destination, c.field, c.secret) for c in clear}
    text = replace_spans(
        document.text, [scalar_edit(document.text, c.start, c.end, sealed) for c, sealed in new.items()]
    )
    prove(document, text, new, Keyring(identity) if identity else None, leaves_of)
    return Sealing(bom + text.encode(), tuple(c.path for c in clear), left, identity is not None)


def prove(old: Document, text: str, new: dict[Clear, str], ring: Keyring | None, leaves_of: LeavesOf) -> None:
    """Read the new text as anybody will: the same data but for the new values, which open to the old.

    Raises:
        SpiritError: it is not so. Nothing may be written then.
    """
    try:
        document = parse_document(text, old.file)
        same = document.data == _with_values(old.data, {c.at: sealed for c, sealed in new.items()})
        places = {leaf.at: (leaf.destination, leaf.field) for leaf in leaves_of(document)}
        opens = same and all(_opens(ring, c, sealed, places) for c, sealed in new.items())
    except SpiritError:
        opens = False
    if not opens:
        raise SpiritError(
            f"{old.file}: the sealed text did not prove to be the same profile; nothing was written",
            "this is a fault of spiritstream: please report how the values are written in the file",
        )


def _opens(
    ring: Keyring | None, clear: Clear, sealed: str, places: dict[Path, tuple[str | None, str]]
) -> bool:
    if places.get(clear.at) != (clear.destination, clear.field):
        return False
    return ring is None or ring.open(sealed, clear.destination, clear.field) == clear.secret


def clear_secrets(document: Document, leaves_of: LeavesOf) -> tuple[list[Clear], tuple[str, ...]]:
    """The secrets that stand in clear text, and the paths of what is no text and cannot be sealed.

    Raises:
        ProfileError: one can be no secret, or where it goes cannot be told.
    """
    clear: list[Clear] = []
    left: list[str] = []
    findings: list[Finding] = []
    for leaf in leaves_of(document):
        text = _text(leaf, document)
        if text is None:
            left += [] if isinstance(leaf.value, dict) else [leaf.path]
        elif found := _obstacle(leaf, text, document):
            findings.append(found)
        elif leaf.destination is not None and not is_sealed(text):
            place = leaf.destination, leaf.field
            clear.append(Clear(leaf.path, leaf.at, leaf.start, leaf.end, *place, Secret(text)))
    if findings:
        raise ProfileError(findings)
    return clear, tuple(left)


def _text(leaf: SecretLeaf, document: Document) -> str | None:
    """The secret as it was meant: a key of digits is no number, and `0123` keeps its zero."""
    if isinstance(leaf.value, str):
        return leaf.value
    if isinstance(leaf.value, bool | int | float):
        return document.text[leaf.start : leaf.end]
    return None


def _obstacle(leaf: SecretLeaf, text: str, document: Document) -> Finding | None:
    """Why a clear-text secret cannot be sealed, if so."""
    if is_sealed(text):
        return None
    if leaf.destination is None:
        return document.finding(
            leaf.at,
            "it cannot be told where this secret goes, so there is nothing to bind it to; nothing was sealed",
            "give its target a known platform and one of its servers, or a url with a host: "
            "`spiritstream validate FILE` says what is wrong there",
        )
    why = unsealable(text)
    return document.finding(leaf.at, f"this cannot be sealed: {why[0]}", why[1]) if why else None


def _with_values(data: object, values: dict[Path, str], at: Path = ()) -> object:
    if at in values:
        return values[at]
    if isinstance(data, dict):
        return {key: _with_values(value, values, (*at, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [_with_values(value, values, (*at, index)) for index, value in enumerate(data)]
    return data
