"""What `start`, `stop` and `down` have in common: orders by hand, and waiting for an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spiritstream.errors import PeerError, SpiritError

if TYPE_CHECKING:
    from spiritstream.cli.place import Place
    from spiritstream.control.client import Peer

F = TypeVar("F", bound=Callable[..., Any])
# A show ends within 5 seconds, and all of them at once.
END_S = 30.0
_LEAVING_S = 1.0


def until_option(command: F) -> F:
    """The option of both."""
    text = "When the order ends by itself: a time of day (18:00), or how long (30m)."
    return click.option("--until", metavar="WHEN", help=text)(command)


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


async def end(peer: Peer, call: str, who: str) -> None:
    """Tell somebody to end, and wait until it has.

    Raises:
        SpiritError: it does not, or says why it will not.
    """
    try:
        await peer.call(call, within_s=END_S)
    except PeerError:
        # It may be gone before it has answered.
        if not await _has_left(peer, _LEAVING_S):
            raise
    if not await _has_left(peer, END_S):
        message = f"{who} was told to end, and has not within {END_S:g} s"
        raise SpiritError(message, "`spiritstream status` shows what it does")


async def _has_left(peer: Peer, within_s: float) -> bool:
    try:
        await asyncio.wait_for(peer.gone(), within_s)
    except TimeoutError:
        return False
    return True
