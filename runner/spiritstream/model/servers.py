"""Which server a target uses, where that is only settled when it connects. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

LOOKED_UP = "rtmp://looked-up.invalid"
"""An `Address.url` where no server is known before the look-up: without its answer there is no fallback.

Nothing is sent to it. If something did try, its name never resolves (RFC 6761), so no key could leave.
"""


class LookupForm(StrEnum):
    """The form of a platform's answer; each has a reader of its own."""

    INGESTS = "ingests"  # Twitch, Amazon IVS: a list of names and addresses, asked without a key
    NIMO = "nimo"
    SHOWROOM = "showroom"
    DACAST = "dacast"


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where the present servers are asked for: an https:// address, with {stream_key} where the key goes."""

    url: str
    form: LookupForm
    sends_key: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A server that may be taken; `url` as in `Address`."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """How a target's address is settled when it connects; the target's own `address` is the fallback.

    `auto`: the candidate that is nearest by the time of a TCP connect. `name`: the server of this name, in
    what is looked up (which names a server once, whatever it is reached by: the address's scheme says that).
    With neither, what the look-up gives; the fallback is then mostly `LOOKED_UP`. The candidates are the
    shipped list without the backups, of the preferred protocol only: what is nearest is no reason to send a
    key in clear text. Another list, as a new version ships it, restarts nothing: only the wish is compared.
    """

    auto: bool = False
    name: str = ""
    candidates: tuple[Candidate, ...] = field(default=(), compare=False)
    lookup: Lookup | None = field(default=None, compare=False)
