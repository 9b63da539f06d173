"""The pretend parts of a stage that know nothing of it: a disk, a platform, a loop, an ear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spiritstream.control.override import Override, effective, targets_declared, targets_on_air
from spiritstream.control.state import Kept, State
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Address, Profile
from tests.virtualtime import VirtualLoop


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

    def __init__(self, accepted: Callable[[str, Kept | None], None]) -> None:
        super().__init__(Path("/nowhere"))
        self._accepted = accepted
        self.orders_ever: set[str] = set()
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
        self._accepted(kept.name, kept)
        self.copies[kept.name] = kept

    def forget(self, name: str) -> None:
        """Forget."""
        self._accepted(name, None)
        self.copies.pop(name, None)

    def keep_overrides(self, overrides: Any) -> None:
        """Remember."""
        self.orders_before, self.orders = self.orders, list(overrides)
        self.orders_ever.update(one.profile for one in self.orders if one.order is Order.LIVE)


@dataclass
class PretendRunner:
    """A process: what it carries out."""

    pid: int
    profile: Profile | None = None


class Platform:
    """Where the runners send: which of them is connected, by address and key."""

    def __init__(self, faults: list[str]) -> None:
        self.senders: dict[Address, PretendRunner] = {}
        self._faults = faults

    def follow(self, runner: PretendRunner) -> None:
        """A runner's senders come and go with what it carries out."""
        wanted = addresses(runner.profile) if runner.profile else set()
        self.drop(runner, but=wanted)
        for address in wanted:
            if self.senders.get(address, runner) is not runner:
                self._faults.append("two senders at once for one target")
            self.senders[address] = runner

    def drop(self, runner: PretendRunner, but: set[Address] | None = None) -> None:
        """Its senders are gone."""
        for address, one in list(self.senders.items()):
            if one is runner and address not in (but or ()):
                del self.senders[address]


def addresses(show: Profile) -> set[Address]:
    """Where a show sends."""
    return {target.address for _, target in show.on_air() if target.address is not None}


class Heard(logging.Handler):
    """Everything that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.texts.append(self.format(record))


def stopped(show: Profile, orders: dict[str, Override]) -> frozenset[str]:
    """The targets of a show that are stopped by hand, whatever its file says."""
    groups = tuple(
        replace(group, enabled=True, targets=tuple(replace(one, enabled=True) for one in group.targets))
        for group in show.groups
    )
    everything = replace(show, enabled=True, groups=groups)
    return targets_declared(show) - targets_on_air(effective(everything, orders))
