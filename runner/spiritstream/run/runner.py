"""The runner: holds the units of one profile and makes them what the profile says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace

from spiritstream import __version__
from spiritstream.errors import BusyError, UsageError
from spiritstream.media.hub import Hub
from spiritstream.model.changes import Action, Change, Scope, changes, root_of, scope_of, units
from spiritstream.model.profile import Group, Profile, Target
from spiritstream.model.status import Status
from spiritstream.run.addressed import AddressedUnit
from spiritstream.run.carriage import needs
from spiritstream.run.group import EncodingGroup, GroupUnit, PassthroughGroup
from spiritstream.run.input import make_input
from spiritstream.run.inspecting import Inspector
from spiritstream.run.native import NativeTarget, carries
from spiritstream.run.servers import Servers
from spiritstream.run.target import TargetUnit
from spiritstream.run.unit import Tools, Unit, log
from spiritstream.secret import Secret

# Encoders get so long to hand over their last frames before the senders are told to end.
_FLUSH_S = 1.0


class Runner:
    """One show. `apply` a profile, ask for `status`, `stop` it; all of it from one event loop."""

    def __init__(self, tools: Tools, *, start_ms: int = 0) -> None:
        """`start_ms` is where the show's clock begins."""
        self.tools = tools
        self.profile: Profile | None = None
        self.error = ""
        self._hub = Hub(tools.clock, start_ms)
        self._servers = Servers(tools.cache, clock=tools.clock, wall=tools.wall)
        self._units: dict[str, Unit] = {}
        self._inspector = Inspector(tools, self._units)
        self._inspecting: asyncio.Task[None] | None = None
        self._applying = asyncio.Lock()
        self._started = tools.wall()
        self._ended = asyncio.Event()
        self._stopping = False

    def plan(self, wanted: Profile) -> tuple[Change, ...]:
        """What `apply` would do, and which processes it would end. Changes nothing."""
        return tuple(
            replace(change, pids=tuple(self._units[change.path].pids()))
            if change.path in self._units and change.action is not Action.UPDATE
            else change
            for change in changes(self.profile, wanted)
        )

    async def apply(self, wanted: Profile) -> tuple[Change, ...]:
        """Make what runs what is wanted; nothing that stays the same loses a byte.

        Raises:
            UsageError: the profile is another show's: a runner keeps its name.
            BusyError: the show is being ended, or has been.
        """
        async with self._applying:
            if self._stopping:
                raise BusyError("the show is ending", "start it anew when it has ended")
            planned = self.plan(wanted)
            if any(change.scope is Scope.RUNNER for change in planned):
                raise UsageError(
                    "the profile's name changed, and a runner keeps its name",
                    "start it anew under the new name",
                )
            self.profile = wanted
            self.tools = replace(self.tools, show=wanted.name)
            for change in planned:
                log.info("%s", change, extra={"path": change.path})
            self._inspect(wanted)
            await self._carry_out(planned, wanted)
            self._learn(wanted)
            return planned

    def _learn(self, wanted: Profile) -> None:
        """Tell the targets that stay what is known of their platforms by now."""
        for path, told in units(wanted).items():
            unit = self._units.get(path)
            if isinstance(told, Target) and isinstance(unit, AddressedUnit) and unit.target is not told:
                unit.learn(told)

    def _inspect(self, wanted: Profile) -> None:
        """Look at what arrives from now on, once there is a platform's word to hold it against."""
        if self._inspecting is None and any(target.limits for _, target in wanted.on_air()):
            looking = self._inspector.keep_looking(lambda: self.profile)
            self._inspecting = asyncio.create_task(looking, name="inspecting")

    async def _carry_out(self, planned: Iterable[Change], wanted: Profile) -> None:
        leaving = {c.path for c in planned if c.action in (Action.STOP, Action.RESTART)}
        arriving = {c.path for c in planned if c.action in (Action.START, Action.RESTART)}
        wanted_units = units(wanted)
        roots = {root_of(path) for path in leaving | arriving}
        # Groups, and the input, do not wait for each other; inside a group order matters only when
        # the group itself comes or goes.
        await asyncio.gather(
            *(self._change_root(root, leaving, arriving, wanted_units, wanted) for root in sorted(roots))
        )

    async def _change_root(
        self,
        root: str,
        leaving: set[str],
        arriving: set[str],
        wanted_units: Mapping[str, object],
        wanted: Profile,
    ) -> None:
        mine = [p for p in wanted_units if p in arriving and p.startswith(f"{root}.")]
        gone = [p for p in leaving if p.startswith(f"{root}.")]
        if root in leaving:
            await self._end(root, *gone)
            gone = []
        if root in arriving:
            self._begin(root, wanted_units[root], wanted)
        await asyncio.gather(
            *(self._replace(path, path in gone, wanted_units.get(path), wanted) for path in {*mine, *gone})
        )

    async def _replace(self, path: str, leaves: bool, arrives: object, wanted: Profile) -> None:
        if leaves:
            await self._end(path)
        if arrives is not None:
            self._begin(path, arrives, wanted)

    async def _end(self, *paths: str) -> None:
        await asyncio.gather(*(self._units[path].stop() for path in paths if path in self._units))
        for path in paths:
            self._units.pop(path, None)

    def _begin(self, path: str, wanted: object, profile: Profile) -> None:
        unit = self._make(path, wanted, profile)
        self._units[path] = unit
        unit.start()
        if path == "input":
            assert unit.done is not None
            unit.done.add_done_callback(lambda _: self._input_done(unit))

    def _make(self, path: str, wanted: object, profile: Profile) -> Unit:
        if isinstance(wanted, Group):
            kind = PassthroughGroup if wanted.passthrough else EncodingGroup
            return kind(path, wanted, self._hub, self.tools)
        if isinstance(wanted, Target):
            group = self._units[root_of(path)]
            assert isinstance(group, GroupUnit)
            make = NativeTarget if carries(wanted) else TargetUnit
            return make(path, wanted, group.group, group.hub, self.tools, self._servers)
        return make_input(
            profile.input, self._hub, lambda: needs(self.profile or profile), self.tools, profile=profile.name
        )

    def _input_done(self, unit: Unit) -> None:
        """An input that ends for good, a playlist without a loop, ends the show."""
        if self._units.get("input") is unit and unit.finished:
            self._ended.set()

    async def ended(self) -> None:
        """Wait until the show has ended by itself."""
        await self._ended.wait()

    def restart(self, path: str) -> None:
        """Start one unit's child anew, at once. `path` may leave out `groups.` and `targets.`.

        Raises:
            UsageError: there is no such unit.
        """
        self._units[self._find(path)].again()

    def _find(self, path: str) -> str:
        # By position, not by word: a group may be called `targets`, and a target `input`.
        names = {unit.path: tuple(unit.path.split(".")[1::2]) or (unit.path,) for unit in self._in_order()}
        asked = path.strip("/").replace("/", ".")
        if asked in names:
            return asked
        parts = tuple(asked.split("."))
        exact = [full for full, name in names.items() if name == parts]
        matches = exact or [full for full, name in names.items() if name[-1:] == parts]
        if len(matches) != 1:
            raise UsageError(
                f"there is no unit '{path[:80]}' on air" if not matches else f"'{path[:80]}' is not unique",
                f"one of: {', '.join('/'.join(name) for name in names.values())}",
            )
        return matches[0]

    def learnt(self) -> Iterable[Secret]:
        """Secrets that no profile holds: platforms gave them, for a key."""
        return self._servers.learnt()

    def status(self) -> Status:
        """What is going on, as values; no secret in them."""
        return Status(
            profile=self.profile.name if self.profile else "",
            pid=os.getpid(),
            version=__version__,
            started=self._started,
            ffmpeg=f"{self.tools.ffmpeg.path} {self.tools.ffmpeg.version_text}",
            units=tuple(
                replace(unit.status(), warnings=self._inspector.warnings(unit.path))
                for unit in self._in_order()
            ),
            error=self.error,
        )

    def _in_order(self) -> list[Unit]:
        wanted = list(units(self.profile))
        return sorted(
            self._units.values(), key=lambda u: wanted.index(u.path) if u.path in wanted else len(wanted)
        )

    async def stop(self) -> None:
        """End the show for good: input and encoders first, so that senders can carry their last frames."""
        self._stopping = True
        async with self._applying:
            if self._inspecting is not None:
                self._inspecting.cancel()
                await asyncio.wait({self._inspecting})
            first = [self._stop_unit(p) for p in self._units if scope_of(p) is not Scope.TARGET]
            if first:
                await asyncio.wait(first, timeout=_FLUSH_S)
            rest = [self._stop_unit(p) for p in self._units if scope_of(p) is Scope.TARGET]
            await asyncio.gather(*first, *rest)
            self._units.clear()

    def _stop_unit(self, path: str) -> asyncio.Task[None]:
        stopping: Coroutine[None, None, None] = self._units[path].stop()
        return asyncio.create_task(stopping)
