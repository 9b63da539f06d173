"""A few bytes under a passphrase: Argon2id (RFC 9106) makes a key, AES-256-GCM locks with it. Pure.

    argon2id:<memory in KiB>:<passes>:<lanes>:<salt>:<nonce>:<ciphertext and tag>

Costs come from a file, so they are held to bounds before anything is computed: not so low that
guessing is cheap, not so high that reading a file stops the machine.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.config.keypair import decode64, encode64
from spiritstream.errors import KeyMissingError, SpiritError, UsageError
from spiritstream.secret import Secret

SALT_BYTES = 16
NONCE_BYTES = 12
SHORTEST = 8
LONGEST = 1024
_KEY_BYTES = 32
_NUMBER = r"([1-9][0-9]{0,9})"
_BASE64 = r"([A-Za-z0-9_-]{1,400})"
_FORM = re.compile(rf"argon2id:{_NUMBER}:{_NUMBER}:{_NUMBER}:{_BASE64}:{_BASE64}:{_BASE64}")


@dataclass(frozen=True, slots=True)
class Costs:
    """What it takes to try one passphrase."""

    memory_kib: int
    passes: int
    lanes: int

    def within(self, floor: Costs, cap: Costs) -> bool:
        """Whether each cost is neither below `floor` nor above `cap`."""
        ours, least, most = ((c.memory_kib, c.passes, c.lanes) for c in (self, floor, cap))
        return all(low <= cost <= high for low, cost, high in zip(least, ours, most, strict=True))


# RFC 9106, section 4, the second recommended choice: about a quarter of a second.
COSTS = Costs(64 * 1024, 3, 4)
FLOOR = Costs(64 * 1024, 3, 1)
CAP = Costs(1024 * 1024, 16, 16)


@dataclass(frozen=True, slots=True)
class Box:
    """Locked bytes and what it takes to open them; `str()` gives exactly the text that was parsed."""

    costs: Costs
    salt: bytes
    nonce: bytes
    payload: bytes = field(repr=False)

    def __str__(self) -> str:
        costs = self.costs
        blobs = ":".join(map(encode64, (self.salt, self.nonce, self.payload)))
        return f"argon2id:{costs.memory_kib}:{costs.passes}:{costs.lanes}:{blobs}"


def parse_box(text: str) -> Box | None:
    """The box that `text` spells, or `None`.

    Raises:
        KeyMissingError: its costs are out of bounds; nothing was computed.
    """
    match = _FORM.fullmatch(text)
    blobs = [decode64(match[group]) for group in (4, 5, 6)] if match else []
    if match is None or None in blobs:
        return None
    salt, nonce, payload = (blob or b"" for blob in blobs)
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        return None
    costs = Costs(*(int(match[group]) for group in (1, 2, 3)))
    if not costs.within(FLOOR, CAP):
        raise KeyMissingError(
            "what it would take to try a passphrase here is out of bounds, so none is tried",
            "restore the identity from its copy",
        )
    return Box(costs, salt, nonce, payload)


def lock(data: bytes, about: str, passphrase: Secret, salt: bytes, nonce: bytes) -> Box:
    """`data` under `passphrase`. `about` stays readable beside it and cannot be changed unnoticed.

    `salt` and `nonce` are random, and used once.
    """
    cipher = AESGCM(_key(passphrase, salt, COSTS))
    return Box(COSTS, salt, nonce, cipher.encrypt(nonce, data, _bound(COSTS, about)))


def unlock(box: Box, about: str, passphrase: Secret) -> bytes | None:
    """What is in the box; `None` when the passphrase, or what stands about it, is another."""
    cipher = AESGCM(_key(passphrase, box.salt, box.costs))
    try:
        return cipher.decrypt(box.nonce, box.payload, _bound(box.costs, about))
    except InvalidTag:
        return None


def check_passphrase(passphrase: Secret) -> None:
    """Refuse what makes no passphrase for a new box; UsageError."""
    length = len(_bytes(passphrase))
    if length < SHORTEST:
        raise UsageError(
            f"a passphrase has at least {SHORTEST} characters", "several words in a row are easy to keep"
        )
    if length > LONGEST:
        raise UsageError(f"this passphrase is longer than {LONGEST} bytes", "take a shorter one")


def _bytes(passphrase: Secret) -> bytes:
    # One keyboard writes é as one character, another as two.
    return unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogateescape")


def _key(passphrase: Secret, salt: bytes, costs: Costs) -> bytes:
    try:
        return hash_secret_raw(
            secret=_bytes(passphrase),
            salt=salt,
            time_cost=costs.passes,
            memory_cost=costs.memory_kib,
            parallelism=costs.lanes,
            hash_len=_KEY_BYTES,
            type=Type.ID,
        )
    except HashingError:
        raise SpiritError(
            f"there is no memory to try a passphrase: it takes {costs.memory_kib // 1024} MiB"
        ) from None


def _bound(costs: Costs, about: str) -> bytes:
    return f"spiritstream\0box\0{costs.memory_kib}:{costs.passes}:{costs.lanes}\0{about}".encode()
