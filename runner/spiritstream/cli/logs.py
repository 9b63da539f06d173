"""`spiritstream logs`: what a show's runner wrote, kept across its restarts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from spiritstream.cli.place import PLACE, Place
from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.cli.logfile import Entry


@click.command("logs", short_help="What a show's runner wrote in its log.")
@click.argument("place", type=PLACE, metavar="NAME[/TARGET]")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is added, until ctrl-C.")
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="How many of the last lines.",
)
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", help="For people, or as they are kept."
)
def command(place: Place, follow: bool, lines: int, output: str) -> None:
    """Print the last lines of a show's log: all of it, one group's, or one target's. No secret is in it.

    It is bounded on disk: `spiritstream config show` says how long it is kept. To export it:
    `logs NAME --lines 1000000 --output json > FILE`.
    """
    from spiritstream.cli.logfile import LogFile
    from spiritstream.cli.places import log_of

    path = log_of(place.name)
    if not path.parent.is_dir() or not any(path.parent.glob(f"{path.name}*")):
        _no_log(place.name)

    def wanted(entry: Entry) -> bool:
        return entry.is_at(place.inside)

    def say(entry: Entry) -> None:
        click.echo(entry.raw if output == "json" else str(entry))

    with contextlib.closing(LogFile(path)) as log:
        for entry in log.last(lines, wanted):
            say(entry)
        for entry in log.follow(wanted) if follow else ():
            say(entry)


def _no_log(name: str) -> None:
    from spiritstream.cli.places import log_of, socket_for

    if socket_for(name).exists():
        raise UsageError(
            f"'{name}' has no log file: `spiritstream run` writes its log to where it was started",
            "look there; shows that a controller keeps have one: `spiritstream apply FILE`",
        )
    raise UsageError(
        f"there is no log of '{name}' ({log_of(name)})", "`spiritstream status` says which shows there are"
    )
