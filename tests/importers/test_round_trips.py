"""Profiles as SpiritStream's JSON and back: every platform by SpiritStream's own name, keys of any kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from spiritstream.cli.exporting import _service_name
from spiritstream.config.load import load_data, surroundings
from spiritstream.importers.giving import spiritstream_json
from spiritstream.importers.recognise import recognise
from spiritstream.importers.spiritstream import read_profile
from spiritstream.importers.values import Imported
from spiritstream.importers.writing import write_profile
from spiritstream.model.profile import KEY_PLACEHOLDER, Profile
from spiritstream.secret import Secret
from tests.importers.making import PLATFORMS

SERVICES = [(platform, _service_name(platform.id)) for platform in PLATFORMS]
# Those that SpiritStream sends to by RTMP, at an address without the key in its middle.
SENT = [
    (platform, service, platform.servers[0].url)
    for platform, service in SERVICES
    if service
    and platform.servers
    and platform.servers[0].url.startswith("rtmp")
    and KEY_PLACEHOLDER not in platform.servers[0].url
]
KEYS = {
    "query": "CANARY?a=b&c=d%20e",
    "slashes": "a/CANARY/b//c",
    "quotes": "CANARY\"'`\\",
    "yaml": "CANARY: #[]{}&*!|>%@",
    "braces": "{stream_key}CANARY${NOT-A-VARIABLE}",
    "unicode": "CANARY-Schlüssel-配信",
    "number": "0123456789",
    "truth": "yes",
    "null": "null",
    "sealed": "sealed:v1:CANARY",
    "enc": "ENC:CANARY",
    "long": "CANARY" * 80,
}


def spirit(targets: list[dict[str, str]]) -> dict[str, Any]:
    """SpiritStream's profile with one passthrough group of these targets."""
    return {
        "id": "x",
        "name": "Show",
        "encrypted": False,
        "input": {"type": "rtmp", "bindAddress": "127.0.0.1", "port": 1935, "application": "live"},
        "outputGroups": [
            {
                "id": "default",
                "name": "Passthrough (Default)",
                "isDefault": True,
                "generatePts": True,
                "video": {"codec": "copy", "width": 0, "height": 0, "fps": 0, "bitrate": "0k"},
                "audio": {"codec": "copy", "bitrate": "0k", "channels": 0, "sampleRate": 0},
                "container": {"format": "flv"},
                "streamTargets": targets,
            }
        ],
    }


def target(service: str, url: str, key: str, name: str = "") -> dict[str, str]:
    """One of SpiritStream's targets."""
    return {"id": "t", "service": service, "name": name or service, "url": url, "streamKey": key}


def loaded(imported: Imported, env: Mapping[str, str] | None = None) -> Profile:
    """The profile that is loaded from what was written."""
    known: dict[str, Secret] = {}

    def seal(destination: str, field: str, secret: Secret) -> str:
        known[text := f"sealed:{len(known)}"] = secret
        return text

    text = write_profile(imported, "show", seal, surroundings(Path()).destination).text
    return load_data(text.encode(), "f", Path(), lambda sealed, *_: known[sealed], env or {})


def again(profile: Profile) -> Profile:
    """The profile after it was exported with its keys, recognised and imported."""
    text, _ = spiritstream_json(profile, _service_name, True)
    return loaded(read_profile(recognise(text.encode(), "f").data, "f", PLATFORMS, None))


def test_nothing_is_left_out_by_this_test() -> None:
    """SpiritStream names 92 platforms; most of them are sent to by RTMP."""
    assert (93, 92) == (len(SERVICES), len([name for _, name in SERVICES if name]))
    assert len(SENT) > 80


@pytest.mark.parametrize("default", [True, False], ids=["as listed", "host alone"])
def test_every_platform(default: bool) -> None:
    """By SpiritStream's exact name each is that platform, its address as listed, also after a way back."""
    for platform, service, url in SENT:
        given = url if default else "/".join(url.split("/")[:3])
        found = read_profile(spirit([target(service, given, "CANARY-k")]), "f", PLATFORMS, None)
        assert platform.id == found.groups[0].targets[0].fields.get("platform"), service
        profile = loaded(found)
        (sent,) = profile.groups[0].targets
        assert sent.address is not None
        expected = platform.server_url(None) if not platform.misaddressed else url
        assert _plain(sent.address.url) in (_plain(url), _plain(expected)), service
        assert Secret("CANARY-k") == sent.address.key
        assert profile == again(profile), service


def _plain(url: str) -> str:
    return url.rstrip("/").replace(":443/", "/")


def test_all_platforms_at_once() -> None:
    """Ninety targets in one group: each by a name of its own, none mixed up with another."""
    data = spirit([target(service, url, f"CANARY-{platform.id}") for platform, service, url in SENT])
    profile = loaded(read_profile(data, "f", PLATFORMS, None))
    targets = profile.groups[0].targets
    assert len(SENT) == len(targets) == len({one.name for one in targets})
    assert {platform.id: Secret(f"CANARY-{platform.id}") for platform, *_ in SENT} == {
        one.platform: one.address.key for one in targets if one.platform and one.address
    }
    assert profile == again(profile)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    ("service", "url"), [("Twitch", "rtmp://live.twitch.tv/app"), ("Custom", "rtmp://h.example/live")]
)
def test_keys_of_any_kind(key: str, service: str, url: str) -> None:
    """Every character of a key comes through, to the byte."""
    data = json.loads(json.dumps(spirit([target(service, url, key)])))
    profile = loaded(read_profile(data, "f", PLATFORMS, None))
    address = profile.groups[0].targets[0].address
    assert address is not None
    assert Secret(key) == address.key
    assert profile == again(profile)


@pytest.mark.parametrize("key", ["CANARY\n", "  CANARY\t"])
def test_space_around_a_key_is_none_of_it(key: str) -> None:
    """A key that was pasted with space around it is the key without it."""
    profile = loaded(
        read_profile(spirit([target("Twitch", "rtmp://live.twitch.tv/app", key)]), "f", PLATFORMS, None)
    )
    address = profile.groups[0].targets[0].address
    assert address is not None
    assert Secret("CANARY") == address.key


@pytest.mark.parametrize("key", ["<your_stream_key>", "< >", ""])
def test_what_examples_have_for_a_key(key: str) -> None:
    """A blank that nobody filled in is no key: the target is written as a comment that asks for it."""
    found = read_profile(spirit([target("Twitch", "rtmp://live.twitch.tv/app", key)]), "f", PLATFORMS, None)
    assert "it has no key" == found.groups[0].targets[0].missing
