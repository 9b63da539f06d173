"""The platform files and the way from a name to an address."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft7Validator

from spiritstream.config.platforms import (
    NoServerError,
    Platform,
    Server,
    UnknownPlatformError,
    UnknownServerError,
    find_platform,
    parse_platform,
    platform_ids,
)
from spiritstream.errors import ExitCode

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "platforms"
SCHEMA = json.loads((ROOT / "schemas" / "platform.schema.json").read_text(encoding="utf-8"))
FILES: dict[str, Any] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))
}
SERVERS = [(id, server) for id, data in FILES.items() for server in data.get("servers", ())]
SENT = [(id, server) for id, server in SERVERS if id != "youtube-hls"]
CANARY = "live_0123_canary"

# What the sources listed when the files were made: a fact that gets lost changes a number.
TOP_LEVEL = {
    "name": 93,
    "aliases": 44,
    "sources": 93,
    "doubts": 10,
    "stream_key_url": 31,
    "more_info_url": 22,
    "multitrack_config_url": 3,
    "server_from_dashboard": 4,
    "use_instead": 1,
    "default_server": 2,
    "ingest_lookup": 5,
    "protocols": 93,
    "key_placement": 93,
    "app": 88,
    "key_position": 89,
    "servers": 90,
    "limits": 85,
    "reconnect": 2,
}
LIMITS = {
    "keyframe_interval_s": 71,
    "max_video_kbps": 64,
    "max_audio_kbps": 62,
    "max_fps": 14,
    "resolutions": 13,
    "b_frames": 13,
    "h264_profile": 27,
    "x264_options": 25,
    "video_codecs": 84,
    "audio_codecs": 3,
    "bitrates": 3,
    "session": 5,
}

_opened: list[str] | None = None


def _note_open(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and str(args[0]).endswith(".yaml"):
        _opened.append(Path(args[0]).name)


sys.addaudithook(_note_open)  # sees every way of opening a file; it cannot be removed, only ignored


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The names of the YAML files that the test opens."""
    global _opened
    _opened = []
    yield _opened
    _opened = None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the platforms that nothing has read yet."""
    return Path(shutil.copytree(FOLDER, tmp_path / "platforms"))


def made(**fields: Any) -> Platform:
    """A platform with two servers and a backup, unless `fields` say otherwise."""
    listed = [
        {"name": "EU: Berlin", "url": "rtmp://a.test/x/"},
        {"name": "EU: Bern", "url": "rtmp://b.test:80/x"},
    ]
    spare = {"name": "Reserve", "url": "rtmps://c.test/x?backup=1", "backup": True}
    data = {"name": "Made", "sources": [], "protocols": ["rtmp", "rtmps"], "servers": [*listed, spare]}
    return parse_platform("made", data | fields)


# --- the files


def test_no_fact_was_lost() -> None:
    """The files hold as many platforms, servers and values of every field as their sources did."""
    schemes = Counter(urlsplit(server["url"]).scheme for _, server in SERVERS)
    assert schemes == {"rtmp": 435, "rtmps": 112, "https": 2}
    assert (len(FILES), len(SERVERS), len({server["url"] for _, server in SERVERS})) == (93, 549, 534)
    counts = Counter(key for data in FILES.values() for key in data if key != "notes")
    assert counts == TOP_LEVEL
    assert Counter(key for data in FILES.values() for key in data.get("limits", ())) == LIMITS


def test_no_source_was_lost() -> None:
    """Both sources' own names and defaults are kept, for importers."""
    rows = [(row["source"], row["as_of"]) for data in FILES.values() for row in data["sources"]]
    assert Counter(rows) == {
        ("OBS Studio's service list", "2026-08"): 84,
        ("SpiritStream's platform list", "2026-02"): 92,
        ("Facebook's Live Producer, as guides to it show its address", "2026-11"): 1,
    }
    fields = Counter(key for data in FILES.values() for row in data["sources"] for key in row)
    assert (fields["name"], fields["default_url"], fields["common"]) == (176, 93, 5)


