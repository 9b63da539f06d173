"""`spiritstream restart`: starts the children of a show, a group or a target anew, at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from spiritstream.cli.byhand import ORDER_S, order, place_or_all
from spiritstream.cli.place import Place, shown_path

if TYPE_CHECKING:
    from spiritstream.control.client import Peer


@click.command("restart", short_help="Start a show, a group or a target anew, at once.")
@place_or_all
def command(place: Place | None, everything: bool) -> int:
    """Start a show, its input, a group or a target anew, at once: also what waits for its next try.

    What stands beside it goes on. NAME/input is the input alone, which its targets outlive. A show whose
    runner hangs gets another one in its place: the first is killed, and what it still sends ends with it.
    """
    return asyncio.run(order(place, everything, _restart, lambda show: show.on_air))


async def _restart(place: Place) -> None:
    from spiritstream.cli.onair import controller, is_foreground

    async with controller() as peer:
        if peer is not None and not await is_foreground(place.name):
            await _order(peer, place)
        else:
            await _restart_units(place)
    click.echo(f"{place}: restarted")


async def _order(peer: Peer, place: Place) -> None:
    """Have the controller do it: a whole show gets a new runner."""
    from spiritstream.cli.overview import read_overview

    paths = [str(place)]
    if place.inside:
        data = await peer.call("status", names=[place.name])
        show = read_overview(peer.hello, data, 0.0).of(place.name)
        if show is not None and show.runner is not None:
            # A group without an encoder is only its targets.
            paths = [shown_path(place.name, path) for path in place.among(show.runner.units)] or paths
    for path in paths:
        await peer.call("restart", within_s=ORDER_S, path=path)


async def _restart_units(place: Place) -> None:
    from spiritstream.cli.onair import no_unit, runner
    from spiritstream.model.status import Status
    from spiritstream.wire import from_data

    async with runner(place.name) as peer:
        status = from_data(Status, await peer.call("status"))
        paths = place.among(status.units)
        if not paths:
            no_unit(place, status)
        for path in paths:
            await peer.call("restart", path=path)
