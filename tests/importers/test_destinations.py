"""Where other programs send to: the platform or the URL, and the key apart from it."""

from __future__ import annotations

import pytest

from spiritstream.config.address import url_problem
from spiritstream.config.platforms import Platform, Server
from spiritstream.importers.destinations import (
    DOUBTFUL,
    Login,
    UnsendableError,
    destination,
    record_fields,
    secret_field,
)
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Split, may_be_secret, split_url
from spiritstream.importers.pulling import pull_fields
from spiritstream.importers.values import Env, Notes
from spiritstream.model.profile import KEY_PLACEHOLDER
from spiritstream.secret import Secret
from tests.importers.making import PLATFORMS

KEY = "CANARY-key?a=b/c"
LISTED = [
    (platform, server)
    for platform in PLATFORMS
    for server in platform.servers
    if server.url.startswith(("rtmp://", "rtmps://"))
]


def test_every_listed_server_is_recognised() -> None:
    """A server and its platform's name give the platform, and the same address again."""
    for platform, server in LISTED:
        found = destination(server.url, KEY, PLATFORMS, platform.name)
        choice = found.fields.get("server")
        assert platform.id == found.fields["platform"], server
        assert Secret(KEY) == found.fields["key"]
        assert not isinstance(choice, Secret | Env | int | float)
        address = platform.server_url(choice)
        assert server.url.rstrip("/").replace(":443/", "/") == address.rstrip("/").replace(":443/", "/")


def test_every_listed_server_is_found_before_its_key() -> None:
    """Out of one text, the key comes whole and the server is the listed one."""
    for platform, server in LISTED:
        if KEY_PLACEHOLDER in server.url:
            url = server.url.replace(KEY_PLACEHOLDER, KEY)
        else:
            url = f"{server.url.rstrip('/')}/{KEY}"
        found = destination(url, "", PLATFORMS, platform.name)
        assert (platform.id, Secret(KEY)) == (found.fields.get("platform"), found.fields.get("key")), server


TWO_PLATFORMS = "rtmp://live-iad.vaughnsoft.net/live"


@pytest.mark.parametrize(
    ("server", "service", "fields"),
    [
        ("rtmps://a.rtmps.youtube.com/live2", "", {"platform": "youtube"}),
        ("rtmps://A.RTMPS.YouTube.com:443/live2/", "", {"platform": "youtube"}),
        (
            "rtmps://b.rtmps.youtube.com/live2?backup=1",
            "",
            {"platform": "youtube", "server": "Backup YouTube ingest server"},
        ),
        (
            "rtmp://a.rtmps.youtube.com:1936/live2",
            "",
            {"platform": "youtube", "server": "rtmp://a.rtmps.youtube.com:1936/live2"},
        ),
        ("rtmps://a.rtmps.youtube.com/other", "", {"url": "rtmps://a.rtmps.youtube.com/other"}),
        ("rtmps://a.rtmps.youtube.com.evil.example/live2", "YouTube", None),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net/app", "", {"platform": "kick"}),
        (
            "rtmps://fa723fc1b171.global-contribute.live-video.net/app",
            "LinkedIn Live",
            {"platform": "linkedin", "server": "Default"},
        ),
        (TWO_PLATFORMS, "", {"url": TWO_PLATFORMS}),
        ("rtmp://host.example/app?backup=1", "", {"url": "rtmp://host.example/app?backup=1"}),
    ],
)
def test_parts(server: str, service: str, fields: dict[str, object] | None) -> None:
    """Host and application decide; the program's name for it only where several platforms share them."""
    expected = {"url": server} if fields is None else fields
    assert {**expected, "key": Secret(KEY)} == destination(server, KEY, PLATFORMS, service).fields


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("rtmp://h/app/key", Split("rtmp://h/app", "key")),
        ("rtmp://h/app/inst/key", Split("rtmp://h/app", "inst/key", True)),
        ("rtmp://h/app/key?a=b/c/d", Split("rtmp://h/app", "key?a=b/c/d")),
        ("rtmp://h/app/a/b/key?t=1", Split("rtmp://h/app", "a/b/key?t=1", True)),
        ("rtmp://h/app/mp4:a/key", Split("rtmp://h/app", "mp4:a/key")),
        ("rtmp://h/app", Split("rtmp://h/app", "")),
        ("rtmp://h", Split("rtmp://h", "")),
        ("rtmp://h:1936/app/key?token=a/b", Split("rtmp://h:1936/app", "key?token=a/b")),
        ("rtmp://h/app?backup=1/key?a=b", Split("rtmp://h/app?backup=1", "key?a=b")),
    ],
)
def test_split(url: str, parts: Split) -> None:
    """Where no server is known, only the path's first part is public; what is doubtful is marked."""
    assert parts == split_url(url)


