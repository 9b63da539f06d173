"""SpiritStream's own formats: encrypted keys and profiles, defaults, settings, and what is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.errors import KeyMissingError, SpiritError
from spiritstream.importers import mgs
from spiritstream.importers.mgs import open_mgs
from spiritstream.importers.recognise import Kind, recognise
from spiritstream.importers.settings import read_settings
from spiritstream.importers.spiritstream import (
    decrypted,
    read_orders,
    read_profile,
    sent_to,
    uses_stream_key,
)
from spiritstream.importers.values import UnreadableError
from spiritstream.secret import Secret
from tests.importers.making import CANARY, KEYS_KEY, PLATFORMS, VECTORS

FRIDAY: dict[str, Any] = json.loads((VECTORS / "spiritstream" / "profiles" / "friday.json").read_text())
ENCRYPTED = "ENC::AAECAwQFBgcICQoLK2ugfpqEoHhTPuGPM3m6GhB1xg1abi7r"
SMALL = b"MGLA" + bytes(range(32)) + bytes(range(12))
SMALL += bytes.fromhex("d5d300a513df466cf0d9c0229f4276c4225d6311f1a0e0")


def test_encrypted_key() -> None:
    """The vector of the format's notes opens."""
    assert "live_abc" == decrypted(ENCRYPTED, KEYS_KEY, "f")


@pytest.mark.parametrize(
    ("text", "key", "error"),
    [
        (ENCRYPTED, bytes(32), KeyMissingError),
        (ENCRYPTED, bytes(31), KeyMissingError),
        (ENCRYPTED[:-8], KEYS_KEY, KeyMissingError),
        (ENCRYPTED[:20], KEYS_KEY, UnreadableError),
        ("ENC::", KEYS_KEY, UnreadableError),
        ("ENC::not base64", KEYS_KEY, UnreadableError),
        (ENCRYPTED.replace("K2ug", "K2uh"), KEYS_KEY, KeyMissingError),
    ],
)
def test_encrypted_key_refused(text: str, key: bytes, error: type[SpiritError]) -> None:
    """Another machine's key, or a damaged value, is refused with what to do."""
    with pytest.raises(error) as refused:
        decrypted(text, key, "f: here")
    assert refused.value.message.startswith("f: here: ")
    assert refused.value.hint


def test_encrypted_keys_in_a_profile() -> None:
    """With `.stream_key` the keys are the clear ones; without it the error says where to get it."""
    data = copy.deepcopy(FRIDAY)
    assert not uses_stream_key(data)
    data["outputGroups"][0]["streamTargets"][0]["streamKey"] = ENCRYPTED
    assert uses_stream_key(data)
    found = read_profile(data, "f", PLATFORMS, KEYS_KEY)
    assert Secret("live_abc") == found.groups[0].targets[0].fields["key"]
    with pytest.raises(KeyMissingError, match=r"outputGroups\[0\].streamTargets\[0\].streamKey") as refused:
        read_profile(data, "f", PLATFORMS, None)
    assert ".stream_key" in refused.value.hint


def test_password() -> None:
    """The vector of the format's notes opens with its password, and with no other."""
    assert b'{"a":1}' == open_mgs(SMALL, "f", Secret("correct horse"))
    with pytest.raises(KeyMissingError) as refused:
        open_mgs(SMALL, "f", Secret("correct horsf"))
    assert "horsf" not in str(refused.value)


@pytest.mark.parametrize("size", [0, 4, 47, 48, 65])
def test_cut_file_costs_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too short is refused before a key is derived, and so is what is too large."""
    monkeypatch.setattr(mgs, "hash_secret_raw", None)
    with pytest.raises(UnreadableError):
        open_mgs(SMALL[:size], "f", Secret("x"))
    with pytest.raises(UnreadableError):
        open_mgs(SMALL + bytes(2_000_000), "f", Secret("x"))


def test_endless_password_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of megabytes is refused before a key is derived."""
    monkeypatch.setattr(mgs, "hash_secret_raw", None)
    with pytest.raises(KeyMissingError):
        open_mgs(SMALL, "f", Secret("x" * 5000))


def test_costs_are_the_formats() -> None:
    """The costs are fixed, those of the format's notes: no file can raise or lower them."""
    assert (65536, 3, 4) == (mgs.COSTS.memory_kib, mgs.COSTS.passes, mgs.COSTS.lanes)


@pytest.mark.parametrize(
    ("url", "service", "expected"),
    [
        ("rtmps://fa723fc1b171.global-contribute.live-video.net", "Kick", "/app"),
        ("rtmp-api.facebook.com:443/rtmp/", "Facebook Live", None),
        ("rtmp://liveorigin.dlive.nicovideo.jp", "niconico (ニコニコ生放送)", None),
        ("rtmp://stream.shareplay.tv", "SharePlay.tv", ""),
        ("rtmp://host", "Custom", ""),
        ("host/live", "Custom", None),
    ],
)
def test_addresses(url: str, service: str, expected: str | None) -> None:
    """An address without a path gets its platform's application, one without a scheme gets one."""
    found = sent_to(url, service, PLATFORMS)
    assert found.startswith(("rtmp://", "rtmps://"))
    if expected is not None:
        assert f"{url}{expected}" == found
    assert ("facebook" in url) == (found == "rtmps://rtmp-api.facebook.com:443/rtmp")


