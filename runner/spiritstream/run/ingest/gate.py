"""Who may publish where: the profiles that share an address, and which of them a key belongs to. Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum


class Denied(StrEnum):
    """Why a connection did not get to publish. The words travel from the listener to the runners."""

    KEY = "key"
    APP = "app"
    PLAY = "play"
    LATE = "late"
    GARBLED = "garbled"
    TLS = "tls"
    CROWD = "crowd"
    RATE = "rate"
    RUNNER = "runner"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a runner asks of the listener. `digest` stands for the key; `None` lets everybody publish."""

    profile: str
    app: str
    digest: bytes | None
    open: bool = False
    certificate: str | None = None
    private_key: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a registration cannot be; the texts are for a person."""

    code: str
    message: str
    advice: str


def digest_of(salt: bytes, key: str) -> bytes:
    """What the listener knows of a key: enough to recognise it, nothing to publish with."""
    # What a stranger sends need not be text.
    return hmac.digest(salt, key.encode(errors="surrogatepass"), "sha256")


def _is_any(digest: bytes, said: list[bytes]) -> bool:
    return sum(hmac.compare_digest(digest, one) for one in said) > 0  # all of them, whichever it is


class Gate:
    """The registrations of one address. A holder is whatever names the runner's connection."""

    def __init__(self, address: str, salt: bytes, *, loopback: bool) -> None:
        self._address = address
        self._loopback = loopback
        self._held: dict[int, Registration] = {}
        self.salt = salt

    def __len__(self) -> int:
        return len(self._held)

    def register(self, holder: int, wanted: Registration) -> Refusal | None:
        """Let `holder` have what it wants, or say what stands in the way."""
        refusal = self._unguarded(wanted)
        for other in self._held.values():
            refusal = refusal or self._clash(wanted, other)
        if refusal is None:
            self._held[holder] = wanted
        return refusal

    def leave(self, holder: int) -> None:
        """Forget a registration; harmless when there is none."""
        self._held.pop(holder, None)

    def find(self, app: str, name: str, query: str = "") -> int | Denied:
        """The holder whose app and key these are. Every key of the app is compared, in constant time.

        A key may have a query of its own; one that an encoder adds is no part of it.
        """
        mine = {holder: held for holder, held in self._held.items() if held.app == app}
        said = [digest_of(self.salt, key) for key in (name, f"{name}?{query}")]
        keyed = [h for h, held in mine.items() if held.digest and _is_any(held.digest, said)]
        free = [h for h, held in mine.items() if held.digest is None]
        if found := keyed or free:
            return found[0]
        return Denied.KEY if mine else Denied.APP

    def concerned(self, app: str | None) -> list[int]:
        """Whom a denial interests: the holders of that app; all of them for an unknown one."""
        return [h for h, held in self._held.items() if held.app == app] or list(self._held)

    def _unguarded(self, wanted: Registration) -> Refusal | None:
        if wanted.digest is None and not wanted.open and not self._loopback:
            return Refusal(
                "open-ingest",
                f"anybody who reaches {self._address} could publish: there is no key",
                "give input.rtmp a key, or write `open: true`",
            )
        return None

    def _clash(self, wanted: Registration, other: Registration) -> Refusal | None:
        if (wanted.certificate, wanted.private_key) != (other.certificate, other.private_key):
            return Refusal(
                "tls-differs", self._how_it_differs(wanted, other), "give one of them another port"
            )
        if wanted.app != other.app:
            return None
        if wanted.digest is None and other.digest is None:
            return Refusal(
                "app-taken",
                f"everybody who publishes to app {other.app} at {self._address} "
                f"belongs to profile {other.profile} already",
                "give one of the two another app, or keys",
            )
        if wanted.digest and other.digest and hmac.compare_digest(wanted.digest, other.digest):
            return Refusal(
                "key-taken",
                f"profile {other.profile} has app {other.app} at {self._address} with the same key",
                "give one of the two another app, or another key",
            )
        return None

    def _how_it_differs(self, wanted: Registration, other: Registration) -> str:
        kinds = {True: "RTMPS", False: "plain RTMP"}
        here, there = bool(wanted.certificate), bool(other.certificate)
        if here is there:
            return f"{self._address} has another certificate for profile {other.profile}"
        return f"{self._address} is {kinds[there]} for profile {other.profile}, and {kinds[here]} here"
