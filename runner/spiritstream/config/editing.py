"""A profile for an editor, its sealed values in clear text, and what comes back from there. Pure.

What was not changed gets its sealed text again, byte for byte: sealing twice never gives the same text,
and a diff should show what somebody changed and nothing else.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from spiritstream.config.document import Document, parse_document
from spiritstream.config.edit import Edit, replace_spans, scalar_edit
from spiritstream.config.keypair import Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.places import Path
from spiritstream.config.resealing import open_leaf, sealed_leaves, together
from spiritstream.config.seal import seal
from spiritstream.config.sealing import Clear, LeavesOf, clear_secrets, prove
from spiritstream.errors import SpiritError
from spiritstream.secret import Secret

_QUOTED = '"'


@dataclass(frozen=True, slots=True, repr=False)
class Unsealed:
    """One value that was opened: its sealed text, and how it stood in the file and stands in the editor."""

    at: Path
    destination: str
    field: str
    secret: Secret
    sealed: str
    source: str
    shown: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A profile's text with clear-text secrets, for the eyes of its editor alone."""

    text: bytes = field(repr=False)
    values: tuple[Unsealed, ...]


def open_text(data: bytes, file: str, ring: Keyring, leaves_of: LeavesOf) -> Opened:
    """A profile's bytes with every sealed value opened.

    Raises:
        ProfileError: it is no YAML, or it cannot be told where a secret goes.
        KeyMissingError, TamperedError: a value does not open; says where it stands.
    """
    document = parse_document(data.removeprefix(codecs.BOM_UTF8), file)
    values: list[Unsealed] = []
    edits: list[Edit] = []
    failed: list[SpiritError] = []
    for leaf in sealed_leaves(document, leaves_of):
        try:
            secret = open_leaf(leaf, file, ring)
        except SpiritError as error:
            failed.append(error)
            continue
        # Whatever its style, the scalar becomes one in double quotes.
        place = scalar_edit(document.text, leaf.start, leaf.end, "")
        rest = place.new[2:]
        edit = Edit(place.start, place.end, _quoted(secret) + rest)
        source = document.text[place.start : place.end]
        where = leaf.at, leaf.destination or "", leaf.field
        values.append(Unsealed(*where, secret, str(leaf.value), source, edit.new))
        edits.append(edit)
    if failed:
        raise together(failed)
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return Opened(bom + replace_spans(document.text, edits).encode(), tuple(values))


def seal_again(
    edited: bytes,
    file: str,
    opened: Opened,
    ring: Keyring,
    leaves_of: LeavesOf,
    recipient: Recipient | None = None,
) -> bytes:
    """The edited text with every clear-text secret sealed, and proved.

    New values are sealed for the ring's current identity, or for `recipient`. If that is a stranger's, the
    text is proved to be the same profile, and not that they open.

    Raises:
        ProfileError: it is no YAML, or a secret cannot be sealed.
    """
    bom = codecs.BOM_UTF8 if edited.startswith(codecs.BOM_UTF8) else b""
    document = parse_document(edited.removeprefix(codecs.BOM_UTF8), file)
    clear, _ = clear_secrets(document, leaves_of)
    recipient = recipient or ring.current.recipient
    new = {one: _known(one, opened) or _sealed(recipient, one) for one in clear}
    proving = ring if ring.opens_for(recipient.fingerprint) else None
    plain = {one: scalar_edit(document.text, one.start, one.end, sealed) for one, sealed in new.items()}
    kept = {one: _as_it_stood(document, one, new[one], opened) or edit for one, edit in plain.items()}
    for edits in (kept, plain):
        text = replace_spans(document.text, edits.values())
        try:
            prove(document, text, new, proving, leaves_of)
            break
        except SpiritError:
            # Moved to another depth, a block scalar means something else: then all are written plainly.
            if edits is plain:
                raise
    return bom + text.encode()


def _known(one: Clear, opened: Opened) -> str | None:
    """The sealed text of a value that was not changed, or moved to a place with the same destination."""
    same = [
        value
        for value in opened.values
        if (value.destination, value.field, value.secret) == (one.destination, one.field, one.secret)
    ]
    here = [value for value in same if value.at == one.at]
    return (here or same)[0].sealed if same else None


def _as_it_stood(document: Document, one: Clear, sealed: str, opened: Opened) -> Edit | None:
    """The edit that gives a value its old source again, where the editor left ours alone."""
    for value in opened.values:
        unmoved = (value.at, value.sealed) == (one.at, sealed)
        if unmoved and document.text.startswith(value.shown, one.start):
            return Edit(one.start, one.start + len(value.shown), value.source)
    return None


def _sealed(recipient: Recipient, one: Clear) -> str:
    return seal(recipient, one.destination, one.field, one.secret)


def _quoted(secret: Secret) -> str:
    """A double-quoted YAML scalar."""
    text = "".join(_escaped(char) for char in secret.reveal())
    return f"{_QUOTED}{text}{_QUOTED}"


def _escaped(char: str) -> str:
    if char in '\\"':
        return f"\\{char}"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
