"""What stands in an identity's file. Pure.

    spiritstream-identity version 1     one identity, in the clear
    spiritstream-identity version 2     the current one, and the previous one below it, if there is one; or
                                        their recipients, and both identities in a box under a passphrase

Blank lines and lines that start with `#` mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from spiritstream.config.keypair import (
    RECIPIENT_PREFIX,
    Identity,
    Recipient,
    parse_identity,
    parse_recipient,
)
from spiritstream.config.keyring import Keyring
from spiritstream.config.passphrase import Box, lock, parse_box, unlock
from spiritstream.errors import UsageError
from spiritstream.secret import Secret

_ANY = "spiritstream-identity version "
_PLAIN = f"{_ANY}1"
_VERSION_2 = f"{_ANY}2"
_KEY_BYTES = 32
_HEAD = """\
# The identity of a spiritstream server: it opens what was sealed for its recipient.
# Keep a copy in a safe place, and never in a repository. The recipient below may be public.
"""


class UnknownVersionError(ValueError):
    """The file is of a version that is not known here."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Identities under a passphrase. The recipients are readable; that they are true shows when it opens."""

    recipient: Recipient
    previous: Recipient | None
    box: Box

    def unlock(self, passphrase: Secret) -> Keyring | None:
        """The identities; `None` for a wrong passphrase, or a file whose lines were changed."""
        data = unlock(self.box, _about(self.recipient, self.previous), passphrase)
        if data is None or len(data) != _KEY_BYTES * (2 if self.previous else 1):
            return None
        halves = (data[at : at + _KEY_BYTES] for at in range(0, len(data), _KEY_BYTES))
        ring = Keyring(*(Identity(X25519PrivateKey.from_private_bytes(half)) for half in halves))
        return ring if _recipients(ring) == (self.recipient, self.previous) else None


def parse_identity_file(text: str) -> Keyring | Locked | None:
    """What a file holds; `None` if it is no identity's, or damaged.

    Raises:
        UnknownVersionError: it is of another version.
        KeyMissingError: a passphrase would cost too little or too much to try.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or not lines[0].startswith(_ANY):
        return None
    version, *rest = lines
    if version not in (_PLAIN, _VERSION_2):
        raise UnknownVersionError
    if not 1 <= len(rest) <= (1 if version == _PLAIN else 3):
        return None
    return _locked(rest) if rest[0].startswith(RECIPIENT_PREFIX) and version != _PLAIN else _clear(rest)


def plain_text(ring: Keyring) -> str:
    """The file for identities in the clear."""
    both = [ring.current, *([ring.previous] if ring.previous else [])]
    body = "\n".join(identity.text().reveal() for identity in both)
    return f"{_head(ring)}{_VERSION_2 if ring.previous else _PLAIN}\n{body}\n"


def locked_text(ring: Keyring, passphrase: Secret, salt: bytes, nonce: bytes) -> str:
    """The file for identities under a passphrase; `salt` and `nonce` are random, and used once."""
    about = _about(*_recipients(ring))
    data = b"".join(i.key.private_bytes_raw() for i in (ring.current, ring.previous) if i)
    return f"{_head(ring)}{about}\n{lock(data, about, passphrase, salt, nonce)}\n"


def _head(ring: Keyring) -> str:
    return f"{_HEAD}# recipient: {ring.current.recipient}\n"


def _about(recipient: Recipient, previous: Recipient | None) -> str:
    return "\n".join([_VERSION_2, str(recipient), *([str(previous)] if previous else [])])


def _recipients(ring: Keyring) -> tuple[Recipient, Recipient | None]:
    return ring.current.recipient, ring.previous.recipient if ring.previous else None


def _clear(lines: list[str]) -> Keyring | None:
    found = [parse_identity(line) for line in lines]
    if len(found) > 2 or found[0] is None or None in found:
        return None
    return Keyring(found[0], found[1] if len(found) == 2 else None)


def _locked(lines: list[str]) -> Locked | None:
    *names, last = lines
    box = parse_box(last)
    try:
        recipients = [parse_recipient(name) for name in names]
    except UsageError:
        return None
    if box is None or not recipients:
        return None
    return Locked(recipients[0], recipients[1] if len(recipients) == 2 else None, box)
