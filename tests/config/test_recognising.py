"""A platform's address, as it is pasted from a dashboard: recognised, completed, and never with its key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from spiritstream.config.address import url_parts
from spiritstream.config.hosts import platforms_at
from spiritstream.config.load import Checked, check_data, load_profile
from spiritstream.config.platforms import find_platform, platform_ids
from spiritstream.config.recognising import completed, has_address_at, key_after, platform_of, recognised
from spiritstream.config.registry import finder
from spiritstream.config.shelf import config_platforms
from spiritstream.model.profile import Target

FOLDER = Path(__file__).parents[2] / "platforms"
KICK = "rtmps://fa723fc1b171.global-contribute.live-video.net"
PROFILE = """\
version: 1
name: show
input: {test: {}}
groups: {g: {targets: {t: {%s}}}}
"""
CANARY = "live_123_CANARY"


def checked(target: str) -> Checked:
    """What is said of a profile with this target."""
    return check_data((PROFILE % target).encode(), "f", Path("/nowhere"))


def said(found: Checked) -> list[tuple[str, str]]:
    """The errors, each with its place."""
    return [(one.path, one.message) for one in found.findings]


def loaded(tmp_path: Path, target: str) -> Target:
    """The one target of a profile."""
    path = tmp_path / "p.yaml"
    path.write_text(PROFILE % target)
    return load_profile(path, None, {"KEY": "k"}).groups[0].targets[0]


# --- which platform lists a host


def test_hosts_are_found_in_the_text() -> None:
    """The hosts that are found in the files' text are those of their addresses: none is missed."""
    for id in platform_ids():
        platform = find_platform(id)
        for url in (*(server.url for server in platform.servers), *platform.other_urls):
            parts = url_parts(url)
            if parts and parts.scheme.startswith("rtmp"):
                assert platform in platforms_at(parts.host), url
                assert platform.misaddressed or has_address_at(platform, parts.host), url


def test_an_unknown_host_reads_no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a host parses only the files that have it; for one that nobody has, none."""
    loads: list[str] = []
    load: Callable[..., object] = yaml.load

    def counted(text: str, *rest: object, **more: object) -> object:
        loads.append(text)
        return load(text, *rest, **more)

    monkeypatch.setattr(yaml, "load", counted)
    assert platforms_at("relay.example") == ()
    assert loads == []


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("rtmp://live-fra.twitch.tv/app", ["twitch"]),
        ("rtmp://LIVE.twitch.tv:1935/app/", ["twitch"]),
        ("rtmps://ingest.global-contribute.live-video.net:443/app/", ["amazon-ivs", "twitch"]),
        (KICK, ["kick"]),
        ("rtmp://b.rtmp.youtube.com/live2?backup=1", ["youtube"]),
        ("rtmp://live-nyc.vaughnsoft.net/live", ["breakers-tv", "vaughn-live"]),
        ("rtmp://relay.example/live", []),
        ("srt://live.twitch.tv:9000", []),
        ("rtmp://notlive.twitch.tv/app", []),
        ("https://a.upload.youtube.com/http_upload_hls", []),
        ("rtmp://user@live.twitch.tv/app", []),
    ],
)
def test_recognised(url: str, ids: list[str]) -> None:
    """An address is recognised by its host; somebody else's address and a mere backup are not meant."""
    known = recognised(url, platforms_at)
    assert [one.id for one in known.platforms] if known else [] == ids
    assert platform_of(url, platforms_at) == (find_platform(ids[0]) if len(ids) == 1 else None)


def test_own_platforms_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in the config folder is recognised by its hosts, and no more by those of the one it replaces."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    config_platforms().mkdir(parents=True)
    (config_platforms() / "kick.yaml").write_text(
        "name: My Kick\nsources: [{source: us, as_of: '2026-11'}]\nprotocols: [rtmp]\n"
        "key_placement: append\nservers: [{name: Main, url: 'rtmp://in.house.example/live'}]\n"
    )
    known = finder(tmp_path)
    assert [one.name for one in known.at("in.house.example")] == ["My Kick"]
    assert [one.id for one in known.at(KICK.partition("://")[2])] == ["linkedin"]
    found = check_data((PROFILE % 'url: "rtmp://in.house.example", key: {env: K}').encode(), "f", tmp_path)
    assert [one.message for one in found.warnings] == [
        "this is My Kick's address, without its last part: /live is added"
    ]


