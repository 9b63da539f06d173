"""`spiritstream diff`: what is on air beside what is written, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import PATHS
from spiritstream.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from spiritstream.cli.offered import Offered

_NOTHING = "/dev/null"


@dataclass(frozen=True, slots=True)
class Pair:
    """A profile's two texts, without their secrets; an empty one where there is none."""

    name: str
    applied: str
    file: str
    written: str


@click.command("diff", short_help="What is on air beside what is written, line by line.")
@click.argument("files", nargs=-1, type=PATHS, metavar="[FILE]...")
def command(files: tuple[Path, ...]) -> int:
    """Print how the files differ from what the controller has applied, as a unified diff.

    No secret is shown: a sealed value stands as a mark, which is another one when the value is. Without a
    FILE: how the controller's source differs now. Ends with 3 if anything differs, with 0 if nothing does.
    To see what a difference would restart: `spiritstream plan`.
    """
    differs = False
    for pair in asyncio.run(_pairs(files)):
        for line in diff_lines(pair):
            differs = True
            click.secho(line, fg={"+": "green", "-": "red"}.get(line[:1]))
    if not differs:
        click.echo("nothing differs", err=True)
    return ExitCode.PENDING if differs else ExitCode.DONE


def diff_lines(pair: Pair) -> Iterator[str]:
    """A unified diff, nothing if the texts are equal. Pure."""
    import difflib

    from spiritstream.cli.rows import clean

    before = f"{pair.name} (applied)" if pair.applied else _NOTHING
    after = pair.file if pair.written else _NOTHING
    both = pair.applied.splitlines(), pair.written.splitlines()
    return map(clean, difflib.unified_diff(*both, before, after, lineterm=""))


async def _pairs(files: tuple[Path, ...]) -> list[Pair]:
    from spiritstream.cli.files import label
    from spiritstream.cli.offered import read_offered, source_folder
    from spiritstream.cli.onair import controller
    from spiritstream.cli.overview import read_overview
    from spiritstream.cli.planning import as_put

    offered = read_offered(files, await source_folder()) if files else []
    async with controller() as peer:
        if peer is None:
            hint = "`spiritstream apply FILE` starts one"
            raise UsageError("no controller runs, so there is nothing to compare with", hint)
        overview = read_overview(peer.hello, await peer.call("status"), 0.0)
        put = as_put(overview, offered)
        known = await peer.call("texts", names=[one.name for one in put] if files else None)
    applied = {one["name"]: one["applied"] or "" for one in known}
    if not files:
        return [Pair(one["name"], applied[one["name"]], one["file"], one["now"] or "") for one in known]
    return [Pair(one.name, applied.get(one.name, ""), label(one.path), _shown(one)) for one in put]


def _shown(offered: Offered) -> str:
    from spiritstream.config.load import leaves_at
    from spiritstream.config.showing import shown

    return shown(offered.data, offered.path.name, leaves_at(offered.path.parent))
