"""What a decision rests on, and what it comes to: readings, runners, everything at one moment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spiritstream.control.override import Overrides
from spiritstream.model.profile import Profile


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file, opened: `profile` is `None` when it is invalid; `name` may be known all the same.

    `warnings` are what its platforms may object to; nothing is decided by them.
    """

    name: str
    file: str
    digest: str
    profile: Profile | None
    findings: tuple[str, ...] = ()
    revision: str = ""
    warnings: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """One reading, opened. What is missing from an incomplete one proves nothing."""

    files: Mapping[str, Wanted]
    complete: bool
    problem: str = ""

    def digests(self) -> dict[str, str]:
        """What tells one reading from another."""
        return {file: wanted.digest for file, wanted in self.files.items()}


@dataclass(frozen=True, slots=True)
class Running:
    """A runner: `profile` is what it was told, `None` if that is not known; `targets` what it has on air."""

    profile: Profile | None
    targets: frozenset[str]
    foreign: str = ""
    """Why it cannot be told anything; it is kept as it is."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a decision rests on.

    `doing` is what runners are being told at this moment; `beside` are the invalid files of no name that
    stood beside a profile when it was last read; `losses` are those of the last decision. `uplink_bps` is the
    most that profiles may declare to send together.
    """

    now: View
    before: View | None = None
    accepted: Mapping[str, Wanted] = field(default_factory=dict)
    running: Mapping[str, Running] = field(default_factory=dict)
    doing: Mapping[str, Profile] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=dict)
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    losses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    confirmed: bool = False
    uplink_bps: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do. `accepted` is what is wanted from now on, by name.

    `applies` hold what a runner is to be told (overrides included), `stops` and `held` the reasons.
    `again`: the same reading once more decides what is held. `guarded`: a person's confirmation does.
    `losses` are the targets, by name, that would go off the air and were not let go yet.
    """

    accepted: Mapping[str, Wanted]
    applies: tuple[tuple[str, Wanted], ...] = ()
    stops: tuple[tuple[str, str], ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    again: bool = False
    guarded: bool = False
    losses: Mapping[str, frozenset[str]] = field(default_factory=dict)


def named(view: View, accepted: Mapping[str, Wanted]) -> dict[str, list[Wanted]]:
    """The files by their profiles' names. A file that does not say its name any more keeps the one it had."""
    found: dict[str, list[Wanted]] = {}
    for wanted in view.files.values():
        if wanted.name:
            found.setdefault(wanted.name, []).append(wanted)
    had = {one.file: name for name, one in accepted.items()}
    for file, wanted in view.files.items():
        if not wanted.name and file in had and had[file] not in found:
            found[had[file]] = [wanted]
    return found


def nameless(view: View, accepted: Mapping[str, Wanted]) -> frozenset[str]:
    """The invalid files of which nobody knows whose they are."""
    known = {wanted.file for several in named(view, accepted).values() for wanted in several}
    return frozenset(file for file in view.files if file not in known)
