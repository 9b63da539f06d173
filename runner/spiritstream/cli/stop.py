"""`spiritstream stop`: takes a show, a group or a target off the air, by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from spiritstream.cli.byhand import ORDER_S, end, moment_of, order, place_or_all, say, until_option
from spiritstream.cli.place import Place
from spiritstream.errors import UsageError
from spiritstream.model.lifecycle import Order


@click.command("stop", short_help="Take a show, a group or a target off the air, by hand.")
@place_or_all
@until_option
def command(place: Place | None, everything: bool, until: str | None) -> int:
    """Take a show, a group or a target off the air, whatever its file says; `start` takes that back.

    `status` shows it as drift until then. To stop it for good, write `enabled: false` into its file.
    Without a controller, a whole show is ended: the `spiritstream run` of that name.
    --all stops every show that is to be live; the controller stays.
    """
    moment = moment_of(until)
    return asyncio.run(
        order(
            place,
            everything,
            lambda one: _stop(one, moment),
            lambda show: show.on_air or show.order is Order.LIVE,
        )
    )


async def _stop(place: Place, until: datetime | None) -> None:
    from spiritstream.cli.onair import controller, is_foreground

    async with controller() as peer:
        if peer is not None and not await is_foreground(place.name):
            moment = until.timestamp() if until else None
            await peer.call("stop", within_s=ORDER_S, path=str(place), until=moment)
            say(place, "stopped", until, "start")
            return
    await _end(place, until)


async def _end(place: Place, until: datetime | None) -> None:
    """End a runner in the foreground.

    Raises:
        UsageError: only a part of it is meant, or only for a while: that is the controller's work.
    """
    from spiritstream.cli.onair import runner

    async with runner(place.name) as peer:
        if until is not None:
            raise UsageError(
                f"'{place.name}' is shown by `spiritstream run`: nobody would start it again",
                "stop it without --until, or let a controller keep it: `spiritstream apply FILE`",
            )
        if place.inside:
            raise UsageError(
                f"'{place.name}' is shown by `spiritstream run`: a part of it is stopped in its file",
                "write `enabled: false` there; `run --watch` or SIGHUP applies it; "
                "or let a controller keep it: `spiritstream apply FILE`",
            )
        await end(peer, "stop", f"'{place.name}'")
    click.echo(f"{place}: ended")
