"""Every fact that the platform files were made from is still in them: each value of each field, at its place.

`tests/vectors/platforms.json` holds the facts as they were collected from OBS Studio's list (2026-08) and
SpiritStream's (2026-02). No file contradicts them, but for one number that is told in words: where they are
wrong or disagree, the file adds what is decided (a doubt, `default_server`, `use_instead`), and its notes
say why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FACTS: list[dict[str, Any]] = json.loads(
    (ROOT / "tests" / "vectors" / "platforms.json").read_text(encoding="utf-8")
)
FILES: dict[str, Any] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "platforms").glob("*.yaml"))
}
OBS, SPIRITSTREAM = "OBS Studio's service list", "SpiritStream's platform list"

Look = Callable[[dict[str, Any]], Any]


def same(field: str) -> Look:
    """The field has its fact's name."""
    return lambda data: data.get(field)


def limit(field: str) -> Look:
    """It is one of the limits."""
    return lambda data: data.get("limits", {}).get(field)


def source(of: str, field: str) -> Look:
    """It is what this source says of itself."""
    return lambda data: next((row.get(field) for row in data["sources"] if row["source"] == of), None)


def doubt(kind: str, field: str) -> Look:
    """It is a doubt."""
    return lambda data: next((row[field] for row in data.get("doubts", ()) if row["kind"] == kind), None)


def servers(data: dict[str, Any]) -> Any:
    """Names and addresses, in their order; which of them are backups is our own reading of the names."""
    return [{"name": row["name"], "url": row["url"]} for row in data.get("servers", ())]


def lookup(data: dict[str, Any]) -> Any:
    """Without its form, which says how we read the answer."""
    found = dict(data["ingest_lookup"])
    del found["form"]
    return found


# What people write for a platform, and no source has.
ALSO_CALLED = {"X"}
# Where each fact is. A field that is not here makes a test fail: nobody has said where it went.
PLACES: dict[str, Look] = {
    "name": same("name"),
    "aliases": lambda data: [alias for alias in data.get("aliases", ()) if alias not in ALSO_CALLED],
    "obs_name": source(OBS, "name"),
    "spiritstream_name": source(SPIRITSTREAM, "name"),
    "in_obs": lambda data: source(OBS, "as_of")(data) == "2026-08",
    "in_spiritstream": lambda data: source(SPIRITSTREAM, "as_of")(data) == "2026-02",
    "obs_common": source(OBS, "common"),
    "spiritstream_default_url": source(SPIRITSTREAM, "default_url"),
    "stream_key_url": same("stream_key_url"),
    "more_info_url": same("more_info_url"),
    "multitrack_config_url": same("multitrack_config_url"),
    "protocols": same("protocols"),
    "servers": servers,
    "server_from_dashboard": same("server_from_dashboard"),
    "obs_flagged_unresponsive": lambda data: doubt("unresponsive", "as_of")(data) == "2026-08-22",
    "obs_removed": doubt("removed", "as_of"),
    "ingest_lookup": lookup,
    "key_placement": same("key_placement"),
    "template": lambda data: data["servers"][0]["url"],
    "default_app_path": same("app"),
    "key_position": same("key_position"),
    "recommended.keyint_s": limit("keyframe_interval_s"),
    "recommended.max_video_kbps": limit("max_video_kbps"),
    "recommended.max_audio_kbps": limit("max_audio_kbps"),
    "recommended.max_fps": limit("max_fps"),
    "recommended.supported_resolutions": limit("resolutions"),
    "recommended.bframes": limit("b_frames"),
    "recommended.h264_profile": limit("h264_profile"),
    "recommended.x264_opts": limit("x264_options"),
    "recommended.video_codecs": limit("video_codecs"),
    "recommended.audio_codecs": limit("audio_codecs"),
    "recommended.bitrate_matrix": limit("bitrates"),
}
# How many platforms say something of each; `false`, null and nothing say nothing.
COUNTS = {
    "name": 93,
    "aliases": 44,
    "obs_name": 84,
    "spiritstream_name": 92,
    "in_obs": 84,
    "in_spiritstream": 92,
    "obs_common": 5,
    "spiritstream_default_url": 92,
    "stream_key_url": 31,
    "more_info_url": 22,
    "multitrack_config_url": 3,
    "protocols": 93,
    "servers": 90,
    "server_from_dashboard": 4,
    "obs_flagged_unresponsive": 6,
    "obs_removed": 1,
    "ingest_lookup": 5,
    "key_placement": 93,
    "template": 2,
    "default_app_path": 88,
    "key_position": 89,
    "recommended.keyint_s": 71,
    "recommended.max_video_kbps": 65,
    "recommended.max_audio_kbps": 62,
    "recommended.max_fps": 14,
    "recommended.supported_resolutions": 13,
    "recommended.bframes": 13,
    "recommended.h264_profile": 27,
    "recommended.x264_opts": 25,
    "recommended.video_codecs": 84,
    "recommended.audio_codecs": 3,
    "recommended.bitrate_matrix": 3,
}


