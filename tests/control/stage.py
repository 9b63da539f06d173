"""A controller on a stage: a pretend source, disk and runners that outlive it, and a clock that jumps.

`Stage` is the world outside; `Stage.begin` and `Stage.kill` start and kill controllers in it. What the
runners are told is checked at once: whatever is wrong with it is noted in `Stage.faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spiritstream.control.controller import Controller
from spiritstream.control.opening import Opened
from spiritstream.control.override import Override, effective, targets_declared, targets_on_air
from spiritstream.control.runners import RunnerInfo
from spiritstream.control.source import Entry, Reading, revision_of
from spiritstream.control.state import Kept, State
from spiritstream.errors import PeerError
from spiritstream.model.changes import changes
from spiritstream.model.profile import Profile
from spiritstream.wire import PROTOCOL, from_data, to_data
from tests.virtualtime import VirtualLoop

RESCAN_S = 15.0
BROKEN = b"broken"


class InlineLoop(VirtualLoop):
    """Does at once what is handed to another thread: the clock cannot jump while it is done."""

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """The result, as a future."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


class Disk(State):
    """A state folder in memory."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.copies: dict[str, Kept] = {}
        self.orders: list[Override] = []
        self.orders_before: list[Override] = []

    def prepare(self) -> None:
        """Nothing to make."""

    def load(self) -> tuple[list[Kept], dict[str, Override]]:
        """What is remembered."""
        return list(self.copies.values()), {one.path: one for one in self.orders}

    def keep(self, kept: Kept) -> None:
        """Remember."""
        self.copies[kept.name] = kept

    def forget(self, name: str) -> None:
        """Forget."""
        self.copies.pop(name, None)

    def keep_overrides(self, overrides: Any) -> None:
        """Remember."""
        self.orders_before, self.orders = self.orders, list(overrides)


@dataclass
class PretendRunner:
    """A process: what it carries out, and since when."""

    pid: int
    profile: Profile | None = None


@dataclass
class Stage:
    """Everything that outlives a controller."""

    texts: list[Profile | None] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    readable: bool = True
    alive: dict[str, PretendRunner] = field(default_factory=dict)
    disk: Disk = field(default_factory=Disk)
    faults: list[str] = field(default_factory=list)
    told: int = 0
    # What the last readable states of the source were: whoever takes something off the air acts on these.
    seen: list[dict[str, bytes]] = field(default_factory=list)
    pids: int = 100

    def __post_init__(self) -> None:
        self.loop = InlineLoop()
        self.changed = asyncio.Event()
        self.controller: Controller | None = None
        self.hands: PretendHands | None = None
        self._running: asyncio.Task[None] | None = None

    # What happens outside.

    def write(self, file: str, show: Profile | None) -> None:
        """Let a file say this; `None` is a broken one."""
        self.files[file] = self._text(show)
        self._notice()

    def remove(self, file: str) -> None:
        """Let a file be gone."""
        self.files.pop(file, None)
        self._notice()

    def move(self, file: str, to: str) -> None:
        """Rename a file."""
        self.files[to] = self.files.pop(file)
        self._notice()

    def blind(self, readable: bool) -> None:
        """Let the source be unreadable, or readable again."""
        self.readable = readable
        self._notice()

    def die(self, name: str) -> None:
        """Kill a runner."""
        del self.alive[name]
        if self.hands is not None:
            self.loop.call_soon(self.hands.lost, name)

    def _text(self, show: Profile | None) -> bytes:
        if show is None:
            return BROKEN
        if show not in self.texts:
            self.texts.append(show)
        return b"%d" % self.texts.index(show)

    def _notice(self) -> None:
        self.changed.set()

    # The controller.

    def begin(self, *, confirm: bool = False) -> None:
        """Start a controller."""
        self.loop.run_until_complete(self._begin(confirm))

    async def _begin(self, confirm: bool) -> None:
        self.hands = PretendHands(self)
        source = PretendSource(self)
        self.controller = Controller(
            source, self.hands, self.disk, self.open, confirm=confirm, wall=self.loop.time
        )
        self._running = self.loop.create_task(self.controller.run())

    def kill(self) -> None:
        """Kill the controller. What it was doing may be half done."""
        if self._running is not None:
            self._running.cancel()
            self.loop.run_until_complete(asyncio.wait({self._running}))
        self.controller = self.hands = self._running = None

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        if self._running is not None and self._running.done():
            self._running.result()
            raise AssertionError("the controller has ended")

    def ask(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Wait for something that is asked of the controller."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """End it all."""
        self.kill()
        self.loop.close()

    def open(self, entry: Entry, common: Entry | None) -> Opened:
        """What a text comes to. A broken one does not say its name."""
        show = None if entry.data == BROKEN else self.texts[int(entry.data)]
        return Opened(show.name if show else "", show, () if show else (f"{entry.file}: broken",))

    # What must be so.

    def shows(self, files: dict[str, bytes]) -> list[Profile]:
        """The valid profiles in these files."""
        found = [None if data == BROKEN else self.texts[int(data)] for data in files.values()]
        return [show for show in found if show is not None]

    def check_told(self, name: str, wanted: Profile) -> None:
        """Note what is wrong with telling a runner this."""
        # What is under way when somebody orders something by hand is what was wanted before.
        orders = [{one.path: one for one in of} for of in (self.disk.orders, self.disk.orders_before)]
        shows = [show for show in self.texts if show and show.name == name]
        if not any(effective(show, of) == wanted for show in shows for of in orders):
            self.faults.append(f"{name} was told what no valid file ever said")
        runner = self.alive[name]
        before = targets_on_air(runner.profile) if runner.profile else frozenset()
        self.check_lost(name, before - targets_on_air(wanted))
        mine = {t.address for _, t in wanted.on_air()}
        for other, one in self.alive.items():
            if other != name and one.profile and mine & {t.address for _, t in one.profile.on_air()}:
                self.faults.append(f"{name} and {other} send to the same place with the same key")

    def check_lost(self, name: str, lost: frozenset[str]) -> None:
        """Note when something goes off the air that the source still wants, as last read, or does not say."""
        orders = {one.path: one for one in self.disk.orders}
        if not lost or not self.seen:
            return
        now = [show for show in self.shows(self.seen[-1]) if show.name == name]
        kept = [targets_on_air(effective(show, orders)) for show in now]
        # Stopped by hand, or started by hand against its file, and that taken back.
        by_hand = [
            show
            for show in self.texts
            if show
            and show.name == name
            and (lost & stopped(show, orders) or lost & targets_declared(show) - targets_on_air(show))
        ]
        if kept and all(lost & wanted for wanted in kept):
            self.faults.append(f"{name} lost {sorted(lost)}, which its file wants")
        if not self.readable and not by_hand:
            self.faults.append(f"{name} lost {sorted(lost)} while the source could not be read")


def stopped(show: Profile, orders: dict[str, Override]) -> frozenset[str]:
    """The targets of a show that are stopped by hand, whatever its file says."""
    groups = tuple(
        replace(group, enabled=True, targets=tuple(replace(one, enabled=True) for one in group.targets))
        for group in show.groups
    )
    everything = replace(show, enabled=True, groups=groups)
    return targets_declared(show) - targets_on_air(effective(everything, orders))


class PretendSource:
    """The stage's files."""

    where = "the stage"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def read(self) -> Reading:
        """What the files are. An unreadable source shows some of them, as a torn one would."""
        self._stage.changed.clear()
        await asyncio.sleep(0.01)
        files = dict(self._stage.files)
        if self._stage.readable:
            self._stage.seen.append(files)
        else:
            files = dict(sorted(files.items())[::2])
        entries = {file: Entry(file, data, Path("/")) for file, data in files.items()}
        revision = revision_of({file: entry.digest for file, entry in entries.items()})
        problem = "" if self._stage.readable else "it cannot be read"
        return Reading(entries, revision, self._stage.readable, problem)

    async def wait(self) -> None:
        """As a watch would."""
        try:
            async with asyncio.timeout(RESCAN_S):
                await self._stage.changed.wait()
        except TimeoutError:
            pass

    def close(self) -> None:
        """Nothing is held."""


