"""The controller: reads what is wanted, looks at what runs, and has the difference done. Again and again.

Events only wake the loop. What it does follows from what is read and what is seen (`decide`), so that doing
it twice changes nothing, and a controller that was killed goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping

from spiritstream.control.decide import decide
from spiritstream.control.fleet import Fleet, Hands
from spiritstream.control.holding import beside_unknown, with_deleted, without_orders
from spiritstream.control.memory import Memory
from spiritstream.control.opening import Opening
from spiritstream.control.override import Overrides, effective, next_end
from spiritstream.control.reader import PROOF_S, Reader
from spiritstream.control.rereading import Rereading
from spiritstream.control.source import Source
from spiritstream.control.state import State
from spiritstream.control.world import Decision, World, named, nameless
from spiritstream.errors import PeerError, SpiritError
from spiritstream.model.profile import Profile

log = logging.getLogger("spiritstream.controller")

SETTLE_S = 30.0
# So long a source is waited for before the last good copies are gone by.
FIRST_S = 10.0


class Controller:
    """Makes a source's profiles true. `run` it in one loop; everything else may be called meanwhile."""

    def __init__(
        self,
        source: Source,
        hands: Hands,
        state: State,
        opening: Opening,
        *,
        by_commit: bool = False,
        confirm: bool = False,
        uplink_bps: int | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`by_commit`: profiles' revisions are the source's.

        `confirm`: what the first reading says is meant, however much of what is live it ends.
        `uplink_bps`: the most that all profiles may send together.
        """
        loop = asyncio.get_running_loop()
        self.source = source
        self.reader = Reader(source, opening, loop.time, by_commit=by_commit)
        self.memory = Memory(state)
        self.fleet = Fleet(hands, self.wake)
        self.decision = Decision({})
        self.wall = wall
        self.uplink_bps = uplink_bps
        """May be changed; then `wake`."""
        self.ready = asyncio.Event()
        """Set after the first reading was acted on."""
        self._hands = hands
        self._opening = opening
        self._confirm_next = confirm
        self._confirmed: Mapping[str, str] | None = None
        self._beside: dict[str, frozenset[str]] = {}
        self._clock = loop.time
        self._wake = asyncio.Event()
        self._readings = Rereading(source, self.reader, opening, self.wake)
        self._idle = asyncio.Event()
        self._turn = asyncio.Event()
        self._deleting: set[str] = set()
        self._stop = asyncio.Event()
        self._down = False
        self._said: dict[str, str] = {}
        self._problem = ""
        self._again: asyncio.TimerHandle | None = None

    # What others may ask.

    def wake(self) -> None:
        """Decide again, soon."""
        self._idle.clear()
        self._wake.set()

    def look(self, *, anew: bool = False) -> None:
        """Read the source, soon; `anew`: also open again what has not changed."""
        self._idle.clear()
        self._readings.look(anew=anew)

    async def settled(self, within_s: float = SETTLE_S, *, name: str = "") -> Decision:
        """Wait until what was read is acted on, as far as it goes; with `name`: as far as that profile goes.

        Raises:
            PeerError: it takes longer.
        """
        try:
            async with asyncio.timeout(within_s):
                if not name:
                    await self._idle.wait()
                while name and (self._wake.is_set() or self.fleet.is_busy(name)):
                    await self._turn.wait()
        except TimeoutError:
            raise PeerError(
                f"the controller is still at work after {within_s:g} s", "`spiritstream status` shows it"
            ) from None
        return self.decision

    async def confirm(self) -> Decision:
        """What was read last is meant, however much of what is live it ends."""
        view = self.reader.now.view
        # Of what cannot be read nobody knows the meaning; a whole reading that looks alike is a new question.
        self._confirmed = view.digests() if view.complete else None
        self.look()
        return await self.settled()

    async def order(self, change: Callable[[Overrides], Overrides], name: str = "") -> Decision:
        """Let the orders by hand be what `change` makes of them; wait for `name`, or for all.

        Raises:
            SpiritError: they cannot be kept on disk.
        """
        try:
            await self.memory.order(change)
        except OSError as error:
            raise SpiritError(
                f"the order cannot be kept: {error.strerror or type(error).__name__}; nothing was changed",
                "make room on the disk",
            ) from None
        self.wake()
        return await self.settled(name=name)

    @contextlib.contextmanager
    def deleting(self, name: str) -> Iterator[None]:
        """As long as the context lasts, a missing file of `name` is proof: a person removed it."""
        self._deleting.add(name)
        try:
            yield
        finally:
            self._deleting.discard(name)

    def end(self, *, down: bool = False) -> None:
        """End the controller; `down`: and everything that it keeps on air."""
        self._down = self._down or down
        self._stop.set()
        self.wake()

    def expected(self) -> dict[str, Profile]:
        """What each profile comes to, by name, with the orders by hand."""
        return {
            name: effective(wanted.profile, self.memory.overrides)
            for name, wanted in self.memory.accepted.items()
            if wanted.profile is not None
        }

    def world(self) -> World:
        """Everything that the next decision rests on."""
        view = self.reader.now.view
        return World(
            now=view,
            before=self.reader.before,
            accepted=self.memory.accepted,
            running=self.fleet.running(),
            doing=self.fleet.doing,
            overrides=self.memory.overrides,
            beside=self._beside,
            losses=self.decision.losses,
            confirmed=self._confirmed is not None and self._confirmed == view.digests(),
            uplink_bps=self.uplink_bps,
        )

    # The loop.

    async def run(self) -> None:
        """Until it is told to end. Runners run on, unless everything is to end."""
        await self.memory.load(self._opening)
        reading = asyncio.create_task(self._readings.run(), name="reading")
        reading.add_done_callback(lambda _: self.wake())
        try:
            # What was good the last time is enough to go on when the source hangs; it is asked first.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_S):
                    await self._wake.wait()
            while not self._stop.is_set():
                await self._round()
                await self._until_woken()
                if reading.done():
                    reading.result()
        finally:
            if self._again is not None:
                self._again.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await self.fleet.quiet()
            if self._down:
                await self.fleet.end_all()
            self._hands.let_go()
            self.source.close()

    async def _until_woken(self) -> None:
        due = self._next()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._wake.wait()

    def _next(self) -> float | None:
        """When there is something to decide, if nothing wakes us before; loop's time."""
        times = [self.fleet.next_try()]
        if (end := next_end(self.memory.overrides)) is not None:
            times.append(self._clock() + max(0.0, end - self.wall()) + 0.01)
        return min((one for one in times if one is not None), default=None)

    async def _round(self) -> None:
        self._wake.clear()
        await self._expire()
        if self._readings.fresh:
            self._readings.fresh = False
            self._note()
            await self.memory.look(self._opening)
            await self.fleet.adopt(self.expected())
        self.decision = decided = self._decided()
        await self.memory.keep(decided.accepted, self.reader.now)
        self._carry_out(decided)
        if decided.again and self._again is None:
            self._again = asyncio.get_running_loop().call_later(PROOF_S + 0.05, self._look_again)
        if not self._at_work(decided):
            self._idle.set()
        self.ready.set()
        self._turn.set()
        self._turn = asyncio.Event()

    def _decided(self) -> Decision:
        world = self.world()
        there = named(world.now, world.accepted)
        decided = with_deleted(decide(world), self._deleting, there, world.running)
        if self.memory.unreadable:
            decided = without_orders(decided, world.running, self.memory.unreadable)
        return beside_unknown(decided, world.running, self.fleet.unknown())

    def _at_work(self, decided: Decision) -> bool:
        return self._readings.at_work or self._wake.is_set() or self.fleet.busy or decided.again

    def _look_again(self) -> None:
        self._again = None
        self.look()

    def _carry_out(self, decided: Decision) -> None:
        for name, reason in decided.held:
            if self._said.get(name) != reason:
                log.warning("'%s' is held: %s", name, reason)
        self._said = dict(decided.held)
        wanted = {name for name, _ in decided.applies}
        self.fleet.forget(frozenset(self.fleet.troubles) - wanted)
        for name, reason in decided.stops:
            self.fleet.end(name, reason)
        for name, one in decided.applies:
            assert one.profile is not None
            self.fleet.apply(name, one.profile)

    async def _expire(self) -> None:
        for path in await self.memory.expire(self.wall()):
            log.info("%s: the order by hand has run out; its file decides again", path)

    def _note(self) -> None:
        """Take note of what a fresh reading says beside the profiles themselves."""
        view = self.reader.now.view
        if view.problem and view.problem != self._problem:
            log.warning("what is wanted: %s", view.problem)
        self._problem = view.problem
        if not view.complete:
            return
        if self._confirm_next:
            self._confirmed, self._confirm_next = view.digests(), False
        if self._confirmed != view.digests():
            # It was said of another reading; the same one later is a new question.
            self._confirmed = None
        strange = nameless(view, self.memory.accepted)
        self._beside.update(dict.fromkeys(named(view, self.memory.accepted), strange))
