"""Profiles, files and readings for tests of what is decided, in few words."""

from __future__ import annotations

from spiritstream.control.world import View, Wanted
from spiritstream.model.profile import Address, Group, Profile, RtmpInput, Target, TestInput
from spiritstream.secret import Secret


def target(name: str, key: str = "", *, enabled: bool = True) -> Target:
    """A target whose key is its name, unless told otherwise."""
    address = Address("rtmp://127.0.0.1:1935/live", Secret(key or f"canary-{name}"))
    return Target(name, address, enabled=enabled)


def profile(name: str, *targets: str | Target, enabled: bool = True, listen: str = "") -> Profile:
    """A show of one group; a target's key is the show's name with its own, so that shows do not clash."""
    given = targets or ("a", "b")
    made = tuple(one if isinstance(one, Target) else target(one, f"canary-{name}-{one}") for one in given)
    received = RtmpInput("0.0.0.0", 1935, "live", Secret(listen)) if listen else TestInput()
    return Profile(name, received, (Group("g", made),), enabled)


def wanted(show: Profile | None, file: str = "", *, name: str | None = None, text: str = "") -> Wanted:
    """A file; two with the same show and `text` have the same digest."""
    name = (show.name if show else "") if name is None else name
    file = file or f"{name}.yaml"
    findings = () if show else (f"{file}:1:1: wrong",)
    return Wanted(name, file, f"{show!r} {text} {keys(show)}", show, findings, "r1")


def keys(show: Profile | None) -> list[str]:
    """What tells two profiles apart that print alike."""
    return [secret.reveal() for secret in show.secrets()] if show else []


def view(*files: Wanted, complete: bool = True, problem: str = "") -> View:
    """A reading."""
    return View({one.file: one for one in files}, complete, problem)


def paths(*names: str) -> frozenset[str]:
    """The paths of targets in `profile`'s group."""
    return frozenset(f"groups.g.targets.{name}" for name in names)
