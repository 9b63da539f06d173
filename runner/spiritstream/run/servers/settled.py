"""What a target's server was settled to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from spiritstream.model.profile import Address
from spiritstream.secret import Secret


@dataclass(frozen=True, slots=True)
class Settled:
    """Where to connect. `said` is the server and why it, for the person; `destination` may be shown.

    `hidden` is what else must not be seen: secrets that are not the address's own. `given` is true of an
    address that was given for a key, and is good for one connection; `measured` of a server that was the
    nearest, and that another one may stand in for.
    """

    address: Address
    destination: str
    said: str = ""
    hidden: tuple[Secret, ...] = ()
    given: bool = False
    measured: bool = False


class UnansweredError(Exception):
    """A question came to nothing. `reason` is a few words; nothing of question or answer is in them.

    `person` says that asking again will not help.
    """

    def __init__(self, reason: str, *, person: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.person = person
