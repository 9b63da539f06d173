"""Sealed values: a secret that only one identity opens, and only where it was sealed for. Pure.

    sealed:v1:<recipient fingerprint>:<destination>:<base64url of HPKE's encapsulated key and ciphertext>

HPKE (RFC 9180) in base mode: X25519, HKDF-SHA256, AES-256-GCM. Its `info` is version, destination and
field, so that a value copied to another destination or field does not open; what a value was sealed
for stays readable, so that the message can say it. Base mode does not say *who* sealed: anybody with
the recipient can seal something new, nobody without the identity can read or redirect something old.

A destination's spelling is `destination.py`'s; a field is the secret's name in the profile (`key`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from spiritstream.config.destination import FORM, is_destination
from spiritstream.config.keypair import Identity, Recipient, decode64, encode64
from spiritstream.errors import KeyMissingError, MovedError, TamperedError, UsageError
from spiritstream.secret import Secret

PREFIX = "sealed:"
MAX_PLAINTEXT_BYTES = 4096
_OVERHEAD_BYTES = 32 + 16  # the encapsulated key, and the cipher's tag
_IS_FIELD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_MAX_TEXT = 7000  # more than the longest value has; bounds the work on a hostile text
_FORM = re.compile(rf"sealed:v1:([0-9a-f]{{16}}):({FORM}):([A-Za-z0-9_-]+)")
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# Control characters, line and paragraph separators, halves of surrogate pairs.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


class MalformedError(TamperedError):
    """A text that starts like a sealed value and is none: it was cut, mistyped or edited."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value's parts; `str()` gives exactly the text that was parsed."""

    fingerprint: str
    destination: str
    payload: bytes

    def __str__(self) -> str:
        return f"sealed:v1:{self.fingerprint}:{self.destination}:{encode64(self.payload)}"


def is_sealed(text: str) -> bool:
    """Whether `text` claims to be a sealed value; `parse_sealed` tells whether it is one."""
    return text.startswith(PREFIX)


def unsealable(value: str) -> tuple[str, str] | None:
    """Why this can be no key, and what to do (never the value itself); `None` when it can."""
    if not value:
        return "it is empty", "put the key in, or remove the field"
    if value.strip() != value or any(unicodedata.category(end) == "Cf" for end in (value[0], value[-1])):
        hint = "remove it; a YAML block (`|`, `>`) ends with a line break unless it starts with `|-` or `>-`"
        return "it starts or ends with white space", hint
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES for char in value):
        return "it holds a line break or another control character", "copy the key again, on one line"
    if len(value.encode()) > MAX_PLAINTEXT_BYTES:
        return f"it is longer than {MAX_PLAINTEXT_BYTES} bytes", "check that it is the key and nothing else"
    return None


def seal(recipient: Recipient, destination: str, field: str, secret: Secret) -> str:
    """`secret`, sealed for `recipient`, to be opened only as `field` of `destination`."""
    _check_place(destination, field)
    value = secret.reveal()
    if why := unsealable(value):
        raise UsageError(f"the value cannot be sealed: {why[0]}", why[1])
    payload = _SUITE.encrypt(value.encode(), recipient.key, info=_info(destination, field))
    return str(Sealed(recipient.fingerprint, destination, payload))


def parse_sealed(text: str) -> Sealed:
    """The parts of a sealed value; MalformedError for any text that `seal` cannot have made."""
    match = _FORM.fullmatch(text) if len(text) <= _MAX_TEXT else None
    payload = decode64(match[3]) if match else None
    fits = payload is not None and _OVERHEAD_BYTES < len(payload) <= _OVERHEAD_BYTES + MAX_PLAINTEXT_BYTES
    if match and payload and fits and is_destination(match[2]):
        return Sealed(match[1], match[2], payload)
    if re.match(r"sealed:v(?!1:)[0-9]{1,9}:", text):
        raise MalformedError(
            "this sealed value is of a version that is not known here",
            "use the spiritstream that sealed it, or a newer one",
        )
    raise MalformedError(
        "this is not a whole sealed value: it was cut, mistyped or edited",
        "restore it from history, or write the key in clear text and run `spiritstream seal FILE`",
    )


def open_sealed(identity: Identity, text: str, destination: str, field: str) -> Secret:
    """The secret in `text`, which stands at `field` of `destination`.

    MovedError when it was sealed for another destination, KeyMissingError when for another identity,
    TamperedError when it does not open although both fit.
    """
    sealed = parse_sealed(text)
    check_moved(sealed, destination)
    if sealed.fingerprint != identity.fingerprint:
        raise KeyMissingError(
            f"sealed for the identity {sealed.fingerprint}, and the one at hand is {identity.fingerprint}",
            "name the right one with --identity FILE or SPIRITSTREAM_IDENTITY, or write the key in clear "
            "text and run `spiritstream seal FILE`",
        )
    try:
        plaintext = _SUITE.decrypt(sealed.payload, identity.key, info=_info(destination, field))
    except InvalidTag:
        raise _altered(destination, field) from None
    return _accept(plaintext)


def check_moved(sealed: Sealed, destination: str) -> None:
    """MovedError unless the value says that it was sealed for `destination`; needs no identity."""
    if sealed.destination != destination:
        raise MovedError(
            f"sealed for {sealed.destination}, but here its key would go to {destination}",
            "if that is meant, write the key in clear text here and run `spiritstream seal FILE`; "
            f"else put it back to where it goes to {sealed.destination}",
        )


def _accept(plaintext: bytes) -> Secret:
    """Anybody can seal, with a tool of their own too: hold what comes out to the rules of what goes in."""
    value = plaintext.decode("utf-8", "surrogateescape")
    if unsealable(value):
        raise TamperedError(
            "opens, but what is in it can be no key: it was not spiritstream that sealed it",
            "find out who put it there, then write the key in clear text and run `spiritstream seal FILE`",
        )
    return Secret(value)


def _altered(destination: str, field: str) -> TamperedError:
    return TamperedError(
        f"does not open as {field} of {destination}: the value or the destination in its text was altered, "
        f"or it was sealed as something other than {field}",
        "see who edited the file; then write the key in clear text and run `spiritstream seal FILE`",
    )


def _check_place(destination: str, field: str) -> None:
    if not is_destination(destination):
        raise UsageError(
            "this is no destination",
            "a destination is a platform's id, `input`, or a host: live.example.org, relay. or [2001:db8::1]",
        )
    if not _IS_FIELD.fullmatch(field):
        raise UsageError("this is no field", "a field is a name such as key, password or passphrase")


def _info(destination: str, field: str) -> bytes:
    # Neither may hold a NUL, so no two places share an `info`.
    return f"spiritstream\0sealed\0v1\0{destination}\0{field}".encode()