@pytest.mark.parametrize(
    ("url", "app_parts", "server", "doubtful"),
    [
        ("rtmp://h.example/live/CANARY-a/CANARY-b", 2, "rtmp://h.example/live", True),
        ("rtmp://h.example/live/CANARY-a/CANARY-b", 1, "rtmp://h.example/live", False),
        ("rtmp://h.example/live/CANARY-a/CANARY-b?x=CANARY/CANARY", 2, "rtmp://h.example/live", True),
        ("rtmp://a.rtmp.youtube.com/other/CANARY-a/CANARY-b", 2, "rtmp://a.rtmp.youtube.com/other", True),
        ("rtmp://push.livepush.tv/live/CANARY-a", 2, "rtmp://push.livepush.tv/live", False),
    ],
)
@pytest.mark.parametrize("joined", [True, False])
def test_no_part_of_a_key_is_public(
    url: str, app_parts: int, server: str, doubtful: bool, joined: bool
) -> None:
    """A key with slashes in it is sealed as a whole; that the application may be longer is said."""
    found = destination(url, "", PLATFORMS, app_parts=app_parts, joined=joined)
    assert server == found.fields["url"]
    assert Secret(url.removeprefix(f"{server}/")) == found.fields["key"]
    assert ((DOUBTFUL,) if doubtful else ()) == found.remarks
    assert url_problem(server, ("rtmp",)) is None


@pytest.mark.parametrize(
    "app",
    [
        "live_12345678_CANARYkey",
        "abcd-CANARY-efgh-ijkl",
        "a1b2CANARY",
        "CANARYlongerthananyapplication",
        "12345",
    ],
)
def test_what_may_be_a_key_is_no_application(app: str) -> None:
    """Where an address's first part may be the key's, it is refused: not one part of it is written."""
    for url in (f"rtmp://h.example/{app}", f"rtmp://h.example/{app}/x", f"rtmp://localhost/{app}"):
        for joined in (True, False):
            with pytest.raises(UnsendableError) as refused:
                destination(url, "", PLATFORMS, joined=joined)
            assert app not in str(refused.value)
        with pytest.raises(UnsendableError):
            pull_fields(url, Notes())


def test_every_listed_application_could_be_one() -> None:
    """The rule for names of applications fits nearly all that the registry knows."""
    apps = {server.url.split("://")[1].partition("/")[2].split("/")[0].split("?")[0] for _, server in LISTED}
    odd = {app for app in apps if may_be_secret(app)}
    assert len(odd) <= 2, odd


@pytest.mark.parametrize(
    ("server", "service", "platform"),
    [
        ("rtmps://fa723fc1b171.global-contribute.live-video.net", "", "kick"),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net/", "", "kick"),
        ("rtmps://fa723fc1b171.global-contribute.live-video.net:443", "Kick", "kick"),
        ("rtmp://live.twitch.tv", "", "twitch"),
        ("rtmp://h.example", "", None),
    ],
)
def test_an_address_without_application(server: str, service: str, platform: str | None) -> None:
    """As dashboards show it: it has the platform's application, which is said; another's stays as it is."""
    found = destination(server, KEY, PLATFORMS, service)
    assert platform == found.fields.get("platform")
    assert bool(platform) == bool(found.remarks)


def test_no_key_in_one_text() -> None:
    """Where one text holds everything, a single part may be the key: it is no application, except here."""
    with pytest.raises(UnsendableError) as refused:
        destination("rtmp://h.example/CANARY-key", "", PLATFORMS, joined=True)
    assert "CANARY" not in str(refused.value)
    found = destination("rtmp://localhost/relay", "", PLATFORMS, joined=True)
    assert {"url": "rtmp://localhost/relay"} == found.fields


def test_the_longest_server_counts() -> None:
    """Where one listed server begins like another, the key begins after the longer one."""
    servers = (Server("short", "rtmp://h.example/live"), Server("long", "rtmp://h.example/live/input"))
    for listed in (servers, servers[::-1]):
        platform = Platform("p", "P", protocols=("rtmp",), servers=listed)
        found = destination("rtmp://h.example/live/input/k", "", [platform])
        assert Secret("k") == found.fields["key"]


def test_login() -> None:
    """User and password leave the URL; what is given beside it goes before them."""
    inside = destination("rtmp://me:p%40ss@h.example/live", KEY, PLATFORMS)
    assert {
        "url": "rtmp://h.example/live",
        "key": Secret(KEY),
        "username": "me",
        "password": Secret("p@ss"),
    } == inside.fields
    beside = destination("rtmp://h.example/live", KEY, PLATFORMS, login=Login("you", "word"))
    assert ("you", Secret("word")) == (beside.fields["username"], beside.fields["password"])


