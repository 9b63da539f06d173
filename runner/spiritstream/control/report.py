"""What the controller says of itself and of every profile: plain data, no secret in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spiritstream.control.controller import Controller
from spiritstream.control.fleet import LOOK_S, Hands
from spiritstream.control.override import Override, drift, targets_on_air
from spiritstream.control.world import Wanted, named, nameless
from spiritstream.errors import SpiritError
from spiritstream.model.changes import changes
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Profile
from spiritstream.model.uplink import together


class Report:
    """Asks the runners, and puts what they say beside what is wanted."""

    def __init__(self, controller: Controller, hands: Hands, folder: Path | None) -> None:
        """`folder` is the one that profiles can be put into; `None` when they come from git."""
        self._controller = controller
        self._hands = hands
        self._folder = folder

    async def status(self, names: Sequence[str] | None = None) -> dict[str, Any]:
        """Everything, or only these profiles."""
        controller, view = self._controller, self._controller.reader.now.view
        files = named(view, controller.memory.accepted)
        known = {*files, *controller.memory.accepted, *self._hands.known()}
        expected = controller.expected()
        shown = list(known if names is None else known.intersection(names))
        runners = await asyncio.gather(*(self._runner(name) for name in shown))
        listed = [
            self._profile(name, files.get(name, []), expected.get(name), runner, problem)
            for name, (runner, problem) in zip(shown, runners, strict=True)
        ]
        return {
            "source": controller.source.where,
            "kind": "folder" if self._folder else "git",
            "folder": str(self._folder) if self._folder else None,
            "revision": controller.reader.now.revision,
            "complete": view.complete,
            "problem": "; ".join(filter(None, (view.problem, controller.memory.problem))),
            "guarded": controller.decision.guarded,
            "profiles": sorted(listed, key=lambda one: (one["position"], one["name"])),
            "unnamed": [
                {"file": wanted.file, "findings": list(wanted.findings)}
                for wanted in map(view.files.__getitem__, sorted(nameless(view, controller.memory.accepted)))
            ],
            "overrides": [override_data(one) for one in controller.memory.overrides.values()],
            "uplink": self._uplink(expected),
        }

    def _uplink(self, expected: Mapping[str, Profile]) -> dict[str, Any] | None:
        """What all that is wanted sends, beside what there is; `None` where nobody counts."""
        uplink_bps = self._controller.uplink_bps
        if uplink_bps is None:
            return None
        load = together(expected.values())
        return {"bps": uplink_bps, "declared_bps": load.bps, "undeclared": list(load.open)}

    async def _runner(self, name: str) -> tuple[Any, str]:
        """What a runner says, and why it says nothing."""
        if name not in self._hands.known():
            return None, ""
        try:
            return await self._hands.call(name, "status", within_s=LOOK_S), ""
        except SpiritError as error:
            return None, f"its runner cannot be asked: {error.message}"

    def _profile(
        self, name: str, files: Sequence[Wanted], expected: Profile | None, runner: Any, problem: str
    ) -> dict[str, Any]:
        memory, view = self._controller.memory, self._controller.reader.now.view
        accepted = memory.accepted.get(name)
        wanted = _shown(files, accepted)
        mine = [one for one in memory.overrides.values() if one.profile == name]
        trouble = self._controller.fleet.troubles.get(name)
        info = self._hands.known().get(name)
        return {
            "name": name,
            "file": wanted.file if wanted else "",
            "position": expected.position if expected else 0,
            "order": Order.LIVE if expected and targets_on_air(expected) else Order.STOPPED,
            "revision_wanted": wanted.revision if wanted and (files or not view.complete) else "",
            "revision_applied": accepted.revision if accepted and self._is_applied(name, expected) else "",
            "valid": all(one.profile is not None for one in files),
            "findings": [text for one in files for text in one.findings],
            "warnings": list(wanted.warnings) if wanted else [],
            "held": dict(self._controller.decision.held).get(name, ""),
            "overrides": [override_data(one) for one in mine],
            "drift": self._drift(name, accepted),
            "runner": runner,
            "version": info.version if info else "",
            "problem": problem or (trouble.text if trouble else ""),
        }

    def _is_applied(self, name: str, expected: Profile | None) -> bool:
        """Whether what is accepted is carried out: by its runner, or by there being none."""
        if expected is None or not targets_on_air(expected):
            return name not in self._hands.known()
        told = self._controller.fleet.told(name)
        return told is not None and not changes(told, expected)

    def _drift(self, name: str, accepted: Wanted | None) -> list[str]:
        if accepted is None or accepted.profile is None:
            return []
        return [_in_words(one) for one in drift(accepted.profile, self._controller.memory.overrides)]


def _shown(files: Sequence[Wanted], accepted: Wanted | None) -> Wanted | None:
    if accepted is not None and any(one.file == accepted.file for one in files):
        return next(one for one in files if one.file == accepted.file)
    return files[0] if files else accepted


def _in_words(path: str) -> str:
    names = "/".join(path[1:].split(".")[1::2])
    return f"{names} is {'live' if path[0] == '+' else 'stopped'} by hand, against its file"


def override_data(one: Override) -> dict[str, Any]:
    """An order by hand as data."""
    return {"path": one.path, "order": one.order.value, "since": one.since, "until": one.until}
