"""`spiritstream apply`: puts profiles on air, and says what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import PATHS, timeout_option
from spiritstream.errors import ExitCode

if TYPE_CHECKING:
    from spiritstream.cli.offered import Offered
    from spiritstream.cli.overview import Overview
    from spiritstream.cli.plans import Plan
    from spiritstream.control.client import Peer


@click.command("apply", short_help="Put profiles on air, and wait until they are.")
@click.argument("files", nargs=-1, type=PATHS, metavar="FILE...")
@timeout_option
@click.option("--no-wait", is_flag=True, help="Do not wait until everything is live.")
@click.option("--plan-id", metavar="ID", help="Only if the changes are those that `plan` said under this id.")
@click.option(
    "--confirm", is_flag=True, help="Also what is refused to be safe: losing most of what is on air."
)
def command(files: tuple[Path, ...], timeout: str, no_wait: bool, plan_id: str | None, confirm: bool) -> int:
    """Put profiles on air: checks them, shows the changes, hands them to the controller, waits for all of it.

    Where no controller runs, one is started in the background; `spiritstream down` ends it. Without a
    FILE: the controller looks at its source again, now. Ends with 7 when something is not live in time.
    """
    from spiritstream.cli.until import parse_span

    wish = _Wish(files, None if no_wait else parse_span(timeout), plan_id, confirm)
    asyncio.run(_apply(wish))
    return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the command was called with; `timeout_s` is `None` for not waiting."""

    files: tuple[Path, ...]
    timeout_s: float | None
    plan_id: str | None
    confirm: bool


async def _apply(wish: _Wish) -> None:
    from spiritstream.cli.awaiting import until_live
    from spiritstream.cli.offered import read_offered, source_folder
    from spiritstream.cli.overview import read_overview

    offered = read_offered(wish.files, await source_folder()) if wish.files else []
    async with _some_controller() as peer:
        overview = read_overview(peer.hello, await peer.call("status"), 0.0)
        await _hand_over(peer, overview, offered, wish)
    names = [one.name for one in offered] or [show.name for show in overview.shows]
    if wish.timeout_s is not None:
        await until_live(names, wish.timeout_s)


@asynccontextmanager
async def _some_controller() -> AsyncIterator[Peer]:
    """The controller; where none runs, a new one."""
    from spiritstream.cli.onair import controller
    from spiritstream.cli.places import controller_socket
    from spiritstream.cli.starting import start_controller
    from spiritstream.control.client import connect

    async with controller() as peer:
        if peer is not None:
            yield peer
            return
    pid = await start_controller()
    click.echo(
        f"no controller ran: one is started in the background (pid {pid}); `spiritstream down` ends it"
    )
    async with connect(controller_socket()) as peer:
        yield peer


async def _hand_over(peer: Peer, overview: Overview, offered: Sequence[Offered], wish: _Wish) -> None:
    from spiritstream.cli.offered import changed_by_moving, place_for
    from spiritstream.cli.planning import as_put, plan_with
    from spiritstream.cli.plans import plan_lines, warning_lines

    prepared = as_put(overview, offered)
    plans = await plan_with(peer, overview, prepared)
    _check_id(plans, wish.plan_id)
    for line in plan_lines(plans) if not all(plan.is_empty for plan in plans) else ["nothing changes"]:
        click.echo(line)
    for line in warning_lines(plans):
        click.echo(line, err=True)
    for one in prepared:
        file = place_for(one, overview)
        if one.is_in(overview):
            continue
        await peer.call("put", file=file, data=one.data.decode(), confirm=wish.confirm)
        for line in changed_by_moving(one, file):
            click.echo(line, err=True)
    await peer.call("look", confirm=wish.confirm)


def _check_id(plans: Sequence[Plan], wanted: str | None) -> None:
    from spiritstream.cli.controlled import GuardedError
    from spiritstream.cli.plans import plan_id

    if wanted is not None and plan_id(plans) != wanted:
        raise GuardedError(
            "what would change is not what that plan said; nothing was changed",
            "look again: `spiritstream plan --output json FILE...`",
        )