def test_srt() -> None:
    """Stream id and passphrase leave the URL; of the options only those that are no secret stay."""
    found = destination(
        "srt://h.example:9000?mode=caller&latency=CANARY-x&streamid=a%2Fb&passphrase=long-word&x=y", "", []
    )
    assert {
        "url": "srt://h.example:9000?mode=caller",
        "key": Secret("a/b"),
        "passphrase": Secret("long-word"),
    } == found.fields
    assert ("2 of its SRT options have no place",) == found.remarks


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("https://h.example/whip", "k"),
        ("h.example/live", "k"),
        ("rist://h.example:1", "k"),
        ("CANARY://h.example", "k"),
        ("rtmp://h.example/app?token=CANARY-token", "k"),
        ("rtmp://h.example/app?token=CANARY-token/key", ""),
        ("rtmp://h.example/app?CANARY-token", "k"),
        ("rtmp://h.example/ä", "k"),
        ("rtmp://h.example/app", "CANARY\nkey"),
        ("rtmp://h.example/app", "CANARY\x1b[31m"),
        ("rtmp://h.example/app", "CANARY" * 1000),
        ("rtmp://:CANARY@/app", "k"),
        ("rtmp://h.example:99999/app", "k"),
        ("srt://h.example:9000", "CANARY\tkey"),
        ("srt://h.example:9000/CANARY", "k"),
    ],
)
def test_unsendable(server: str, key: str) -> None:
    """What cannot be sent, or would leave a secret in clear text, is refused without repeating it."""
    with pytest.raises(UnsendableError) as refused:
        destination(server, key, PLATFORMS)
    assert "CANARY" not in str(refused.value)


def test_no_key() -> None:
    """A platform's target without a key is no target yet; one with a URL is."""
    assert "it has no key" == destination("rtmp://live.twitch.tv/app", " ", PLATFORMS).missing
    assert not destination("rtmp://h.example/app", "", PLATFORMS).missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" \n", None),
        ("k", Secret("k")),
        (" k ", Secret("k")),
        ("${A_1}", Env("A_1")),
        ("$A", Env("A")),
        ("a${A}", Secret("a${A}")),
        ("${A-b}", Secret("${A-b}")),
    ],
)
def test_secrets(text: str, expected: Secret | Env | None) -> None:
    """A value that is a variable as a whole is that variable."""
    assert expected == secret_field(text, "key")


@pytest.mark.parametrize(
    ("path", "record"),
    [("a.mkv", "a.mkv"), ("/srv/a b.FLV", "/srv/a b.FLV"), ("100%.ts", "100%%.ts"), ("%Y.mp4", "%%Y.mp4")],
)
def test_recordings(path: str, record: str) -> None:
    """A file's name is taken as it is: percent signs are no placeholders there."""
    assert {"record": record} == record_fields(path)


@pytest.mark.parametrize(
    "path",
    ["", "a.avi", "~/a.ts", "$A/a.ts", "a\nb.ts", "x:a.ts", "rtmp2//h/live/CANARY.ts", f"{'a' * 2000}.ts"],
)
def test_no_recordings(path: str) -> None:
    """What is no plain file of a container that is known is refused."""
    with pytest.raises(UnsendableError):
        record_fields(path)


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("rtsp://cam.example/a", {"url": "rtsp://cam.example/a"}),
        ("rtsp://cam.example/a?ch=1&s=0", {"url": "rtsp://cam.example/a?ch=1&s=0"}),
        (
            "rtsp://cam.example/a?user=admin&password=CANARY",
            {"url": "rtsp://cam.example/a?user={stream_key}", "key": Secret("admin&password=CANARY")},
        ),
        ("rtmp://h.example/live/name", {"url": "rtmp://h.example/live", "key": Secret("name")}),
        (
            "srt://h.example:1?streamid=a&passphrase=bbbbbbbbbb&mode=caller",
            {"url": "srt://h.example:1", "key": Secret("a"), "passphrase": Secret("bbbbbbbbbb")},
        ),
        (
            "http://u:w@h.example/x.m3u8",
            {"url": "http://h.example/x.m3u8", "username": "u", "password": Secret("w")},
        ),
    ],
)
def test_pulls(url: str, fields: dict[str, object]) -> None:
    """What is fetched: nothing secret stays in the URL."""
    found = pull_fields(url, Notes())
    assert fields == found
    assert url_problem(str(found["url"]), ("rtsp", "rtmp", "srt", "http")) is None


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "CANARY",
        "rtsp://h.example/a?CANARY",
        "rtsp://h ä/",
        "rtsp://a..b/x",
        "rtsp://h.example/a:CANARY@cam.example/x",
    ],
)
def test_no_pulls(url: str) -> None:
    """What cannot be fetched is refused without repeating it."""
    with pytest.raises(UnsendableError) as refused:
        pull_fields(url, Notes())
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize(
    ("listen", "app", "fields", "notes"),
    [
        ("127.0.0.1:1935", "live", {"listen": "127.0.0.1:1935", "app": "live"}, 0),
        ("1936", "/a/b/", {"listen": "0.0.0.0:1936", "app": "a/b", "open": True}, 1),
        ("[::1]:1", "live", {"listen": "[::1]:1", "app": "live"}, 0),
        ("example.org:1935", "spaces here", {"listen": "127.0.0.1:1935", "app": "live"}, 2),
    ],
)
def test_listening(listen: str, app: str, fields: dict[str, object], notes: int) -> None:
    """Programs that check no key are opened where others reach them, and that is said."""
    left = Notes()
    assert fields == rtmp_input(listen, app, left)
    assert notes == len(left)
