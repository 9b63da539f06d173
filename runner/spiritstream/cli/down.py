"""`spiritstream down`: ends everything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from spiritstream.cli.byhand import end
from spiritstream.errors import ExitCode


@click.command("down", short_help="End everything: every show, and the controller.")
def command() -> int:
    """Take every show off the air, in order, and end the controller. The profiles stay as they are.

    What is written in them is on air again as soon as a controller runs: `spiritstream serve`, `apply`.
    """
    return asyncio.run(_down())


async def _down() -> int:
    from spiritstream.cli.onair import controller

    async with controller() as peer:
        if peer is not None:
            await end(peer, "down", "the controller")
            click.echo("the controller: ended, and every show of its own")
    # A `spiritstream run` in the foreground is not the controller's.
    names = await _end_runners()
    for name in names:
        click.echo(f"{name}: ended")
    if peer is None and not names:
        click.echo("Nothing is on air.")
    return ExitCode.DONE


async def _end_runners() -> list[str]:
    from spiritstream.cli.onair import runner_names
    from spiritstream.cli.places import socket_for

    names = runner_names()
    ended = await asyncio.gather(*(_end(socket_for(name)) for name in names))
    return [name for name, done in zip(names, ended, strict=True) if done]


async def _end(path: Path) -> bool:
    """Whether a runner was there; it has ended."""
    from spiritstream.control.client import AbsentError, connect

    try:
        async with connect(path) as peer:
            if peer.hello.get("hello") != "runner":
                return False
            await end(peer, "stop", f"'{path.stem}'")
    except AbsentError:
        return False
    return True