def test_whose_address_is_doubted() -> None:
    """Only where nothing else is doubted than the listed servers, another one is free of doubt."""
    doubted = {id for id in FILES if find_platform(id).address_doubted}
    assert {"linkedin", "rumble", "tiktok"} == doubted


def test_every_doubt_is_kept() -> None:
    """The platforms that may not work are the ones that the sources say so of."""
    doubts = {(doubt["kind"], id) for id, data in FILES.items() for doubt in data.get("doubts", ())}
    silent = {"web-tv", "dlive", "openrec", "disciple-media", "soop-global", "sportify"}
    others = {
        ("removed", "stage-ten"),
        ("wrong_address", "linkedin"),
        ("unconfirmed_address", "tiktok"),
        ("unconfirmed_address", "rumble"),
    }
    assert {("unresponsive", id) for id in silent} | others == doubts


@pytest.mark.parametrize("id", FILES)
def test_every_file_is_valid(id: str) -> None:
    """A file holds what the schema allows, and nothing else."""
    assert [error.json_path for error in Draft7Validator(SCHEMA).iter_errors(FILES[id])] == []


def _leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    children = dict(schema.get("properties", {}))
    if "items" in schema:
        children["[]"] = schema["items"]
    if not children and "$ref" not in schema:
        yield path, schema
    for name, child in children.items():
        yield from _leaves(child, f"{path}.{name}")


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for child in schema.values():
            yield from _objects(child)


def test_the_schema_explains_every_leaf() -> None:
    """Every leaf has a description, and no mapping takes a field that is not named."""
    Draft7Validator.check_schema(SCHEMA)
    leaves = [*_leaves(SCHEMA), *SCHEMA["definitions"].items()]
    assert [path for path, leaf in leaves if not leaf.get("description")] == []
    assert [list(found) for found in _objects(SCHEMA) if found.get("additionalProperties") is not False] == []


@pytest.mark.parametrize("id", FILES)
def test_a_file_agrees_with_itself(id: str) -> None:
    """Protocols, app, key position and key placement are those of the listed servers."""
    data = FILES[id]
    urls = [server["url"] for server in data.get("servers", ())]
    assert {data["key_placement"] == "template"} == {"{stream_key}" in url for url in urls} or not urls
    if not urls or data["protocols"] == ["hls"]:
        return
    assert data["protocols"] == list(dict.fromkeys(urlsplit(url).scheme for url in urls))
    parts = [part for part in urlsplit(urls[0].replace("{stream_key}", "")).path.split("/") if part]
    assert (data.get("app", ""), data["key_position"]) == ("/".join(parts), len(parts) + 1)


def test_server_names_are_unique() -> None:
    """No platform lists two servers under one name, whatever its case."""
    names = Counter((id, server["name"].casefold()) for id, server in SERVERS)
    assert [name for name, count in names.items() if count > 1] == []


def test_platform_names_are_unique() -> None:
    """No id, name or alias leads to two platforms."""
    labels = {
        (label.casefold(), id) for id, d in FILES.items() for label in (id, d["name"], *d.get("aliases", ()))
    }
    assert [label for label, count in Counter(label for label, _ in labels).items() if count > 1] == []


def test_backups_are_marked() -> None:
    """Every server that is called a backup is marked as one, and so are two that are not called so."""
    marked = {(id, server["name"]) for id, server in SERVERS if server.get("backup")}
    called = {
        (id, server["name"]) for id, server in SERVERS if re.search("backup", server["name"], re.IGNORECASE)
    }
    assert called | {("jio-games", "Secondary"), ("youtube-backup", "Default")} == marked


# --- from a name to a platform


@pytest.mark.parametrize("id", FILES)
def test_a_platform_is_found_by_all_its_names(id: str) -> None:
    """The id, the name, the aliases and both sources' names find it, in any case."""
    data = FILES[id]
    names = [
        id,
        data["name"],
        *data.get("aliases", ()),
        *(one["name"] for one in data["sources"] if "name" in one),
    ]
    spellings = [spelling for name in names for spelling in (name, name.upper(), f" {name.lower()} ")]
    assert {id} == {find_platform(spelling).id for spelling in spellings}