def said(fact: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every field that says something, the recommended ones by their path."""
    for name, value in fact.items():
        fields = [(f"{name}.{k}", v) for k, v in value.items()] if name == "recommended" else [(name, value)]
        yield from ((k, v) for k, v in fields if v not in (None, [], "") and v is not False and k != "id")


# Facts that are not believed, with words of the file, which tells them and says why.
NOT_TAKEN = {
    ("phonelive", "recommended.max_video_kbps"): "128 kbit/s of video, which is less than its limit for audio"
}


@pytest.mark.parametrize("fact", FACTS, ids=[fact["id"] for fact in FACTS])
def test_every_value_is_at_its_place(fact: dict[str, Any]) -> None:
    """No value of any field is lost or changed."""
    data = FILES[fact["id"]]
    for field, value in said(fact):
        if words := NOT_TAKEN.get((fact["id"], field)):
            assert (None, True) == (PLACES[field](data), words in explained(fact["id"]))
            continue
        assert (field, value) == (field, PLACES[field](data))


def test_the_counts() -> None:
    """93 platforms, 549 servers, and so many values of each field."""
    assert (93, sorted(FILES)) == (len(FACTS), sorted(fact["id"] for fact in FACTS))
    rows = [server for fact in FACTS for server in fact["servers"]]
    schemes = Counter(urlsplit(server["url"]).scheme for server in rows)
    assert (549, 534) == (len(rows), len({server["url"] for server in rows}))
    assert {"rtmp": 435, "rtmps": 112, "https": 2} == schemes
    assert COUNTS == Counter(field for fact in FACTS for field, _ in said(fact))
    assert PLACES.keys() == COUNTS.keys()


def explained(id: str) -> str:
    """What a platform's file says in words."""
    data = FILES[id]
    return " ".join([*data.get("notes", ()), *(row["reason"] for row in data.get("doubts", ()))])


# Where the two lists disagree, or one of them is wrong: what was decided, by words of the platform's file.
@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("youtube", "leaves out the port 443"),
        ("youtube", "the query belongs to the app"),
        ("youtube-backup", "its address is rtmp, so the key travels in clear"),
        ("youtube-backup", "loses the key"),
        ("twitch", "OBS Studio itself falls back to rtmp://live.twitch.tv/app. The global host is taken"),
        ("piczel", "the newer list is used"),
        ("stage-ten", "took it off its list as defunct"),
        ("pandatv", "both are aliases"),
        *((id, "found its servers silent") for id in ("web-tv", "dlive", "openrec", "disciple-media")),
        *((id, "found its servers silent") for id in ("soop-global", "sportify")),
        ("vaughn-live", "live-lhr is listed for London and for Paris"),
        ("breakers-tv", "live-lhr is listed for London and for Paris"),
        ("linkedin", "The listed address is the one of Kick"),
        ("kick", "SpiritStream lists the same address for LinkedIn"),
        ("kick", "/app has to be added"),
        ("phonelive", "looks like a mistake"),
        ("restream", "SpiritStream's documentation says that the key stands inside the address"),
        ("rumble", "rmbl.to"),
        ("tiktok", "not confirmed by TikTok"),
        ("aparat", "SpiritStream makes rtmps of it"),
        ("niconico", "takes the first part for the whole app"),
        ("dolby-optiview", "takes the first part for the whole app"),
        ("kuaishou", "the listed addresses are used as they are"),
        ("luzento", "the listed addresses are used as they are"),
        ("streamway", "the listed addresses are used as they are"),
        ("shareplay", "SpiritStream shows such an address with its key"),
        ("facebook", "replaces a saved server that it does not list"),
    ],
)
def test_a_disagreement_is_decided_in_the_file(id: str, words: str) -> None:
    """Where the sources differ, or are wrong, the platform's own file says what is taken, and why."""
    assert words in explained(id)


def test_what_is_chosen_where_none_is_named() -> None:
    """A default other than the first listed server is decided by us: the file says whose it is."""
    chosen = {id: data["default_server"] for id, data in FILES.items() if "default_server" in data}
    assert {
        "twitch": "rtmp://ingest.global-contribute.live-video.net/app",
        "amazon-ivs": "Default",
    } == chosen
    assert all("falls back to" in explained(id) for id in chosen)


def test_what_was_added_has_a_source() -> None:
    """How long a broadcast may last, and how often one may begin, is known of these; each says from where."""
    sessions = {
        id: data["limits"]["session"] for id, data in FILES.items() if "session" in data.get("limits", {})
    }
    lengths = {"facebook": 8, "linkedin": 4, "mux": 12, "twitch": 48, "vimeo": 12}
    assert lengths == {id: one["hours"] for id, one in sessions.items()}
    budgets = {id: data["reconnect"] for id, data in FILES.items() if "reconnect" in data}
    assert {"amazon-ivs", "mux"} == budgets.keys()
    assert all(one["source"] and one["as_of"] for one in (*sessions.values(), *budgets.values()))
    assert all("numbers are not" in explained(id) for id in budgets), "they are our choice"
