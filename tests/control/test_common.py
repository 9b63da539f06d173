"""`.spiritstream.yaml` at the controller: what is inherited, and when it changes or breaks on air."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.config.commonfile import common_of, find_common
from spiritstream.config.registry import Known
from spiritstream.control import server
from spiritstream.control.folder import FolderSource
from spiritstream.control.git import GitSource
from spiritstream.control.opening import Opened, ProfileOpener, inherited_from
from spiritstream.control.planning import plan
from spiritstream.control.reader import Reader
from spiritstream.control.report import Report
from spiritstream.control.source import COMMON, Entry, Reading
from spiritstream.errors import ProfileError
from spiritstream.model.profile import RtmpInput
from tests.control.repository import Repository
from tests.control.stage import PretendSource, Stage

PROFILE = b"""\
version: 1
name: show
input: {rtmp: {key: {env: KEY}}}
groups: {g: {video: {bitrate: 3M}, targets: {t: {platform: youtube, key: {env: KEY}}}}}
"""
USUAL = "version: 1\ndefaults: {input: {rtmp: {hold: %s}}, groups: {video: {codec: h264}}}\n"
ENVIRON = {"KEY": "k"}
WAITS = f"a.yaml: its defaults are not known: {COMMON} is not valid"


def common(text: str, problem: str = "") -> Entry:
    """A source's common file."""
    return Entry(COMMON, b"" if problem else text.encode(), Path("/"), problem=problem)


def hold_s(opened: Opened) -> float:
    """The inherited value, as opened."""
    assert opened.profile is not None and isinstance(opened.profile.input, RtmpInput)
    return opened.profile.input.hold_s


def test_opening() -> None:
    """A file is opened with what it inherits; with a broken common file it is known by its name only."""
    opener, entry = ProfileOpener(None, ENVIRON), Entry("a.yaml", PROFILE, Path("/"))
    assert 20.0 == hold_s(opener(entry, common(USUAL % "20s")))
    assert ("show", None) == ((bare := opener(entry, None)).name, bare.profile)
    assert "'codec' is missing" in bare.findings[0]
    assert Opened("show", None, (WAITS,)) == opener(entry, common("version: 2\n"))
    unreadable = opener(entry, common("", problem="cannot be read"))
    assert Opened("show", None, (WAITS,), lasting=False) == unreadable


class Once:
    """A source that is read as it is said to be."""

    where = "here"

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    async def read(self) -> Reading:
        """What it holds."""
        return self.reading

    async def wait(self) -> None:
        """Nothing happens by itself."""

    def close(self) -> None:
        """Nothing is held."""


def reading(inherited: Entry | None, *, complete: bool = True) -> Reading:
    """Three profiles that inherit the same."""
    entries = {
        f"{name}.yaml": Entry(f"{name}.yaml", PROFILE.replace(b"show", name.encode()), Path("/"))
        for name in "abc"
    }
    return Reading(entries, "r", complete, "" if complete else "torn", inherited)


async def test_what_is_wrong_is_said_once() -> None:
    """A broken common file is the source's one problem; each profile only says that it waits for it."""
    source = Once(reading(common("version: 1\ndefaults: {sender: a, targets: {key: x}}\n")))
    reader = Reader(source, ProfileOpener(None, ENVIRON), lambda: 0.0)
    await reader.look()
    view = reader.now.view
    assert view.complete
    assert (
        f"{COMMON}:2:20: defaults.sender: expected ffmpeg or native; {COMMON}:2:33: defaults.targets: "
        "unknown key 'key' - secrets stand in profiles only, each sealed for its own destination"
    ) == view.problem
    assert [("a", None, (WAITS,))] == [
        (one.name, one.profile, one.findings) for file, one in view.files.items() if file == "a.yaml"
    ]


