"""`spiritstream plan`: what applying would change, with causes and processes. Changes nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from spiritstream.cli.options import IDENTITY_OPTION, OUTPUT_OPTION, PATHS
from spiritstream.cli.plans import Plan
from spiritstream.errors import ExitCode, UsageError


@click.command("plan", short_help="What `apply` would change; changes nothing.")
@click.argument("files", nargs=-1, type=PATHS, metavar="FILE...")
@OUTPUT_OPTION
@IDENTITY_OPTION
def command(files: tuple[Path, ...], output: str, identity: Path | None) -> int:
    """Print what applying profiles would change: which units restart, why, and which processes end.

    Asks the controller; where none runs, the `spiritstream run` of that name. Ends with 3 if there are
    changes, with 0 if there are none. The JSON's `id` can be given to `apply --plan-id`. Without a FILE:
    what the controller has not done yet of what its source says.
    """
    from spiritstream.cli.plans import plan_data, plan_lines, warning_lines

    plans = asyncio.run(_plans(files, identity))
    if output == "json":
        click.echo(json.dumps(plan_data(plans), indent=2))
    else:
        for line in plan_lines(plans):
            click.echo(line)
        for line in warning_lines(plans):
            click.echo(line, err=True)
    if all(plan.is_empty for plan in plans):
        click.echo("nothing would change", err=True)
        return ExitCode.DONE
    return ExitCode.PENDING


async def _plans(files: tuple[Path, ...], identity: Path | None) -> list[Plan]:
    from spiritstream.cli.offered import read_offered, source_folder
    from spiritstream.cli.onair import controller
    from spiritstream.cli.overview import read_overview
    from spiritstream.cli.planning import as_put, plan_alone, plan_with, with_derived

    offered = read_offered(files, await source_folder()) if files else []
    async with controller() as peer:
        if peer is None:
            if not files:
                raise UsageError("no controller runs, so there is only what you name", "name a FILE")
            return with_derived([await plan_alone(one, identity) for one in offered], offered)
        overview = read_overview(peer.hello, await peer.call("status"), 0.0)
        prepared = as_put(overview, offered)
        folder = overview.controller.folder if overview.controller else None
        plans = await plan_with(peer, overview, prepared)
        return with_derived(plans, prepared, Path(folder) if folder else None)
