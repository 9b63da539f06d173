"""The difference between what runs and what is wanted, as a list. Pure.

A profile is flattened to its units: the input, each group and each target that shall be on air.
What is in one and not in the other starts or stops; what differs restarts. Values are compared,
never texts, so that reformatting, moving or re-sealing changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum

from spiritstream.model.profile import Group, Input, Profile, PullInput, Target

# What a profile says of itself that nothing runs by.
_FOR_PEOPLE = ("description", "position")


class Action(StrEnum):
    """What happens to a unit."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    UPDATE = "update"


class Scope(StrEnum):
    """The smallest thing that restarts; the schema's `x-apply` uses the same words."""

    LIVE = "live"
    TARGET = "target"
    GROUP = "group"
    INPUT = "input"
    RUNNER = "runner"


@dataclass(frozen=True, slots=True)
class Change:
    """One step from what runs to what is wanted. `pids` are the processes that it ends."""

    action: Action
    scope: Scope
    path: str
    cause: str
    pids: tuple[int, ...] = ()

    def __str__(self) -> str:
        ends = f" (ends pid {', '.join(map(str, self.pids))})" if self.pids else ""
        return f"{self.action} {self.path or 'profile'}: {self.cause}{ends}"


Unit = Input | Group | Target


def units(profile: Profile | None) -> dict[str, Unit]:
    """The units that shall be on air, by path. A group stands here without its targets.

    The input and a group are wanted only while a target needs them: with nothing wanted, nothing runs.
    """
    if profile is None:
        return {}
    found: dict[str, Unit] = {}
    for group, target in profile.on_air():
        found.setdefault("input", _plain(profile.input))
        found[f"groups.{group.name}"] = replace(group, targets=())
        found[f"groups.{group.name}.targets.{target.name}"] = target
    return found


def _plain(wanted: Input) -> Input:
    """The input without what is said by default: written out, it means the same."""
    if isinstance(wanted, PullInput) and wanted.transport == "tcp":
        return replace(wanted, transport=None)
    return wanted


def changes(current: Profile | None, wanted: Profile | None) -> tuple[Change, ...]:
    """Every change from `current` to `wanted`; empty when they mean the same.

    Stops come first, then restarts, then starts; the input before groups before targets.
    """
    if current is not None and wanted is not None and current.name != wanted.name:
        return (Change(Action.RESTART, Scope.RUNNER, "", "name changed"),)
    before, after = units(current), units(wanted)
    stops = [_change(Action.STOP, path, _why_gone(path, wanted)) for path in before if path not in after]
    restarts = _restarts(before, after)
    starts = [_change(Action.START, path, "wanted and not running") for path in after if path not in before]
    return (*stops, *restarts, *starts, *_updates(current, wanted))


def _restarts(before: dict[str, Unit], after: dict[str, Unit]) -> list[Change]:
    found: list[Change] = []
    groups: set[str] = set()
    for path in (p for p in after if p in before):
        names = _differing(before[path], after[path])
        group = root_of(path)
        if names:
            found.append(_change(Action.RESTART, path, f"{', '.join(names)} changed"))
            if scope_of(path) is Scope.GROUP:
                groups.add(path)
        elif group != path and group in groups:
            found.append(_change(Action.RESTART, path, f"{group} restarts"))
    return found


def _updates(current: Profile | None, wanted: Profile | None) -> list[Change]:
    if current is None or wanted is None:
        return []
    differing = (name for name in _FOR_PEOPLE if getattr(current, name) != getattr(wanted, name))
    said = [Change(Action.UPDATE, Scope.LIVE, name, f"{name} changed") for name in differing]
    return [*said, *_learnt(units(current), units(wanted))]


def _learnt(before: dict[str, Unit], after: dict[str, Unit]) -> list[Change]:
    """What is known of the platforms of targets that stay: the runner is told, and nothing restarts."""
    cause = "what is known of its platform changed"
    return [
        Change(Action.UPDATE, Scope.LIVE, path, cause)
        for path, unit in after.items()
        if isinstance(unit, Target) and before.get(path) == unit and _known(before[path]) != _known(unit)
    ]


def _known(unit: Unit) -> object:
    return (unit.limits, unit.reconnects) if isinstance(unit, Target) else None


def _change(action: Action, path: str, cause: str) -> Change:
    return Change(action, scope_of(path), path, cause)


def scope_of(path: str) -> Scope:
    """The kind of unit that stands at `path`."""
    if path == "input":
        return Scope.INPUT
    return Scope.TARGET if ".targets." in path else Scope.GROUP


def root_of(path: str) -> str:
    """The group that a target stands in; an input and a group are their own."""
    # By position: a group may itself be called `targets`.
    return ".".join(path.split(".")[:2])


def _why_gone(path: str, wanted: Profile | None) -> str:
    if wanted is None:
        return "the profile is gone"
    if not wanted.enabled:
        return "the profile is disabled"
    if path == "input":
        return "no target is enabled"
    declared = {f"groups.{g.name}" for g in wanted.groups}
    declared |= {f"groups.{g.name}.targets.{t.name}" for g in wanted.groups for t in g.targets}
    return "disabled" if path in declared else "removed"


def _differing(old: object, new: object, prefix: str = "") -> list[str]:
    """The dotted names of the fields whose values differ; never the values."""
    if old == new:
        return []
    if not is_dataclass(old) or type(old) is not type(new):
        return [prefix or "kind"]
    found: list[str] = []
    for field in fields(old):
        if not field.compare:
            continue
        name = f"{prefix}.{field.name}" if prefix else field.name
        found += _differing(getattr(old, field.name), getattr(new, field.name), name)
    return found
