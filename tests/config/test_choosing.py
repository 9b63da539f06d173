"""What a target's `server` means: an address, and how it is settled when the target connects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spiritstream.config.address import url_scheme
from spiritstream.config.choosing import (
    Chosen,
    ServerProblemError,
    check_server,
    chosen,
    server_problem,
    words_of,
)
from spiritstream.config.load import check_text, load_profile, surroundings
from spiritstream.config.platforms import Platform, find_platform, parse_platform, platform_ids
from spiritstream.config.shelf import config_platforms
from spiritstream.errors import SpiritError
from spiritstream.model.profile import Profile, Target
from spiritstream.model.servers import LOOKED_UP, Candidate, Lookup, LookupForm, ServerChoice
from spiritstream.wire import from_data, to_data

ALL = [find_platform(id) for id in platform_ids()]
TWITCH_DEFAULT = "rtmp://ingest.global-contribute.live-video.net/app"
PROFILE = """\
version: 1
name: show
input: {test: {}}
groups: {g: {targets: {t: {platform: %s, key: {env: KEY}}}}}
"""


def lookup_of(id: str) -> Lookup:
    """The platform's look-up."""
    found = find_platform(id).lookup
    assert found is not None
    return found


def made(*servers: tuple[str, str], own: bool = False, **fields: Any) -> Platform:
    """A platform with these servers; a name that begins with `b` is a backup's."""
    listed = [{"name": n, "url": u} | ({"backup": True} if n.startswith("b") else {}) for n, u in servers]
    data = {"name": "Made", "sources": [], "protocols": ["rtmps", "rtmp"], "servers": listed}
    return parse_platform("made", data | fields, own=own)


def loaded(tmp_path: Path, target: str) -> Target:
    """The one target of a profile."""
    path = tmp_path / "p.yaml"
    path.write_text(PROFILE % target)
    profile: Profile = load_profile(path, None, {"KEY": "k"})
    return profile.groups[0].targets[0]


# --- left out, a name, backup, an address


@pytest.mark.parametrize(
    ("id", "wanted", "expected"),
    [
        ("twitch", None, Chosen(TWITCH_DEFAULT)),
        ("nimo-tv", None, Chosen("rtmp://txpush.rtmp.nimo.tv/live/")),
        ("nimo-tv", "Global:3", Chosen("rtmp://alpush.rtmp.nimo.tv/live/")),
        ("youtube", None, Chosen("rtmps://a.rtmps.youtube.com:443/live2")),
        ("youtube", "backup", Chosen("rtmps://b.rtmps.youtube.com:443/live2?backup=1", backup=True)),
        (
            "youtube",
            "RTMPS://b.rtmps.youtube.com/live2?backup=1",
            Chosen("rtmps://b.rtmps.youtube.com/live2?backup=1", backup=True),
        ),
        (
            "youtube-backup",
            None,
            Chosen("rtmp://b.rtmp.youtube.com/live2/{stream_key}?backup=1", backup=True),
        ),
        ("amazon-ivs", "default", Chosen("rtmps://ingest.global-contribute.live-video.net:443/app/")),
        ("twitch", "rtmp://live-fra.twitch.tv/app", Chosen("rtmp://live-fra.twitch.tv/app")),
        ("dacast", "rtmp://my.dacast.example/live", Chosen("rtmp://my.dacast.example/live")),
        ("angelthump", "Auto", Chosen("rtmp://ingest.angelthump.com/live")),
    ],
)
def test_without_a_choice(id: str, wanted: str | None, expected: Chosen) -> None:
    """The usual server, a backup and an address are settled at once; nothing is looked up for them."""
    assert expected == chosen(find_platform(id), wanted)


@pytest.mark.parametrize(
    ("id", "wanted", "name", "url"),
    [
        ("twitch", "eu: frankfurt, de", "EU: Frankfurt, DE", "rtmp://live-fra.twitch.tv/app"),
        (
            "amazon-ivs",
            "Europe: Norway, Oslo (RTMPS)",
            "Europe: Norway, Oslo",
            "rtmps://osl.contribute.live-video.net/app",
        ),
        (
            "amazon-ivs",
            "Europe: Norway, Oslo (RTMP)",
            "Europe: Norway, Oslo",
            "rtmp://osl.contribute.live-video.net/app",
        ),
    ],
)
def test_a_name_is_looked_up(id: str, wanted: str, name: str, url: str) -> None:
    """Where lists are looked up without a key, a named server's present address is asked for by its name."""
    found = chosen(find_platform(id), wanted)
    assert Chosen(url, ServerChoice(name=name)) == found
    assert found.choice is not None
    assert found.choice.lookup == lookup_of(id)


@pytest.mark.parametrize("id", ["dacast", "showroom"])
@pytest.mark.parametrize("wanted", [None, "auto"])
def test_no_server_is_known(id: str, wanted: str | None) -> None:
    """Where no server is listed, the look-up alone decides, and the address until then leads nowhere."""
    found = chosen(find_platform(id), wanted)
    assert (found.url, found.choice) == (LOOKED_UP, ServerChoice())
    assert found.choice is not None
    assert found.choice.lookup == lookup_of(id)
    assert found.url.endswith(".invalid")


