"""Values that must never be seen: masked by default, revealed only by name."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
# A one- or two-character secret would blank half of every log line and protect nothing.
_SHORTEST_SCRUBBED = 3


class Secret:
    """A string that prints as ``***`` everywhere until `.reveal()` is called.

    `.reveal()` is called in as few places as possible; a test counts them.
    """

    __slots__ = ("_forms", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._forms: tuple[str, ...] | None = None

    def reveal(self) -> str:
        """The clear text."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled or copied by accident")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def forms(self) -> tuple[str, ...]:
        """The spellings in which this value can turn up: as it is, and percent-encoded."""
        if self._forms is None:
            shapes = {self._value, quote(self._value, safe=""), quote(self._value)}
            long = (shape for shape in shapes if len(shape) >= _SHORTEST_SCRUBBED)
            self._forms = tuple(sorted(long, key=len, reverse=True))
        return self._forms


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """`text` with every spelling of every secret replaced by ``***``."""
    known = [form for secret in secrets for form in secret.forms()]
    # Of thousands, mostly none is in it: only then is it worth while to look for the longest first.
    if not any(form in text for form in known):
        return text
    for form in sorted(set(known), key=len, reverse=True):
        if form in text:
            text = text.replace(form, MASK)
    return text
