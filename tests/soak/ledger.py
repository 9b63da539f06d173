"""What one platform saw in a long time, in little memory. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.live.arrivals import Connection, Media

# A gap as long as this is worth a line in the report: twice what the runner sends at once, and more.
NOTABLE_S = 0.5
_KEPT = 200


class Ledger:
    """Counts gaps between arrivals, whatever the connection, and timestamps that go back within one."""

    def __init__(self) -> None:
        self._gaps_ms: Counter[int] = Counter()
        self._notable: list[tuple[float, float]] = []
        self._last_at: float | None = None
        self._taken: dict[int, int] = {}
        self._last_ms: dict[tuple[int, int], int] = {}
        self.media = 0
        self.backward = 0

    def look(self, connections: list[Connection]) -> None:
        """Take what has come since the last look."""
        for number, connection in enumerate(connections):
            new = connection.media_count - self._taken.get(number, 0)
            self._taken[number] = connection.media_count
            for item in list(connection.media)[-new:] if new else ():
                self.take(number, item)

    def take(self, connection: int, item: Media) -> None:
        """Take one message."""
        self.media += 1
        if self._last_at is not None:
            self._note_gap(self._last_at, item.at)
        self._last_at = item.at
        before = self._last_ms.get((connection, item.type))
        if before is not None and item.timestamp_ms < before:
            self.backward += 1
        self._last_ms[connection, item.type] = item.timestamp_ms

    def _note_gap(self, since: float, until: float) -> None:
        self._gaps_ms[round(1000 * (until - since))] += 1
        if until - since >= NOTABLE_S:
            self._notable.append((since, until - since))
            # The longest are kept, in the order in which they came.
            if len(self._notable) > _KEPT:
                self._notable.remove(min(self._notable, key=lambda gap: gap[1]))

    def within_ms(self, share: float) -> int:
        """So long is no more than `share` of all gaps."""
        wanted, seen = share * self._gaps_ms.total(), 0
        for gap_ms in sorted(self._gaps_ms):
            seen += self._gaps_ms[gap_ms]
            if seen >= wanted:
                return gap_ms
        return 0

    def data(self) -> dict[str, Any]:
        """What the report needs of it, as JSON takes it."""
        return {
            "connections": len(self._taken),
            "media": self.media,
            "backward": self.backward,
            "longest_ms": max(self._gaps_ms, default=0),
            "p99_ms": self.within_ms(0.99),
            "notable": self._notable,
        }