# --- completing


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (KICK, f"{KICK}/app"),
        (f"{KICK}:443/", f"{KICK}:443/app"),
        (f"{KICK}/app/", f"{KICK}/app/"),
        (f"{KICK}/other", f"{KICK}/other"),
        ("rtmps://rtmp-api.facebook.com:443", "rtmps://rtmp-api.facebook.com:443/rtmp/"),
        ("rtmps://b.rtmps.youtube.com", "rtmps://b.rtmps.youtube.com/live2?backup=1"),
        ("rtmp://aliveorigin.dlive.nicovideo.jp", "rtmp://aliveorigin.dlive.nicovideo.jp"),
        ("rtmp://stream.shareplay.tv", "rtmp://stream.shareplay.tv"),
        ("rtmp://ingest.luzento.com", "rtmp://ingest.luzento.com"),
        ("rtmp://relay.example", "rtmp://relay.example"),
        ("rtmp://live-nyc.vaughnsoft.net", "rtmp://live-nyc.vaughnsoft.net/live"),
    ],
)
def test_url_is_completed(url: str, expected: str) -> None:
    """A known host's address without a path gets the listed one, byte for byte, where there is one only."""
    known = recognised(url, platforms_at)
    assert expected == (known.url if known else url)


@pytest.mark.parametrize(
    ("id", "url", "expected"),
    [
        ("kick", "rtmps://other.example", "rtmps://other.example/app"),
        ("niconico", "rtmp://new.nicovideo.jp:1935", "rtmp://new.nicovideo.jp:1935/live/input"),
        ("dolby-optiview", "rtmps://new.example/", "rtmps://new.example/v2/pub"),
        ("youtube", "rtmps://new.example", "rtmps://new.example/live2"),
        ("kuaishou", "rtmp://tx.push.yximgs.com", "rtmp://tx.push.yximgs.com/live/"),
        ("kuaishou", "rtmp://new.example", "rtmp://new.example"),
        ("youtube-backup", "rtmp://b.rtmp.youtube.com", "rtmp://b.rtmp.youtube.com"),
        ("linkedin", "rtmps://event.example", "rtmps://event.example"),
        ("tiktok", "rtmps://push.example", "rtmps://push.example"),
        ("custom", "rtmp://relay.example", "rtmp://relay.example"),
    ],
)
def test_server_is_completed(id: str, url: str, expected: str) -> None:
    """A platform's server without a path gets the platform's, unless it has several, or is in doubt."""
    assert expected == completed(url, find_platform(id))


def test_every_listed_address_is_complete() -> None:
    """No listed address of any platform is changed."""
    for platform in map(find_platform, platform_ids()):
        for server in platform.servers:
            assert server.url == completed(server.url, platform)
            known = recognised(server.url, platforms_at)
            assert known is None or server.url == known.url


# --- a key in the address


