"""Whom a file's secrets are sealed for: by a flag, by its `.spiritstream.yaml`, or by the identity here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.errors import KeyMissingError, ProfileError

if TYPE_CHECKING:
    from spiritstream.config.common import Common
    from spiritstream.config.keypair import Identity, Recipient


@dataclass(frozen=True, slots=True)
class Keys:
    """Whom to seal for, and the identity that can prove it, if it is at hand.

    `stranger` says that it is not the identity of this machine, where there is one; else it is empty.
    """

    recipient: Recipient
    identity: Identity | None
    stranger: str = ""


class Recipients:
    """Finds them, file by file. An identity is opened once: a passphrase costs a second each time."""

    def __init__(self, recipient: str | None, identity: Path | None) -> None:
        self._named = recipient
        self._identity = identity
        self._known: dict[Recipient | None, Keys] = {}

    def of(self, path: Path) -> Keys:
        """The keys for the secrets in a file.

        Raises:
            ProfileError: its `.spiritstream.yaml` is not valid, and there is no other word on the recipient.
            KeyMissingError: there is no recipient, or the identity that was named is another's.
        """
        from spiritstream.config.commonfile import common_for

        common = None if self._is_named() else common_for(path)
        if common and common.findings:
            raise ProfileError(list(common.findings))
        wanted = common.recipient if common else None
        if wanted not in self._known:
            self._known[wanted] = self._found(common)
        return self._known[wanted]

    def _is_named(self) -> bool:
        from spiritstream.cli.settings import Environment
        from spiritstream.config.identity import RECIPIENT_ENVIRONMENT

        return bool(self._named or Environment().get(RECIPIENT_ENVIRONMENT))

    def _found(self, common: Common | None) -> Keys:
        from spiritstream.cli.settings import Environment
        from spiritstream.config.identity import find_identity, keys_for_sealing
        from spiritstream.config.keyfile import read_identity

        wanted = common.recipient if common else None
        recipient, identity = keys_for_sealing(self._named, self._identity, Environment(), wanted)
        if wanted is None or identity is not None:
            return Keys(recipient, identity)
        try:
            own = read_identity(find_identity(self._identity, Environment())).recipient
        except KeyMissingError:
            return Keys(recipient, None)
        return Keys(recipient, None, stranger_to(common, own))


def stranger_to(common: Common | None, own: Recipient) -> str:
    """That a `.spiritstream.yaml` names another recipient than this machine's; empty when it does not."""
    if common is None or common.recipient in (None, own):
        return ""
    assert common.recipient is not None
    return (
        f"{common.file} names the recipient {common.recipient.fingerprint}, and the identity here is "
        f"{own.fingerprint}: new values are sealed for the former, and it was not proved that they open"
    )
