"""Many equal denials become one line with a count. Pure: time comes in."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

WINDOW_S = 60.0
_MOST = 64

Key = TypeVar("Key", bound=Hashable)


class Tally(Generic[Key]):
    """The first of a kind is told at once; those that follow are counted until its window ends."""

    def __init__(self, everything_else: Key, window_s: float = WINDOW_S, most: int = _MOST) -> None:
        """`everything_else` is what is counted in place of new kinds once there are `most` of them."""
        self._else = everything_else
        self._window_s = window_s
        self._most = most
        self._counts: dict[Key, tuple[float, int]] = {}

    def note(self, key: Key, now: float) -> Key | None:
        """Count one; what is to be told now, if anything."""
        if key not in self._counts and len(self._counts) >= self._most:
            key = self._else
        if key in self._counts:
            since, count = self._counts[key]
            self._counts[key] = (since, count + 1)
            return None
        self._counts[key] = (now, 0)
        return key

    def due(self, now: float) -> list[tuple[Key, int]]:
        """The windows that have ended, with how many more there were. A busy kind gets a new one."""
        told: list[tuple[Key, int]] = []
        for key, (since, count) in list(self._counts.items()):
            if now - since >= self._window_s:
                del self._counts[key]
                if count:
                    told.append((key, count))
                    self._counts[key] = (now, 0)
        return told

    def __bool__(self) -> bool:
        return bool(self._counts)
