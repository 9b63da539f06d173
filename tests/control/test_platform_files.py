"""Own platforms under a running controller: what changes is noticed, and only what it means is done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.config.registry import Known, OwnPlatformError
from spiritstream.config.shelf import FILES_MAX, PlatformFile, Shelf
from spiritstream.control import folder as folders
from spiritstream.control import ownfiles, rereading
from spiritstream.control.folder import FolderSource
from spiritstream.control.git import GitSource
from spiritstream.control.opening import Opened, ProfileOpener
from spiritstream.control.ownfiles import OwnFiles
from spiritstream.control.planning import plan
from spiritstream.control.reader import Reader
from spiritstream.control.report import Report
from spiritstream.control.rereading import Rereading
from spiritstream.control.source import Entry, Reading
from spiritstream.control.state import Kept, State
from spiritstream.control.taking import BusyError
from spiritstream.model.changes import Action, changes
from tests.control.repository import Repository
from tests.control.stage import PretendSource, Stage

ENVIRON = {"KEY": "k"}
SOON_S = 60.0
HOUSE = """\
name: House
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
servers: [{name: Main, url: "rtmp://ingest.house.example/live"}]
"""
LIMITED = HOUSE + "limits: {max_video_kbps: 6000}\n"
MOVED = HOUSE.replace("ingest", "other")
BROKEN = HOUSE + "color: red\n"


def show(name: str, *platforms: str) -> str:
    """A profile with a target for each platform."""
    targets = ", ".join(f"{one}: {{platform: {one}, key: {{env: KEY}}}}" for one in platforms)
    return f"version: 1\nname: {name}\ninput: {{test: {{}}}}\ngroups: {{g: {{targets: {{{targets}}}}}}}\n"


def shelf(**texts: str) -> Shelf:
    """The platforms beside the profiles."""
    return Shelf({id: PlatformFile(f"platforms/{id}.yaml", text.encode()) for id, text in texts.items()})


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config folder's platforms, which are not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "spiritstream" / "platforms"


# --- What a controller does ---


class Beside(Stage):
    """A stage whose files are real profiles, with platforms beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = shelf(house=HOUSE)
        self.opener = ProfileOpener(None, ENVIRON)

    def open(self, entry: Entry, common: Entry | None, known: Known) -> Opened:
        """What a file comes to."""
        return self.opener(entry, common, known)

    def say(self, **texts: str) -> None:
        """Let these be the platforms."""
        self.shelf = shelf(**texts)
        self.changed.set()
        self.wait(3)

    def url(self) -> str:
        """Where the show's first target leads, as the runner was told."""
        profile = self.alive["show"].profile
        assert profile is not None
        address = profile.groups[0].targets[0].address
        assert address is not None
        return address.url

    def status(self) -> dict[str, object]:
        """What the controller says of everything."""
        assert self.controller is not None and self.hands is not None
        found: dict[str, object] = self.ask(Report(self.controller, self.hands, Path("/")).status())
        return found


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """A show on air that goes to a platform beside it, and to a shipped one."""
    for name in [name for name in dir(Stage) if name.startswith("check_")]:
        monkeypatch.setattr(Beside, name, lambda *_: None)
    made = Beside()
    read = PretendSource.read

    async def with_platforms(self: PretendSource) -> Reading:
        return replace(await read(self), platforms=made.shelf)

    monkeypatch.setattr(PretendSource, "read", with_platforms)
    made.files["show.yaml"] = show("show", "house", "twitch").encode()
    made.begin()
    made.wait(3)
    yield made
    made.close()


def test_a_changed_server_is_applied(stage: Beside) -> None:
    """Without a signal and without an edit of the profile; only its target changes."""
    before = stage.alive["show"].profile
    assert "rtmp://ingest.house.example/live" == stage.url()
    stage.say(house=MOVED)
    after = stage.alive["show"].profile
    assert "rtmp://other.house.example/live" == stage.url()
    assert after is not None
    assert {"groups.g.targets.house"} == {change.path for change in changes(before, after)}


