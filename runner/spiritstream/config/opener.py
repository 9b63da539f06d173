"""How the loader opens sealed values: with the identity, looked for only when there is one to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from spiritstream.config.identity import find_identity, load_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.seal import open_sealed
from spiritstream.secret import Secret


def identity_opener(flag: Path | None, environ: Mapping[str, str]) -> Callable[[str, str, str], Secret]:
    """An opener for `load_profile`: sealed text, destination and field in, secret out."""

    @cache
    def identity() -> Identity:
        return load_identity(find_identity(flag, environ))

    def opener(text: str, destination: str, field: str) -> Secret:
        return open_sealed(identity(), text, destination, field)

    return opener
