"""What of an order by hand is not carried out, although it holds."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from spiritstream.config.places import NAME
from spiritstream.control.controller import Controller
from spiritstream.control.fleet import Hands
from spiritstream.control.override import targets_on_air
from spiritstream.errors import ExitCode, SpiritError


class NotDoneError(SpiritError):
    """The order is kept, and its runner does not follow it yet."""

    exit_code = ExitCode.NOT_LIVE

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"'{name}': {why}", "`spiritstream status` shows what it does")


async def silent(hands: Hands, sockets: Path) -> frozenset[str]:
    """The names of which there is a socket, and nobody answers there; what the dead left is cleared away."""
    await hands.find()
    return frozenset(await asyncio.to_thread(_names, sockets)) - hands.known().keys()


def _names(sockets: Path) -> list[str]:
    with contextlib.suppress(OSError):
        found = [path.stem for path in sockets.iterdir() if path.suffix == ".sock" and path.is_socket()]
        return [stem for stem in found if NAME.fullmatch(stem)]
    return []


def undone(controller: Controller, name: str) -> str:
    """Why a runner does not carry out what is wanted of it; empty when it does, or nothing can be said."""
    wanted = controller.expected().get(name)
    runner = controller.fleet.running().get(name)
    if runner is None or wanted is None:
        return ""
    trouble = controller.fleet.troubles.get(name)
    if trouble is not None:
        return trouble.text
    if (runner.profile is None and runner.targets - targets_on_air(wanted)) or not targets_on_air(wanted):
        return dict(controller.decision.held).get(name, "") or "it is still on air"
    return ""