def test_the_ids_are_the_file_names(folder: Path, opened: list[str]) -> None:
    """Listing the platforms opens no file, and other files are passed over."""
    (folder / "README.yaml").touch()
    (folder / ".hidden.yaml").touch()
    opened.clear()
    assert (tuple(sorted(FILES)), []) == (platform_ids(folder), opened)
    assert tuple(sorted(FILES)) == platform_ids()


def test_an_id_opens_one_file(folder: Path, opened: list[str]) -> None:
    """Naming a platform by its id reads its file, once, and no other."""
    assert find_platform("kick", folder) is find_platform("Kick", folder)
    assert opened == ["kick.yaml"]


def test_an_alias_opens_each_file_once(folder: Path, opened: list[str]) -> None:
    """Only a name that is no id makes the other files be read."""
    find_platform("youtube", folder)
    assert find_platform("AfreecaTV", folder).id == "soop-korea"
    assert sorted(f"{id}.yaml" for id in FILES) == sorted(opened)


def test_what_a_platform_knows(folder: Path) -> None:
    """A platform carries its file's facts; its limits are a plain mapping that cannot be changed."""
    tiktok, youtube = find_platform("tiktok"), find_platform("youtube")
    assert (tiktok.server_from_dashboard, tiktok.name, tiktok.aliases) == (True, "TikTok", ("TikTok Live",))
    assert "not confirmed" in tiktok.warning
    assert (youtube.warning, youtube.common, youtube.protocols) == ("", True, ("rtmps", "rtmp"))
    assert youtube.limits["max_video_kbps"] == 51000
    with pytest.raises(TypeError):
        youtube.limits["max_video_kbps"] = 1  # type: ignore[index]
    assert len({youtube, tiktok, find_platform("youtube", folder)}) == 2


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("twich", "twitch"),
        ("You Tube", "youtube"),
        ("facebok live", "facebook"),
        ("Millicast", "dolby-optiview"),
        ("instagram", None),
        ("zzzzqqqq", None),
        ("", None),
    ],
)
def test_an_unknown_platform_names_the_nearest(name: str, nearest: str | None) -> None:
    """The error offers the id that was perhaps meant, and some that exist."""
    with pytest.raises(UnknownPlatformError) as caught:
        find_platform(name)
    assert (nearest, ExitCode.INVALID) == (caught.value.nearest, caught.value.exit_code)
    assert "twitch" in caught.value.hint
    assert (nearest is not None) == (f"did you mean {nearest}?" in caught.value.hint)


@pytest.mark.parametrize(
    "name",
    ["../secret", "..", "a/../secret", "/etc/passwd", "secret.yaml", "a\\secret", "secret\0", "a\nb", "%2e"],
)
def test_a_name_cannot_leave_the_folder(name: str, folder: Path, opened: list[str]) -> None:
    """A name is never taken for a path, and an unknown one is not repeated."""
    (folder.parent / "secret.yaml").touch()
    opened.clear()
    with pytest.raises(UnknownPlatformError) as caught:
        find_platform(name, folder)
    assert "secret.yaml" not in opened
    assert "secret" not in str(caught.value)


# --- from a server's name to an address


@pytest.mark.parametrize(("id", "server"), SENT, ids=[f"{id}: {server['name']}" for id, server in SENT])
def test_a_named_server_gives_its_address(id: str, server: dict[str, str]) -> None:
    """Every listed server is found by its name, in any case, and its address is not changed by a byte."""
    platform = find_platform(id)
    spellings = (server["name"], server["name"].upper(), server["name"].lower())
    assert [server["url"]] * 3 == [platform.server_url(spelling) for spelling in spellings]


@pytest.mark.parametrize("id", sorted({id for id, _ in SENT} - {"linkedin", "twitch", "amazon-ivs"}))
def test_the_first_server_is_the_default(id: str) -> None:
    """With no choice made, the first listed server is taken, where the file names no other."""
    assert FILES[id]["servers"][0]["url"] == find_platform(id).server_url()


