"""SpiritStream's profiles under a password (NAME.mgs). Pure.

    0..3 `MGLA` | 4..35 salt | 36..47 nonce | 48.. AES-256-GCM ciphertext with its tag, no more data

The key is Argon2id (v 0x13, 64 MiB, 3 passes, 4 lanes) of the password's UTF-8 bytes. The file names no
costs, so nobody can make them too high or too low.
"""

from __future__ import annotations

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.config.passphrase import LONGEST, Costs
from spiritstream.errors import KeyMissingError, SpiritError
from spiritstream.importers.values import MAX_FILE_BYTES, UnreadableError
from spiritstream.secret import Secret

MAGIC = b"MGLA"
COSTS = Costs(64 * 1024, 3, 4)
_SALT, _NONCE, _TEXT = slice(4, 36), slice(36, 48), slice(48, None)
_SHORTEST = 48 + 16 + 2


def check_mgs(data: bytes, file: str) -> None:
    """Refuse what cannot be such a file, before anybody is asked for a password.

    Raises:
        UnreadableError: it was cut, or is too large.
    """
    if len(data) < _SHORTEST:
        raise UnreadableError(f"{file}: the encrypted profile was cut", "copy it again")
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(f"{file}: it is larger than 1 MiB", "check that it is the right file")


def open_mgs(data: bytes, file: str, password: Secret) -> bytes:
    """The profile's JSON.

    Raises:
        UnreadableError: it was cut, or is too large.
        KeyMissingError: it does not open with this password.
    """
    check_mgs(data, file)
    try:
        return AESGCM(_key(password, data[_SALT])).decrypt(data[_NONCE], data[_TEXT], None)
    except InvalidTag:
        raise KeyMissingError(
            f"{file}: it does not open with this password", "try again; a file that was damaged never opens"
        ) from None


def _key(password: Secret, salt: bytes) -> bytes:
    secret = password.reveal().encode("utf-8", "surrogateescape")
    if len(secret) > LONGEST:
        raise KeyMissingError(f"this password is longer than {LONGEST} bytes", "try again")
    try:
        return hash_secret_raw(
            secret=secret,
            salt=salt,
            time_cost=COSTS.passes,
            memory_cost=COSTS.memory_kib,
            parallelism=COSTS.lanes,
            hash_len=32,
            type=Type.ID,
        )
    except HashingError:
        raise SpiritError(
            f"there is no memory to try a password: it takes {COSTS.memory_kib // 1024} MiB"
        ) from None
