"""`spiritstream delete`: removes a profile's file from where the controller reads it, which ends its show."""

from __future__ import annotations

import asyncio

import click

from spiritstream.cli.place import PROFILE, Place
from spiritstream.errors import ExitCode, UsageError


@click.command("delete", short_help="Remove a profile from the controller, and so from the air.")
@click.argument("profile", type=PROFILE, metavar="NAME")
def command(profile: Place) -> int:
    """Remove a profile's file from the controller's folder: its show ends, and stays ended.

    To end it for a while, use `stop`. A profile that comes from git is removed there.
    """
    return asyncio.run(_delete(profile.name))


async def _delete(name: str) -> int:
    from spiritstream.cli.controlled import GuardedError, refuse_git
    from spiritstream.cli.onair import controller, unknown
    from spiritstream.cli.overview import read_overview

    async with controller() as peer:
        if peer is None:
            raise UsageError(
                "no controller runs, so there is nowhere to remove it from",
                f"remove its file; `spiritstream stop {name}` ends a `spiritstream run`",
            )
        overview = read_overview(peer.hello, await peer.call("status"), 0.0)
        show = overview.of(name)
        if show is None:
            unknown(name, overview)
        refuse_git(overview.controller, f"remove {show.file} there, commit and push")
        answer = await peer.call("delete", name=name, confirm=True)
    click.echo(f"{name}: removed ({show.file})")
    if held := answer.get("held", {}).get(name):
        raise GuardedError(f"'{name}' is still on air: {held}", f"`spiritstream stop {name}` ends it now")
    return ExitCode.DONE
