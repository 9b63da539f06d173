"""`spiritstream start`: puts a show, a group or a target on air, by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from spiritstream.cli.byhand import moment_of, say, until_option
from spiritstream.cli.place import PLACE, Place
from spiritstream.errors import ExitCode, UsageError


@click.command("start", short_help="Put a show, a group or a target on air, by hand.")
@click.argument("place", type=PLACE, metavar="NAME[/GROUP[/TARGET]]")
@until_option
def command(place: Place, until: str | None) -> int:
    """Put a show, a group or a target on air that was stopped by hand, or that its file has disabled.

    Where the file itself orders it, only `stop` is taken back; else `status` shows it as drift.
    """
    return asyncio.run(_start(place, moment_of(until)))


async def _start(place: Place, until: datetime | None) -> int:
    from spiritstream.cli.onair import controller

    async with controller() as peer:
        if peer is None:
            raise UsageError(
                "no controller runs, so there is nobody who knows it",
                "`spiritstream apply FILE` starts one; or show it in the foreground: `spiritstream run FILE`",
            )
        answer = await peer.call("start", path=str(place), until=until.timestamp() if until else None)
    if isinstance(answer, dict) and answer.get("override") is None and "override" in answer:
        click.echo(f"{place}: as its file orders it")
    else:
        say(place, "live", until, "stop")
    return ExitCode.DONE
