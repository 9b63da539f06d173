"""What `start`, `stop` and `down` have in common: orders by hand, and waiting for an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spiritstream.cli.place import PLACE, Place
from spiritstream.errors import ExitCode, PeerError, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.cli.overview import Show
    from spiritstream.control.client import Peer

F = TypeVar("F", bound=Callable[..., Any])
# A show ends within 5 seconds, and all of them at once.
END_S = 30.0
ORDER_S = 60.0
"""What the controller is given to carry out an order: a runner that hangs takes a while to end."""
_LEAVING_S = 1.0


class NotEndedError(SpiritError):
    """Somebody was told to end, and goes on."""

    exit_code = ExitCode.NOT_LIVE


def until_option(command: F) -> F:
    """The option of both."""
    text = "When the order ends by itself: a time of day (18:00), or how long (30m)."
    return click.option("--until", metavar="WHEN", help=text)(command)


def place_or_all(command: F) -> F:
    """One place, or `--all`."""
    command = click.option("--all", "everything", is_flag=True, help="Every show, not one.")(command)
    return click.argument("place", type=PLACE, required=False, metavar="[NAME[/GROUP[/TARGET]]]")(command)


async def order(
    place: Place | None,
    everything: bool,
    one: Callable[[Place], Awaitable[None]],
    among: Callable[[Show], bool],
) -> int:
    """Do `one` for the place, or for every show that is `among` those meant; the first failure's exit code.

    Raises:
        UsageError: there is neither a place nor `--all`, or both.
        SpiritError: it cannot be done for the place.
    """
    if (place is None) is not everything:
        raise UsageError(
            "what is meant is one place, or --all", "name a show: `spiritstream status` lists them"
        )
    if place is not None:
        await one(place)
        return ExitCode.DONE
    from spiritstream.cli.onair import overview

    places = [Place(show.name) for show in (await overview()).shows if among(show)]
    if not places:
        click.echo("There is nothing to do.")
    done = await asyncio.gather(*map(one, places), return_exceptions=True)
    return next(filter(None, map(_failure, places, done)), ExitCode.DONE)


def _failure(place: Place, done: BaseException | None) -> ExitCode:
    """What is said when one of several could not be done."""
    if done is None:
        return ExitCode.DONE
    if not isinstance(done, SpiritError):
        raise done
    click.echo(f"{place}: {done}", err=True)
    return done.exit_code


def moment_of(until: str | None) -> datetime | None:
    """The moment that the option names.

    Raises:
        UsageError: it names none.
    """
    from spiritstream.cli.until import parse_until

    return None if until is None else parse_until(until, datetime.now(UTC))


def say(place: Place, done: str, until: datetime | None, back: str) -> None:
    """Say what holds now, and how it is taken back."""
    from spiritstream.cli.until import shown_moment

    ends = f" until {shown_moment(until, datetime.now(UTC))}" if until else ""
    click.echo(f"{place}: {done} by hand{ends}")
    click.echo(f"  The file says otherwise: `spiritstream {back} {place}` takes it back.", err=True)


async def end(peer: Peer, call: str, who: str) -> object:
    """Tell somebody to end, and wait until it has; what it said to that, if it did.

    Raises:
        SpiritError: it does not, or says why it will not.
    """
    answer: object = None
    try:
        answer = await peer.call(call, within_s=END_S)
    except PeerError:
        # It may be gone before it has answered.
        if not await _has_left(peer, _LEAVING_S):
            raise
    if not await _has_left(peer, END_S):
        message = f"{who} was told to end, and has not within {END_S:g} s"
        raise NotEndedError(message, "`spiritstream status` shows what it does")
    return answer


async def _has_left(peer: Peer, within_s: float) -> bool:
    try:
        await asyncio.wait_for(peer.gone(), within_s)
    except TimeoutError:
        return False
    return True
