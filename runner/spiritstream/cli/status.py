"""`spiritstream status`: what is on air, what is not as ordered, why, and what to do."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

import click

from spiritstream.cli.place import PROFILE, Place
from spiritstream.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from spiritstream.cli.overview import Overview

_REFRESH_S = 1.0
# Nobody folds lines where nobody looks: what is piped gets every column.
_PIPED_WIDTH = 200


@click.command("status", short_help="What is on air, and what is not as ordered.")
@click.argument("profile", type=PROFILE, required=False, metavar="[NAME]")
@click.option("--watch", is_flag=True, help="Look again each second, until ctrl-C.")
@click.option("--output", type=click.Choice(["table", "json"]), default="table", help="How it is printed.")
@click.option("--exit-code", "judge", is_flag=True, help="End with 3 when something is not as ordered.")
def command(profile: Place | None, watch: bool, output: str, judge: bool) -> int:
    """Say what is on air: order and state, since when, causes and advice, figures, drift.

    Asks the controller; where none runs, every `spiritstream run`. With --watch and --output json:
    one object a line.
    """
    name = profile.name if profile else None
    if watch:
        if judge:
            raise click.UsageError("--exit-code says how it is once: leave out --watch.")
        return asyncio.run(_watch(name, output))
    from spiritstream.cli.overview import as_data, is_as_ordered

    found = asyncio.run(_look(name))
    if output == "json":
        click.echo(json.dumps(as_data(found), indent=2))
    else:
        _print(found)
    return ExitCode.PENDING if judge and not is_as_ordered(found) else ExitCode.DONE


async def _look(name: str | None) -> Overview:
    from spiritstream.cli.onair import overview, unknown

    found = await overview(name)
    if name and not found.shows:
        unknown(name, await overview())
    return found


async def _watch(name: str | None, output: str) -> int:
    found = await _look(name)
    if output == "json" or not sys.stdout.isatty():
        await _repeat(found, name, output)
    from rich.live import Live

    from spiritstream.cli.statustext import picture

    console = _console()
    with Live(console=console, auto_refresh=False, screen=True, vertical_overflow="ellipsis") as live:
        while True:
            live.update(picture(found, console.width), refresh=True)
            found = await _next(name)


async def _repeat(found: Overview, name: str | None, output: str) -> None:
    from spiritstream.cli.overview import as_data

    while True:
        if output == "json":
            click.echo(json.dumps(as_data(found)))
        else:
            _print(found)
        found = await _next(name)


async def _next(name: str | None) -> Overview:
    """How it is a moment later; a controller that is being restarted, or a show that ended, ends nothing."""
    from spiritstream.cli.onair import overview
    from spiritstream.cli.overview import Overview
    from spiritstream.errors import PeerError

    await asyncio.sleep(_REFRESH_S)
    try:
        return await overview(name)
    except PeerError:
        return Overview(time.time())


def _print(found: Overview) -> None:
    from spiritstream.cli.statustext import picture

    console = _console()
    if sys.stdout.isatty():
        console.print(picture(found, console.width))
        return
    with console.capture() as caught:
        console.print(picture(found, console.width))
    # Rich fills every line of a table up to the width.
    click.echo("\n".join(line.rstrip() for line in caught.get().splitlines()))


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    # Without markup: a name or a cause is never an instruction.
    return Console(width=width, markup=False, emoji=False, highlight=False)
