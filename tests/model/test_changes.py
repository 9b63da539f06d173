"""`changes()` as text: one line for each process that starts, restarts or stops, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.model.changes import changes
from spiritstream.model.limits import Limits
from spiritstream.model.profile import Address, Audio, FilesInput, Group, Profile, Target, TestInput, Video
from spiritstream.secret import Secret


def target(name: str, key: str = "canary-key") -> Target:
    """A target with a secret in it."""
    return Target(name, Address("rtmp://example.net/live", Secret(key)))


def limited(name: str, bps: int, key: str = "canary-key") -> Target:
    """A target whose platform takes so much."""
    return replace(target(name, key), limits=Limits("Somewhere", video_bps=bps))


PROFILE = Profile(
    "show",
    TestInput(),
    (
        Group("source", (target("a"), target("b"))),
        Group("small", (target("c"),), video=Video("h264", 1_000_000), audio=Audio("aac")),
    ),
)


def with_group(index: int, **fields: object) -> Profile:
    """PROFILE with other fields in one group."""
    groups = list(PROFILE.groups)
    groups[index] = replace(groups[index], **fields)  # type: ignore[arg-type]
    return replace(PROFILE, groups=tuple(groups))


ALL_START = """
start input: wanted and not running
start groups.source: wanted and not running
start groups.source.targets.a: wanted and not running
start groups.source.targets.b: wanted and not running
start groups.small: wanted and not running
start groups.small.targets.c: wanted and not running
"""
CASES: dict[str, tuple[Profile | None, Profile | None, str]] = {
    "nothing to nothing": (None, None, ""),
    "the same": (PROFILE, replace(PROFILE), ""),
    "a first start": (None, PROFILE, ALL_START),
    "a description": (PROFILE, replace(PROFILE, description="x"), "update description: description changed"),
    "other limits of a platform": (
        with_group(0, targets=(limited("a", 6_000_000), target("b"))),
        with_group(0, targets=(limited("a", 8_000_000), target("b"))),
        "update groups.source.targets.a: what is known of its platform changed",
    ),
    "other limits, and another key": (
        with_group(0, targets=(limited("a", 6_000_000), target("b"))),
        with_group(0, targets=(limited("a", 8_000_000, "canary-other"), target("b"))),
        "restart groups.source.targets.a: address.key changed",
    ),
    "another name": (PROFILE, replace(PROFILE, name="other"), "restart profile: name changed"),
    "another input": (
        PROFILE,
        replace(PROFILE, input=FilesInput(("/a.flv",))),
        "restart input: kind changed",
    ),
    "a field of the input": (
        PROFILE,
        replace(PROFILE, input=TestInput(bitrate_bps=1)),
        "restart input: bitrate_bps changed",
    ),
    "another key": (
        PROFILE,
        with_group(0, targets=(target("a", "canary-other"), target("b"))),
        "restart groups.source.targets.a: address.key changed",
    ),
    "a target more": (
        PROFILE,
        with_group(0, targets=(target("a"), target("b"), target("d"))),
        "start groups.source.targets.d: wanted and not running",
    ),
    "a target less": (
        PROFILE,
        with_group(0, targets=(target("a"),)),
        "stop groups.source.targets.b: removed",
    ),
    "a target disabled": (
        PROFILE,
        with_group(0, targets=(target("a"), replace(target("b"), enabled=False))),
        "stop groups.source.targets.b: disabled",
    ),
    "the order of targets": (PROFILE, with_group(0, targets=(target("b"), target("a"))), ""),
    "an encoding": (
        PROFILE,
        with_group(1, video=Video("h264", 2_000_000)),
        """
restart groups.small: video.bitrate_bps changed
restart groups.small.targets.c: groups.small restarts
""",
    ),
    "passthrough becomes an encoding": (
        PROFILE,
        with_group(0, video=Video("h264", 2_000_000)),
        """
restart groups.source: video changed
restart groups.source.targets.a: groups.source restarts
restart groups.source.targets.b: groups.source restarts
""",
    ),
    "a group disabled": (
        PROFILE,
        with_group(1, enabled=False),
        """
stop groups.small: disabled
stop groups.small.targets.c: disabled
""",
    ),
    "a profile without targets runs nothing": (
        PROFILE,
        replace(PROFILE, groups=(Group("source"),)),
        """
stop input: no target is enabled
stop groups.source: disabled
stop groups.source.targets.a: removed
stop groups.source.targets.b: removed
stop groups.small: removed
stop groups.small.targets.c: removed
""",
    ),
    "a profile disabled": (
        replace(PROFILE, groups=PROFILE.groups[1:]),
        replace(PROFILE, groups=PROFILE.groups[1:], enabled=False),
        """
stop input: the profile is disabled
stop groups.small: the profile is disabled
stop groups.small.targets.c: the profile is disabled
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changes_as_text(name: str) -> None:
    """What runs and what is wanted give exactly these changes."""
    current, wanted, expected = CASES[name]
    assert expected.strip().splitlines() == [str(change) for change in changes(current, wanted)]


@pytest.mark.parametrize("name", CASES)
def test_doing_it_twice_changes_nothing(name: str) -> None:
    """Once what is wanted runs, there is no further change."""
    _, wanted, _ = CASES[name]
    assert () == changes(wanted, wanted)


def test_no_change_tells_a_value() -> None:
    """Changes name fields, never values: one of them may be a key."""
    text = repr([changes(a, b) for a, b, _ in CASES.values()])
    assert "canary" not in text