def test_other_knowledge_restarts_nothing(stage: Beside) -> None:
    """A comment, another platform: the runner that is on air is not touched. Limits: it is told of them, and
    that is all that it is told."""
    told, pid = stage.told, stage.alive["show"].pid
    stage.say(house="# a comment\n" + HOUSE)
    stage.say(house=HOUSE, other=HOUSE.replace("House", "Other"))
    assert (told, pid) == (stage.told, stage.alive["show"].pid)
    before = stage.alive["show"].profile
    stage.say(house=LIMITED)
    after = stage.alive["show"].profile
    assert (told + 1, pid, {Action.UPDATE}) == (
        stage.told,
        stage.alive["show"].pid,
        {change.action for change in changes(before, after)},
    )


@pytest.mark.parametrize("texts", [{"house": BROKEN}, {"house": "name: ["}, {}, {"house": "x" * 2_000_000}])
def test_an_invalid_platform_stops_nothing(stage: Beside, texts: dict[str, str]) -> None:
    """The show runs on as it was, its state says why, and the mended file is applied."""
    told, pid = stage.told, stage.alive["show"].pid
    stage.say(**texts)
    stage.wait(60)
    assert (told, pid) == (stage.told, stage.alive["show"].pid)
    said = stage.status()
    assert isinstance(said["profiles"], list)
    (one,) = said["profiles"]
    assert not one["valid"]
    assert ("its own file is not valid" if texts else "no platform of this name") in one["findings"][0]
    assert bool(texts) == str(said["problem"]).startswith("platforms/house.yaml:")
    stage.say(house=MOVED)
    assert (pid, "rtmp://other.house.example/live") == (stage.alive["show"].pid, stage.url())
    assert "" == stage.status()["problem"]


def test_one_that_takes_a_shipped_name_changes_nothing(stage: Beside) -> None:
    """`twitch` stays what it is to the show; that the file is refused is said."""
    told = stage.told
    stage.say(house=HOUSE, twitch=HOUSE)
    assert told == stage.told
    assert "platforms/twitch.yaml:1:1: the file's name is that of the platform twitch" in str(
        stage.status()["problem"]
    )


def test_a_new_controller_with_a_broken_platform(stage: Beside) -> None:
    """What was accepted last is kept with the platform as it was then, and runs on."""
    for texts in ({"house": BROKEN}, {}):
        stage.kill()
        stage.shelf = shelf(**texts)
        del stage.alive["show"]
        stage.begin()
        stage.wait(30)
        assert "rtmp://ingest.house.example/live" == stage.url()


def test_the_config_folders_platforms_are_noticed(stage: Beside, config: Path) -> None:
    """Added, changed, removed: each is found at the next look at the latest, and nobody has to ask."""
    config.mkdir(parents=True)
    (config / "twitch.yaml").write_text(HOUSE.replace("ingest", "mine").replace("House", "Mine"))
    stage.wait(60)
    profile = stage.alive["show"].profile
    assert profile is not None and profile.groups[0].targets[1].address is not None
    assert "rtmp://mine.house.example/live" == profile.groups[0].targets[1].address.url
    (config / "twitch.yaml").unlink()
    stage.wait(60)
    profile = stage.alive["show"].profile
    assert profile is not None and profile.groups[0].targets[1].address is not None
    assert "house.example" not in profile.groups[0].targets[1].address.url


def test_a_config_folder_that_cannot_be_read_stops_nothing(stage: Beside, config: Path) -> None:
    """The show runs on and sends its keys where it did, also after a restart; what was mended is applied."""
    config.mkdir(parents=True)
    (config / "twitch.yaml").write_text(HOUSE.replace("ingest", "mine").replace("House", "Mine"))
    stage.wait(60)
    told = stage.told
    config.rename(config.with_name("away"))
    config.write_text("")
    stage.wait(60)
    assert told == stage.told
    assert f"{config}:1:1: cannot be read" in str(stage.status())
    stage.kill()
    del stage.alive["show"]
    stage.begin()
    stage.wait(30)
    profile = stage.alive["show"].profile
    assert profile is not None and profile.groups[0].targets[1].address is not None
    assert "rtmp://mine.house.example/live" == profile.groups[0].targets[1].address.url
    config.unlink()
    config.mkdir()
    (config / "twitch.yaml").write_text(MOVED.replace("House", "Mine"))
    stage.wait(60)
    profile = stage.alive["show"].profile
    assert profile is not None and profile.groups[0].targets[1].address is not None
    assert "rtmp://other.house.example/live" == profile.groups[0].targets[1].address.url
    assert stage.status()["problem"] == ""


