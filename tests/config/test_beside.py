"""Platforms beside profiles: they add, they take nobody's name, and no key follows them to another host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiritstream.config import registry, shelf
from spiritstream.config.document import parse_document
from spiritstream.config.keypair import Identity
from spiritstream.config.likeness import likeness
from spiritstream.config.load import check_file, document_leaves, load_profile
from spiritstream.config.platforms import platform_ids
from spiritstream.config.registry import OwnPlatformError, finder
from spiritstream.config.seal import open_sealed, seal
from spiritstream.config.shelf import FILES_MAX, config_platforms, find_beside
from spiritstream.config.within import open_within
from spiritstream.errors import Finding, MovedError
from spiritstream.secret import Secret

HOUSE = """\
name: House Channel
aliases: [our own]
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
servers: [{name: Main, url: "rtmp://ingest.house.example/live"}]
"""
CANARY = "canary-7f3a-key"
ME = Identity.create()


@pytest.fixture
def shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's folder of profiles, and a config folder that has nothing."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "shows").mkdir()
    return tmp_path / "repo" / "shows"


def put(folder: Path, id: str, text: str = HOUSE) -> Path:
    """Write one platform into a folder of platforms."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{id}.yaml"
    path.write_text(text)
    return path


def show(folder: Path, target: str) -> Path:
    """A profile with one target."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "show.yaml"
    text = f"version: 1\nname: show\ninput: {{test: {{}}}}\ngroups: {{g: {{targets: {{t: {{{target}}}}}}}}}\n"
    path.write_text(text)
    return path


def found(folder: Path, name: str) -> list[Finding]:
    """What is wrong with a profile in a folder that names this platform."""
    return check_file(show(folder, f"platform: {name!r}, key: {{env: A}}")).findings


@pytest.mark.parametrize("name", ["house", "HOUSE", " house ", "House channel", "our own"])
def test_one_beside_the_profile_is_added(shows: Path, name: str) -> None:
    """It is found by its id and its names in any case, and its keys belong to the server's host."""
    put(shows / "platforms", "house")
    assert [] == found(shows, name)
    path = show(shows, f"platform: {name!r}, key: x")
    (leaf,) = document_leaves(parse_document(path.read_bytes(), str(path)))
    assert "ingest.house.example" == leaf.destination
    assert "house" in finder(shows).ids()
    assert finder(shows).entry(name).beside


def test_the_nearest_folder_counts(shows: Path) -> None:
    """As with `.spiritstream.yaml`: from the profile's own folder upward, to the top of the repository."""
    assert "no platform of this name is known" == found(shows / "a" / "b", "house")[0].message
    put(shows.parent.parent / "platforms", "house")
    assert found(shows / "a" / "b", "house")
    put(shows.parent / "platforms", "house")
    assert [] == found(shows / "a" / "b", "house")
    put(shows / "a" / "platforms", "other", HOUSE.replace("House", "Other").replace("our own", "ours"))
    assert [] == found(shows / "a" / "b", "other")
    assert found(shows / "a" / "b", "house")
    assert [] == found(shows, "house")


