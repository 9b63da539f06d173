"""Sealing a profile's sealed values for another identity, with nothing else changed. Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from spiritstream.config.document import Document, parse_document, read_document
from spiritstream.config.edit import inner_edit, replace_spans
from spiritstream.config.keypair import FINGERPRINT_LENGTH, Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.seal import PREFIX, is_sealed, parse_sealed, seal
from spiritstream.config.sealing import Clear, LeavesOf, prove
from spiritstream.errors import Finding, ProfileError, SpiritError
from spiritstream.secret import Secret

_RECIPIENT = ("recipient",)
_MENTION = re.compile(rf"sealed:v1:([0-9a-f]{{{FINGERPRINT_LENGTH}}}):".encode())


@dataclass(frozen=True, slots=True)
class Resealing:
    """A file's new bytes, the paths of what was sealed anew, and the lines (in comments) that were not."""

    data: bytes = field(repr=False)
    resealed: tuple[str, ...] = ()
    left: tuple[int, ...] = ()


def reseal(data: bytes, file: str, ring: Keyring, leaves_of: LeavesOf) -> Resealing:
    """`data`, a profile's bytes, with every value sealed for the ring's current identity, and proved.

    Every sealed value is opened on the way, those that stay as they are, too. What no YAML can be
    made of is passed over when nothing in it looks sealed.

    Raises:
        ProfileError: it is no YAML, or it cannot be told where a secret goes.
        KeyMissingError, TamperedError: a value does not open; says where it stands.
    """
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        document = parse_document(data.removeprefix(bom), file)
    except ProfileError:
        if PREFIX.encode() in data:
            raise
        return Resealing(data)
    old = {c: text for c, text in _opened(document, ring, leaves_of) if _is_old(text, ring.current)}
    new = {c: seal(ring.current.recipient, c.destination, c.field, c.secret) for c in old}
    edits = [inner_edit(document.text, c.start, c.end, old[c], text) for c, text in new.items()]
    text = replace_spans(document.text, edits)
    prove(document, text, new, Keyring(ring.current), leaves_of)
    made = bom + text.encode()
    previous = ring.previous.fingerprint if ring.previous else ""
    return Resealing(made, tuple(c.path for c in old), mentions(made, previous))


def with_recipient(data: bytes, file: str, ring: Keyring) -> Resealing:
    """`data`, a `.spiritstream.yaml`, that names the ring's current recipient where it named the previous.

    One that names nobody, or a stranger, stays as it is.

    Raises:
        ProfileError: no YAML can be made of it, and the previous recipient stands in it.
    """
    old, new = str(ring.previous.recipient) if ring.previous else "", str(ring.current.recipient)
    if not old or old.encode() not in data:
        return Resealing(data)
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    document = parse_document(data.removeprefix(bom), file)
    if not isinstance(document.data, dict) or document.data.get("recipient") != old:
        return Resealing(data)
    mark = document.marks[_RECIPIENT]
    text = replace_spans(document.text, [inner_edit(document.text, mark.start, mark.end, old, new)])
    if parse_document(text, file).data != {**document.data, "recipient": new}:
        message = "the recipient cannot be changed here: nothing was written"
        raise ProfileError([document.finding(_RECIPIENT, message, f"write by hand: recipient: {new}")])
    return Resealing(bom + text.encode(), ("recipient",))


def named_on(data: bytes, file: str, recipient: Recipient) -> int:
    """The line on which a `.spiritstream.yaml` names this recipient; 0 if it does not."""
    document, _ = read_document(data.removeprefix(codecs.BOM_UTF8), file)
    if document is None or not isinstance(document.data, dict):
        return 0
    return document.marks[_RECIPIENT].line if document.data.get("recipient") == str(recipient) else 0


def mentions(data: bytes, fingerprint: str) -> tuple[int, ...]:
    """The lines on which something is sealed for this recipient, in comments too; they count from 1."""
    found = (match for match in _MENTION.finditer(data) if match[1].decode() == fingerprint)
    return tuple(dict.fromkeys(data.count(b"\n", 0, match.start()) + 1 for match in found))


def open_leaf(leaf: SecretLeaf, file: str, ring: Keyring) -> Secret:
    """The secret of a sealed leaf; the errors say where it stands."""
    if leaf.destination is None:
        message = "it cannot be told where this secret goes, so it does not open"
        hint = "give its target a known platform, or a url with a host"
        raise ProfileError([Finding(file, leaf.line, leaf.column, leaf.path, message, hint)])
    try:
        return ring.open(str(leaf.value), leaf.destination, leaf.field)
    except SpiritError as error:
        where = f"{file}:{leaf.line}:{leaf.column}: {leaf.path}: "
        raise type(error)(where + error.message, error.hint) from None


def sealed_leaves(document: Document, leaves_of: LeavesOf) -> list[SecretLeaf]:
    """The leaves that hold a sealed value."""
    return [leaf for leaf in leaves_of(document) if isinstance(leaf.value, str) and is_sealed(leaf.value)]


def _opened(document: Document, ring: Keyring, leaves_of: LeavesOf) -> list[tuple[Clear, str]]:
    """Every sealed value, opened, with its text. All that does not open is said at once."""
    found: list[tuple[Clear, str]] = []
    failed: list[SpiritError] = []
    for leaf in sealed_leaves(document, leaves_of):
        try:
            secret = open_leaf(leaf, document.file, ring)
        except SpiritError as error:
            failed.append(error)
            continue
        place = leaf.path, leaf.at, leaf.start, leaf.end, leaf.destination or "", leaf.field
        found.append((Clear(*place, secret), str(leaf.value)))
    if failed:
        raise together(failed)
    return found


def together(errors: list[SpiritError]) -> SpiritError:
    """One error for several: the gravest one's kind and hint, everybody's message."""
    if all(isinstance(error, ProfileError) for error in errors):
        return ProfileError([f for e in errors if isinstance(e, ProfileError) for f in e.findings])
    # A value that was tampered with is graver than a key that is missing: their codes say so.
    gravest = max((e for e in errors if not isinstance(e, ProfileError)), key=lambda e: e.exit_code)
    return type(gravest)("\n".join(error.message for error in errors), gravest.hint)


def _is_old(text: str, current: Identity) -> bool:
    return parse_sealed(text).fingerprint != current.fingerprint
