"""Looking now and then at what each target gets, and telling what its platform may object to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from spiritstream.media.hub import Hub
from spiritstream.model.changes import root_of
from spiritstream.model.limits import Limits, Rule, Stream
from spiritstream.model.profile import Group, Profile, Target
from spiritstream.run.group import GroupUnit
from spiritstream.run.rulings import Rulings, in_words, measured, session_end, session_in_words
from spiritstream.run.unit import Tools, Unit, log

LOOK_S = 5.0
# A time of day alone is that of today, or of the coming night.
_TODAY_S = 12 * 3600

K = TypeVar("K")


class Inspector:
    """Looks at the targets of one runner. What it says of one is known by its path."""

    def __init__(self, tools: Tools, units: Mapping[str, Unit]) -> None:
        """`units` are the runner's own, by path; they come and go."""
        self._tools = tools
        self._units = units
        self._watched: dict[str, _Watched] = {}
        self._failed = False

    def warnings(self, path: str) -> tuple[str, ...]:
        """What is said of the target there."""
        watched = self._watched.get(path)
        return tuple(watched.texts.values()) if watched else ()

    async def keep_looking(self, wanted: Callable[[], Profile | None]) -> None:
        """Look every few seconds at the targets of the profile that is wanted then, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            # At full fives, which are ticks of the units, too: one waking for both.
            await asyncio.sleep(LOOK_S - clock() % LOOK_S)
            profile = wanted()
            try:
                self.look(profile.on_air() if profile else ())
            except Exception:
                # It only tells of others: they shall not fall with it, nor the log be filled by it.
                if not self._failed:
                    log.exception("what arrives could not be held against the platforms' limits")
                self._failed = True

    def look(self, wanted: Iterable[tuple[Group, Target]]) -> None:
        """Take one look at these targets. Of those that are not named nothing is said any more."""
        streams: dict[int, Stream] = {}
        before, self._watched = self._watched, {}
        for group, target in wanted:
            path = f"groups.{group.name}.targets.{target.name}"
            unit, source = self._units.get(path), self._units.get(root_of(path))
            if target.limits is None or unit is None or not isinstance(source, GroupUnit):
                continue
            hub = source.hub
            if id(hub) not in streams:
                streams[id(hub)] = measured(hub.incoming())
            watched = before.get(path)
            if watched is None or watched.unit is not unit:
                watched = _Watched(unit)
            self._watched[path] = watched
            watched.look(target.limits, group, hub, streams[id(hub)], self._tools.wall())


class _Watched:
    """One target, for as long as its unit is the same."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.texts: dict[Rule, str] = {}
        self._rulings = Rulings()
        self._connection: tuple[int, int] | None = None
        self._began: float | None = None

    def look(self, limits: Limits, group: Group, hub: Hub, stream: Stream, now: float) -> None:
        """Hold it against its limits, and log what is new and what is over."""
        self._rulings.look(limits, stream)
        before = self.texts
        self.texts = {breach.rule: in_words(breach, group) for breach in self._rulings.said}
        if session := self._session(limits, hub, now):
            self.texts[Rule.SESSION] = session
        for rule in _only_in(self.texts, before):
            log.warning("%s", self.texts[rule], extra={"path": self.unit.path})
        for rule in _only_in(before, self.texts):
            log.info("no longer so: %s", before[rule], extra={"path": self.unit.path})

    def _session(self, limits: Limits, hub: Hub, now: float) -> str:
        """That the broadcast ends soon, by the platform's limit; empty while it does not.

        One connection is one broadcast: a silence of the input ends being live, and not the broadcast.
        """
        status = self.unit.status()
        connection = (status.restarts, hub.ends)
        if connection != self._connection:
            self._connection, self._began = connection, None
        if self._began is None:
            self._began = status.live_since
        end = None if self._began is None else session_end(limits, self._began, now)
        return "" if end is None else session_in_words(limits, _clock(end, now), past=end < now)


def _only_in(one: Mapping[K, object], other: Mapping[K, object]) -> list[K]:
    return [key for key in one if key not in other]


def _clock(moment: float, now: float) -> str:
    local = datetime.fromtimestamp(moment).astimezone()
    return local.strftime("%H:%M" if abs(moment - now) < _TODAY_S else "%Y-%m-%d %H:%M")