# --- auto


def test_auto() -> None:
    """`auto` has the listed servers to choose from, each once, and the usual one as its fallback."""
    found = chosen(find_platform("bongacams"), " Auto ")
    assert Chosen("rtmp://auto.origin.gnsbc.com:1934/live", ServerChoice(auto=True)) == found
    assert found.choice is not None
    assert found.choice.lookup is None
    assert [one.name for one in found.choice.candidates] == ["Automatic / Default", "Europe", "North America"]


@pytest.mark.parametrize(
    ("id", "form", "sends_key"),
    [
        ("twitch", LookupForm.INGESTS, False),
        ("amazon-ivs", LookupForm.INGESTS, False),
        ("nimo-tv", LookupForm.NIMO, True),
    ],
)
def test_auto_looks_up(id: str, form: LookupForm, sends_key: bool) -> None:
    """`auto` asks where there is somebody to ask; the shipped list is there in case nobody answers."""
    choice = chosen(find_platform(id), "auto").choice
    assert choice is not None
    assert choice.lookup is not None
    assert (choice.auto, choice.lookup.form, choice.lookup.sends_key) == (True, form, sends_key)
    assert len(choice.candidates) > 1


def _automatic() -> Iterator[tuple[Platform, Chosen]]:
    for platform in ALL:
        try:
            found = chosen(platform, "auto")
        except SpiritError:
            continue
        if found.choice is not None:
            yield platform, found


def test_auto_never_takes_a_backup_or_clear_text() -> None:
    """Of every platform: no candidate is a backup, and where the usual address is rtmps, all are."""
    count = 0
    for platform, found in _automatic():
        assert found.choice is not None
        backups = {server.url for server in platform.servers if server.backup}
        schemes = {url_scheme(one.url) for one in found.choice.candidates}
        assert not backups & {one.url for one in found.choice.candidates}, platform.id
        assert schemes <= {url_scheme(found.url)}, platform.id
        count += len(found.choice.candidates)
    assert count > 300


def test_a_listed_auto_is_had_by_its_own_spelling() -> None:
    """Where a platform calls a server `Auto`, that is the server; `auto` is our choice if there is one."""
    assert chosen(find_platform("angelthump"), "Auto").choice is None
    assert chosen(find_platform("angelthump"), "auto").choice is not None
    assert chosen(find_platform("stripchat"), "auto") == Chosen("rtmp://live.doppiocdn.com/ext")


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("youtube", "YouTube has only one server over rtmps: there is nothing to choose from"),
        ("kick", "Kick has only one server: there is nothing to choose from"),
        ("youtube-backup", "YouTube (Backup) has no server but a backup: there is nothing to choose from"),
        ("custom", "Custom RTMP Server: it has no fixed server"),
        ("linkedin", "LinkedIn: no server of its own is known"),
        ("youtube-hls", "YouTube (HLS) takes hls only, which is not sent"),
    ],
)
def test_nothing_to_choose(id: str, message: str) -> None:
    """`auto` with nothing to choose from is an error that says so."""
    problem = server_problem(find_platform(id), "auto")
    assert problem is not None
    assert (problem[0], bool(problem[1])) == (message, True)
    with pytest.raises(ServerProblemError) as raised:
        check_server(find_platform(id), "auto")
    assert raised.value.message == message


def test_one_address_twice_is_one() -> None:
    """The same address under two names is no choice."""
    twice = made(
        ("one", "rtmps://h.example/app"), ("two", "RTMPS://H.example:443/app/"), ("b", "rtmps://b/x")
    )
    with pytest.raises(SpiritError, match="nothing to choose"):
        chosen(twice, "auto")


# --- own platforms: keys are bound to hosts


def test_own_platform_chooses_on_one_host_only() -> None:
    """`auto` of an own platform may choose between ports of one host, and never between hosts."""
    ports = made(("one", "rtmps://h.example/app"), ("two", "rtmps://h.example:8443/app"), own=True)
    assert chosen(ports, "auto").choice == ServerChoice(auto=True)
    hosts = made(("one", "rtmps://h.example/app"), ("two", "rtmps://i.example/app"), own=True)
    with pytest.raises(SpiritError, match="bound to a host"):
        chosen(hosts, "auto")
    other = made(
        ("one", "rtmps://h.example/app"),
        ("two", "rtmps://h.example:8443/app"),
        own=True,
        default_server="rtmps://i.example/app",
    )
    with pytest.raises(SpiritError, match="bound to a host"):
        chosen(other, "auto")


