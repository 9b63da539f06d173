"""The controller's unix socket: what may be asked of it, and told. Only its owner may connect."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from spiritstream import __version__
from spiritstream.calls import Call, answering
from spiritstream.config.load import check_data
from spiritstream.control.controller import Controller
from spiritstream.control.fleet import LOOK_S, Hands
from spiritstream.control.opening import inherited_from
from spiritstream.control.override import (
    Override,
    Overrides,
    checked_path,
    effective,
    taken_back,
    targets_on_air,
    with_order,
)
from spiritstream.control.planning import plan
from spiritstream.control.putting import put_file, remove_file
from spiritstream.control.report import Report, override_data
from spiritstream.control.texts import texts
from spiritstream.control.undone import NotDoneError, silent, undone
from spiritstream.control.world import named
from spiritstream.errors import BusyError, ExitCode, PeerError, ProfileError, SpiritError, UsageError
from spiritstream.model.lifecycle import Order
from spiritstream.wire import PROTOCOL


class RefusedError(SpiritError):
    """It could be done, and is refused to be safe."""

    exit_code = ExitCode.GUARDED


def serve(
    controller: Controller, hands: Hands, path: Path, folder: Path | None
) -> AbstractAsyncContextManager[None]:
    """Answer on the socket at `path`; `folder` is where profiles can be put, `None` when they come from git.

    Raises:
        BusyError: another controller answers there.
        UsageError: the path cannot be a socket.
    """
    calls = _Calls(controller, hands, folder, path.parent)
    busy = BusyError(f"a controller runs already ({path})", "`spiritstream status` shows it")
    return answering(path, "controller", calls.hello, calls.known, busy)


class _Calls:
    """What may be asked of a controller."""

    def __init__(self, controller: Controller, hands: Hands, folder: Path | None, sockets: Path) -> None:
        """`sockets` is the folder where the runners' are."""
        self._sockets = sockets
        self._controller = controller
        self._hands = hands
        self._folder = folder
        self._report = Report(controller, hands, folder)
        knowing: dict[str, Call] = {
            "status": self._status,
            "confirm": self._confirm,
            "plan": self._plan,
            "texts": self._texts,
            "put": self._put,
            "delete": self._delete,
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
        }
        self.known: dict[str, Call] = {
            **{name: self._once_ready(call) for name, call in knowing.items()},
            "look": self._look,
            "down": self._down,
        }

    def _once_ready(self, call: Call) -> Call:
        """A call that comes before anything was read waits: it would be told that there is nothing."""

        async def waiting(args: dict[str, Any]) -> Any:
            await self._controller.ready.wait()
            return await call(args)

        return waiting

    def hello(self) -> dict[str, Any]:
        """Who answers here."""
        return {
            "hello": "controller",
            "protocol": PROTOCOL,
            "version": __version__,
            "pid": os.getpid(),
            "source": self._controller.source.where,
        }

    async def _status(self, args: dict[str, Any]) -> Any:
        return await self._report.status(_names(args))

    async def _look(self, args: dict[str, Any]) -> Any:
        """`{confirm?, anew?}`: read the source now; answered when that is acted on."""
        self._controller.look(anew=args.get("anew") is True)
        return await self._acted(args.get("confirm") is True)

    async def _confirm(self, args: dict[str, Any]) -> Any:
        """What was read last is meant."""
        await self._controller.confirm()
        return await self._acted(False)

    async def _acted(self, confirm: bool) -> dict[str, Any]:
        decision = await self._controller.settled()
        if decision.guarded and confirm:
            decision = await self._controller.confirm()
        return {"held": dict(decision.held), "guarded": decision.guarded}

    async def _plan(self, args: dict[str, Any]) -> Any:
        """`{files?: {file: text or null}}`: what would be done if these files were so."""
        files = args.get("files") or {}
        if not isinstance(files, Mapping):
            raise UsageError("files is no mapping of places to texts")
        texts = {str(file): None if text is None else str(text) for file, text in files.items()}
        return await plan(self._controller, self._folder, texts)

    async def _texts(self, args: dict[str, Any]) -> Any:
        """`{names?}`: profiles as text, as applied and as written; without their secrets."""
        return await texts(self._controller, _names(args))

    async def _put(self, args: dict[str, Any]) -> Any:
        """`{file, data, confirm?}`: let a file of the folder have this text; it must be valid."""
        folder, file, data = self._own_folder(), str(args.get("file")), str(args.get("data")).encode()
        now = self._controller.reader.now
        common, known = inherited_from(now.common), now.known
        checked = await asyncio.to_thread(
            check_data, data, file, (folder / file).parent, common=common, platforms=known
        )
        if checked.findings:
            raise ProfileError(checked.findings)
        await asyncio.to_thread(put_file, folder, file, data)
        self._controller.look()
        return {"name": checked.name, **await self._acted(args.get("confirm") is True)}

    async def _delete(self, args: dict[str, Any]) -> Any:
        """`{name, confirm?}`: remove a profile's file from the folder."""
        folder, name = self._own_folder(), str(args.get("name"))
        files = named(self._controller.reader.now.view, self._controller.memory.accepted).get(name, [])
        if len(files) != 1:
            message = f"'{name[:80]}' has {'several files' if files else 'no file'} in {folder}"
            raise UsageError(message, "`spiritstream status` shows the profiles and their files")
        with self._controller.deleting(name):
            await asyncio.to_thread(remove_file, folder, files[0].file)
            self._controller.look()
            return {"file": files[0].file, **await self._acted(args.get("confirm") is True)}

    def _own_folder(self) -> Path:
        if self._folder is None:
            raise RefusedError(
                f"the profiles come from git ({self._controller.source.where})", "commit and push there"
            )
        return self._folder

    async def _start(self, args: dict[str, Any]) -> Any:
        """As `stop`; `{path, back: true}`: only take back what was stopped there, nothing is ordered."""
        if args.get("back") is not True:
            return await self._order(args, Order.LIVE)
        path = checked_path(str(args.get("path")))
        await self._carried_out(path.partition("/")[0], lambda before: taken_back(before, path))
        return {"override": None}

    async def _stop(self, args: dict[str, Any]) -> Any:
        return await self._order(args, Order.STOPPED)

    async def _order(self, args: dict[str, Any], order: Order) -> Any:
        """`{path, until?}`: an order by hand, kept until it is taken back or its time is over."""
        path = checked_path(str(args.get("path")))
        self._must_exist(path)
        until = args.get("until")
        new = Override(path, order, self._controller.wall(), float(until) if until is not None else None)
        if new.until is not None and new.until <= new.since:
            raise UsageError("the order would have ended already", "give a time to come")
        kept: list[Override] = []

        def change(before: Overrides) -> Overrides:
            orders = with_order(before, new)
            if order is Order.LIVE and new.until is None and self._is_idle(new, orders):
                del orders[path]
            kept.extend(orders[one] for one in (path,) if one in orders)
            return orders

        await self._carried_out(new.profile, change)
        return {"override": override_data(kept[0]) if kept else None}

    async def _carried_out(self, name: str, change: Callable[[Overrides], Overrides]) -> None:
        """Give an order, and wait until it is carried out.

        Raises:
            NotDoneError: the order holds, and is not carried out yet.
        """
        controller = self._controller
        try:
            await controller.order(change, name)
            if name in await silent(self._hands, self._sockets):
                if self._is_wanted(name):
                    why = "its runner does not answer; the order holds as soon as it does; "
                    raise NotDoneError(name, f"{why}`spiritstream restart {name}` replaces it")
                controller.fleet.again(name)
            controller.wake()
            await controller.settled(name=name)
        except PeerError as error:
            raise NotDoneError(name, f"the order is kept, and not carried out yet: {error.message}") from None
        if why := undone(controller, name):
            raise NotDoneError(name, f"the order is kept, and not carried out yet: {why}")

    def _is_wanted(self, name: str) -> bool:
        expected = self._controller.expected().get(name)
        return expected is not None and bool(targets_on_air(expected))

    def _is_idle(self, new: Override, orders: dict[str, Override]) -> bool:
        """Whether an order changes nothing: it only took others back."""
        accepted = self._controller.memory.accepted.get(new.profile)
        if accepted is None or accepted.profile is None:
            return False
        wanted = accepted.profile
        others = {path: one for path, one in orders.items() if path != new.path}
        return targets_on_air(effective(wanted, orders)) == targets_on_air(effective(wanted, others))

    def _must_exist(self, path: str) -> None:
        name, *inside = path.split("/")
        wanted = self._controller.memory.accepted.get(name)
        profile = wanted.profile if wanted else None
        if profile is None:
            there = ", ".join(sorted(self._controller.memory.accepted)[:8])
            raise UsageError(f"there is no profile '{name[:80]}'", f"there is: {there}" if there else "")
        places = [[group.name] for group in profile.groups]
        places += [[group.name, target.name] for group in profile.groups for target in group.targets]
        if inside and inside not in places:
            named_ = ", ".join("/".join((name, *place)) for place in places)
            raise UsageError(f"there is no '{path[:80]}'", f"there is: {named_}")

    async def _restart(self, args: dict[str, Any]) -> Any:
        """`{path}`: a whole profile's runner anew, or one unit of it."""
        path = checked_path(str(args.get("path")))
        name, *inside = path.split("/")
        info = self._hands.known().get(name)
        if info is None and (inside or name not in await silent(self._hands, self._sockets)):
            raise UsageError(f"nothing called '{name[:80]}' is on air", "`spiritstream status` shows what is")
        if inside:
            unit = "input" if inside == ["input"] else ".targets.".join(("groups." + inside[0], *inside[1:]))
            await self._hands.call(name, "restart", within_s=LOOK_S, path=unit)
        elif info is not None and not info.managed:
            raise RefusedError(f"'{name}' is not ours: {info.foreign}", "end it there")
        else:
            await self._again(name)
        return {}

    async def _again(self, name: str) -> None:
        controller = self._controller
        controller.fleet.again(name)
        controller.wake()
        await controller.settled(name=name)
        if trouble := controller.fleet.troubles.get(name):
            raise NotDoneError(name, trouble.text)

    async def _down(self, args: dict[str, Any]) -> Any:
        """End every show, and the controller. Answers with the names of those whose runners are silent."""
        left = await silent(self._hands, self._sockets)
        # The loop ends them: as long as it runs it would start them again.
        self._controller.fleet.silent = left
        self._controller.end(down=True)
        return {"silent": sorted(left)}


def _names(args: dict[str, Any]) -> list[str] | None:
    names = args.get("names")
    return [str(name) for name in names] if isinstance(names, list) else None