async def test_what_cannot_be_read_says_nothing_new() -> None:
    """While the common file cannot be read, what it said last holds; never read, nothing is guessed."""
    source = Once(reading(common("", problem="cannot be read"), complete=False))
    reader = Reader(source, ProfileOpener(None, ENVIRON), lambda: 0.0)
    await reader.look()
    assert [None] * 3 == [one.profile for one in reader.now.view.files.values()]
    assert "torn" == reader.now.view.problem
    for text in ("20s", "30s"):
        source.reading = reading(common(USUAL % text))
        await reader.look()
        good = reader.now.view.digests()
        source.reading = reading(common("", problem="cannot be read"), complete=False)
        await reader.look()
        assert good == reader.now.view.digests()
        assert None not in [one.profile for one in reader.now.view.files.values()]
    source.reading = reading(common(USUAL % "30s"))
    await reader.look()
    assert good == reader.now.view.digests()


class Inheriting(Stage):
    """A stage whose files are real profiles, with a common file beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.common: Entry | None = None
        self.opener = ProfileOpener(None, ENVIRON)

    def open(self, entry: Entry, common: Entry | None, known: Known) -> Opened:
        """What a file comes to."""
        return self.opener(entry, common, known)

    def say(self, text: str | None) -> None:
        """Let the common file say this."""
        self.common = None if text is None else common(text)
        self.changed.set()
        self.wait(3)

    def held_s(self) -> float:
        """What the runner was told."""
        profile = self.alive["show"].profile
        assert profile is not None and isinstance(profile.input, RtmpInput)
        return profile.input.hold_s

    def status(self) -> dict[str, object]:
        """What the controller says of everything."""
        assert self.controller is not None and self.hands is not None
        found: dict[str, object] = self.ask(Report(self.controller, self.hands, Path("/")).status())
        return found


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inheriting]:
    """A show on air that inherits."""
    # What the stage checks by itself reads its own sort of files.
    for name in [name for name in dir(Stage) if name.startswith("check_")]:
        monkeypatch.setattr(Inheriting, name, lambda *_: None)
    made = Inheriting()
    read = PretendSource.read

    async def with_common(self: PretendSource) -> Reading:
        return replace(await read(self), common=made.common)

    monkeypatch.setattr(PretendSource, "read", with_common)
    made.files["show.yaml"] = PROFILE
    made.common = common(USUAL % "20s")
    made.begin()
    made.wait(3)
    yield made
    made.close()


def test_a_changed_default_is_applied(stage: Inheriting) -> None:
    """The runner is told the new value; a new recipient, comment or order of words tells it nothing."""
    assert 20.0 == stage.held_s()
    stage.say(USUAL % "40s")
    assert 40.0 == stage.held_s()
    told = stage.told
    stage.say("# a comment\n" + USUAL % "40000ms")
    assert (told, 40.0) == (stage.told, stage.held_s())


def test_a_broken_common_file_stops_nothing(stage: Inheriting) -> None:
    """The show runs on as it was, its state says why, and the mended file is applied."""
    told, pid = stage.told, stage.alive["show"].pid
    stage.say("version: 1\ndefaults: {sendr: native}\n")
    stage.wait(60)
    assert (told, pid, 20.0) == (stage.told, stage.alive["show"].pid, stage.held_s())
    said = stage.status()
    assert isinstance(said["profiles"], list)
    (show,) = said["profiles"]
    assert (False, [WAITS.replace("a.yaml", "show.yaml")]) == (show["valid"], show["findings"])
    assert f"{COMMON}:2:12: defaults: unknown key 'sendr' - did you mean 'sender'?" == said["problem"]
    stage.say(USUAL % "50s")
    assert (pid, 50.0) == (stage.alive["show"].pid, stage.held_s())


def test_a_new_controller_with_a_broken_common_file(stage: Inheriting) -> None:
    """What was accepted last is kept with what it inherited then, and runs on."""
    stage.kill()
    stage.common = common("broken")
    del stage.alive["show"]
    stage.begin()
    stage.wait(30)
    assert 20.0 == stage.held_s()


def test_a_plan_inherits_too(stage: Inheriting) -> None:
    """What a file would come to is told with the source's defaults."""
    assert stage.controller is not None
    text = PROFILE.decode().replace("bitrate: 3M", "bitrate: 4M")
    found = stage.ask(plan(stage.controller, Path("/"), {"show.yaml": text}))
    assert [[], ["groups.g", "groups.g.targets.t"]] == [
        found["profiles"][0]["findings"],
        sorted(change["path"] for change in found["profiles"][0]["changes"]),
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of profiles, in a repository."""
    made = tmp_path / "repo" / "live"
    (made / "sub").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (made / "show.yaml").write_bytes(PROFILE)
    return made


async def once(folder: Path) -> Reading:
    """What a folder holds."""
    source = FolderSource(folder)
    try:
        return await source.read()
    finally:
        source.close()


async def test_a_folder_inherits_from_its_repository(folder: Path) -> None:
    """As by hand: the nearest, from the folder's top upward; one further down is not read, and said so."""
    assert None is (await once(folder)).common
    (folder.parent / COMMON).write_text(USUAL % "20s")
    above = await once(folder)
    assert above.complete and above.common and (USUAL % "20s").encode() == above.common.data
    (folder / COMMON).write_text(USUAL % "30s")
    (folder / "sub" / COMMON).write_text(USUAL % "40s")
    own = await once(folder)
    assert own.complete and own.common and (USUAL % "30s").encode() == own.common.data
    assert f"sub/{COMMON}: not read, only the one at the top is" == own.problem


async def test_a_folder_that_is_a_link_inherits_as_by_hand(folder: Path, tmp_path: Path) -> None:
    """From above its end; from above the link where something stands there."""
    (folder.parent / COMMON).write_text(USUAL % "20s")
    (tmp_path / "config").mkdir()
    link = tmp_path / "config" / "shows"
    link.symlink_to(folder)
    for text in ("20s", "30s"):
        common = (await once(link)).common
        assert common and (USUAL % text).encode() == common.data
        assert (above := find_common(link / "show.yaml")) and common.data == above.read_bytes()
        (tmp_path / "config" / COMMON).write_text(USUAL % "30s")


async def test_one_that_cannot_be_read(folder: Path) -> None:
    """It is there and says why; the reading proves nothing, and the profiles are there all the same."""
    (folder / COMMON).symlink_to("/nowhere/else")
    found = await once(folder)
    assert not found.complete and found.common and {"show.yaml"} == set(found.entries)
    assert f"{COMMON}: cannot be read: no such file or directory" == found.common.problem == found.problem
    inherited = inherited_from(found.common)
    assert inherited and inherited.findings


async def test_from_git(tmp_path: Path, no_process_left: None) -> None:
    """The nearest above the folder that is read; a link is refused and says nothing."""
    origin = Repository(tmp_path / "origin")
    origin.commit({"a/b/c/show.yaml": PROFILE, COMMON: USUAL % "1s", f"a/{COMMON}": USUAL % "2s"})
    source = GitSource(str(origin.path), "main", "a/b/c", 1000.0, None, tmp_path / "work")
    found = await source.read()
    assert found.complete and found.common
    assert "2s" == common_of(found.common.data, COMMON).defaults["input"]["rtmp"]["hold"]
    (origin.path / "a/b/c" / COMMON).symlink_to("../../../" + COMMON)
    origin.commit({})
    linked = await source.read()
    assert not linked.complete and linked.common
    assert (
        f"{COMMON}: is not a file but a link or a submodule, which is not followed" == linked.common.problem
    )


def test_what_is_put_inherits_too(stage: Inheriting, tmp_path: Path) -> None:
    """A profile is judged with the source's common file, as it will be read; with a broken one, by nobody."""
    assert stage.controller is not None and stage.hands is not None
    calls = server._Calls(stage.controller, stage.hands, tmp_path, tmp_path)
    put = {"file": "show.yaml", "data": PROFILE.decode()}
    assert "show" == stage.ask(calls._put(put))["name"]
    assert PROFILE == (tmp_path / "show.yaml").read_bytes()
    stage.say("version: 2\n")
    with pytest.raises(ProfileError, match=f"{COMMON}:1:10: version: expected 1"):
        stage.ask(calls._put(put))
