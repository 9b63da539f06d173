"""A controller on a stage: a pretend source, disk and runners that outlive it, and a clock that jumps.

`Stage` is the world outside; `Stage.begin` and `Stage.kill` start and kill controllers in it. What the
runners are told is checked at once: whatever is wrong with it is noted in `Stage.faults`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spiritstream.config.registry import Known
from spiritstream.control.controller import Controller
from spiritstream.control.opening import Opened
from spiritstream.control.override import Override, effective, targets_declared, targets_on_air
from spiritstream.control.runners import RunnerInfo
from spiritstream.control.source import Entry, Reading, revision_of
from spiritstream.control.state import Kept
from spiritstream.errors import PeerError
from spiritstream.model.changes import changes
from spiritstream.model.profile import Address, Profile
from spiritstream.wire import PROTOCOL, from_data, to_data
from tests.control.pretend import Disk, Heard, InlineLoop, Platform, PretendRunner, addresses, stopped
from tests.control.proofs import Files, Proofs

RESCAN_S = 15.0
BROKEN = b"broken"
# So long a child that died is waited for.
BACK_S = 1.0


@dataclass
class Stage:
    """Everything that outlives a controller."""

    texts: list[Profile | None] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    readable: bool = True
    alive: dict[str, PretendRunner] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    told: int = 0
    pids: int = 100
    # Which rotations' values the identity opens, and with which one files are sealed now.
    keys: set[int] = field(default_factory=lambda: {0})
    key: int = 0
    # What a person has just said in so many words.
    deleted: set[str] = field(default_factory=set)
    confirmed: bool = False

    def __post_init__(self) -> None:
        self.loop = InlineLoop()
        self.changed = asyncio.Event()
        self.disk = Disk(self.check_accepted)
        self.platform = Platform(self.faults)
        self.proofs = Proofs()
        self.controller: Controller | None = None
        self.hands: PretendHands | None = None
        self._running: asyncio.Task[None] | None = None
        # What a controller has proved and put on disk, and may do from then on; `None`: nothing of it.
        self._proved: dict[str, Profile | None] = {}
        self._place: dict[str, str] = {}
        self.heard = Heard()
        log = logging.getLogger("spiritstream")
        self._level = log.level
        log.addHandler(self.heard)
        log.setLevel(logging.DEBUG)

    # What happens outside.

    def write(self, file: str, show: Profile | None) -> None:
        """Let a file say this; `None` is a broken one."""
        self.files[file] = self._text(show)
        self.notice()

    def remove(self, file: str) -> None:
        """Let a file be gone."""
        self.files.pop(file, None)
        self.notice()

    def move(self, file: str, to: str) -> None:
        """Rename a file."""
        self.files[to] = self.files.pop(file)
        self.notice()

    def blind(self, readable: bool) -> None:
        """Let the source be unreadable, or readable again."""
        self.readable = readable
        self.notice()

    def reseal(self, files: list[str]) -> None:
        """Let these files hold their values sealed with the newest key."""
        for file in files:
            if self.files[file] != BROKEN:
                self.files[file] = self._text(self._show(self.files[file]))
        self.notice()

    def notice(self) -> None:
        """Something has changed, and the watch tells."""
        self.confirmed = False
        self.changed.set()

    def die(self, name: str) -> None:
        """Kill a runner: its children are gone with it."""
        self.platform.drop(self.alive.pop(name))
        if self.hands is not None:
            self.loop.call_soon(self.hands.lost, name)

    def reboot(self) -> None:
        """Kill everything."""
        self.kill()
        for name in list(self.alive):
            self.die(name)

    def kill_child(self, address: Address) -> None:
        """Kill a sender: its runner starts another one in a while, and nobody else does anything about it."""
        runner = self.platform.senders.pop(address)
        self.loop.call_later(BACK_S, self._back, runner, address)

    def _back(self, runner: PretendRunner, address: Address) -> None:
        if runner in self.alive.values() and runner.profile and address in addresses(runner.profile):
            self.platform.follow(runner)

    def _text(self, show: Profile | None) -> bytes:
        if show is None:
            return BROKEN
        if show not in self.texts:
            self.texts.append(show)
        return b"%d.%d" % (self.texts.index(show), self.key)

    def _show(self, data: bytes) -> Profile:
        show = self.texts[int(data.split(b".")[0])]
        assert show is not None
        return show

    def _opens(self, data: bytes) -> bool:
        return data != BROKEN and int(data.split(b".")[1]) in self.keys

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
        log = logging.getLogger("spiritstream")
        log.removeHandler(self.heard)
        log.setLevel(self._level)

    def open(self, entry: Entry, common: Entry | None, known: Known) -> Opened:
        """What a text comes to. A broken one does not say its name; one for another identity does."""
        if entry.data == BROKEN:
            return Opened("", None, (f"{entry.file}: broken",))
        show = self._show(entry.data)
        if not self._opens(entry.data):
            return Opened(show.name, None, (f"{entry.file}: no identity for it",), lasting=False)
        return Opened(show.name, show)

    # What must be so.

    def shows(self, files: Files) -> list[Profile]:
        """The valid profiles in these files."""
        return [self._show(data) for data in files.values() if self._opens(data)]

    def names(self, texts: Iterable[bytes]) -> set[str]:
        """What the profiles in these texts are called, whether they can be opened or not."""
        return {self._show(data).name for data in texts if data != BROKEN}

    def _orders(self) -> Iterator[dict[str, Override]]:
        # What is under way when somebody orders something by hand is what was wanted before.
        for orders in (self.disk.orders, self.disk.orders_before):
            yield {one.path: one for one in orders}

    def check_accepted(self, name: str, kept: Kept | None) -> None:
        """Note when a controller lets go of a target for good without a proof."""
        if self._alive(name):
            after = self._show(kept.data) if kept else None
            self.check_lost(name, self._alive(name) - (self._wanted(after) if after else frozenset()))
            self._proved[name] = after
        if kept:
            # Whose file it was before has none any more.
            self._place = {one: file for one, file in self._place.items() if file != kept.file}
            self._place[name] = kept.file

    def _alive(self, name: str) -> frozenset[str]:
        runner = self.alive.get(name)
        return targets_on_air(runner.profile) if runner and runner.profile else frozenset()

    def _wanted(self, show: Profile) -> frozenset[str]:
        return frozenset().union(*(targets_on_air(effective(show, orders)) for orders in self._orders()))

    def check_told(self, name: str, wanted: Profile) -> None:
        """Note what is wrong with telling a runner this."""
        shows = [show for show in self.texts if show and show.name == name]
        if not any(effective(show, of) == wanted for show in shows for of in self._orders()):
            self.faults.append(f"{name} was told what no valid file ever said")
        self.check_lost(name, self._alive(name) - targets_on_air(wanted))
        self._proved.pop(name, None)
        mine = addresses(wanted)
        for other, one in self.alive.items():
            if other != name and one.profile and mine & addresses(one.profile):
                self.faults.append(f"{name} and {other} send to the same place with the same key")

    def check_lost(self, name: str, lost: frozenset[str]) -> None:
        """Note when something goes off the air without proof that it is not wanted any more."""
        left = lost - self._by_hand(name)
        if name in self._proved:
            proved = self._proved[name]
            left &= self._wanted(proved) if proved else frozenset()
        if not left or name in self.deleted:
            return
        if not self.proofs.hold(self.loop.time(), lambda files: self._is_off(name, left, files)):
            self.faults.append(f"{name} lost {sorted(left)} without proof")

    def _by_hand(self, name: str) -> frozenset[str]:
        """What somebody stopped, or had started against its file, whatever the files say."""
        shows = [show for show in self.texts if show and show.name == name]
        found = [stopped(show, orders) for show in shows for orders in self._orders()]
        if name in self.disk.orders_ever:
            found += [targets_declared(show) - targets_on_air(show) for show in shows]
        return frozenset().union(*found)

    def _is_off(self, name: str, lost: frozenset[str], files: Files) -> bool:
        """Whether these files say that none of it is wanted."""
        if not files:
            return self.confirmed
        mine = [data for data in files.values() if name in self.names([data])]
        if not mine:
            # A file that does not say its name any more is still whose it was.
            return files.get(self._place.get(name, "")) != BROKEN
        return any(
            self._opens(data) and not lost & targets_on_air(effective(self._show(data), orders))
            for data in mine
            for orders in self._orders()
        )

    def secrets_shown(self) -> list[str]:
        """Where a key is that should be nowhere."""
        said = [text for text in self.heard.texts if "canary" in text]
        decided = [repr(self.controller.decision)] if self.controller else []
        return said + [text for text in decided if "canary" in text]


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
        self._stage.proofs.read(self._stage.loop.time(), files if self._stage.readable else None)
        if not self._stage.readable:
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
            self._stage.platform.follow(runner)
            await asyncio.sleep(0.2)
        return found

    async def end(self, name: str) -> None:
        """End one in order; takes a while."""
        runner = self._stage.alive.get(name)
        if runner is not None:
            if runner.profile is not None:
                self._stage.check_lost(name, targets_on_air(runner.profile))
            await asyncio.sleep(0.2)
            self._stage.platform.drop(runner)
            self._stage.alive.pop(name, None)
        self.lost(name)

    def lost(self, name: str) -> None:
        """Notice that one has left."""
        if self._known.pop(name, None) is not None:
            self.on_gone(name)

    def let_go(self) -> None:
        """Nothing is held."""
