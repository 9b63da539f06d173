"""Completion: the profiles, groups and targets that begin with what was typed. Never a word, never long."""

from __future__ import annotations

import asyncio

from spiritstream.cli.onair import ask_runner, controller, runner_names
from spiritstream.cli.overview import read_overview
from spiritstream.cli.place import shown_path

# A person waits for it: rather nothing than late.
_PATIENCE_S = 1.0


def places_like(typed: str, *, deep: bool) -> list[str]:
    """The places that begin with `typed`; only profiles unless `deep`."""
    try:
        found = asyncio.run(_bounded(typed, deep))
    except Exception:
        # What is wrong is said by the command, not in the middle of a line that is being typed.
        return []
    return sorted(one for one in found if one.startswith(typed))


async def _bounded(typed: str, deep: bool) -> set[str]:
    async with asyncio.timeout(_PATIENCE_S):
        names = await _names()
        inside = typed.partition("/")[0]
        if not deep or inside not in names:
            return names
        return names | await _inside(inside)


async def _names() -> set[str]:
    async with controller() as peer:
        if peer is None:
            return set(runner_names())
        overview = read_overview(peer.hello, await peer.call("status"), 0.0)
        return {show.name for show in overview.shows}


async def _inside(name: str) -> set[str]:
    show = await ask_runner(name)
    units = show.runner.units if show and show.runner else ()
    return {shown_path(name, unit.path) for unit in units}
