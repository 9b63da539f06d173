"""A profile as it may be seen: every sealed value as a short mark, no secret at all. Pure.

The mark of a sealed value is `sealed(twitch, 3f9a01c2)`: its destination, and the beginning of the digest of
its sealed text, which is public. Two marks differ when the sealed values do, so a diff shows which changed.
"""

from __future__ import annotations

import codecs
import hashlib
import re

from spiritstream.config.destination import FORM
from spiritstream.config.document import parse_document
from spiritstream.config.edit import Edit, replace_spans
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.seal import is_sealed
from spiritstream.config.sealing import LeavesOf
from spiritstream.errors import ProfileError

HIDDEN = "(clear text, not shown)"
_DIGITS = 8
_USER = re.compile(r"://[^/@\s]+@")
_SEALED = re.compile(rf"sealed:v1:[0-9a-f]{{16}}:(?P<destination>{FORM}):[A-Za-z0-9_-]+")


def shown(data: bytes, file: str, leaves_of: LeavesOf) -> str:
    """The text of a profile, with marks in place of its secrets.

    Raises:
        ProfileError: it is no YAML, so that nobody can tell what in it is a secret.
    """
    document = parse_document(data.removeprefix(codecs.BOM_UTF8), file)
    edits = [_edit(leaf, document.text) for leaf in leaves_of(document) if not _is_named(leaf.value)]
    # What is left is in comments; a password in a URL has no place in a profile, and may stand in one.
    text = _USER.sub(f"://{HIDDEN}@", replace_spans(document.text, edits))
    return _SEALED.sub(lambda match: mark(match[0]), text)


def shown_anyway(data: bytes, file: str, leaves_of: LeavesOf) -> str:
    """As `shown`; of what is no YAML, its first mistake and a digest that tells one from another."""
    try:
        return shown(data, file, leaves_of)
    except ProfileError as error:
        first = error.findings[0]
        return (
            f"# line {first.line}, column {first.column}: {first.message}\n"
            f"# not shown, as it cannot be told what is a secret; content {_digest(data)}\n"
        )


def mark(sealed: str) -> str:
    """The mark of a sealed value; of one that is none, a mark that says so."""
    match = _SEALED.fullmatch(sealed)
    return f"sealed({match['destination'] if match else 'broken'}, {_digest(sealed.encode())})"


def _is_named(value: object) -> bool:
    """Whether it is `{env: NAME}` or `{file: PATH}`; in another mapping a secret may stand."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((way, name),) = value.items()
    return way in ("env", "file") and isinstance(name, str)


def _edit(leaf: SecretLeaf, text: str) -> Edit:
    if not isinstance(leaf.value, str) or not is_sealed(leaf.value):
        return Edit(leaf.start, leaf.end, HIDDEN)
    if text.count(leaf.value, leaf.start, leaf.end) != 1:
        return Edit(leaf.start, leaf.end, mark(leaf.value))
    at = text.index(leaf.value, leaf.start, leaf.end)
    return Edit(at, at + len(leaf.value), mark(leaf.value))


def _digest(data: bytes) -> str:
    # Of clear text there is none: a short digest of a weak password is as good as the password.
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
