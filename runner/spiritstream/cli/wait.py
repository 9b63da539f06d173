"""`spiritstream wait`: returns when a profile is on air as its file orders."""

from __future__ import annotations

import asyncio

import click

from spiritstream.cli.options import timeout_option
from spiritstream.cli.place import PROFILE, Place
from spiritstream.errors import ExitCode


@click.command("wait", short_help="Wait until a profile is on air as ordered.")
@click.argument("profile", type=PROFILE, metavar="NAME")
@timeout_option
def command(profile: Place, timeout: str) -> int:
    """Wait until everything of a profile is live; if that takes too long, say what is not, and why.

    A profile that nobody has put on air yet is waited for, too.
    """
    from spiritstream.cli.awaiting import until_live
    from spiritstream.cli.until import parse_span

    asyncio.run(until_live([profile.name], parse_span(timeout)))
    return ExitCode.DONE
