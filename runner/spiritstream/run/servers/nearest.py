"""The nearest of several servers: measured, remembered for minutes, without those that just failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from spiritstream.model.servers import Candidate
from spiritstream.run.servers.measuring import TimeOf, connect_time_s, measure
from spiritstream.run.servers.urls import Endpoint, endpoint_of

_FRESH_S = 600.0
# Where nobody answers, this machine is perhaps offline. What a target takes when it is back, it keeps: so
# this is only long enough for targets that try at once.
_OFFLINE_S = 5.0
# A server that did not take us is not the nearest one for so long.
_LEFT_OUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Near:
    """The server that was chosen, its time, among how many; and the names of those that were left out."""

    candidate: Candidate
    time_s: float
    among: int
    left_out: tuple[str, ...] = ()


class Nearest:
    """One runner's. Targets that choose of the same servers at once share one measurement."""

    def __init__(self, clock: Callable[[], float], time_of: TimeOf = connect_time_s) -> None:
        self._clock = clock
        self._time_of = time_of
        self._times: dict[Endpoint, tuple[float, float | None]] = {}
        self._failed: dict[Endpoint, float] = {}
        # Only as long as somebody measures, or waits for it: which servers it is about changes.
        self._measuring: WeakValueDictionary[frozenset[Endpoint], asyncio.Lock] = WeakValueDictionary()

    async def choose(self, candidates: Sequence[Candidate], *, all_s: float) -> Near | None:
        """The nearest, within `all_s` for measuring; `None` if none answers.

        Of those that are as near as a millisecond, the one that is listed first.
        """
        places = {candidate: endpoint_of(candidate.url) for candidate in candidates}
        usable = [candidate for candidate in places if not self._is_left_out(places[candidate])]
        # Where all failed it was perhaps not their fault.
        tried = usable or list(places)
        times = await self._measured([places[candidate] for candidate in tried], all_s)
        there = [(round(times[places[one]] * 1000), one) for one in tried if places[one] in times]
        if not there:
            # Nor was it the fault of those that failed before.
            self._failed = {one: until for one, until in self._failed.items() if one not in places.values()}
            return None
        _, chosen = min(there, key=lambda pair: pair[0])
        left_out = tuple(one.name for one in places if one not in tried)
        return Near(chosen, times[places[chosen]], len(tried), left_out)

    def failed(self, url: str) -> None:
        """A server could not be used: it is left out for a while, and the others are measured anew.

        Once for all who lose it: what many targets find out one after the other is no news.
        """
        now, endpoint = self._clock(), endpoint_of(url)
        if not self._is_left_out(endpoint):
            self._times.clear()
        self._failed = {one: until for one, until in self._failed.items() if until > now}
        self._failed[endpoint] = now + _LEFT_OUT_S

    def _is_left_out(self, endpoint: Endpoint) -> bool:
        return self._failed.get(endpoint, 0.0) > self._clock()

    async def _measured(self, endpoints: Iterable[Endpoint], all_s: float) -> dict[Endpoint, float]:
        wanted = list(dict.fromkeys(endpoints))
        async with self._measuring.setdefault(frozenset(wanted), asyncio.Lock()):
            now = self._clock()
            missing = [one for one in wanted if one not in self._times or self._times[one][0] <= now]
            if missing:
                # Times of one moment compare; those of two do not.
                found = await measure(wanted, all_s=all_s, time_of=self._time_of)
                until = self._clock() + (_FRESH_S if found else _OFFLINE_S)
                self._times = {one: known for one, known in self._times.items() if known[0] > now}
                self._times |= {one: (until, found.get(one)) for one in wanted}
            times = {one: self._times[one][1] for one in wanted}
        return {one: time_s for one, time_s in times.items() if time_s is not None}
