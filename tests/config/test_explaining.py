"""Every field of every schema can be explained, and is found by its path, or nearly."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from spiritstream.cli.explain import KINDS
from spiritstream.config.common import resolved_schema
from spiritstream.config.data import data_folder
from spiritstream.config.explaining import NAME, Field, every_field, find_field
from spiritstream.config.leaves import SECRET_FIELDS
from spiritstream.config.load import check_text
from spiritstream.errors import UsageError
from tests.config.test_schema_file import LEAVES


def schema(kind: str) -> dict[str, Any]:
    """A schema with everything in its place."""
    names = [f"{name}.schema.json" for name in (kind, "profile")]
    read = {name: json.loads((data_folder("schemas") / name).read_text()) for name in names}
    return resolved_schema(read[names[0]], read)


SCHEMAS = {kind: schema(kind) for kind in KINDS}
PROFILE = SCHEMAS["profile"]
FIELDS = [(kind, field) for kind in KINDS for field in every_field(SCHEMAS[kind])]


@pytest.mark.parametrize("path", LEAVES)
def test_every_leaf_of_a_profile(path: str) -> None:
    """It is found by its path, says what it is, what may be written, and what a change restarts."""
    dotted = re.sub(r"\|\d", "", path).replace("*", NAME)
    field = find_field(PROFILE, dotted)
    leaf = LEAVES[path]
    assert dotted == field.dotted
    assert field.description
    assert field.expected or field.values
    assert leaf["x-apply"] == field.restarts
    assert bool(leaf.get("x-secret")) == field.secret
    assert (leaf.get("default") is None) or (field.node["default"] == leaf["default"] and field.default)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind}-{field.dotted}" for kind, field in FIELDS])
def test_every_field_of_every_schema(kind: str, field: Field) -> None:
    """It is found by its path with or without the names that people choose, and says what it is."""
    assert field.dotted == find_field(SCHEMAS[kind], field.dotted).dotted
    if not field.dotted.endswith(NAME):
        short = field.dotted.replace(f"{NAME}.", "")
        assert field.dotted == find_field(SCHEMAS[kind], short).dotted
    assert field.description or field.dotted.endswith(NAME)
    assert field.expected or field.values


def test_walk() -> None:
    """The walk reaches what stands in lists, alternatives, and behind references."""
    paths = {kind: {field.dotted for of, field in FIELDS if of == kind} for kind in KINDS}
    assert {"servers.url", "limits.bitrates.max_kbps", "doubts.kind"} <= paths["platform"]
    assert {"input.files.loop", "groups.NAME.targets.NAME.record.segment"} <= paths["profile"]
    assert {"defaults.groups.video.bitrate"} <= paths["common"]
    assert {"log.keep.days"} <= paths["settings"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("groups.video.keyframe", "groups.NAME.video.keyframe"),
        ("groups.NAME.video.keyframe", "groups.NAME.video.keyframe"),
        ("groups.mobile.video.keyframe", "groups.NAME.video.keyframe"),
        ("groups.video.video.keyframe", "groups.NAME.video.keyframe"),
        ("keyframe", "groups.NAME.video.keyframe"),
        ("video.keyframe", "groups.NAME.video.keyframe"),
        ("groups.targets.key", "groups.NAME.targets.NAME.key"),
        ("groups.mobile.targets.twitch.key", "groups.NAME.targets.NAME.key"),
        ("groups.mobile.targets.twitch", "groups.NAME.targets.NAME"),
        ("groups.mobile", "groups.NAME"),
        ("groups.targets", "groups.NAME.targets"),
        ("input.files[1]", "input.files"),
        ("input.files.paths[0]", "input.files.paths"),
        (" .groups. ", "groups"),
        ("", ""),
    ],
)
def test_paths(path: str, expected: str) -> None:
    """A path as findings print it, as a person types it, or its end."""
    assert expected == find_field(PROFILE, path).dotted


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("groups.video.keyframes", "did you mean groups.NAME.video.keyframe?"),
        ("groups.video.gop", "did you mean groups.NAME.video.keyframe?"),
        ("groups.mobile.targets.yt.stream_key", "did you mean groups.NAME.targets.NAME.key?"),
        ("inptu", "did you mean input?"),
        ("input.rtmp.tls.cert", "did you mean input.rtmp.tls.certificate?"),
        ("key", "which one: input.pull.key, input.rtmp.key, groups.NAME.targets.NAME.key?"),
        ("qqqq", "at the top are version, name,"),
        ("x" * 10_000, "at the top are version, name,"),
    ],
)
def test_unknown_paths(path: str, hint: str) -> None:
    """The nearest field is offered."""
    with pytest.raises(UsageError) as caught:
        find_field(PROFILE, path)
    assert hint in caught.value.hint


def test_a_pasted_key_is_not_repeated() -> None:
    """What looks like no field's name is not printed."""
    with pytest.raises(UsageError) as caught:
        find_field(PROFILE, "groups.a.live_0123_4567_canary")
    assert "canary" not in str(caught.value)


