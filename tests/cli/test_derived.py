"""What `for` derives, where people look: `show`, `plan`, `explain`, `export`, `validate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.cli.plans import Plan, plan_id, plan_lines
from spiritstream.config.load import load_data
from spiritstream.config.reach import Reach
from spiritstream.errors import ExitCode
from spiritstream.model.changes import Action, Change, Scope
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import CONTROLLER, peer, status_data
from tests.cli.places import controller_at, home

__all__ = ["home", "spiritstream"]

OWN = """\
name: House
sources: [{source: its own site, as_of: "2026-10"}]
protocols: [rtmp]
key_placement: append
limits: {max_video_kbps: 2300, max_audio_kbps: 96, keyframe_interval_s: 1, b_frames: 0}
servers: [{name: Only, url: "rtmp://house.example/live"}]
"""
FITTED = """\
version: 1
name: show
input: {test: {size: 1280x720, fps: 30}}
groups:
  g:
    video: {for: targets, encoder: software}
    audio: {for: targets}
    targets:
      house: {platform: house, key: {env: HOUSE_KEY}}"""
SOURCE = "(its own site, 2026-10)"
DERIVED = [
    "video.codec: h264  (usual)",
    f"video.size: 852x480  (1280x720 at 30 frames per second usually has 3000 kbit/s, "
    f"and House takes at most 2300 kbit/s {SOURCE})",
    "video.fps: 30  (usual for 852x480)",
    "video.bitrate: 1500k  (usual for 852x480 at 30 frames per second)",
    f"video.keyframe: 1s  (House wants a keyframe every 1 s {SOURCE})",
    f"video.b_frames: 0  (House takes no B-frames {SOURCE})",
    "audio.codec: aac  (usual)",
    f"audio.bitrate: 96k  (House takes at most 96 kbit/s of audio {SOURCE})",
]


@pytest.fixture(autouse=True)
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A profile beside us, and a platform of the user's own with limits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUSE_KEY", "canary-key")
    platforms = home / "config" / "spiritstream" / "platforms"
    platforms.mkdir(parents=True)
    (platforms / "house.yaml").write_text(OWN)
    path = tmp_path / "show.yaml"
    path.write_text(FITTED)
    return path


def test_show(spiritstream: Spiritstream) -> None:
    """The text as it is, and below it each derived value with the rule that bound it."""
    called = spiritstream("show", "show.yaml")
    derived = [f"#   groups.g.{line}" for line in DERIVED]
    assert (0, [*FITTED.splitlines(), "# Derived:", *derived]) == (called.code, called.out.splitlines())


def test_show_is_a_profile_that_means_the_same(spiritstream: Spiritstream, show: Path) -> None:
    """What is derived stands in comments: the text that is printed is the same profile."""
    before = load_data(show.read_bytes(), "a", show.parent, None, {"HOUSE_KEY": "k"})
    printed = spiritstream("show", "show.yaml").out.encode()
    assert before == load_data(printed, "a", show.parent, None, {"HOUSE_KEY": "k"})


def test_show_for_git(spiritstream: Spiritstream) -> None:
    """A diff is of what was edited: nothing is added that another version would derive otherwise."""
    assert FITTED == spiritstream("show", "--textconv", "show.yaml").out


def test_show_without_for(spiritstream: Spiritstream, show: Path) -> None:
    """A profile that derives nothing is printed as it is."""
    text = FITTED.replace("{for: targets, encoder: software}", "copy").replace("{for: targets}", "copy")
    show.write_text(text)
    assert text == spiritstream("show", "show.yaml").out


def test_show_with_what_is_inherited(spiritstream: Spiritstream, show: Path) -> None:
    """A default for what is derived is passed over, here as on air."""
    common = "version: 1\ndefaults: {groups: {video: {bitrate: 50M, preset: slow}}}\n"
    (show.parent / ".spiritstream.yaml").write_text(common)
    assert "video.bitrate: 1500k" in spiritstream("show", "show.yaml").out
    profile = load_data(show.read_bytes(), "a", show.parent, None, {"HOUSE_KEY": "k"})
    assert profile.groups[0].video is not None
    assert 1_500_000 == profile.groups[0].video.bitrate_bps


def test_plan(spiritstream: Spiritstream) -> None:
    """Under a group that is to start, what it will encode, and why."""
    called = spiritstream("plan", "show.yaml")
    lines = called.out.splitlines()
    at = lines.index("  start show/g: wanted and not running")
    assert (ExitCode.PENDING, [f"    {line}" for line in DERIVED]) == (
        called.code,
        lines[at + 1 : at + 1 + len(DERIVED)],
    )
    assert "  start show/g/house: wanted and not running" == lines[at + 1 + len(DERIVED)]
    assert "canary" not in called.out + called.err


def test_plan_as_data(spiritstream: Spiritstream) -> None:
    """The same for programs, by path."""
    (profile,) = json.loads(spiritstream("plan", "show.yaml", "--output", "json").out)["profiles"]
    path, _, said = f"groups.g.{DERIVED[0]}".partition(": ")
    assert (len(DERIVED), said) == (len(profile["derived"]), profile["derived"][path])


def test_plan_of_what_is_to_stand_elsewhere(home: Path, spiritstream: Spiritstream, show: Path) -> None:
    """It derives from the platforms that are known there."""
    folder = home / "profiles"
    (folder / "platforms").mkdir(parents=True)
    (folder / "platforms" / "club.yaml").write_text(OWN.replace("name: House", "name: Club"))
    show.write_text(FITTED.replace("platform: house", "platform: club"))
    planned = {"name": "show", "file": "show.yaml", "revision": "", "changes": []}
    answers = {"status": status_data(folder=str(folder)), "plan": {"profiles": [planned]}}
    with peer(controller_at(home), {**CONTROLLER, "source": str(folder)}, **answers):
        said = spiritstream("plan", "show.yaml", "--output", "json")
    (profile,) = json.loads(said.out)["profiles"]
    assert profile["derived"]["groups.g.audio.bitrate"].startswith("96k  (Club takes")


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (Change(Action.START, Scope.GROUP, "groups.g", "wanted"), True),
        (Change(Action.RESTART, Scope.GROUP, "groups.g", "video.bitrate_bps changed"), True),
        (Change(Action.STOP, Scope.GROUP, "groups.g", "removed"), False),
        (Change(Action.RESTART, Scope.GROUP, "groups.gg", "video changed"), False),
        (Change(Action.RESTART, Scope.TARGET, "groups.g.targets.t", "address.key changed"), False),
        (Change(Action.START, Scope.INPUT, "input", "wanted"), False),
    ],
)
def test_plan_of_a_group_that_begins(change: Change, shown: bool) -> None:
    """Only where an encoding begins is it said what it is made of."""
    plan = Plan("show", "s.yaml", (change,), derived={"groups.g.video.fps": "30  (usual)"})
    assert shown is ("    video.fps: 30  (usual)" in list(plan_lines([plan])))


def test_plan_is_the_same_with_other_words() -> None:
    """The id stands for the changes: how a reason is worded is none."""
    plan = Plan("show", "s.yaml", (Change(Action.START, Scope.GROUP, "groups.g", "wanted"),))
    assert plan_id([plan]) == plan_id([replace(plan, derived={"groups.g.video.fps": "30  (usual)"})])


@pytest.mark.parametrize("path", ["groups.video.for", "groups.audio.for"])
def test_explain(spiritstream: Spiritstream, path: str) -> None:
    """The field says what it derives, what to write, and that an upgrade may restart the group."""
    said = spiritstream("explain", path).out
    for words in (
        "targets, a platform such as twitch",
        "bitrate",
        "written beside it stands",
        "spiritstream show",
        "the upgrade restarts the group",
    ):
        assert words in said


def test_export(spiritstream: Spiritstream) -> None:
    """SpiritStream's file has no `for`: it gets the values."""
    called = spiritstream("export", "show.yaml")
    (group,) = json.loads(called.out)["outputGroups"]
    video, audio = group["video"], group["audio"]
    assert ("libx264", 852, 480, 30, "1500k", 1) == tuple(
        video[key] for key in ("codec", "width", "height", "fps", "bitrate", "keyframeIntervalSeconds")
    )
    assert ("aac", "96k") == (audio["codec"], audio["bitrate"])
    assert "not carried over: group g: SpiritStream leaves B-frames to the encoder\n" in called.err


def test_validate(spiritstream: Spiritstream, show: Path) -> None:
    """A platform that nobody knows is said at `for`; the hint names the nearest."""
    assert 0 == spiritstream("validate", "show.yaml").code
    show.write_text(FITTED.replace("{for: targets,", "{for: [targets, twich],"))
    called = spiritstream("validate", "show.yaml")
    assert ExitCode.INVALID == called.code
    said = called.out + called.err
    assert "show.yaml:6:28: groups.g.video.for[1]: no platform of this name is known" in said
    assert "did you mean twitch?" in said


def test_from_git(show: Path) -> None:
    """`for` names no file and no variable: a profile from git may write it."""
    reach = Reach(frozenset({"HOUSE_KEY"}), (show.parent,), show.parent / "tapes")
    profile = load_data(show.read_bytes(), "show.yaml", show.parent, None, {"HOUSE_KEY": "k"}, reach=reach)
    assert profile.groups[0].video is not None
    assert 0 == profile.groups[0].video.b_frames
