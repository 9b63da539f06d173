"""How the loader opens sealed values: with the identity, looked for only when there is one to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from spiritstream.config.identity import find_identity, load_keyring
from spiritstream.config.keyring import Keyring
from spiritstream.config.unlock import asking
from spiritstream.secret import Secret


def identity_opener(flag: Path | None, environ: Mapping[str, str]) -> Callable[[str, str, str], Secret]:
    """An opener for `load_profile`: sealed text, destination and field in, secret out.

    While a rotation is not finished, what is sealed for the previous identity opens too.
    """

    @cache
    def ring() -> Keyring:
        return load_keyring(find_identity(flag, environ), asking(environ))

    def opener(text: str, destination: str, field: str) -> Secret:
        return ring().open(text, destination, field)

    return opener