@pytest.mark.parametrize(
    ("id", "url"),
    [
        ("youtube", "rtmps://b.rtmps.youtube.com:443/live2?backup=1"),
        ("youtube-backup", "rtmp://b.rtmp.youtube.com/live2/{stream_key}?backup=1"),
        ("chaturbate", "rtmp://global-backup.live.mmcdn.com/live-origin"),
        ("bongacams", "rtmp://origin.bcvidorigin.com:1934/live"),
        ("bilibili", "rtmp://txy2.live-push.bilivideo.com/live-bvc/"),
        ("jio-games", "rtmp://livepub2.api.engageapps.jio/live"),
        ("livepeer", "rtmp://rtmp-b.livepeer.com/live"),
        ("streamway", "rtmps://bkp.streamway.in:443/live"),
    ],
)
def test_backup_is_the_first_backup_ingest(id: str, url: str) -> None:
    """`backup` chooses the first server that is marked so."""
    assert [url, url] == [find_platform(id).server_url(choice) for choice in ("backup", "Backup")]


@pytest.mark.parametrize("id", ["twitch", "custom", "facebook"])
def test_a_platform_without_a_backup_says_so(id: str) -> None:
    """`backup` is refused where none is listed."""
    with pytest.raises(UnknownServerError, match="has no backup server"):
        find_platform(id).server_url("backup")


def test_a_server_called_backup_comes_before_the_mark() -> None:
    """A listed name wins over the word's own meaning."""
    listed = [
        {"name": "A", "url": "rtmp://a.test/x", "backup": True},
        {"name": "BACKUP", "url": "rtmp://b.test/x"},
    ]
    assert made(servers=listed).server_url("backup") == "rtmp://b.test/x"


@pytest.mark.parametrize(
    ("choice", "nearest"),
    [
        ("eu: berlni", "EU: Berlin"),
        ("Bern", "EU: Bern"),
        ("EU: Ber", "EU: Bern"),
        ("bakcup", "backup"),
        ("Automatic", "auto"),
        ("nearest", None),
        ("zzzz", None),
        ("", None),
        ("e", None),
    ],
)
def test_an_unknown_server_names_the_nearest(choice: str, nearest: str | None) -> None:
    """A part of a name chooses nothing; the error offers the nearest name and lists some."""
    with pytest.raises(UnknownServerError) as caught:
        made().server_url(choice)
    assert (nearest, ExitCode.INVALID) == (caught.value.nearest, caught.value.exit_code)
    assert '"EU: Berlin"; "EU: Bern"; "Reserve"; or an address' in caught.value.hint


def test_a_server_of_a_platform_that_is_asked() -> None:
    """Where the server is looked up with the key, there is none to name."""
    with pytest.raises(UnknownServerError) as caught:
        find_platform("dacast").server_url("Default")
    assert "leave 'server' out: it is looked up with the key" == caught.value.hint


def test_a_long_list_is_cut() -> None:
    """The hint shows the first names and how many there are besides."""
    with pytest.raises(UnknownServerError) as caught:
        find_platform("twitch").server_url("nowhere at all")
    assert '"Asia: Tokyo, Japan" and 43 more; or an address' in caught.value.hint