def test_a_part_restarts_what_its_whole_does() -> None:
    """The name of a secret's variable is a part of the secret."""
    assert ["target", "input"] == [
        find_field(PROFILE, path).restarts for path in ("groups.targets.key.env", "input.rtmp.key.file")
    ]


def test_secrets() -> None:
    """The fields that are secret are those that are sealed."""
    found = {field.path[-1] for kind, field in FIELDS if kind == "profile" and field.secret}
    assert set(SECRET_FIELDS) == found


VIDEO = "version: 1\nname: a\ninput: {test: {%s}}\ngroups: {g: {video: {codec: h264, bitrate: 3M%s}%s}}\n"
HOLD = "version: 1\nname: a\ninput: {rtmp: {hold: %s}}\n"
TAPE = (
    "version: 1\nname: a\ninput: {test: {}}\n"
    'groups: {g: {targets: {t: {record: {path: "%%Y-%%m-%%d_%%H-%%M-%%S.mkv", segment: %s}}}}}\n'
)
# By path: a text with the lowest value, the highest, and one beyond each, as `x-range` says.
RANGES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "input.test.size": (
        VIDEO % ("size: %s", "", ""),
        "each side from 16 to 8192 pixels, and even",
        ["16x8192"],
        ["14x16", "16x8194", "16x17"],
    ),
    "input.test.fps": (VIDEO % ("fps: %s", "", ""), "from 1 to 240", ["1", "240"], ["0.5", "241"]),
    "input.test.bitrate": (
        VIDEO % ("bitrate: %s", "", ""),
        "from 32k to 400M",
        ["32k", "400M"],
        ["31k", "401M"],
    ),
    "groups.video.size": (
        VIDEO % ("", ", size: %s", ""),
        "each side from 16 to 8192 pixels, and even",
        ["16x8192"],
        ["14x16", "16x8194", "16x17"],
    ),
    "groups.video.fps": (VIDEO % ("", ", fps: %s", ""), "from 1 to 240", ["1", "240"], ["0.5", "241"]),
    "groups.video.bitrate": (
        VIDEO.replace("3M%s", "%s") % ("", "%s", ""),
        "from 32k to 400M",
        ["32k", "400M"],
        ["31k", "401M"],
    ),
    "groups.video.keyframe": (
        VIDEO % ("", ", keyframe: %s", ""),
        "from 100ms to 20s",
        ["100ms", "20s"],
        ["99ms", "21s"],
    ),
    "groups.audio.bitrate": (
        VIDEO % ("", "", ", audio: {codec: aac, bitrate: %s}"),
        "from 8k to 1M",
        ["8k", "1M"],
        ["7k", "1.1M"],
    ),
    "input.rtmp.hold": (HOLD, "from 0s to 1h", ["0s", "1h"], ["61m"]),
    "record.segment": (TAPE, "from 5s to 168h", ["5s", "168h"], ["4s", "169h"]),
}


@pytest.mark.parametrize("path", RANGES)
def test_ranges(path: str) -> None:
    """A range that JSON Schema cannot say is the one that is checked."""
    text, said, good, bad = RANGES[path]
    assert said == find_field(PROFILE, path).range
    assert [[]] * len(good) == [check_text(text % value, "f") for value in good]
    assert [1] * len(bad) == [len(check_text(text % value, "f")) for value in bad]


def test_every_range_is_compared() -> None:
    """No `x-range` stands in a schema that the test above leaves out."""
    ranged = {field.dotted for kind, field in FIELDS if kind == "profile" and "x-range" in field.node}
    assert ranged == {find_field(PROFILE, path).dotted for path in RANGES}


def test_values_as_they_are_written() -> None:
    """Defaults, examples and lists read as YAML."""

    def default(kind: str, path: str) -> str | None:
        return find_field(SCHEMAS[kind], path).default

    assert ("true", "2s", "{}", '""') == tuple(
        default("profile", path) for path in ("enabled", "keyframe", "groups", "description")
    )
    assert ("[]", "the one on PATH, else the embedded one") == tuple(
        default("settings", path) for path in ("folders", "ffmpeg")
    )
    assert default("profile", "name") is None
    assert ["2s", "1h"] == find_field(PROFILE, "keyframe").examples
    assert "from 1 to 8" == find_field(PROFILE, "channels").range
    assert "" == find_field(PROFILE, "listen").range
