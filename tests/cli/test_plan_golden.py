"""What `plan` prints for each edit that a profile can have, as it was read and agreed on.

Each file in tests/golden/plan holds an edit as a diff, and the plan for it. `SPIRITSTREAM_GOLDEN=write`
writes them anew: then read what changed. A new leaf of the schema needs a case in tests/model/test_apply.py,
and a file.
"""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from spiritstream.cli.plans import Plan, plan_lines
from spiritstream.model.changes import changes, units
from spiritstream.model.profile import Group, Profile, RtmpInput, Sender, Target
from tests.config.test_schema_file import LEAVES
from tests.model.test_apply import CASES, ENVIRON, Data, Load, load, put, show

__all__ = ["load"]

GOLDEN = Path(__file__).parents[1] / "golden" / "plan"
Edit = tuple[Data | None, Data | None]
_FIRST_PID = 101


def without(data: Data, at: str) -> Data:
    """A profile with nothing at a place."""
    return put(data, at)


def moved_target(data: Data) -> Data:
    """A target goes from one group to another."""
    changed = copy.deepcopy(data)
    groups = changed["groups"]
    groups["copied"]["targets"]["plain"] = {**groups["main"]["targets"].pop("plain"), "container": "flv"}
    return changed


def renamed_group(data: Data) -> Data:
    """A group gets another name."""
    changed = copy.deepcopy(data)
    changed["groups"]["other"] = changed["groups"].pop("copied")
    return changed


def reordered(data: Data) -> Data:
    """Groups and targets in another order, and written otherwise."""
    changed = copy.deepcopy(data)
    changed["groups"] = dict(reversed(changed["groups"].items()))
    changed["groups"]["main"]["video"]["bitrate"] = 1_000_000
    return changed


SHOW = show()
NEW = {"url": "rtmp://new.example/live", "key": {"env": "KEY"}}
WHOLE: dict[str, Edit] = {
    "whole-first-start": (None, SHOW),
    "whole-the-end": (SHOW, None),
    "whole-nothing": (SHOW, reordered(SHOW)),
    "whole-another-input": (SHOW, show("push")),
    "whole-a-target-more": (SHOW, put(SHOW, "groups.main.targets.new", NEW)),
    "whole-a-target-less": (SHOW, without(SHOW, "groups.main.targets.srt")),
    "whole-a-group-less": (SHOW, without(SHOW, "groups.copied")),
    "whole-a-target-moves": (SHOW, moved_target(SHOW)),
    "whole-a-group-is-renamed": (SHOW, renamed_group(SHOW)),
    "whole-several-at-once": (
        SHOW,
        put(
            put(put(SHOW, "input.test.tone", 501), "groups.main.video.preset", "slow"), "description", "Else."
        ),
    ),
    "whole-a-key-and-its-group": (
        SHOW,
        put(put(SHOW, "groups.main.targets.own.key", {"env": "OTHER"}), "groups.main.audio.bitrate", "97k"),
    ),
}


def edit(name: str) -> Edit:
    """A profile before and after: of a leaf, or a whole one."""
    if name in WHOLE:
        return WHOLE[name]
    kind, at, value = CASES[LEAF_OF[name]]
    return show(kind), put(show(kind), at, value)


def file_name(leaf: str) -> str:
    """`groups.*.video|1.fps` as a file's name."""
    return leaf.replace(".*", "").replace("|", "-").replace(".", "-")


LEAF_OF = {file_name(leaf): leaf for leaf in LEAVES if leaf != "version"}
NAMES = [*LEAF_OF, *WHOLE]


def processes(profile: Profile | None) -> dict[str, tuple[int, ...]]:
    """Made-up pids of what a runner would run: an RTMP input and a native target are no processes."""
    pids: dict[str, tuple[int, ...]] = {}
    for path, unit in units(profile).items():
        match unit:
            case Group():
                is_process = not unit.passthrough
            case Target():
                is_process = unit.record is not None or unit.sender is not Sender.NATIVE
            case _:
                is_process = not isinstance(unit, RtmpInput)
        pids[path] = (_FIRST_PID + len(pids),) if is_process else ()
    return pids


def text(before: Data | None, after: Data | None, load: Callable[[Data], Profile]) -> str:
    """The edit as a diff, and what `plan` prints for it."""
    old, new = (load(one) if one else None for one in (before, after))
    running = processes(old)
    found = tuple(replace(change, pids=running.get(change.path, ())) for change in changes(old, new))
    name = (old or new or load(SHOW)).name
    printed = list(plan_lines([Plan(name, f"{name}.yaml", found)])) or ["nothing would change"]
    ended = sum(len(change.pids) for change in found)
    diff = difflib.unified_diff(lines(before), lines(after), "before", "after", n=1, lineterm="")
    said = [line for line in diff if not line.startswith("@@")] if before and after else ["(all of it)"]
    return "\n".join(
        [*said, "", *printed, "", f"ends {ended} of {sum(map(len, running.values()))} processes", ""]
    )


def lines(data: Data | None) -> list[str]:
    """A profile as YAML."""
    return yaml.safe_dump(data, sort_keys=True).splitlines() if data else []


@pytest.mark.parametrize("name", NAMES)
def test_plan(load: Load, name: str) -> None:
    """The kind of each change, what it is about, its cause, and the processes that it ends."""
    found, path = text(*edit(name), load), GOLDEN / f"{name}.txt"
    if os.environ.get("SPIRITSTREAM_GOLDEN") == "write":
        path.write_text(found)
    assert path.read_text() == found


def test_every_leaf_has_a_golden_plan() -> None:
    """A leaf without a file, and a file without a leaf, are named."""
    assert sorted(NAMES) == sorted(path.stem for path in GOLDEN.iterdir())
    assert len(LEAVES) - 1 == len(LEAF_OF)


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_secret_is_printed(name: str) -> None:
    """A plan names fields, never values."""
    printed = (GOLDEN / f"{name}.txt").read_text().partition("\n\n")[2]
    assert [] == [value for value in ENVIRON.values() if len(value) > 2 and value in printed.split()]