@pytest.mark.parametrize("id", ["twitch", "custom", "dacast", "showroom", "linkedin", "youtube-backup"])
@pytest.mark.parametrize(
    "url",
    [
        "rtmp://h",
        "rtmp://h/",
        "rtmps://h:443/app//x/",
        "rtmp://[::1]:1935/live",
        "rtmp://127.0.0.1:19350/a/b?x=1&y",
        "rtmps://h/live2/{stream_key}?backup=1",
        "rtmp://h/@name",
    ],
)
def test_a_written_address_is_taken_as_it_is(id: str, url: str) -> None:
    """An rtmp(s) address stands for itself at every platform that takes rtmp."""
    assert url == find_platform(id).server_url(url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (f"rtmp://u:{CANARY}@h/app", "user name or password"),
        (f"rtmp://{CANARY}@h/app", "user name or password"),
        (f"rtmp:///{CANARY}", "no host"),
        (f"rtmp://:1935/{CANARY}", "no host"),
        (f"rtmp://?{CANARY}", "no host"),
        (f"rtmp://h:port/{CANARY}", "cannot be read"),
        (f"rtmp://h:99999/{CANARY}", "cannot be read"),
        (f"rtmp://h:0/{CANARY}", "cannot be read"),
        (f"rtmp://[::1/{CANARY}", "cannot be read"),
        (f"rtmp://{{stream_key}}/{CANARY}", "cannot be read"),
        (f"rtmp://h/a\n{CANARY}", "cannot be seen"),
        (f"rtmp://h/a\x00{CANARY}", "cannot be seen"),
        (f"rtmp://h/a\u202e{CANARY}", "cannot be seen"),
        (f"rtmp://h/a {CANARY}", "a space"),
        (f" rtmp://h/{CANARY}", "a space"),
        (f"rtmp://h\\{CANARY}", "a backslash"),
        (f"https://h/{CANARY}", "does not begin"),
        (f"srt://h/{CANARY}", "does not begin"),
        (f"RTMP://h/{CANARY}", "does not begin"),
        (f"file:///{CANARY}", "does not begin"),
    ],
)
def test_a_bad_address_is_refused_unseen(url: str, complaint: str) -> None:
    """The error says what is wrong with an address without repeating any of it."""
    with pytest.raises(UnknownServerError, match=complaint) as caught:
        made().server_url(url)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


def test_a_key_written_as_server_is_not_repeated() -> None:
    """What is no server's name may be a key: it is in no error."""
    with pytest.raises(UnknownServerError) as caught:
        find_platform("twitch").server_url(CANARY)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("id", ["custom", "dacast", "showroom", "linkedin"])
def test_a_platform_without_a_server_asks_for_one(id: str) -> None:
    """Where there is no server, or only somebody else's, none is chosen: the hint says what to write."""
    with pytest.raises(NoServerError) as caught:
        find_platform(id).server_url()
    assert "server: rtmps://HOST/APP" in caught.value.hint


@pytest.mark.parametrize("choice", [None, "Primary YouTube ingest server", "backup", "rtmp://h/app"])
def test_hls_is_refused_with_what_to_write(choice: str | None) -> None:
    """A platform that takes HLS only names the one to use."""
    with pytest.raises(NoServerError) as caught:
        find_platform("youtube-hls").server_url(choice)
    assert caught.value.message == "YouTube (HLS) takes hls only, which is not sent"
    assert caught.value.hint == "write platform: youtube"


def test_every_platform_to_use_instead_exists() -> None:
    """What a file recommends in its own place is a platform that is sent to."""
    instead = [data["use_instead"] for data in FILES.values() if "use_instead" in data]
    assert [bool(find_platform(id).server_url()) for id in instead] == [True]


def test_order_and_templates_are_kept() -> None:
    """Servers stand in their source's order, and a placeholder stays where it is."""
    assert (
        Server("Global (RTMPS)", "rtmps://rtmp-auto.millicast.com:443/v2/pub")
        == find_platform("dolby-optiview").servers[0]
    )
    for id, data in FILES.items():
        assert [(s["name"], s["url"]) for s in data.get("servers", ())] == [
            (s.name, s.url) for s in find_platform(id).servers
        ]


def test_a_platform_may_name_the_server_that_is_taken_without_a_choice() -> None:
    """Twitch's first listed server is in Hong Kong: its global host is taken; Amazon IVS lists one."""
    assert find_platform("twitch").server_url() == "rtmp://ingest.global-contribute.live-video.net/app"
    assert find_platform("amazon-ivs").server_url() == find_platform("amazon-ivs").server_url("Default")
    assert find_platform("youtube").server_url() == find_platform("youtube").servers[0].url