def test_own_key_stays_bound_to_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of an own platform is bound to its host with `auto`, too; where that is none, nothing is."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config_platforms().mkdir(parents=True)
    file = config_platforms() / "house.yaml"
    listed = "name: House\nsources: [{source: us, as_of: '2026-11'}]\nprotocols: [rtmp]\n"
    listed += "key_placement: append\nservers:\n  - {name: One, url: 'rtmp://h.example/live'}\n"
    for other, destination in (("h.example:1936", "h.example"), ("i.example", None)):
        file.write_text(f"{listed}  - {{name: Two, url: 'rtmp://{other}/live'}}\n")
        assert surroundings(tmp_path).destination("house", "auto") == destination
    assert surroundings(tmp_path).destination("twitch", "auto") == "twitch"


def test_own_platforms_are_never_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a look-up of an own platform named would get around the host that its keys are bound to."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config_platforms().mkdir(parents=True)
    shipped = (Path(__file__).parents[2] / "platforms" / "twitch.yaml").read_text()
    (config_platforms() / "twitch.yaml").write_text(shipped)
    (finding,) = check_text(PROFILE % "twitch, server: auto", "f")
    assert finding.path == "groups.g.targets.t.platform"
    assert "servers are looked up for shipped platforms only" in finding.message


# --- words for a person


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("twitch", ["auto"]),
        ("youtube", ["backup"]),
        ("bilibili", ["auto", "backup"]),
        ("kick", []),
        ("dacast", ["auto"]),
        ("custom", []),
        ("youtube-hls", []),
    ],
)
def test_words(id: str, words: list[str]) -> None:
    """`auto` and `backup` are offered where they can be written, each with what it takes."""
    found = words_of(find_platform(id))
    assert list(found) == words
    assert all(found.values())


CANARY = "live_123_CANARY"
PROBLEMS = [
    ("twitch", f"rtmp://live-fra.twitch.tv/app/{CANARY}", "this address holds a stream key"),
    ("twitch", f"rtmp://new.example/app/{CANARY}", "this address holds a stream key"),
    ("shareplay", f"rtmp://stream.shareplay.tv/{CANARY}", "this address holds a stream key"),
    ("twitch", f"rtmp://user:{CANARY}@live-fra.twitch.tv/app", "a user or password stands inside the URL"),
    ("twitch", f"live-fra.twitch.tv/app/{CANARY}", "this is no server's name, and an address begins with"),
    ("twitch", f" rtmp://live-fra.twitch.tv/app/{CANARY}", "white space stands around the URL"),
    ("twitch", f"https://dashboard.twitch.tv/u/{CANARY}", "this is the address of a web page"),
    ("twitch", f"srt://h.example:9000?x={CANARY}", "the URL must start with rtmp:// or rtmps://"),
    ("twitch", "rtmp://", "no host stands behind rtmp://"),
    ("twitch", CANARY, "Twitch has no server of this name"),
    ("twitch", "backup", "Twitch has no backup server"),
]


@pytest.mark.parametrize(("id", "wanted", "message"), PROBLEMS)
def test_problems(id: str, wanted: str, message: str) -> None:
    """What cannot be a server is said with what to do, and never repeated."""
    problem = server_problem(find_platform(id), wanted)
    assert problem is not None
    assert problem[0].startswith(message)
    assert problem[1]
    assert "CANARY" not in "".join(problem)
    text = PROFILE % f"{id}, server: '{wanted}'"
    findings = check_text(text, "f")
    assert [(one.path, one.message) for one in findings] == [("groups.g.targets.t.server", problem[0])]
    assert "CANARY" not in str(findings)


# --- in a profile


def test_target(tmp_path: Path) -> None:
    """A profile's target carries its choice to the runner; without one there is none."""
    assert loaded(tmp_path, "twitch").server is None
    target = loaded(tmp_path, "twitch, server: auto")
    assert target.address is not None
    assert (target.address.url, target.server) == (TWITCH_DEFAULT, ServerChoice(auto=True))
    assert target.server is not None
    assert Candidate("EU: Frankfurt, DE", "rtmp://live-fra.twitch.tv/app") in target.server.candidates
    again = from_data(Target, to_data(target))
    assert again == target
    assert again.server is not None
    assert (again.server.candidates, again.server.lookup) == (target.server.candidates, lookup_of("twitch"))


def test_target_without_a_listed_server(tmp_path: Path) -> None:
    """A platform whose server is only looked up needs no `server`, and shows no host until it is known."""
    target = loaded(tmp_path, "showroom")
    assert target.address is not None
    assert (target.address.scheme, target.server) == ("rtmp", ServerChoice())
    assert target.address.redacted() == f"{LOOKED_UP}/***"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("rtmps://fa723fc1b171.global-contribute.live-video.net", None),
        ("RTMPS://fa723fc1b171.global-contribute.live-video.net/", None),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net/app/", "/app/"),
    ],
)
def test_dashboard_address(server: str, url: str | None, tmp_path: Path) -> None:
    """A server that a dashboard shows without its path gets the platform's; one with a path is kept."""
    target = loaded(tmp_path, f"kick, server: '{server}'")
    assert target.address is not None
    assert target.address.url == f"rtmps://fa723fc1b171.global-contribute.live-video.net{url or '/app'}"
