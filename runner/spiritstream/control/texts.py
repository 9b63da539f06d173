"""The texts of profiles: as they are applied, and as the source holds them now. No secret is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from spiritstream.config.load import leaves_at
from spiritstream.config.showing import shown_anyway
from spiritstream.control.controller import Controller
from spiritstream.control.reader import Seen
from spiritstream.control.world import Wanted, named


async def texts(controller: Controller, names: Collection[str] | None) -> list[dict[str, Any]]:
    """Each profile's file, with the text `applied` and the text that the source has `now`.

    A text is `None` where there is none: the profile was not applied yet, is gone from the source, stands
    in two files, or was switched off and its file has been broken since.
    """
    accepted, seen = controller.memory.accepted, controller.reader.now
    there = named(seen.view, accepted)
    listed = sorted({*accepted, *there} if names is None else {*accepted, *there}.intersection(names))
    return [await _one(controller, name, there.get(name, []), seen) for name in listed]


async def _one(controller: Controller, name: str, files: list[Wanted], seen: Seen) -> dict[str, Any]:
    accepted = controller.memory.accepted.get(name)
    applied = await asyncio.to_thread(controller.memory.text_of, accepted, seen) if accepted else None
    entry = seen.entries.get(files[0].file) if len(files) == 1 else None
    return {
        "name": name,
        "file": files[0].file if files else accepted.file if accepted else "",
        "applied": _shown(applied, name, seen),
        "now": _shown(entry.data if entry else None, name, seen),
    }


def _shown(data: bytes | None, name: str, seen: Seen) -> str | None:
    return None if data is None else shown_anyway(data, name, leaves_at(Path(), seen.known))
