"""What the controller remembers across a restart, kept in step with what it decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from spiritstream.config.registry import Known, finder
from spiritstream.config.shelf import Shelf
from spiritstream.control.opening import Opening
from spiritstream.control.override import Override, Overrides, lasting, targets_on_air
from spiritstream.control.reader import Seen, meant_digest
from spiritstream.control.source import COMMON, Entry
from spiritstream.control.state import Kept, State
from spiritstream.control.world import Wanted

log = logging.getLogger("spiritstream.controller")


class Memory:
    """The accepted profiles and the orders by hand, and their copies on disk."""

    def __init__(self, state: State) -> None:
        self.accepted: Mapping[str, Wanted] = {}
        self.overrides: Overrides = {}
        self._refused = ""
        self._state = state
        self._copies: dict[str, str] = {}
        self._unopened: dict[str, Kept] = {}
        self._hopeless: set[str] = set()
        # From reading the orders to having written them: two at once would lose one.
        self._ordering = asyncio.Lock()

    @property
    def problem(self) -> str:
        """What is wrong with the disk, in writing and in reading; empty when nothing is."""
        return "; ".join(filter(None, (self._refused, self.unreadable)))

    @property
    def unreadable(self) -> str:
        """Why the orders by hand are not known, and what to do; empty when they are."""
        return self._state.unreadable

    async def load(self, opening: Opening) -> None:
        """Take up what the last controller left; what does not open yet is tried again by `look`."""
        self.accepted, self.overrides = await asyncio.to_thread(self._load, opening)

    def _load(self, opening: Opening) -> tuple[dict[str, Wanted], Mapping[str, Override]]:
        try:
            self._state.prepare()
        except OSError as error:
            self._failed(error)
        try:
            kept, overrides = self._state.load()
        except OSError as error:
            self._failed(error)
            return {}, {}
        if self._state.unreadable:
            log.error("%s", self._state.unreadable)
        self._unopened = {one.name: one for one in kept}
        return self._open(opening, quiet=False), overrides

    async def look(self, opening: Opening) -> None:
        """Try again what was not to be had: copies that did not open, orders that could not be read."""
        if self._unopened:
            found = await asyncio.to_thread(self._open, opening, quiet=True)
            self.accepted = {**found, **self.accepted}
        if self.unreadable:
            async with self._ordering:
                if self.unreadable:
                    self.overrides = await asyncio.to_thread(self._state.load_overrides)

    def _open(self, opening: Opening, *, quiet: bool) -> dict[str, Wanted]:
        """The copies that open by now. One that never will stays on disk, and is not tried again."""
        found = {}
        for one in list(self._unopened.values()):
            entry = Entry(one.file, one.data, one.folder)
            common = None if one.common is None else Entry(COMMON, one.common, one.folder)
            opened = opening(
                entry, common, finder() if one.platforms is None else Known(Shelf(one.platforms))
            )
            digest = meant_digest(entry, common, opened.platforms.values())
            if opened.profile is not None and opened.name == one.name:
                self._copies[one.name] = _mark(one.file, digest)
                found[one.name] = Wanted(
                    one.name, one.file, digest, opened.profile, (), one.revision, opened.warnings
                )
            elif not quiet:
                why = "; ".join(opened.findings)
                log.error("the last good copy of '%s' does not open: %s", one.name, why)
            if opened.profile is not None or opened.lasting:
                del self._unopened[one.name]
            if opened.profile is None and opened.lasting:
                self._hopeless.add(one.name)
        return found

    async def keep(self, accepted: Mapping[str, Wanted], seen: Seen) -> None:
        """Accept these, and put copies of those on disk that are to be on air after a reboot, too."""
        self.accepted = accepted
        ordered = {one.profile for one in self.overrides.values()}
        worth = {
            name: wanted
            for name, wanted in accepted.items()
            if name in ordered or (wanted.profile is not None and targets_on_air(wanted.profile))
        }
        new = {
            name: copy
            for name, wanted in worth.items()
            if self._copies.get(name) != _mark(wanted.file, wanted.digest)
            and (copy := _copy(wanted, seen)) is not None
        }
        for name in accepted.keys() & (self._unopened.keys() | self._hopeless):
            # Its file is good again: the copy has served its time.
            self._unopened.pop(name, None)
            self._hopeless.discard(name)
            self._copies.setdefault(name, "")
        gone = self._copies.keys() - worth.keys()
        if self.unreadable:
            gone = set()  # an order by hand may want one of them
        if new or gone:
            await asyncio.to_thread(self._write, new, accepted, frozenset(gone))

    def _write(self, new: Mapping[str, Kept], accepted: Mapping[str, Wanted], gone: frozenset[str]) -> None:
        try:
            for name, copy in new.items():
                self._state.keep(copy)
                self._copies[name] = _mark(copy.file, accepted[name].digest)
            for name in gone:
                self._state.forget(name)
                del self._copies[name]
            self._refused = ""
        except OSError as error:
            self._failed(error)

    def text_of(self, wanted: Wanted, seen: Seen) -> bytes | None:
        """The bytes that `wanted` was opened from; `None` when they are not at hand. Waits for the disk."""
        copy = _copy(wanted, seen) or self._state.copy(wanted.name)
        return copy.data if copy and _digest(copy) == wanted.digest else None

    async def order(self, change: Callable[[Overrides], Overrides]) -> None:
        """Let the orders by hand be what `change` makes of them; one after the other.

        Raises:
            OSError: they cannot be kept, and are not taken over: an order shall never be lost by a reboot.
        """
        async with self._ordering:
            overrides = change(self.overrides)
            await asyncio.to_thread(self._state.keep_overrides, list(overrides.values()))
            self.overrides = overrides

    async def expire(self, now: float) -> frozenset[str]:
        """Let go of the orders that have run out; `now` in Unix seconds. Their paths."""
        if len(lasting(self.overrides, now)) == len(self.overrides):
            return frozenset()
        async with self._ordering:
            left = lasting(self.overrides, now)
            over = frozenset(self.overrides.keys() - left.keys())
            try:
                await asyncio.to_thread(self._state.keep_overrides, list(left.values()))
            except OSError as error:
                # They have run out all the same; a later controller finds that, too.
                log.warning("orders that ran out stay on disk: %s", error.strerror or type(error).__name__)
            self.overrides = left
            return over

    def _failed(self, error: OSError) -> None:
        self._refused = f"{self._state.folder} cannot be written: {error.strerror or type(error).__name__}"
        log.error("%s; what is on air goes on, and would be forgotten by a reboot", self._refused)


def _mark(file: str, digest: str) -> str:
    return f"{digest} {file}"


def _copy(wanted: Wanted, seen: Seen) -> Kept | None:
    """The bytes that `wanted` was opened from; `None` when they are not at hand, as of one kept before."""
    entry, common = seen.entries.get(wanted.file), seen.common
    used = seen.used.get(wanted.file, {})
    states = map(seen.known.state, used.values())
    if entry is None or meant_digest(entry, common, states) != wanted.digest:
        return None
    return Kept(
        wanted.name,
        wanted.file,
        entry.folder,
        wanted.revision,
        entry.data,
        common.data if common else None,
        used,
    )


def _digest(copy: Kept) -> str:
    common = None if copy.common is None else Entry(COMMON, copy.common, copy.folder)
    own = copy.platforms or {}
    states = map(Known(Shelf(own)).state, own.values())
    return meant_digest(Entry(copy.file, copy.data, copy.folder), common, states)