@pytest.mark.parametrize(
    ("paths", "rest", "after"),
    [
        (["/app"], "/app", None),
        (["/app/"], "/app", None),
        (["/app"], "/app/", None),
        (["/app"], "/app//", None),
        (["/app"], "/app/KEY", "/app"),
        (["/app"], "/app/KEY?bandwidthtest=true", "/app"),
        (["/app"], "/app//KEY", "/app"),
        (["/app"], "/app?KEY", "/app"),
        (["/app"], "/app?x=1/KEY", "/app"),
        (["/app"], "/app?x=1", None),
        (["/app"], "/app/?x=1", None),
        (["/app"], "/application", None),
        (["/app"], "/other", None),
        (["/app"], "/app/{stream_key}", None),
        (["/app"], "/app/{stream_key}?x=1", None),
        (["/live2", "/live2?backup=1"], "/live2?backup=1", None),
        (["/live2", "/live2?backup=1"], "/live2?backup=1/KEY", "/live2?backup=1"),
        (["/live2", "/live2?backup=1"], "/live2/KEY?backup=1", "/live2"),
        (["/live2?backup=1"], "/live2/KEY?backup=1", "/live2"),
        (["/live2/{stream_key}?backup=1"], "/live2/KEY?backup=1", "/live2"),
        (["/live/input"], "/live/input", None),
        (["/live/input"], "/live/input/KEY", "/live/input"),
        (["/live/input"], "/live", None),
        (["/live", "/test"], "/test/KEY", "/test"),
        ([""], "", None),
        ([""], "/KEY", ""),
        ([], "/app/KEY", None),
    ],
)
def test_key_after(paths: list[str], rest: str, after: str | None) -> None:
    """What follows a listed path is a key; parameters, and a path that nobody lists, are none."""
    assert after == key_after(f"rtmp://h.example{rest}", paths, has_key=True)


def test_another_path_is_believed_beside_a_key_only() -> None:
    """An unlisted path that is longer than the listed ones holds a key, if no other is there."""
    assert key_after("rtmp://h/other/KEY", ["/app"], has_key=False) == "/app"
    assert key_after("rtmp://h/other/x", ["/app"], has_key=True) is None
    assert key_after("rtmp://h/other", ["/app"], has_key=False) is None


HELD = [
    f"rtmp://live.twitch.tv/app/{CANARY}",
    f"rtmp://live.twitch.tv/app/{CANARY}?bandwidthtest=true",
    f"RTMP://Live.Twitch.TV:1935/app/{CANARY}",
    f"rtmps://a.rtmps.youtube.com:443/live2/{CANARY}",
    f"rtmps://a.rtmps.youtube.com/live2?{CANARY}",
    f"rtmps://b.rtmps.youtube.com:443/live2?backup=1/{CANARY}",
    f"rtmp://b.rtmp.youtube.com/live2/{CANARY}?backup=1",
    f"{KICK}/app/{CANARY}",
    f"rtmps://rtmp-api.facebook.com:443/rtmp/{CANARY}",
    f"rtmp://stream.shareplay.tv/{CANARY}",
]


@pytest.mark.parametrize("url", HELD)
@pytest.mark.parametrize("key", ["", ", key: {env: KEY}"])
def test_a_url_with_its_key_is_refused(url: str, key: str) -> None:
    """A pasted address that ends with its key is an error; it says what to write, and repeats nothing."""
    found = checked(f'url: "{url}"{key}')
    assert said(found) == [("groups.g.targets.t.url", "this address holds a stream key")]
    assert "platform: " in found.findings[0].hint
    assert "spiritstream seal" in found.findings[0].hint
    assert "CANARY" not in f"{found.findings} {found.warnings}"


@pytest.mark.parametrize(
    "url",
    [
        "rtmp://relay.example/live/public",
        "rtmp://relay.example/a/b/c",
        "rtmp://live.twitch.tv/app/{stream_key}?bandwidthtest=true",
        "rtmps://b.rtmps.youtube.com:443/live2?backup=1",
    ],
)
def test_a_url_without_a_key_passes(url: str) -> None:
    """An unknown server's path is its owner's affair, and {stream_key} is no key."""
    assert said(checked(f'url: "{url}", key: {{env: KEY}}')) == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"rtmp://u:{CANARY}@live.twitch.tv/app", "a user or password stands inside the URL"),
        (f"live.twitch.tv/app/{CANARY}", "the URL must start with rtmp://, rtmps:// or srt://"),
        ("rtmp://", "no host stands behind rtmp://"),
        (f" rtmp://live.twitch.tv/app/{CANARY} ", "white space stands around the URL"),
        (f"https://studio.youtube.com/{CANARY}", "this is the address of a web page, not of a server"),
        (f"srt://h.example:9000?streamid={CANARY}", "'streamid=' puts a secret inside the URL"),
    ],
)
def test_other_pasted_texts(url: str, message: str) -> None:
    """Whatever else is pasted is answered with what to do, and not repeated."""
    found = checked(f'url: "{url}", key: {{env: KEY}}')
    assert len(found.findings) == 1
    assert found.findings[0].message.startswith(message)
    assert found.findings[0].hint
    assert "CANARY" not in str(found.findings)