def test_the_config_folder_and_the_shipped_are_beside_nobody(
    shows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config folder's platforms stand above its profiles, and the program's own above its examples."""
    put(config_platforms(), "twitch", HOUSE)
    profiles = config_platforms().parent / "profiles"
    assert [] == found(profiles, "twitch")
    assert find_beside(profiles) is None
    monkeypatch.setattr(shelf, "data_folder", lambda name: shows.parent / name)
    put(shows.parent / "platforms", "house")
    assert find_beside(shows) is None


REFUSED = {
    "a shipped id": ("twitch", HOUSE, "1:1", "the file's name is that of the platform twitch"),
    "nearly a shipped id": ("t-w-i-t-c-h", HOUSE, "1:1", "the file's name is that of the platform twitch"),
    "its name": ("house", "Twitch", "1:7", "looks like, the name of the platform twitch"),
    "upper case": ("house", "TWITCH", "1:7", "looks like, the name of the platform twitch"),
    "full-width letters": ("house", "\uff34\uff57\uff49\uff54\uff43\uff48", "1:7", "the platform twitch"),
    "mathematical letters": ("house", "\U0001d413witch", "1:7", "the platform twitch"),
    "Cyrillic letters": ("house", "Tw\u0456t\u0441h", "1:7", "the platform twitch"),
    "Greek letters": ("house", "\u03a4witch", "1:7", "the platform twitch"),
    "an accent": ("house", "Twi\u0301tch", "1:7", "the platform twitch"),
    "signs between": ("house", "T.w.i.t.c.h", "1:7", "the platform twitch"),
    "a digit": ("house", "Y0uTube", "1:7", "the platform youtube"),
    "a stroke": ("house", "Twltch", "1:7", "the platform twitch"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("as_alias", [False, True])
def test_no_name_of_another_platform_is_taken(shows: Path, case: str, as_alias: bool) -> None:
    """Neither by id, name nor alias, nor by what looks like one; it is said where, and what to do instead."""
    id, name, at, said = REFUSED[case]
    text = HOUSE if name == HOUSE else HOUSE.replace("our own" if as_alias else "House Channel", f'"{name}"')
    if name != HOUSE and as_alias:
        at = "2:11"
    path = put(shows / "platforms", id, text)
    (finding,) = finder(shows).findings()
    assert f"{path}:{at}" == f"{finding.file}:{finding.line}:{finding.column}"
    assert said in finding.message
    assert finding.hint.endswith(f"to override one, make it {config_platforms() / path.name}")
    assert not finder(shows)("Twitch").own
    assert [] == found(shows, "twitch")
    assert (id == "twitch") != bool(found(shows, id))


def test_what_is_refused_is_nobodys(shows: Path) -> None:
    """A profile that names it by its id is invalid and says why; a name that looks alike finds none."""
    fake = "\uff34\uff57\uff49\uff54\uff43\uff48"
    path = put(shows / "platforms", "house", HOUSE.replace("our own", f'"{fake}"'))
    (finding,) = found(shows, "house")
    assert f"its own file is not valid: {path}:2:11: aliases[0]: this is, or looks like" in finding.message
    (finding,) = found(shows, fake)
    assert "no platform of this name is known" == finding.message


def test_the_config_folder_overrides(shows: Path) -> None:
    """One of the same id, or with one of its names, is refused beside profiles; its own is taken."""
    mine = HOUSE.replace("ingest.house", "mine.house")
    put(config_platforms(), "house", mine)
    put(shows / "platforms", "house")
    put(shows / "platforms", "other", HOUSE.replace("our own", "goodly"))
    assert "rtmp://mine.house.example/live" == finder(shows)("house").server_url()
    said = [finding.message for finding in finder(shows).findings()]
    assert "the file's name is that of house in the config folder" == said[0]
    assert "this is, or looks like, the name of house in the config folder" == said[1]


def test_a_key_does_not_follow_a_changed_server(shows: Path) -> None:
    """Whoever changes the server in the repository gets no key: it is sealed for the host, and it is said."""
    put(shows / "platforms", "house")
    sealed = seal(ME.recipient, "ingest.house.example", "key", Secret(CANARY))
    path = show(shows, f'platform: house, key: "{sealed}"')

    def opener(text: str, destination: str, field: str) -> Secret:
        return open_sealed(ME, text, destination, field)

    assert (Secret(CANARY),) == load_profile(path, opener, os.environ).secrets()
    put(shows / "platforms", "house", HOUSE.replace("ingest.house", "attacker"))
    (finding,) = check_file(path).findings
    assert "sealed for ingest.house.example, but here its key would go to attacker.example" in finding.message
    with pytest.raises(MovedError) as caught:
        load_profile(path, opener, os.environ)
    assert CANARY not in str(caught.value)


def test_a_shipped_key_is_not_sent_elsewhere(shows: Path) -> None:
    """A key that is sealed for a shipped platform opens for no platform beside the profiles."""
    put(shows / "platforms", "house")
    sealed = seal(ME.recipient, "twitch", "key", Secret(CANARY))
    (finding,) = check_file(show(shows, f'platform: house, key: "{sealed}"')).findings
    assert "sealed for twitch, but here its key would go to ingest.house.example" in finding.message


BROKEN = {
    "no YAML": ("name: [", "1:"),
    "unknown key": (HOUSE + "color: red\n", "7:1: unknown key 'color'"),
    "lookup": (
        HOUSE + 'ingest_lookup: {url: "https://evil.example/x", form: rtmp}\n',
        "7:1: ingest_lookup",
    ),
    "terminal": (HOUSE.replace("House Channel", '"\\e[31mHouse"'), "1:7: name: an escape in this text"),
    "turned letters": (HOUSE.replace("Main", '"\\u202eniaM"'), "6:18: servers[0].name: a character"),
    "two lines": (HOUSE.replace("House Channel", '"House\\nok"'), "1:7: name: a character stands here"),
    "a profile": ("version: 1\nname: show\ninput: {test: {}}\n", "1:1: this is a profile"),
    "10 MB": ("#" * 10_000_000, "1:1: the file is larger than 1 MiB"),
    "aliases": ("a: &a [x]\nb: *a\n", "1:"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_file_concerns_those_who_name_it(shows: Path, case: str) -> None:
    """It is said with file, line and column; every other platform is there all the same."""
    text, expected = BROKEN[case]
    path = put(shows / "platforms", "house", text)
    put(shows / "platforms", "good", HOUSE.replace("House Channel", "Good").replace("our own", "goodly"))
    with pytest.raises(OwnPlatformError) as caught:
        finder(shows)("house")
    assert f"{path}:{expected}" in str(caught.value)
    assert {str(path)} == {finding.file for finding in finder(shows).findings()}
    (finding,) = found(shows, "house")
    assert str(shows / "show.yaml") == finding.file
    for name in ("good", "twitch", "goodly"):
        assert [] == found(shows, name)


@pytest.mark.parametrize("name", ["../../outside", "a/b", "a.b", "House", "house.yml", ".hidden", "-", ""])
def test_no_name_leads_out_of_the_folder(shows: Path, name: str) -> None:
    """Only a lower-case id in the folder itself is read; what is meant to be one is said."""
    put(shows, "outside")
    put(shows / "platforms" / "a", "b")
    for file in ("a.b.yaml", "House.yaml", "house.yml", ".hidden.yaml"):
        (shows / "platforms" / file).write_text(HOUSE)
    (finding,) = found(shows, name)
    assert ("no platform of this name is known" in finding.message) or not name
    misnamed = [Path(finding.file).name for finding in finder(shows).findings()]
    assert ["House.yaml", "a.b.yaml", "house.yml"] == misnamed


def test_links_that_lead_out_are_not_followed(shows: Path, tmp_path: Path) -> None:
    """Neither the folder nor a file; one that stays beside the profiles is as good as the file."""
    put(tmp_path / "elsewhere", "house")
    platforms = shows / "platforms"
    platforms.symlink_to(tmp_path / "elsewhere")
    (finding,) = found(shows, "house")
    assert f"{platforms}: a link that leads out of the folder is not followed" in finding.hint
    platforms.unlink()
    platforms.mkdir()
    (platforms / "house.yaml").symlink_to(tmp_path / "elsewhere" / "house.yaml")
    (finding,) = found(shows, "house")
    assert f"{platforms}/house.yaml:1:1: a link that leads out of the folder" in finding.message
    (platforms / "house.yaml").unlink()
    put(shows / "..data", "house")
    (platforms / "house.yaml").symlink_to("../..data/house.yaml")
    assert [] == found(shows, "house")


def test_a_pipe_holds_nobody_up(shows: Path) -> None:
    """What is no file is said at once."""
    (shows / "platforms").mkdir()
    os.mkfifo(shows / "platforms" / "house.yaml")
    assert "cannot be read: it is not a file" in found(shows, "house")[0].message


def test_another_users_file_is_not_taken(shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `.spiritstream.yaml`: in a shared folder it would let others say where things go."""
    put(shows / "platforms", "house")
    monkeypatch.setattr(shelf, "is_ours", lambda path, profile: False)
    assert "belongs to another user" in found(shows, "house")[0].message


@pytest.mark.parametrize("count", [FILES_MAX + 1, 10_000])
def test_too_many_are_none(shows: Path, count: int) -> None:
    """It is said, no file of them is opened, and shipped platforms are there."""
    platforms = shows / "platforms"
    platforms.mkdir()
    os.mkfifo(first := platforms / "p0.yaml")
    for number in range(1, count):
        (platforms / f"p{number}.yaml").hardlink_to(first)
    (finding,) = finder(shows).findings()
    assert finding.file == str(platforms)
    assert f"there are more than {FILES_MAX} platforms in this folder" in finding.message
    assert "more than" in found(shows, "p1")[0].hint
    assert [] == found(shows, "twitch")


def test_a_shipped_name_looks_at_no_folder(shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names shipped platforms only pays nothing for those beside."""
    monkeypatch.setattr(registry, "beside_shelf", None)
    for name in ("twitch", "YouTube", "youtube - RTMPS"):
        assert [] == found(shows, name)


def test_a_platform_beside_reads_only_its_own_file(shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the folder, the file of the id that is named is opened, and no other."""
    for number in range(20):
        put(shows / "platforms", f"house-{number}", HOUSE.replace("House Channel", f"Channel {number}"))
    opened: list[str] = []

    def noting(path: str, folders: list[Path]) -> object:
        opened.append(Path(path).name)
        return open_within(path, folders)

    monkeypatch.setattr(shelf, "open_within", noting)
    assert [] == found(shows, "house-7")
    assert ["house-7.yaml"] == opened


def test_every_shipped_platform_has_a_likeness_of_its_own() -> None:
    """No two shipped ids look alike: each can be told from the others."""
    assert len({likeness(id) for id in platform_ids()}) == len(platform_ids())
