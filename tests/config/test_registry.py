"""A user's own platforms: they add and override, are checked with a place, and never get another's key."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.keypair import Identity
from spiritstream.config.load import check_text, document_leaves, load_profile
from spiritstream.config.platforms import UnknownPlatformError, find_platform, platform_ids
from spiritstream.config.registry import OwnPlatformError, finder, known_platform
from spiritstream.config.seal import open_sealed, seal
from spiritstream.config.shelf import FILES_MAX, config_platforms
from spiritstream.errors import ExitCode, MovedError, ProfileError
from spiritstream.secret import Secret

HOUSE = """\
name: House Channel
aliases: [our own]
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
servers:
  - {name: Main, url: "rtmp://ingest.house.example/live"}
  - {name: Spare, url: "rtmp://spare.house.example/live", backup: true}
"""
TWITCH = HOUSE.replace("House Channel", "Twitch").replace("aliases: [our own]\n", "")
CANARY = "canary-7f3a-key"
ME = Identity.create()


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of own platforms, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert config_platforms().is_relative_to(tmp_path)
    return config_platforms()


def put(folder: Path, id: str, text: str) -> Path:
    """Write one own platform."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{id}.yaml"
    path.write_text(text)
    return path


def profile(target: str) -> str:
    """A profile with one target."""
    return f"version: 1\nname: show\ninput: {{test: {{}}}}\ngroups: {{g: {{targets: {{t: {{{target}}}}}}}}}\n"


def destination(target: str) -> str | None:
    """What the key of a target is sealed for."""
    (leaf,) = document_leaves(parse_document(profile(f"{target}, key: x"), "f"))
    return leaf.destination


def test_without_a_folder_the_shipped_ones_are_found() -> None:
    """Nothing is added to them."""
    assert finder().ids() == platform_ids()
    assert known_platform("Twitch") is find_platform("twitch")
    assert [] == finder().findings()


@pytest.mark.parametrize("name", ["house", "HOUSE", " house ", "House channel", "our own"])
def test_an_own_platform_is_added(own: Path, name: str) -> None:
    """It is found by its id and names in any case, and listed among the others."""
    put(own, "house", HOUSE)
    found = known_platform(name)
    assert ("house", True, "rtmp://ingest.house.example/live") == (found.id, found.own, found.server_url())
    assert {"house", "twitch"} < set(finder().ids())
    assert not known_platform("YouTube - RTMPS").own


def test_an_own_platform_takes_a_shipped_ones_place(own: Path) -> None:
    """By its id, and by every name of the shipped one."""
    put(own, "youtube", TWITCH)
    for name in ("youtube", "YouTube", "YouTube / YouTube Gaming"):
        assert "rtmp://ingest.house.example/live" == known_platform(name).server_url()


def test_a_shipped_id_is_found_before_an_own_ones_name(own: Path) -> None:
    """Somebody else's file that calls itself Twitch is not found as twitch."""
    put(own, "house", TWITCH)
    assert not known_platform("twitch").own
    assert known_platform("house").own


def test_an_unknown_name_is_told_the_nearest_own_one(own: Path) -> None:
    """The hint knows own platforms, too."""
    put(own, "house", HOUSE)
    with pytest.raises(UnknownPlatformError, match="did you mean house"):
        known_platform("huose")
    with pytest.raises(UnknownPlatformError, match="did you mean twitch"):
        known_platform("twich")


def test_an_edit_is_seen(own: Path) -> None:
    """The file is read again when it is another one, as a program that runs for months needs it."""
    path = put(own, "house", HOUSE)
    assert "ingest" in known_platform("house").server_url()
    path.write_text(HOUSE.replace("ingest.", "in.").replace("House Channel", "House"))
    assert "rtmp://in.house.example/live" == known_platform("house").server_url()


def test_keys_are_sealed_for_the_host(own: Path) -> None:
    """The key of an own platform belongs to the server's host; a shipped one's to its id."""
    put(own, "house", HOUSE)
    assert "ingest.house.example" == destination("platform: house")
    assert "spare.house.example" == destination("platform: house, server: backup")
    assert "spare.house.example" == destination('platform: house, server: "Spare"')
    assert "other.example" == destination('platform: house, server: "rtmp://other.example/x"')
    assert "twitch" == destination("platform: twitch")
    assert destination("platform: house, server: nowhere") is None


def test_a_shipped_ones_key_does_not_follow_its_id(own: Path, tmp_path: Path) -> None:
    """A file that takes the place of `twitch` gets no key that was sealed for Twitch, and it is said."""
    sealed = seal(ME.recipient, "twitch", "key", Secret(CANARY))
    path = tmp_path / "show.yaml"
    path.write_text(profile(f'platform: twitch, key: "{sealed}"'))
    opened: list[str] = []

    def opener(text: str, destination: str, field: str) -> Secret:
        opened.append(destination)
        return open_sealed(ME, text, destination, field)

    assert (Secret(CANARY),) == load_profile(path, opener, os.environ).secrets()
    put(own, "twitch", TWITCH)
    (finding,) = check_text(path.read_text(), "f")
    assert "sealed for twitch, but here its key would go to ingest.house.example" in finding.message
    with pytest.raises(MovedError):
        load_profile(path, opener, os.environ)
    with pytest.raises(MovedError):
        open_sealed(ME, sealed, "ingest.house.example", "key")


