"""The two halves of a key pair as values: a recipient seals, an identity opens. Pure.

Both are written as `<prefix><base64url of 32 key bytes and a 4 byte checksum>`. The checksum finds a
slip of the hand; it is no protection against anybody, and needs to be none.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from spiritstream.errors import UsageError
from spiritstream.secret import Secret

RECIPIENT_PREFIX = "spirit-recipient-v1-"
IDENTITY_PREFIX = "spirit-identity-v1-"
FINGERPRINT_LENGTH = 16
_KEY_BYTES = 32
_CHECKSUM_BYTES = 4
_BASE64 = re.compile(r"[A-Za-z0-9_-]*")


def encode64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode64(text: str) -> bytes | None:
    """The bytes of a base64url text, or `None` unless it is the one text that `encode64` makes of them.

    Python's decoder skips characters it does not know and ignores spare bits, so that many texts would
    stand for one value; encoding again and comparing leaves exactly one.
    """
    if not _BASE64.fullmatch(text) or len(text) % 4 == 1:
        return None
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if encode64(data) == text else None


@dataclass(frozen=True, slots=True)
class Recipient:
    """The public half: whoever has it can seal for its identity. It may stand in a repository."""

    raw: bytes

    @property
    def key(self) -> X25519PublicKey:
        """The public key, for sealing."""
        return X25519PublicKey.from_public_bytes(self.raw)

    @property
    def fingerprint(self) -> str:
        """A short name for this recipient; it stands in each value that is sealed for it."""
        return hashlib.sha256(b"spiritstream recipient\0" + self.raw).hexdigest()[:FINGERPRINT_LENGTH]

    def __str__(self) -> str:
        return _spell(RECIPIENT_PREFIX, self.raw)


class Identity:
    """The private half: the only thing that opens what was sealed for its recipient."""

    __slots__ = ("key", "recipient")

    def __init__(self, key: X25519PrivateKey) -> None:
        self.key = key
        self.recipient = Recipient(key.public_key().public_bytes_raw())

    @classmethod
    def create(cls) -> Identity:
        """A new identity, unlike any other."""
        return cls(X25519PrivateKey.generate())

    @property
    def fingerprint(self) -> str:
        """The recipient's fingerprint."""
        return self.recipient.fingerprint

    def text(self) -> Secret:
        """The identity as it stands in its file."""
        return Secret(_spell(IDENTITY_PREFIX, self.key.private_bytes_raw()))

    def __repr__(self) -> str:
        return f"Identity({self.fingerprint})"


def parse_recipient(text: str) -> Recipient:
    """The recipient that `text` spells; UsageError when it spells none."""
    raw = _unspell(RECIPIENT_PREFIX, text)
    if raw is None:
        raise UsageError(
            # Not repeated: what was pasted here by mistake may well be an identity.
            "this is no recipient: it is misspelled, cut short, or something else",
            f"a recipient starts with {RECIPIENT_PREFIX}; `spiritstream keys recipient` prints it",
        )
    return Recipient(raw)


def parse_identity(text: str) -> Identity | None:
    """The identity that `text` spells, or `None`; the caller knows which file to name."""
    raw = _unspell(IDENTITY_PREFIX, text)
    return Identity(X25519PrivateKey.from_private_bytes(raw)) if raw is not None else None


def _checksum(prefix: str, raw: bytes) -> bytes:
    return hashlib.sha256(prefix.encode() + b"\0" + raw).digest()[:_CHECKSUM_BYTES]


def _spell(prefix: str, raw: bytes) -> str:
    return prefix + encode64(raw + _checksum(prefix, raw))


def _unspell(prefix: str, text: str) -> bytes | None:
    data = decode64(text.removeprefix(prefix)) if text.startswith(prefix) else None
    if data is None or len(data) != _KEY_BYTES + _CHECKSUM_BYTES:
        return None
    raw = data[:_KEY_BYTES]
    return raw if data == raw + _checksum(prefix, raw) else None