class PretendHands:
    """One controller's grip on the stage's runners."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: dict[str, RunnerInfo] = {}
        self.on_gone: Callable[[str], None] = lambda name: None

    def known(self) -> dict[str, RunnerInfo]:
        """Those found or started."""
        return dict(self._known)

    async def find(self) -> list[RunnerInfo]:
        """Every one that lives."""
        await asyncio.sleep(0.01)
        for name, runner in self._stage.alive.items():
            self._known.setdefault(name, RunnerInfo(name, runner.pid, "1", PROTOCOL, True))
        return list(self._known.values())

    async def start(self, name: str) -> RunnerInfo:
        """Start one; takes a while."""
        await asyncio.sleep(0.3)
        if name in self._stage.alive:
            self._stage.faults.append(f"{name} has two runners")
        self._stage.pids += 1
        self._stage.alive[name] = PretendRunner(self._stage.pids)
        info = self._known[name] = RunnerInfo(name, self._stage.pids, "1", PROTOCOL, True)
        await asyncio.sleep(0.01)
        return info

    async def call(self, name: str, call: str, *, within_s: float = 0, **args: Any) -> Any:
        """What a runner would answer."""
        await asyncio.sleep(0.01)
        runner = self._stage.alive.get(name)
        if runner is None:
            raise PeerError(f"{name} has left")
        if call == "status":
            paths = targets_on_air(runner.profile) if runner.profile else ()
            return {"units": [{"path": path, "order": "live"} for path in paths]}
        wanted = from_data(Profile, args["profile"])
        found = [to_data(change) for change in changes(runner.profile, wanted)]
        if call == "apply":
            self._stage.told += bool(found)
            self._stage.check_told(name, wanted)
            runner.profile = wanted
            await asyncio.sleep(0.2)
        return found

    async def end(self, name: str) -> None:
        """End one in order; takes a while."""
        runner = self._stage.alive.get(name)
        if runner is not None:
            if runner.profile is not None:
                self._stage.check_lost(name, targets_on_air(runner.profile))
            await asyncio.sleep(0.2)
            self._stage.alive.pop(name, None)
        self.lost(name)

    def lost(self, name: str) -> None:
        """Notice that one has left."""
        if self._known.pop(name, None) is not None:
            self.on_gone(name)

    def let_go(self) -> None:
        """Nothing is held."""