def test_defaults() -> None:
    """What the application leaves out has its defaults; unknown fields are dropped."""
    data = copy.deepcopy(FRIDAY)
    for group in data["outputGroups"]:
        del group["generatePts"]
        for target in group["streamTargets"]:
            target.pop("name")
            target["unknown"] = {"x": 1}
    del data["settings"]
    found = read_profile(data, "f", PLATFORMS, None)
    assert [True, True] == [group.generate_pts for group in found.groups]
    assert ["YouTube - RTMPS", "Kick", "YouTube Backup - RTMPS", "", "Twitch"] == [
        target.name for target in found.groups[0].targets
    ]


REQUIRED = [
    ("name",),
    ("outputGroups",),
    ("input", "port"),
    ("input", "bindAddress"),
    ("input", "application"),
    ("outputGroups", 0, "name"),
    ("outputGroups", 0, "streamTargets"),
    ("outputGroups", 1, "video", "codec"),
    ("outputGroups", 1, "video", "width"),
    ("outputGroups", 1, "audio", "bitrate"),
    ("outputGroups", 1, "container", "format"),
    ("outputGroups", 1, "streamTargets", 0, "url"),
    ("outputGroups", 1, "streamTargets", 0, "streamKey"),
]


@pytest.mark.parametrize("path", REQUIRED, ids=str)
@pytest.mark.parametrize("value", [None, [CANARY], {"CANARY": 1}, True], ids=str)
def test_damaged(path: tuple[str | int, ...], value: object) -> None:
    """A required field that is missing or of another kind is named by its path, and nothing is repeated."""
    data: Any = copy.deepcopy(FRIDAY)
    node = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    if path == ("outputGroups",) and value == [CANARY]:
        path = ("outputGroups", 0)
    if path[-1] == "streamTargets" and value == [CANARY]:
        path = (*path, 0)
    with pytest.raises(UnreadableError) as refused:
        read_profile(data, "f", PLATFORMS, None)
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    assert refused.value.message.startswith(f"f: {dotted}: ")
    assert CANARY not in str(refused.value)


def test_too_many_targets() -> None:
    """More targets than anybody has are refused."""
    data = copy.deepcopy(FRIDAY)
    data["outputGroups"][0]["streamTargets"] = FRIDAY["outputGroups"][0]["streamTargets"][-1:] * 1001
    with pytest.raises(UnreadableError, match="more than 1000 targets"):
        read_profile(data, "f", PLATFORMS, None)


def test_orders() -> None:
    """Each profile's place; what is none is refused."""
    assert {"A": 10, "B": -20} == read_orders({"A": 10, "B": -20}, "f")
    with pytest.raises(UnreadableError):
        read_orders({"A": 10**9}, "f")


@pytest.mark.parametrize(
    ("data", "text", "left"),
    [
        ({}, "", []),
        ({"logRetentionDays": 30, "ffmpegPath": ""}, "", []),
        ({"logRetentionDays": 7}, "version: 1\nlog:\n  keep:\n    days: 7\n", []),
        ({"ffmpegPath": "/a b"}, 'version: 1\nffmpeg: "/a b"\n', []),
        ({"ffmpegPath": "C:\\ffmpeg.exe", "logRetentionDays": 0}, "", ["ffmpegPath", "logRetentionDays"]),
        ({"obsPassword": "ENC::CANARY", "backendToken": "CANARY"}, "", ["backend…", "obs…"]),
    ],
)
def test_settings(data: dict[str, object], text: str, left: list[str]) -> None:
    """What has a place is carried over, the rest is named, and nothing secret is repeated."""
    found, said = read_settings(data, "settings.json")
    assert text == found.removeprefix("# Imported from SpiritStream's settings.json\n")
    assert left == [line.partition(":")[0] for line in said]
    assert CANARY not in found + "".join(said)


def test_sealed_by_ourselves() -> None:
    """A key that is encrypted here in the same way opens, so the vector is no coincidence."""
    import base64

    sealed = AESGCM(KEYS_KEY).encrypt(b"n" * 12, b"k" * 100, None)
    text = "ENC::" + base64.b64encode(b"n" * 12 + sealed).decode()
    assert "k" * 100 == decrypted(text, KEYS_KEY, "f")


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("spiritstream/profiles/friday.json", Kind.PROFILE),
        ("spiritstream/settings.json", Kind.SETTINGS),
        ("spiritstream/indexes/order_indexes.json", Kind.ORDERS),
        ("spiritstream/themes/night.jsonc", Kind.THEME),
        ("obs/service.json", Kind.OBS_SERVICE),
        ("obs/basic.ini", Kind.OBS_INI),
        ("obs/streamEncoder.json", Kind.OBS_ENCODER),
        ("obs/obs-multi-rtmp.json", Kind.MULTI_RTMP),
        ("stream-sprout.yaml", Kind.SPROUT),
        ("mediamtx.yml", Kind.MEDIAMTX),
        ("nginx.conf", Kind.NGINX),
        ("restream.sh", Kind.COMMAND),
        ("encode.sh", Kind.COMMAND),
    ],
)
def test_recognised_by_content(file: str, kind: Kind) -> None:
    """What a file is follows from what is in it: no name is given."""
    assert kind is recognise((VECTORS / file).read_bytes(), "f").kind


def test_recognised_under_a_password() -> None:
    """The first bytes of an encrypted profile are enough."""
    assert Kind.MGS is recognise(SMALL, "f").kind
