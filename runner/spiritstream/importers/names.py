"""Names for profiles, groups and targets out of other programs'; text that may stand in a comment. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable

from spiritstream.secret import Secret, scrub

_LONGEST = 63
_ROOM = 5  # for what makes a name unique
_LONGEST_REMARK = 300
_SHORTEST_SECRET = 3


def slug(text: str, fallback: str, secrets: Iterable[Secret] = ()) -> str:
    """A valid name that is as near to `text` as can be: `Café, Live!` is `cafe-live`.

    People paste keys into the wrong field: what holds a secret makes no name.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = _joined(plain)
    if name and any(_joined(form.lower()) in name for form in _forms(secrets)):
        name = ""
    return name or fallback


def _joined(text: str) -> str:
    words = re.sub(r"[^a-z0-9_]+", "-", text).strip("-_")
    return words[: _LONGEST - _ROOM].strip("-_")


def _forms(secrets: Iterable[Secret]) -> Iterable[str]:
    forms = (form for secret in secrets for form in secret.forms())
    return (form for form in forms if len(_joined(form.lower())) >= _SHORTEST_SECRET)


def unique(name: str, taken: Container[str]) -> str:
    """`name`, or `name-2` and so on, whatever is not taken."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def remark(text: str, secrets: Iterable[Secret]) -> str:
    """`text` as one line that may stand in a comment or on a terminal: nothing unprintable, no secret."""
    line = "".join(char if char.isprintable() else " " for char in scrub(text, secrets))
    line = " ".join(line.split())
    if len(line) <= _LONGEST_REMARK:
        return line
    return f"{line[:_LONGEST_REMARK]}…"
