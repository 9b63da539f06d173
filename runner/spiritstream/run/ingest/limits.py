"""What strangers may cost us before they publish: how many at once, and how often. Pure: time comes in.

When there is no room for a newcomer, the oldest stranger goes, not the newcomer: a publisher is greeted
within a few round trips, so who would keep it out must open all our room anew in that time. If newcomers were
turned away instead, a few silent connections would keep everybody out for as long as each may stay.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for those who have not published yet."""

    publish_s: float = 10.0
    """From the connection to `publish`."""
    half_open: int = 64
    half_open_each: int = 8
    burst: int = 10
    """New connections of one address at once; after that `per_s` of them."""
    per_s: float = 2.0
    bytes: int = 32 * 1024
    """What one may send before it publishes: five times what encoders do."""


@dataclass(slots=True)
class _Guest:
    address: str | None
    greeted: bool = False


class Crowd:
    """The connections that have not published yet, oldest first.

    An address of `None` is not counted by itself: on loopback a proxy may stand for the whole world.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._guests: dict[int, _Guest] = {}

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: int, address: str | None) -> list[int]:
        """Count a newcomer in; these must go for it. They are not counted any more."""
        leaving: list[int] = []
        same = [g for g, other in self._guests.items() if address and other.address == address]
        if len(same) >= self._limits.half_open_each:
            leaving.append(self._first(same))
        elif len(self._guests) >= self._limits.half_open:
            leaving.append(self._first(list(self._guests)))
        for gone in leaving:
            self.leave(gone)
        self._guests[guest] = _Guest(address)
        return leaving

    def greeted(self, guest: int) -> None:
        """Its handshake is over: it goes later than one that has not said a sensible word."""
        if guest in self._guests:
            self._guests[guest].greeted = True

    def leave(self, guest: int) -> None:
        """Count it out; harmless when it is out already."""
        self._guests.pop(guest, None)

    def _first(self, guests: list[int]) -> int:
        strange = [guest for guest in guests if not self._guests[guest].greeted]
        return (strange or guests)[0]


class Buckets:
    """How often each address may connect: a bucket of tokens that fills again."""

    def __init__(self, limits: Limits, most: int = 4096) -> None:
        """`most` is of how many addresses is known; beyond it the one seen longest ago is forgotten."""
        self._limits = limits
        self._most = most
        self._levels: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._levels)

    def allow(self, address: str, now: float) -> bool:
        """Take one token of an address's bucket, if there is one."""
        level, since = self._levels.pop(address, (float(self._limits.burst), now))
        level = min(float(self._limits.burst), level + (now - since) * self._limits.per_s)
        allowed = level >= 1
        self._levels[address] = (level - 1 if allowed else level, now)
        if len(self._levels) > self._most:
            del self._levels[next(iter(self._levels))]
        return allowed
