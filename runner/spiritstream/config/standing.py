"""How each secret of a profile stands: for whom it is sealed, and whether it opens here. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from spiritstream.config.common import Common
from spiritstream.config.document import Document
from spiritstream.config.intended import for_another
from spiritstream.config.keypair import Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.resealing import open_leaf
from spiritstream.config.seal import MalformedError, is_sealed, parse_sealed
from spiritstream.config.sealing import LeavesOf
from spiritstream.errors import KeyMissingError, SpiritError, TamperedError


class Standing(StrEnum):
    """What is known of a secret."""

    OPENS = "opens"
    PREVIOUS = "opens with the previous identity"
    UNTRIED = "not tried"
    OTHER = "sealed for another identity"
    BROKEN = "does not open"
    CLEAR = "clear text"
    NAMED = "from a variable or a file"


@dataclass(frozen=True, slots=True)
class Value:
    """One secret of one file. `recipient` is a fingerprint; no text holds the secret.

    `meant_for` is the fingerprint of whom its `.spiritstream.yaml` names, where that is another.
    """

    file: str
    line: int
    column: int
    path: str
    standing: Standing
    recipient: str | None = None
    destination: str | None = None
    reason: str = ""
    meant_for: str | None = None


@dataclass(frozen=True, slots=True)
class AtHand:
    """The identities that are known here, and the ring that opens them, unless it is locked away."""

    recipient: Recipient | None = None
    previous: Recipient | None = None
    ring: Keyring | None = None


def standings(
    document: Document, leaves_of: LeavesOf, keys: AtHand, common: Common | None = None
) -> list[Value]:
    """Every secret of a document, in the order of the text; `common` is what the file inherits."""
    meant = common.recipient.fingerprint if common and common.recipient else None
    found = [(leaf, _value(document.file, leaf, keys)) for leaf in leaves_of(document)]
    return [
        replace(value, meant_for=meant) if for_another(leaf.value, common) else value for leaf, value in found
    ]


def _value(file: str, leaf: SecretLeaf, keys: AtHand) -> Value:
    place = file, leaf.line, leaf.column, leaf.path
    if isinstance(leaf.value, dict):
        return Value(*place, Standing.NAMED, None, leaf.destination)
    if not isinstance(leaf.value, str) or not is_sealed(leaf.value):
        return Value(*place, Standing.CLEAR, None, leaf.destination)
    try:
        recipient = parse_sealed(leaf.value).fingerprint
    except MalformedError as error:
        return Value(*place, Standing.BROKEN, None, leaf.destination, error.message)
    standing, reason = _opens(file, leaf, recipient, keys)
    return Value(*place, standing, recipient, leaf.destination, reason)


def _opens(file: str, leaf: SecretLeaf, recipient: str, keys: AtHand) -> tuple[Standing, str]:
    current = keys.recipient is not None and recipient == keys.recipient.fingerprint
    previous = keys.previous is not None and recipient == keys.previous.fingerprint
    if keys.recipient is not None and not current and not previous:
        return Standing.OTHER, ""
    if keys.ring is None:
        return Standing.UNTRIED, "the identity is not at hand"
    try:
        open_leaf(leaf, file, keys.ring)
    except (KeyMissingError, TamperedError) as error:
        return Standing.BROKEN, error.message.removeprefix(f"{file}:{leaf.line}:{leaf.column}: {leaf.path}: ")
    except SpiritError:
        return Standing.BROKEN, "it cannot be told where this secret goes"
    return Standing.PREVIOUS if previous else Standing.OPENS, ""
