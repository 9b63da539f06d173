"""Plans: what applying a profile would change, as text, as data, and as an id to hold somebody to. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spiritstream.cli.place import shown_path
from spiritstream.cli.rows import clean
from spiritstream.errors import PeerError
from spiritstream.model.changes import Action, Change, Scope
from spiritstream.wire import from_data, to_data

JSON_VERSION = 1
_ID_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change for one profile. `digest` is of its new text, `base` of what is applied now.

    `held` says why the controller would not do it (yet); `findings` what it finds wrong; `warnings` what the
    profile's platforms may object to, which is no part of what would change. `derived` are the values that
    `for` stands for in the groups, by path, each with the rule that bound it.
    """

    name: str
    file: str
    changes: tuple[Change, ...] = ()
    digest: str = ""
    base: str = ""
    held: str = ""
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.changes or self.held or self.findings)


def plan_id(plans: Sequence[Plan]) -> str:
    """What stands for these changes to what runs now: the same only while both are the same.

    Without the pids: a child that was restarted meanwhile is no other plan.
    """
    told = [
        [plan.name, plan.digest, plan.base, plan.held, list(plan.findings)]
        + [[change.action, change.path, change.cause] for change in plan.changes]
        for plan in sorted(plans, key=lambda plan: plan.name)
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:_ID_LETTERS]


def plan_lines(plans: Sequence[Plan]) -> Iterator[str]:
    """The changes, and only those, under the names of their profiles."""
    for plan in plans:
        if plan.is_empty:
            continue
        yield clean(f"{plan.name} ({plan.file})")
        for change in plan.changes:
            yield f"  {clean(change_text(plan.name, change))}"
            yield from _derived_lines(plan, change)
        if plan.held:
            yield clean(f"  held: {plan.held}")
        for text in plan.findings:
            yield from _with_hint("  not valid: ", text)


def _derived_lines(plan: Plan, change: Change) -> Iterator[str]:
    """What an encoding that is to begin is made of, as far as the profile does not say it."""
    if change.scope is Scope.GROUP and change.action in (Action.START, Action.RESTART):
        for path, line in plan.derived.items():
            if path.startswith(f"{change.path}."):
                yield f"    {path.removeprefix(f'{change.path}.')}: {clean(line)}"


def warning_lines(plans: Sequence[Plan]) -> Iterator[str]:
    """What platforms may object to, a line for each and one for its hint."""
    for text in dict.fromkeys(text for plan in plans for text in plan.warnings):
        yield from _with_hint("warning: ", text)


def _with_hint(what: str, text: str) -> Iterator[str]:
    """A finding's line after `what`; its hint stands below, a little to the right."""
    head, *more = text.split("\n")
    indent = what[: len(what) - len(what.lstrip())]
    yield f"{what}{clean(head)}"
    yield from (f"{indent}  {clean(line.strip())}" for line in more)


def change_text(name: str, change: Change) -> str:
    """`restart show/source/youtube: address.key changed (ends pid 12)`."""
    ends = f" (ends pid {', '.join(map(str, change.pids))})" if change.pids else ""
    path = change.path if change.path.startswith(("input", "groups.")) else ""
    return f"{change.action} {shown_path(name, path)}: {change.cause}{ends}"


def plan_data(plans: Sequence[Plan]) -> dict[str, Any]:
    """What `plan --output json` prints; its shape is `version`'s."""
    profiles = [{**to_data(plan), "id": plan_id([plan])} for plan in plans]
    return {"version": JSON_VERSION, "id": plan_id(plans), "profiles": profiles}


def read_plans(data: Any, digests: Mapping[str, str]) -> list[Plan]:
    """What a controller's `plan` says; `digests` are of the offered texts, by profile.

    Raises:
        PeerError: it is of another version.
    """
    try:
        return [_plan(one, digests) for one in data["profiles"]]
    except (KeyError, TypeError, AttributeError):
        raise PeerError(
            "the controller sent no plan that this version knows", "update both to the same version"
        ) from None


def _plan(data: Mapping[str, Any], digests: Mapping[str, str]) -> Plan:
    name = str(data["name"])
    return Plan(
        name=name,
        file=str(data.get("file") or ""),
        changes=tuple(from_data(Change, one) for one in data.get("changes") or ()),
        digest=digests.get(name, ""),
        base=str(data.get("revision") or ""),
        held=str(data.get("held") or ""),
        findings=tuple(str(text) for text in data.get("findings") or ()),
        warnings=tuple(str(text) for text in data.get("warnings") or ()),
    )
