"""Asking what is on air: the controller, if one answers, and every runner that is none of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from spiritstream.cli.overview import Overview, Show, named, read_overview, with_runners
from spiritstream.cli.places import controller_socket, runtime_folder, socket_for
from spiritstream.control.client import AbsentError, Peer, connect
from spiritstream.errors import PeerError, SpiritError, UsageError
from spiritstream.model.status import Status
from spiritstream.wire import from_data

if TYPE_CHECKING:
    from spiritstream.cli.place import Place

# What a runner needs to answer when the machine is busy.
_ANSWER_S = 10.0
# The controller's and the listeners' sockets stand in the same folder; no profile's name begins so.
_OTHERS = "_"
_LEFT = (
    "no controller runs: the show goes on as it is, and no edit or command reaches it; "
    "`spiritstream serve`, or `apply`, takes it over again"
)


@contextlib.asynccontextmanager
async def controller() -> AsyncIterator[Peer | None]:
    """A conversation with the controller; `None` where none runs.

    Raises:
        PeerError: it does not answer, or is not ours.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            peer = await stack.enter_async_context(connect(controller_socket()))
        except AbsentError:
            peer = None
        yield peer


@contextlib.asynccontextmanager
async def runner(name: str) -> AsyncIterator[Peer]:
    """A conversation with the runner of a profile.

    Raises:
        UsageError: it has none.
        PeerError: it does not answer.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            peer = await stack.enter_async_context(connect(socket_for(name)))
        except AbsentError:
            not_on_air(name, runner_names())
        yield peer


async def overview(name: str | None = None) -> Overview:
    """Everything there is; with a `name`, only that profile.

    Raises:
        PeerError: the controller does not answer.
    """
    async with controller() as peer:
        if peer is not None:
            data = await peer.call("status", names=[name] if name else None)
            found = read_overview(peer.hello, data, time.time())
        else:
            found = Overview(time.time())
    found = with_runners(found, await _ask_runners(found, [name] if name else runner_names()))
    return named(found, name) if name else found


async def _ask_runners(found: Overview, names: Iterable[str]) -> list[Show]:
    """The runners that the controller says nothing of: those in the foreground."""
    told = {show.name for show in found.shows if show.runner is not None}
    kept = found.controller is not None
    asked = await asyncio.gather(*(ask_runner(name, kept=kept) for name in names if name not in told))
    return [show for show in asked if show is not None]


async def is_foreground(name: str) -> bool:
    """Whether somebody shows it with `spiritstream run`: then its runner is not the controller's."""
    try:
        async with connect(socket_for(name)) as peer:
            return peer.hello.get("hello") == "runner" and peer.hello.get("managed") is not True
    except PeerError:
        return False


async def ask_runner(name: str, *, kept: bool = True) -> Show | None:
    """What one runner says; `None` where none listens. `kept`: there is a controller to keep it."""
    try:
        async with connect(socket_for(name)) as peer:
            left = not kept and peer.hello.get("managed") is True
            status = from_data(Status, await peer.call("status", within_s=_ANSWER_S))
            return Show(name, runner=status, problem=_LEFT if left else "")
    except AbsentError:
        return None
    except SpiritError as error:
        return Show(name, problem=error.message)


def runner_names() -> list[str]:
    """The profiles that have a runner's socket, which may be one that was left behind."""
    names = (path.stem for path in _sockets(runtime_folder()))
    return sorted(name for name in names if not name.startswith(_OTHERS))


def _sockets(folder: Path) -> Iterable[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".sock"]
    except OSError:
        return []


def not_on_air(name: str, known: Iterable[str]) -> NoReturn:
    """Say that there is no such profile, and which there are.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"nothing called '{name}' is on air", _instead(name, sorted(known)))


def unknown(name: str, found: Overview) -> NoReturn:
    """As `not_on_air`, with all that the controller knows.

    Raises:
        UsageError: always.
    """
    names = [show.name for show in found.shows]
    if found.controller is None:
        not_on_air(name, names)
    message = f"the controller has no profile called '{name}'"
    raise UsageError(message, _instead(name, names))


def _instead(name: str, known: list[str]) -> str:
    import difflib

    if not known:
        return "nothing is: `spiritstream apply FILE` puts a profile on air"
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there is: {_some(known)}"


def _some(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def no_unit(place: Place, status: Status) -> NoReturn:
    """Say that nothing stands at `place`.

    Raises:
        UsageError: always.
    """
    from spiritstream.cli.place import shown_path

    there = [shown_path(place.name, unit.path) for unit in status.units]
    raise UsageError(f"there is no '{place}' on air", f"there is: {_some(there)}" if there else "nothing is")
