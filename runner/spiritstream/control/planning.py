"""What the controller would do if some files were other ones. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spiritstream.control.controller import Controller
from spiritstream.control.decide import decide
from spiritstream.control.source import Entry, Placed, Source
from spiritstream.control.world import Decision, View, Wanted, named
from spiritstream.errors import SpiritError
from spiritstream.model.changes import Change, changes
from spiritstream.wire import to_data


async def plan(
    controller: Controller, folder: Path | None, files: Mapping[str, str | None]
) -> dict[str, Any]:
    """What would be done if these files, by their place in the source, had these texts; `None`: were gone."""
    view = await asyncio.to_thread(_with_files, controller, folder, files)
    # As if it had been read twice: what waits for that only is done a second later.
    decision = decide(replace(controller.world(), now=view, before=view, confirmed=False))
    touched = None if not files else _touched(controller, view, files)
    listed = await asyncio.gather(
        *(
            _profile(controller, name, view, decision)
            for name in sorted(_concerned(controller, view, decision))
            if touched is None or name in touched
        )
    )
    found = [one for one in listed if one["changes"] or one["held"] or one["findings"] or touched]
    return {"profiles": found, "guarded": decision.guarded}


def _with_files(controller: Controller, folder: Path | None, files: Mapping[str, str | None]) -> View:
    view = controller.reader.now.view
    new = dict(view.files)
    for file, text in files.items():
        new.pop(file, None)
        if text is not None:
            place = _place(controller.source, folder, file)
            new[file] = controller.reader.wanted(Entry(file, text.encode(), place))
    return replace(view, files=new, complete=True) if files else view


def _place(source: Source, folder: Path | None, file: str) -> Path:
    """Where relative paths in a file would lead."""
    if folder is not None:
        return (folder / file).parent
    return source.folder_of(file) if isinstance(source, Placed) else Path("/")


def _touched(controller: Controller, view: View, files: Mapping[str, str | None]) -> set[str]:
    """The profiles that the files are about, as they are and as they would be."""
    accepted = controller.memory.accepted
    both = (named(view, accepted), named(controller.reader.now.view, accepted))
    return {name for one in both for name, several in one.items() if {w.file for w in several} & set(files)}


def _concerned(controller: Controller, view: View, decision: Decision) -> set[str]:
    acted = {name for name, _ in (*decision.applies, *decision.stops, *decision.held)}
    return acted | set(named(view, controller.memory.accepted))


async def _profile(controller: Controller, name: str, view: View, decision: Decision) -> dict[str, Any]:
    files = named(view, controller.memory.accepted).get(name, [])
    accepted = controller.memory.accepted.get(name)
    return {
        "name": name,
        "file": _file(files, accepted),
        "revision": accepted.revision if accepted else "",
        "changes": [to_data(change) for change in await _changes(controller, name, decision)],
        "held": dict(decision.held).get(name, ""),
        "findings": [text for one in files for text in one.findings],
        "warnings": [text for one in files for text in one.warnings],
    }


def _file(files: list[Wanted], accepted: Wanted | None) -> str:
    return files[0].file if files else accepted.file if accepted else ""


async def _changes(controller: Controller, name: str, decision: Decision) -> list[Any]:
    wanted = dict(decision.applies).get(name)
    told = controller.fleet.told(name)
    if name in dict(decision.stops):
        return await _asked(controller, name, None, changes(told, None))
    if wanted is None or wanted.profile is None:
        return []
    return await _asked(controller, name, wanted, changes(told, wanted.profile))


async def _asked(
    controller: Controller, name: str, wanted: Wanted | None, otherwise: tuple[Change, ...]
) -> list[Any]:
    """The changes as the runner says them, with the processes that they end; or as we see them."""
    profile = wanted.profile if wanted else controller.fleet.told(name)
    if name in controller.world().running and profile is not None:
        try:
            return await controller.fleet.plan(name, profile if wanted else replace(profile, enabled=False))
        except SpiritError:
            pass
    return list(otherwise)
