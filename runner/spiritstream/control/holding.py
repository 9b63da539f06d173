"""What of a decision is not carried out yet, or is in spite of its doubts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from spiritstream.control.clash import claims
from spiritstream.control.override import targets_on_air
from spiritstream.control.world import Decision, Running
from spiritstream.model.profile import Profile


def with_deleted(
    decided: Decision, names: Collection[str], there: Collection[str], running: Mapping[str, Running]
) -> Decision:
    """What a person has deleted in so many words is gone; `there` are the names that a file still has."""
    gone = frozenset(names) - frozenset(there)
    if not gone:
        return decided
    ours = {name for name in gone if name in running and not running[name].foreign}
    stops = [one for one in decided.stops if one[0] not in gone]
    return replace(
        decided,
        accepted={name: one for name, one in decided.accepted.items() if name not in gone},
        applies=tuple(one for one in decided.applies if one[0] not in gone),
        stops=(*stops, *((name, "its profile was deleted") for name in sorted(ours))),
        held=tuple(one for one in decided.held if one[0] not in gone),
    )


def without_orders(decided: Decision, running: Mapping[str, Running], why: str) -> Decision:
    """While the orders by hand are not known, nothing goes on air or off it but what is gone altogether."""
    held = {}
    for name, wanted in decided.applies:
        assert wanted.profile is not None
        live = running[name].targets if name in running else frozenset()
        if targets_on_air(wanted.profile) != live:
            held[name] = why
    held.update((name, why) for name, _ in decided.stops if name in decided.accepted)
    return _holding(decided, held)


def beside_unknown(decided: Decision, running: Mapping[str, Running], unknown: Collection[str]) -> Decision:
    """Nobody takes over anything while a runner about to be told anew may still have it.

    `unknown` are the runners of which nobody knows what they carry out; those that are not about to be
    told anything hold nobody up.
    """
    soon = {name for name, _ in (*decided.applies, *decided.stops)} & frozenset(unknown)
    held = {}
    for name, wanted in decided.applies:
        others = sorted(soon - {name})
        assert wanted.profile is not None
        if name not in soon and others and _takes_more(wanted.profile, running.get(name)):
            held[name] = (
                f"what the runner of {', '.join(others)} has on air is not known yet: it is told first"
            )
    return _holding(decided, held)


def _takes_more(wanted: Profile, runner: Running | None) -> bool:
    known = claims(runner.profile) if runner and runner.profile else frozenset()
    return bool(claims(wanted) - known)


def _holding(decided: Decision, held: Mapping[str, str]) -> Decision:
    if not held:
        return decided
    return replace(
        decided,
        applies=tuple(one for one in decided.applies if one[0] not in held),
        stops=tuple(one for one in decided.stops if one[0] not in held),
        held=tuple(sorted({**dict(decided.held), **held}.items())),
    )
