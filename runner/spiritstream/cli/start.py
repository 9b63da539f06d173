"""`spiritstream start`: puts a show, a group or a target on air, by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click

from spiritstream.cli.byhand import moment_of, order, place_or_all, say, until_option
from spiritstream.cli.place import Place
from spiritstream.errors import UsageError
from spiritstream.model.lifecycle import Order

if TYPE_CHECKING:
    from spiritstream.cli.overview import Show


@click.command("start", short_help="Put a show, a group or a target on air, by hand.")
@place_or_all
@until_option
def command(place: Place | None, everything: bool, until: str | None) -> int:
    """Put a show, a group or a target on air that was stopped by hand, or that its file has disabled.

    Where the file itself orders it, only `stop` is taken back; else `status` shows it as drift.
    --all takes back whatever was stopped by hand, of every show; what its file has disabled stays off.
    """
    moment = moment_of(until)
    if everything and moment is not None:
        raise UsageError("--all orders nothing that could end: it takes orders back", "leave out --until")
    return asyncio.run(order(place, everything, lambda one: _start(one, moment, everything), _is_stopped))


def _is_stopped(show: Show) -> bool:
    return any(one.order is Order.STOPPED for one in show.overrides)


async def _start(place: Place, until: datetime | None, back: bool) -> None:
    from spiritstream.cli.onair import controller

    async with controller() as peer:
        if peer is None:
            raise UsageError(
                "no controller runs, so there is nobody who knows it",
                "`spiritstream apply FILE` starts one; or show it in the foreground: `spiritstream run FILE`",
            )
        if back:
            await peer.call("start", path=str(place), back=True)
            click.echo(f"{place}: nothing of it is stopped by hand any more")
            return
        answer = await peer.call("start", path=str(place), until=until.timestamp() if until else None)
    if isinstance(answer, dict) and answer.get("override") is None and "override" in answer:
        click.echo(f"{place}: as its file orders it")
    else:
        say(place, "live", until, "stop")