def test_a_file_that_is_put_in_anothers_place_was_never_gone(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As editors save: the old one is renamed, then the new one is written. One that stays away is gone."""
    config.mkdir(parents=True)
    file = config / "twitch.yaml"
    file.write_text(HOUSE)
    own = OwnFiles()
    assert HOUSE.encode() == own.look().files["twitch"].data
    file.unlink()
    monkeypatch.setattr("time.sleep", lambda _: file.write_text(MOVED))
    assert MOVED.encode() == own.look().files["twitch"].data
    file.unlink()
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert {} == dict(own.look().files)


def test_a_file_that_is_being_written_first_is_not_the_shipped_one(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it will be is not known yet: until then nobody else has its name."""
    config.mkdir(parents=True)
    (config / "twitch.yaml").write_text(HOUSE)

    def busy(path: str) -> None:
        raise BusyError("is being written")

    own = OwnFiles()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(ownfiles, "taken", busy)
        with pytest.raises(OwnPlatformError, match="is being written"):
            Known(own.look())("twitch")
    assert Known(own.look())("twitch").own


def test_a_plan_knows_the_platforms(stage: Beside) -> None:
    """What a file would come to is told with the platforms that the source has."""
    assert stage.controller is not None
    found = stage.ask(plan(stage.controller, Path("/"), {"show.yaml": show("show", "house")}))
    assert [] == found["profiles"][0]["findings"]
    found = stage.ask(plan(stage.controller, Path("/"), {"show.yaml": show("show", "nowhere")}))
    assert "no platform of this name is known" in found["profiles"][0]["findings"][0]


def test_only_those_that_name_it_are_opened_again(stage: Beside) -> None:
    """A platform's change costs nothing for profiles that have nothing to do with it."""
    stage.files["other.yaml"] = show("other", "twitch").encode()
    stage.changed.set()
    stage.wait(3)
    opened: list[str] = []
    opener = stage.opener

    def noting(entry: Entry, common: Entry | None, known: Known) -> Opened:
        opened.append(entry.file)
        return opener(entry, common, known)

    stage.opener = noting  # type: ignore[assignment]
    stage.say(house=MOVED)
    assert ["show.yaml"] == opened


def test_the_copy_on_disk_holds_its_platforms(tmp_path: Path) -> None:
    """A last good copy is written and read with them; one of before says that nobody noted any."""
    state = State(tmp_path / "state")
    state.prepare()
    file = PlatformFile("platforms/house.yaml", HOUSE.encode())
    for platforms in ({"house": file}, {}, None):
        kept = Kept("show", "show.yaml", tmp_path, "r", b"text", None, platforms)
        state.keep(kept)
        assert kept == state.copy("show")


# --- A folder ---


async def read(source: FolderSource | GitSource) -> Reading:
    """What a source holds."""
    try:
        return await source.read()
    finally:
        source.close()


@pytest.fixture
def shows(tmp_path: Path) -> Path:
    """A repository's folder of profiles, with a platform beside them."""
    made = tmp_path / "repo" / "shows"
    (made / "platforms").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (made / "platforms" / "house.yaml").write_text(HOUSE)
    (made / "show.yaml").write_text(show("show", "house"))
    return made


async def test_a_folder_has_platforms(shows: Path) -> None:
    """They are no profiles; a change is another revision; a folder of them further down is only named."""
    (shows / "a" / "platforms").mkdir(parents=True)
    (shows / "a" / "platforms" / "b.yaml").write_text(HOUSE)
    found = await read(FolderSource(shows))
    assert ({"show.yaml"}, {"house"}, True) == (
        set(found.entries),
        set(found.platforms.files),
        found.complete,
    )
    assert "a/platforms/: not read, only the one at the top is" == found.problem
    (shows / "platforms" / "house.yaml").write_text(MOVED)
    assert found.revision != (await read(FolderSource(shows))).revision


async def test_those_of_the_repository_above(shows: Path) -> None:
    """As by hand: the nearest, from the folder's top upward."""
    (shows / "platforms").rename(shows.parent / "platforms")
    found = await read(FolderSource(shows))
    assert [f"{shows.parent}/platforms/house.yaml"] == [one.file for one in found.platforms.files.values()]
    reader = Reader(FolderSource(shows), ProfileOpener(None, ENVIRON), lambda: 0.0)
    await reader.look()
    assert () == reader.now.view.files["show.yaml"].findings


async def test_mounted_as_kubernetes_does(shows: Path) -> None:
    """A link that stays in the folder is followed, and what it leads to is no profile."""
    (shows / "..data").mkdir()
    (shows / "platforms").rename(shows / "..data" / "platforms")
    (shows / "platforms").symlink_to("..data/platforms")
    found = await read(FolderSource(shows))
    assert ({"show.yaml"}, {"house"}) == (set(found.entries), set(found.platforms.files))


HOSTILE = ("folder leads out", "file leads out", "pipe", "10 MB", "thousands", "full of it")


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_folders(shows: Path, tmp_path: Path, case: str) -> None:
    """Nothing of it is taken, it is said, and other profiles are read as ever."""
    platforms, house = shows / "platforms", shows / "platforms" / "house.yaml"
    (tmp_path / "out").mkdir()
    house.rename(tmp_path / "out" / "house.yaml")
    if case == "folder leads out":
        platforms.rmdir()
        platforms.symlink_to(tmp_path / "out")
    elif case == "file leads out":
        house.symlink_to(tmp_path / "out" / "house.yaml")
    elif case == "pipe":
        os.mkfifo(house)
    elif case == "10 MB":
        house.write_text(HOUSE + "#" * 10_000_000)
    elif case == "thousands":
        for number in range(3_000):
            (platforms / f"p{number}.yaml").hardlink_to(tmp_path / "out" / "house.yaml")
    else:
        for number in range(9):
            (platforms / f"p{number}.yaml").write_text("#" * 1_000_000 + "\n")
    (shows / "other.yaml").write_text(show("other", "twitch"))
    reader = Reader(source := FolderSource(shows), ProfileOpener(None, ENVIRON), lambda: 0.0)
    await reader.look()
    source.close()
    view = reader.now.view
    assert view.complete and "platforms" in view.problem
    assert view.files["other.yaml"].profile is not None
    assert view.files["show.yaml"].profile is None


@pytest.mark.parametrize("where", ["beside", "config"])
@pytest.mark.parametrize("how", ["changed", "added", "removed"])
async def test_an_event_wakes(
    shows: Path, config: Path, monkeypatch: pytest.MonkeyPatch, where: str, how: str
) -> None:
    """A platform's file that is changed, added or removed is seen without waiting for the next look."""
    monkeypatch.setattr(folders, "RESCAN_S", 1000.0)
    config.mkdir(parents=True)
    place = shows / "platforms" if where == "beside" else config
    (place / "house.yaml").write_text(HOUSE)
    reader = Reader(source := FolderSource(shows, also=config), ProfileOpener(None, ENVIRON), lambda: 0.0)
    try:
        await reader.look()
        async with asyncio.timeout(SOON_S):
            await source.wait()  # the watch stands
        before = reader.now.known
        if how == "changed":
            (place / "house.yaml").write_text(MOVED)
        elif how == "added":
            (place / "more.yaml").write_text(HOUSE.replace("House", "More"))
        else:
            (place / "house.yaml").unlink()
        async with asyncio.timeout(SOON_S):
            while reader.now.known is before:
                await source.wait()
                await reader.look()
    finally:
        source.close()


async def test_what_is_as_it_was_is_not_read_again(
    config: Path, shows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at unchanged platforms opens no file, and what was made of them is kept."""
    config.mkdir(parents=True)
    (config / "mine.yaml").write_text(HOUSE.replace("House", "Mine"))
    own = OwnFiles()
    first = own.look()
    with monkeypatch.context() as nobody:
        nobody.setattr(ownfiles, "taken", None)
        assert first is own.look()
    reader = Reader(source := FolderSource(shows), ProfileOpener(None, ENVIRON), lambda: 0.0, own=own)
    await reader.look()
    known = reader.now.known
    await reader.look()
    source.close()
    assert known is reader.now.known


async def test_the_config_folder_is_looked_at_beside_a_source_that_sleeps(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is asked every now and then only; an own platform is noticed by the clock all the same."""
    monkeypatch.setattr(rereading, "OWN_S", 0.01)

    class Asleep:
        where = "asleep"

        async def read(self) -> Reading:
            return Reading({"a.yaml": Entry("a.yaml", show("a", "house").encode(), Path("/"))}, "", True)

        async def wait(self) -> None:
            await asyncio.Event().wait()

        def close(self) -> None:
            pass

    source, opener = Asleep(), ProfileOpener(None, ENVIRON)
    reader = Reader(source, opener, lambda: 0.0)
    looked = asyncio.Event()
    again = asyncio.create_task(Rereading(source, reader, opener, looked.set).run())
    try:
        async with asyncio.timeout(SOON_S):
            await looked.wait()
            assert reader.now.view.files["a.yaml"].profile is None
            looked.clear()
            config.mkdir(parents=True)
            (config / "house.yaml").write_text(HOUSE)
            await looked.wait()
            assert reader.now.view.files["a.yaml"].profile is not None
    finally:
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


# --- Git ---


class Origin(Repository):
    """A repository, and a controller's reader of it."""

    def reader(self, tmp_path: Path, path: str = "") -> Reader:
        """One that has read nothing yet."""
        source = GitSource(str(self.path), "main", path, 1000.0, None, tmp_path / "work")
        return Reader(source, ProfileOpener(None, ENVIRON), lambda: 0.0)


@pytest.fixture
def origin(tmp_path: Path, no_process_left: None) -> Origin:
    """A repository with a show that goes to a platform of its own."""
    made = Origin(tmp_path / "origin")
    made.commit({"shows/show.yaml": show("show", "house"), "shows/platforms/house.yaml": HOUSE})
    return made


def url(reader: Reader) -> str:
    """Where the show goes."""
    profile = reader.now.view.files["show.yaml"].profile
    assert profile is not None and profile.groups[0].targets[0].address is not None
    return profile.groups[0].targets[0].address.url


async def test_platforms_of_the_same_commit(origin: Origin, tmp_path: Path) -> None:
    """They are read from the commit that the profiles are read from, and a commit that changes one counts."""
    reader = origin.reader(tmp_path, "shows")
    await reader.look()
    assert ("rtmp://ingest.house.example/live", {"show.yaml"}) == (url(reader), set(reader.now.view.files))
    (origin.path / "shows" / "platforms" / "house.yaml").write_text(BROKEN)
    await reader.look()
    assert "rtmp://ingest.house.example/live" == url(reader)
    origin.commit({"shows/platforms/house.yaml": MOVED})
    await reader.look()
    assert "rtmp://other.house.example/live" == url(reader)
    origin.commit({"shows/platforms/house.yaml": None})
    await reader.look()
    (finding,) = reader.now.view.files["show.yaml"].findings
    assert "no platform of this name is known" in finding


async def test_platforms_above_the_path(origin: Origin, tmp_path: Path) -> None:
    """As by hand: the nearest from the source's folder upward."""
    origin.commit({"shows/platforms/house.yaml": None, "platforms/house.yaml": MOVED})
    reader = origin.reader(tmp_path, "shows")
    await reader.look()
    assert "rtmp://other.house.example/live" == url(reader)
    (origin.path / "shows" / "platforms").rmdir()
    origin.commit({"shows/platforms": "a file is no folder, on disk neither"})
    await reader.look()
    assert "rtmp://other.house.example/live" == url(reader)


async def test_hostile_commits(origin: Origin, tmp_path: Path) -> None:
    """Links, large files and thousands of them are not taken; what is wrong is said at the platforms."""
    house, reader = origin.path / "shows" / "platforms" / "house.yaml", origin.reader(tmp_path, "shows")
    (tmp_path / "house.yaml").write_text(HOUSE)

    async def said() -> str:
        origin.commit({})
        await reader.look()
        assert reader.now.view.complete
        assert reader.now.view.files["show.yaml"].profile is None
        return reader.now.view.problem

    house.unlink()
    house.symlink_to(tmp_path / "house.yaml")
    assert "platforms/house.yaml:1:1: is a link or a submodule in the repository" in await said()
    house.unlink()
    house.write_text(HOUSE + "#" * 10_000_000)
    assert "platforms/house.yaml:1:1: is larger than 1 MiB" in await said()
    house.write_text(HOUSE)
    for number in range(FILES_MAX):
        (house.parent / f"p{number}.yaml").write_text(HOUSE)
    assert f"platforms:1:1: there are more than {FILES_MAX} platforms" in await said()
    for path in house.parent.iterdir():
        path.unlink()
    house.parent.rmdir()
    house.parent.symlink_to(tmp_path)
    assert "platforms:1:1: a link that leads out of the folder is not followed" in await said()