# --- what is said of a recognised address


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        (
            f'url: "{KICK}", key: {{env: KEY}}',
            "this is Kick's address, without its last part: /app is added",
            "write platform: kick in place of url, so that",
        ),
        (
            'url: "rtmp://live-fra.twitch.tv/app/", key: {env: KEY}',
            "this is Twitch's address",
            'write platform: twitch in place of url, with server: "EU: Frankfurt, DE", so that',
        ),
        (
            'url: "rtmp://live.twitch.tv:1936/app", key: {env: KEY}',
            "this is Twitch's address",
            "write platform: twitch in place of url, with this address as its server, so that",
        ),
        (
            'url: "rtmps://live.twitch.tv/app", key: {env: KEY}',
            "this is Twitch's address",
            "write platform: twitch in place of url, with this address as its server, so that",
        ),
        (
            'url: "rtmp://live-nyc.vaughnsoft.net/live", key: {env: KEY}',
            "this is the address of Breakers.TV or Vaughn Live",
            "write platform: breakers-tv or platform: vaughn-live in place of url, so that",
        ),
    ],
)
def test_note(target: str, message: str, hint: str) -> None:
    """A known platform's address is a warning that says what to write; the profile can be used."""
    found = checked(target)
    assert said(found) == []
    notes = [one for one in found.warnings if one.path == "groups.g.targets.t.url"]
    assert [one.message for one in notes if one.message.startswith("this is")] == [message]
    assert any(one.hint.startswith(hint) for one in notes)


def test_note_of_an_address_in_clear() -> None:
    """Where it is refused for being in clear, nobody is told to write the same address elsewhere."""
    found = checked('url: "rtmp://rtmp-api.facebook.com:80/rtmp/", key: {env: KEY}')
    assert ["Facebook takes rtmps only" in one.message for one in found.findings] == [True]
    (hint,) = (one.hint for one in found.warnings if one.message == "this is Facebook's address")
    assert hint.startswith("write platform: facebook in place of url, so that")


def test_note_says_how_a_key_is_sealed_again() -> None:
    """A key that is sealed for the host does not open for the platform's id: that is said beforehand."""
    sealed = "sealed:v1:0123456789abcdef:live-fra.twitch.tv:" + "A" * 90
    hints = [
        "".join(one.hint for one in checked(f'url: "rtmp://{host}/app", key: "{sealed}"').warnings)
        for host in ("live-fra.twitch.tv", "live-fra.twitch.tv:1936")
    ]
    # With the address as its server it stays bound to the host.
    assert [bool(re.search("spiritstream seal", hint)) for hint in hints] == [True, False]


def test_target(tmp_path: Path) -> None:
    """A recognised address is complete in the model, and has what the platform takes beside it."""
    target = loaded(tmp_path, 'url: "RTMPS://a.rtmps.youtube.com", key: {env: KEY}')
    assert target.address is not None
    assert (target.address.url, target.platform) == ("rtmps://a.rtmps.youtube.com/live2", None)
    assert target.limits is find_platform("youtube").bounds
    assert target.reconnects is find_platform("youtube").reconnects
    other = loaded(tmp_path, 'url: "rtmp://relay.example/live", key: {env: KEY}')
    assert (other.limits, other.server) == (None, None)


def test_limits_are_checked() -> None:
    """What a platform takes is checked where only its address is written, too."""
    text = (PROFILE % 'url: "rtmp://live.twitch.tv/app", key: {env: KEY}').replace(
        "{g: {", "{g: {video: {codec: h264, bitrate: 9M}, "
    )
    found = check_data(text.encode(), "f", Path("/nowhere"))
    assert any("6000" in str(one) and "Twitch" in str(one) for one in found.warnings)
