"""Waiting until shows are on air as ordered, with a line for each step on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

import click

from spiritstream.cli.controlled import GuardedError, NotLiveError, NotValidError
from spiritstream.cli.overview import Overview, Reason, Show, reasons
from spiritstream.cli.place import shown_path
from spiritstream.cli.statustext import reason_line
from spiritstream.errors import PeerError
from spiritstream.model.uplink import CHANGE

_LOOK_S = 0.25
# What the controller holds until a person confirms it says how.
_CONFIRM = "--confirm"


async def until_live(names: Sequence[str], timeout_s: float) -> None:
    """Wait until everything of these profiles is as ordered.

    Raises:
        NotLiveError: it is not in time; says what is not, and why.
        NotValidError: a file is not valid for the controller, which no waiting changes.
        GuardedError: it is held until somebody confirms it, or gives it room.
    """
    end = time.monotonic() + timeout_s
    told: dict[str, str] = {}
    while True:
        found = await _look(names)
        _tell(found.shows, told)
        missing = lacking(found, names)
        if not missing:
            for show in found.shows:
                click.echo(_conclusion(show))
            return
        _refuse(found.shows)
        if time.monotonic() >= end:
            raise NotLiveError(
                "\n  ".join([f"not everything is live after {timeout_s:g} s:", *missing]),
                "it is tried on; `spiritstream status` shows it, `spiritstream wait NAME` waits longer",
            )
        await asyncio.sleep(_LOOK_S)


def _refuse(shows: Iterable[Show]) -> None:
    if findings := [text for show in shows for text in show.findings]:
        raise NotValidError("\n".join(findings), "what was on air before runs on")
    if guarded := [f"{show.name}: {show.held}" for show in shows if _waits_for_a_person(show.held)]:
        raise GuardedError("\n".join(guarded))


def _waits_for_a_person(held: str) -> bool:
    return _CONFIRM in held or CHANGE in held


async def _look(names: Sequence[str]) -> Overview:
    from spiritstream.cli.onair import overview

    try:
        found = await overview(names[0] if len(names) == 1 else None)
    except PeerError:
        return Overview(time.time())  # it is being restarted, or busy
    return Overview(found.at, found.controller, tuple(show for show in found.shows if show.name in names))


def lacking(found: Overview, names: Iterable[str]) -> list[str]:
    """What is still missing, a line each; empty when all is as ordered."""
    lines: list[str] = []
    for name in names:
        show = found.of(name)
        if show is None:
            lines.append(f"{name}: nothing of it is on air")
            continue
        lines += [reason_line(name, reason) for reason in _against(show)]
        if show.runner is not None and not show.runner.units and found.controller is None:
            lines.append(f"{name}: nothing of it runs yet")
    return lines


def _against(show: Show) -> list[Reason]:
    """The reasons that waiting is about: an order by hand is somebody's will."""
    by_hand = {one.path for one in show.overrides}
    kept = [one for one in reasons(show) if one.path not in by_hand and one.message not in show.drift]
    return [one for one in kept if one.path or not by_hand or show.held or show.problem or show.findings]


def _tell(shows: Iterable[Show], told: dict[str, str]) -> None:
    """A line for every unit that is in another state than at the last look; groups only follow."""
    for show in shows:
        for unit in show.runner.units if show.runner else ():
            path = shown_path(show.name, unit.path)
            if unit.kind not in ("group", "encoding", "passthrough") and told.get(path) != unit.state:
                told[path] = unit.state
                click.echo(f"{path}: {unit.state}")


def _conclusion(show: Show) -> str:
    targets = sum(unit.kind == "target" for unit in show.runner.units) if show.runner else 0
    if not targets:
        return f"{show.name}: nothing of it is wanted live, and nothing runs"
    return f"{show.name}: on air, {targets} target{'s' if targets > 1 else ''} live"
