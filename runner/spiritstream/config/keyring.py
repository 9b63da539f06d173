"""The identities at hand: the current one, and the previous one while a rotation is not finished. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from spiritstream.config.keypair import Identity
from spiritstream.config.seal import open_sealed, parse_sealed
from spiritstream.secret import Secret


@dataclass(frozen=True, slots=True)
class Keyring:
    """What opens sealed values here. New values are sealed for `current` alone."""

    current: Identity
    previous: Identity | None = None

    def opens_for(self, fingerprint: str) -> bool:
        """Whether what is sealed for this recipient opens here."""
        return fingerprint in {one.fingerprint for one in (self.current, self.previous) if one}

    def open(self, text: str, destination: str, field: str) -> Secret:
        """The secret in `text`, by whichever identity it was sealed for; raises as `open_sealed`."""
        previous = self.previous
        if previous and parse_sealed(text).fingerprint == previous.fingerprint:
            return open_sealed(previous, text, destination, field)
        return open_sealed(self.current, text, destination, field)