BROKEN = {
    "no YAML": ("name: [", "1:"),
    "unknown key": (HOUSE + "color: red\n", "9:1: unknown key 'color'"),
    "misspelt key": (HOUSE.replace("protocols", "protocol"), "4:1: unknown key 'protocol'"),
    "type": (HOUSE.replace("[rtmp]", "rtmp"), "4:12: protocols: expected a list, found text"),
    "protocol": (HOUSE.replace("[rtmp]", "[rtmpx]"), "4:13: protocols[0]: expected"),
    "limit": (HOUSE + "limits: {max_fps: 0}\n", "9:19: limits.max_fps: must be at least 1"),
    "scheme": (
        HOUSE.replace("rtmp://ingest", "ftp://ingest"),
        "7:23: servers[0].url: expected an address that starts with rtmp://",
    ),
    "user in URL": (
        HOUSE.replace("//ingest", "//me:hunter2@ingest"),
        "7:23: servers[0].url: a user or password",
    ),
    "same server": (HOUSE.replace("Spare", "main"), "8:12: servers[1].name: another server has this name"),
    "default": (HOUSE + "default_server: Third\n", "9:17: default_server: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_file_says_where(own: Path, case: str) -> None:
    """What is wrong is said with file, line and column, and never by repeating a value."""
    text, expected = BROKEN[case]
    path = put(own, "house", text)
    with pytest.raises(OwnPlatformError) as caught:
        known_platform("house")
    assert f"{path}:{expected}" in str(caught.value)
    assert ExitCode.INVALID == caught.value.exit_code
    assert caught.value.findings == finder().findings()
    (finding,) = check_text(profile("platform: house, key: {env: A}"), "f")
    assert ("f", 4) == (finding.file, finding.line)
    assert f"its own file is not valid: {path}:{expected}" in finding.message
    assert "hunter2" not in str(finding) + str(caught.value)
    assert not known_platform("twitch").own


def test_an_unreadable_file_is_said(own: Path) -> None:
    """A folder in the place of a file is a finding like another."""
    (own / "house.yaml").mkdir(parents=True)
    with pytest.raises(OwnPlatformError, match="cannot be read"):
        known_platform("house")


def test_everything_that_a_file_says(own: Path) -> None:
    """An entry has the platform, its facts and its file, for shipped and own ones."""
    path = put(own, "house", HOUSE)
    found = finder().entry("house")
    assert (path, "House Channel", "house") == (found.path, found.facts["name"], found.platform.id)
    shipped = finder().entry("twitch")
    assert ("twitch.yaml", "Twitch") == (shipped.path.name, shipped.facts["name"])


@pytest.mark.parametrize("id", ["House", "a.b", "-a", "a_b"])
def test_other_files_are_passed_over(own: Path, id: str) -> None:
    """A file whose name is no id is no platform."""
    put(own, id, HOUSE)
    assert id not in finder().ids()


def test_refused_profiles_raise(own: Path, tmp_path: Path) -> None:
    """A profile that names a broken own platform is not loaded."""
    put(own, "house", "name: x\n")
    path = tmp_path / "show.yaml"
    path.write_text(profile("platform: house, key: {env: A}"))
    with pytest.raises(ProfileError):
        load_profile(path, None, {"A": CANARY})


def a_file(own: Path) -> None:
    """A file stands where the folder should."""
    own.parent.mkdir(parents=True)
    own.write_text("x")


def a_link_to_nowhere(own: Path) -> None:
    """The folder is a link, and what it leads to is away."""
    own.parent.mkdir(parents=True)
    own.symlink_to(own.parent / "a-disk-that-is-away")


def too_many(own: Path) -> None:
    """There are more than are read."""
    for number in range(FILES_MAX + 1):
        put(own, f"house-{number}", HOUSE)


def another_ending(own: Path) -> None:
    """The file's name is not quite that of a platform's."""
    put(own, "twitch", TWITCH).rename(own / "twitch.yml")


@pytest.mark.parametrize("spoil", [a_file, a_link_to_nowhere, too_many, another_ending])
def test_what_is_not_read_is_no_other_platform(own: Path, spoil: Callable[[Path], None]) -> None:
    """The shipped one gets no key that is meant for an own one of its name, and it is said what to mend."""
    spoil(own)
    (finding,) = check_text(profile("platform: twitch, key: {env: A}"), "f")
    assert "whether it has a file of your own is not known" in finding.message
    assert str(own) in finding.message and finding.hint
    assert (spoil is not another_ending) == bool(check_text(profile("platform: kick, key: {env: A}"), "f"))


def test_a_copy_beside_the_own_one_is_no_harm(own: Path) -> None:
    """The own platform is there; that there is another file is said where platforms are listed."""
    put(own, "twitch", TWITCH)
    another_ending(own)
    put(own, "twitch", TWITCH)
    assert known_platform("twitch").own and finder().findings()
