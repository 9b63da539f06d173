"""Orders given by hand, which stand above the file until they are taken back or run out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from spiritstream.errors import UsageError
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Group, Profile, Target

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Override:
    """An order by hand for `NAME`, `NAME/GROUP` or `NAME/GROUP/TARGET`. Times are Unix seconds."""

    path: str
    order: Order
    since: float
    until: float | None = None

    @property
    def profile(self) -> str:
        """The name of the profile that it is about."""
        return self.path.split("/", maxsplit=1)[0]


Overrides = Mapping[str, Override]
"""By path."""


def checked_path(text: str) -> str:
    """A path as a person writes it, `NAME[/GROUP[/TARGET]]`, without slashes at its ends.

    Raises:
        UsageError: it is none.
    """
    path = text.strip("/")
    parts = path.split("/")
    if len(parts) > _DEPTH or not all(parts):
        raise UsageError(f"'{text[:80]}' names no profile", "write NAME, NAME/GROUP or NAME/GROUP/TARGET")
    return path


def with_order(overrides: Overrides, new: Override) -> dict[str, Override]:
    """The overrides with a new one: it replaces those that are at its path or below."""
    below = f"{new.path}/"
    kept = {path: one for path, one in overrides.items() if path != new.path and not path.startswith(below)}
    return {**kept, new.path: new}


def taken_back(overrides: Overrides, path: str) -> dict[str, Override]:
    """The overrides without the orders to be stopped at `path` or below; those to be live stay."""
    below = f"{path}/"
    return {
        at: one
        for at, one in overrides.items()
        if one.order is not Order.STOPPED or (at != path and not at.startswith(below))
    }


def lasting(overrides: Overrides, now: float) -> dict[str, Override]:
    """The overrides that have not run out."""
    return {path: one for path, one in overrides.items() if one.until is None or one.until > now}


def next_end(overrides: Overrides) -> float | None:
    """When the next one runs out."""
    return min((one.until for one in overrides.values() if one.until is not None), default=None)


def effective(profile: Profile, overrides: Overrides) -> Profile:
    """What is wanted of a profile: the nearest override of each target decides, else the file."""
    # Asked of every profile again and again, and mostly there are none.
    if not overrides or not any(one.profile == profile.name for one in overrides.values()):
        return profile
    groups = tuple(_group(profile, group, overrides) for group in profile.groups)
    return replace(profile, enabled=any(group.enabled for group in groups), groups=groups)


def _group(profile: Profile, group: Group, overrides: Overrides) -> Group:
    targets = tuple(
        replace(target, enabled=_is_wanted(profile, group, target, overrides)) for target in group.targets
    )
    return replace(group, enabled=any(target.enabled for target in targets), targets=targets)


def _is_wanted(profile: Profile, group: Group, target: Target, overrides: Overrides) -> bool:
    path = ""
    nearest: int | None = None
    order = Order.LIVE
    for level, name in enumerate((profile.name, group.name, target.name)):
        path = f"{path}/{name}" if path else name
        if path in overrides:
            nearest, order = level, overrides[path].order
    if order is Order.STOPPED:
        return False
    # An order to be live overrules what the file says where it stands, and above; not below it.
    declared: Iterable[bool] = (profile.enabled, group.enabled, target.enabled)
    return all(enabled for level, enabled in enumerate(declared) if nearest is None or level > nearest)


def targets_on_air(profile: Profile) -> frozenset[str]:
    """The paths of the targets that are wanted live, as a runner's status writes them."""
    return frozenset(f"groups.{group.name}.targets.{target.name}" for group, target in profile.on_air())


def targets_declared(profile: Profile) -> frozenset[str]:
    """The paths of all targets, enabled or not."""
    return frozenset(f"groups.{g.name}.targets.{t.name}" for g in profile.groups for t in g.targets)


def drift(profile: Profile, overrides: Overrides) -> tuple[str, ...]:
    """What differs from the file by somebody's order, as `+path` (live) and `-path` (stopped)."""
    declared, wanted = targets_on_air(profile), targets_on_air(effective(profile, overrides))
    return (
        *(f"-{path}" for path in sorted(declared - wanted)),
        *(f"+{p}" for p in sorted(wanted - declared)),
    )
