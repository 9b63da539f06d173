"""Asking what applying would change: the controller, or without one the runner in the foreground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spiritstream.cli.controlled import refuse_git
from spiritstream.cli.files import label
from spiritstream.cli.offered import Offered, for_folder, place_for
from spiritstream.cli.overview import Overview
from spiritstream.cli.plans import Plan, read_plans
from spiritstream.control.client import AbsentError, connect
from spiritstream.errors import PeerError
from spiritstream.model.changes import Change, changes
from spiritstream.wire import from_data, to_data


async def plan_with(peer: Any, overview: Overview, offered: Sequence[Offered]) -> list[Plan]:
    """What the controller would do with these profiles; without any, with its source as it is.

    Raises:
        GuardedError: its source is git, where profiles come by a commit.
    """
    if not offered:
        return read_plans(await peer.call("plan"), {})
    refuse_git(
        overview.controller, "commit the files there; `spiritstream plan` without a FILE shows the rest"
    )
    texts = {place_for(one, overview): one.data.decode() for one in offered}
    return read_plans(await peer.call("plan", files=texts), {one.name: one.digest for one in offered})


def with_derived(plans: Sequence[Plan], offered: Sequence[Offered], folder: Path | None = None) -> list[Plan]:
    """The plans with what the offered profiles' encodings derive where they are to stand.

    That is `folder`, or a folder below it; without one, where they are. Platforms may differ there.
    """
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.derivations import derivations

    def derived(one: Offered) -> dict[str, str]:
        path = one.path
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            path = folder / path.name
        return derivations(one.data, str(one.path), path.parent, common_for(path))

    of = {one.name: one for one in offered}
    return [replace(plan, derived=derived(of[plan.name])) if plan.name in of else plan for plan in plans]


def as_put(overview: Overview, offered: Sequence[Offered]) -> list[Offered]:
    """The profiles as they are to stand in the controller's folder."""
    folder = overview.controller.folder if overview.controller else None
    return [for_folder(one, Path(folder)) for one in offered] if folder else list(offered)


async def plan_alone(offered: Offered, identity: Path | None) -> Plan:
    """What `spiritstream run` of that name would change, or a new one start.

    Raises:
        SpiritError: a secret of the profile cannot be had, or the runner does not answer.
    """
    from spiritstream.cli.opening import open_file
    from spiritstream.cli.places import socket_for

    opened = await open_file(offered.path, identity)
    profile = opened.profile
    try:
        async with connect(socket_for(profile.name)) as peer:
            if peer.hello.get("profile") != profile.name:
                raise PeerError(
                    f"another show answers in place of '{profile.name}'", "see `spiritstream status`"
                )
            answer = await peer.call("plan", profile=to_data(profile))
            found = tuple(from_data(Change, one) for one in answer)
            base = f"pid {peer.hello.get('pid')}"
    except AbsentError:
        found, base = changes(None, profile), ""
    return Plan(profile.name, label(offered.path), found, offered.digest, base, warnings=opened.warnings)
