"""`spiritstream stop`: takes a show, a group or a target off the air, by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from spiritstream.cli.byhand import end, moment_of, say, until_option
from spiritstream.cli.place import PLACE, Place
from spiritstream.errors import ExitCode, UsageError


@click.command("stop", short_help="Take a show, a group or a target off the air, by hand.")
@click.argument("place", type=PLACE, metavar="NAME[/GROUP[/TARGET]]")
@until_option
def command(place: Place, until: str | None) -> int:
    """Take a show, a group or a target off the air, whatever its file says; `start` takes that back.

    `status` shows it as drift until then. To stop it for good, write `enabled: false` into its file.
    Without a controller, a whole show is ended: the `spiritstream run` of that name.
    """
    return asyncio.run(_stop(place, moment_of(until)))


async def _stop(place: Place, until: datetime | None) -> int:
    from spiritstream.cli.onair import controller, is_foreground

    async with controller() as peer:
        if peer is not None and not await is_foreground(place.name):
            await peer.call("stop", path=str(place), until=until.timestamp() if until else None)
            say(place, "stopped", until, "start")
            return ExitCode.DONE
    await _end(place, until)
    return ExitCode.DONE


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
