"""`spiritstream platforms`: which services are known, and what is known of one."""

from __future__ import annotations

import json

import click

from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.errors import UsageError

_JSON_VERSION = 1


def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """The ids that begin with what was typed, from the file names alone."""
    from pathlib import Path

    from spiritstream.config.registry import finder

    return [id for id in finder(Path()).ids() if id.startswith(typed.casefold())]


def complete_with_server(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """As `complete`; behind `NAME=`, also the platform's servers, `auto` and `backup`."""
    from pathlib import Path

    name, equals, server = typed.partition("=")
    if not equals:
        return complete(context, parameter, typed)
    from spiritstream.config.choosing import words_of
    from spiritstream.config.registry import finder
    from spiritstream.errors import SpiritError

    try:
        platform = finder(Path())(name)
    except SpiritError:
        return []
    offered = (*words_of(platform), *(one.name for one in platform.servers))
    return [f"{name}={one}" for one in offered if one.casefold().startswith(server.casefold())]


@click.command("platforms", short_help="The platforms that are known, their servers and limits.")
@click.argument("name", required=False, shell_complete=complete)
@click.option("--search", metavar="TEXT", help="Only those with TEXT in their names or servers.")
@OUTPUT_OPTION
def command(name: str | None, search: str | None, output: str) -> None:
    """List the platforms that are known, or tell all that is known of one.

    A platform of your own is a file in `platforms/` of the config folder, in the form of the shipped ones
    (`spiritstream schema platform`); one with a shipped one's id takes its place. A `platforms/` beside
    profiles adds to them, and is listed in their folder. Keys are sealed for the hosts of own servers.
    """
    if name is not None and search is not None:
        raise UsageError("NAME and --search exclude each other", "leave one of them out")
    if name is not None:
        _show(name, output)
    else:
        _list(search or "", output)


def _show(name: str, output: str) -> None:
    from pathlib import Path

    from spiritstream.cli.platformtext import description, details
    from spiritstream.config.registry import finder

    found = finder(Path()).entry(name)
    if output == "json":
        click.echo(json.dumps({"version": _JSON_VERSION, "platform": details(found)}, indent=2))
    else:
        click.echo("\n".join(description(found)))


def _list(search: str, output: str) -> None:
    from pathlib import Path

    from spiritstream.cli.platformtext import matches, summary, table
    from spiritstream.config.registry import finder
    from spiritstream.errors import ProfileError

    known = finder(Path())
    if findings := known.findings():
        raise ProfileError(findings)
    found = [one for one in map(known.entry, known.ids()) if matches(one, search)]
    if output == "json":
        data = {"version": _JSON_VERSION, "platforms": [summary(one) for one in found]}
        click.echo(json.dumps(data, indent=2))
        return
    for line in table(found):
        click.echo(line)
    if not found:
        click.echo("no platform has this in its names or servers", err=True)
