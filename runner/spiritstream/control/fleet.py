"""What runs, and what is being done about it: one task for each profile, none waits for another's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from spiritstream.control.hands import Hands as Hands
from spiritstream.control.override import targets_on_air
from spiritstream.control.runners import RunnerInfo
from spiritstream.control.world import Running
from spiritstream.errors import SpiritError
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Profile
from spiritstream.wire import to_data

log = logging.getLogger("spiritstream.controller")

APPLY_S = 60.0
LOOK_S = 5.0
LONGEST_PAUSE_S = 60.0
# A runner that lived so long did not fail for what it was told.
STEADY_S = 60.0


@dataclass(slots=True)
class Trouble:
    """Why the last try for a profile failed, and when the next one is due (loop's time)."""

    text: str
    due: float
    wanted: Profile | None


class Fleet:
    """The runners, as the controller knows them. `changed` is called when there is something to decide."""

    def __init__(
        self, hands: Hands, changed: Callable[[], None], clock: Callable[[], float] | None = None
    ) -> None:
        self.troubles: dict[str, Trouble] = {}
        self.doing: dict[str, Profile] = {}
        """What runners are being told at this moment."""
        self._hands = hands
        self._changed = changed
        self._clock = clock or asyncio.get_running_loop().time
        self._told: dict[str, Running] = {}
        self._since: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._ending: set[str] = set()
        self.silent: frozenset[str] = frozenset()
        """Runners that answer nobody, and are to end with all the others."""
        self._mute: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._checks: set[asyncio.Task[None]] = set()
        hands.on_gone = self._gone

    @property
    def busy(self) -> bool:
        """Whether anything is being done."""
        return bool(self._tasks)

    def running(self) -> dict[str, Running]:
        """Every runner that answers, and what it was told."""
        known = self._hands.known()
        return {name: self._running(name, info) for name, info in known.items()}

    def _running(self, name: str, info: RunnerInfo) -> Running:
        if info.foreign:
            return Running(None, frozenset(), info.foreign)
        return self._told.get(name, Running(None, frozenset()))

    def told(self, name: str) -> Profile | None:
        """What the runner of `name` carries out, as far as is known."""
        return self._told[name].profile if name in self._told else None

    def is_busy(self, name: str) -> bool:
        """Whether something is being done about the runner of `name`."""
        return name in self._tasks

    def unknown(self) -> frozenset[str]:
        """Our runners that were there before us and carry out something else than was thought.

        One that has been told anew, or could not be, is none any more: it holds nobody up for good.
        """
        found = {name for name, told in self._told.items() if told.profile is None and not told.foreign}
        return frozenset(found & self._hands.known().keys() - self.troubles.keys())

    async def adopt(self, expected: Mapping[str, Profile]) -> None:
        """Find the runners that are there, and compare what each carries out with what we expect of it."""
        await self._hands.find()
        names = [n for n, info in self._hands.known().items() if not info.foreign and n not in self._tasks]
        for name in names:
            if name in self._told:
                # One that hangs shall not keep the others from being looked after.
                check = asyncio.create_task(self._check(name, expected.get(name)), name=f"compare {name}")
                self._checks.add(check)
                check.add_done_callback(self._checks.discard)
        new = [name for name in names if name not in self._told]
        for name, found in zip(new, await self._compared(new, expected), strict=True):
            if name in self._hands.known():
                log.info("'%s' has a runner already: pid %d", name, self._hands.known()[name].pid)
                self._told[name] = found
            self._since.setdefault(name, self._clock())

    async def _compared(self, names: list[str], expected: Mapping[str, Profile]) -> list[Running]:
        return await asyncio.gather(*(self._compare(name, expected.get(name)) for name in names))

    async def _check(self, name: str, expected: Profile | None) -> None:
        """Whether a runner still carries out what it was told: somebody else may have told it something."""
        before = self._told.get(name)
        found = await self._compare(name, expected)
        # While we asked, we may have told it something ourselves.
        if name not in self._tasks and before is not None and before is self._told.get(name):
            self._told[name] = found
            if found != before:
                self._changed()

    async def _compare(self, name: str, expected: Profile | None) -> Running:
        """Ask a runner, rather than our memory: its answer to a plan says whether it is as we think."""
        try:
            found = await self._asked(name, expected)
            self._mute.discard(name)
            return found
        except SpiritError as error:
            if name not in self._mute:
                log.warning("the runner of '%s' cannot be asked: %s", name, error.message)
            self._mute.add(name)
            # What it has on air is not nothing because it does not say it: it has what it should have.
            supposed = targets_on_air(expected) if expected is not None else frozenset()
            return self._told.get(name, Running(None, supposed))

    async def _asked(self, name: str, expected: Profile | None) -> Running:
        if expected is not None and not await self.plan(name, expected):
            return Running(expected, targets_on_air(expected))
        return Running(None, await self._on_air(name))

    async def _on_air(self, name: str) -> frozenset[str]:
        status = await self._hands.call(name, "status", within_s=LOOK_S)
        return frozenset(
            str(unit["path"])
            for unit in status["units"]
            if ".targets." in unit["path"] and unit["order"] == Order.LIVE.value
        )

    async def plan(self, name: str, wanted: Profile) -> list[dict[str, Any]]:
        """The changes that the runner of `name` would make, as data.

        Raises:
            SpiritError: it cannot be asked.
        """
        found = await self._hands.call(name, "plan", within_s=LOOK_S, profile=to_data(wanted))
        return list(found)

    # What is done.

    def apply(self, name: str, wanted: Profile) -> None:
        """See to it that the runner of `name` carries out `wanted`; nothing while something is being done."""
        if self._may(name, wanted):
            self._begin(name, self._apply(name, wanted), wanted)

    def end(self, name: str, reason: str) -> None:
        """End the runner of `name`; nothing while something is being done, but for telling it something."""
        # One that hangs does not answer for a minute: that shall not keep it on air.
        told = name in self.doing and name in self._hands.known()
        if told or self._may(name, None):
            log.info("'%s' ends: %s", name, reason)
            self._begin_end(name)

    def again(self, name: str) -> None:
        """Replace the runner of `name`, hanging or not: it ends, and what is wanted starts it."""
        log.info("'%s' is ended by hand, and started again if it is wanted", name)
        self.troubles.pop(name, None)
        if name not in self._ending:
            self._begin_end(name)

    def next_try(self) -> float | None:
        """When the next failed try is to be made again; loop's time."""
        return min((one.due for name, one in self.troubles.items() if name not in self._tasks), default=None)

    def forget(self, names: frozenset[str]) -> None:
        """Forget the troubles of profiles that nobody wants any more."""
        for name in names & self.troubles.keys():
            del self.troubles[name]

    async def end_all(self) -> None:
        """End every runner that is ours, all at once."""
        await self.quiet()
        ours = [name for name, info in self._hands.known().items() if info.managed]
        for name in self.silent.union(ours):
            self._begin_end(name)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def quiet(self) -> None:
        """Stop doing things. The runners run on."""
        tasks = [*self._tasks.values(), *self._checks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _may(self, name: str, wanted: Profile | None) -> bool:
        if name in self._tasks:
            return False
        trouble = self.troubles.get(name)
        # An edit is tried at once: it may be the cure.
        return trouble is None or trouble.due <= self._clock() or trouble.wanted not in (None, wanted)

    def _begin_end(self, name: str) -> None:
        """Whatever else is being done about it is given up first: never two things at once."""
        before = self._tasks.get(name)
        self.doing.pop(name, None)
        self._ending.add(name)
        self._begin(name, self._end(name, before), None)

    def _begin(self, name: str, work: Coroutine[Any, Any, None], wanted: Profile | None) -> None:
        task = asyncio.create_task(self._guarded(name, work, wanted), name=f"act on {name}")
        self._tasks[name] = task
        if wanted is not None:
            self.doing[name] = wanted
        task.add_done_callback(lambda task: self._done(name, task))

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is not task:
            return
        del self._tasks[name]
        self.doing.pop(name, None)
        self._changed()

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None], wanted: Profile | None) -> None:
        try:
            await work
            # One that has died while we did it is in trouble all the same.
            if wanted is None or name in self._hands.known():
                self.troubles.pop(name, None)
        except SpiritError as error:
            self._failed(name, str(error), wanted)
        except Exception as error:
            log.exception("unexpected fault with '%s'", name)
            self._failed(name, f"unexpected fault: {type(error).__name__}", wanted)

    def _failed(self, name: str, text: str, wanted: Profile | None) -> None:
        pause_s = max(1.0, self._pause_s(name))
        self.troubles[name] = Trouble(text, self._clock() + pause_s, wanted)
        log.error("'%s': %s; tried again in %g s", name, text, pause_s)

    def _pause_s(self, name: str) -> float:
        """Count a failure of `name`, and say how long to wait. The first death costs no time at all."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        return min(2.0 ** (failures - 3), LONGEST_PAUSE_S) if failures > 1 else 0.0

    async def _apply(self, name: str, wanted: Profile) -> None:
        if name not in self._hands.known():
            info = await self._hands.start(name)
            self._told.pop(name, None)
            self._since[name] = self._clock()
            log.info("'%s' has a runner: pid %d", name, info.pid)
        done = await self._hands.call(name, "apply", within_s=APPLY_S, profile=to_data(wanted))
        if name in self._hands.known():
            self._told[name] = Running(wanted, targets_on_air(wanted))
        for change in done:
            log.info("'%s': %s %s: %s", name, change["action"], change["path"], change["cause"])

    async def _end(self, name: str, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                before.cancel()
                await asyncio.wait({before})
            await self._hands.end(name)
        finally:
            self._ending.discard(name)

    def _gone(self, name: str) -> None:
        """A runner has left. One that dies again and again is started again at ever longer intervals."""
        self._told.pop(name, None)
        since = self._since.pop(name, None)
        # One that somebody shows in the foreground has none: its end is that person's business.
        if name not in self._ending and since is not None:
            log.warning("the runner of '%s' has ended by itself; it is started again if it is wanted", name)
            if self._clock() - since > STEADY_S:
                self._failures.pop(name, None)
            due = self._clock() + self._pause_s(name)
            self.troubles[name] = Trouble("its runner ended by itself", due, None)
        self._changed()
