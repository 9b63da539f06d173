"""Profiles as SpiritStream's JSON, there and back again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spiritstream.cli.exporting import _service_name
from spiritstream.config.load import load_data, surroundings
from spiritstream.importers.giving import spiritstream_json
from spiritstream.importers.spiritstream import read_profile
from spiritstream.importers.values import Env, Imported
from spiritstream.importers.writing import write_profile
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret
from tests.importers.making import CANARY, PLATFORMS, VECTORS

FRIDAY = VECTORS / "spiritstream" / "profiles" / "friday.json"


def opened(imported: Imported) -> Profile:
    """The profile that is loaded from what was written."""
    known: dict[str, Secret] = {}

    def seal(destination: str, field: str, secret: Secret) -> str:
        known[text := f"sealed:{len(known)}"] = secret
        return text

    text = write_profile(imported, "show", seal, surroundings(Path()).destination).text
    env = {"KICK_KEY": "${KICK_KEY}"}
    return load_data(text.encode(), "f", Path(), lambda sealed, *_: known[sealed], env)


def there_and_back(data: Any) -> Any:
    """SpiritStream's JSON, imported and exported with its keys."""
    text, _ = spiritstream_json(opened(read_profile(data, "f", PLATFORMS, None)), _service_name, True)
    return json.loads(text)


def test_round_trip() -> None:
    """Everything that has a place here comes back: input, encodings, services, addresses, keys."""
    before: Any = json.loads(FRIDAY.read_text())
    after = there_and_back(before)
    assert before["input"] == after["input"]
    assert [True, False] == [group["isDefault"] for group in after["outputGroups"]]
    for old, new in zip(before["outputGroups"], after["outputGroups"], strict=True):
        assert old["generatePts"] == new["generatePts"]
        assert {k: v for k, v in old["video"].items() if v is not None} == new["video"]
        assert (old["audio"], old["container"]) == (new["audio"], new["container"])
        kept = [one for one in old["streamTargets"] if one["streamKey"]]
        assert [(one["service"], one["streamKey"]) for one in kept] == [
            (one["service"], one["streamKey"]) for one in new["streamTargets"]
        ]
        for one, other in zip(kept, new["streamTargets"], strict=True):
            plain = [re.sub(r":443(?=/)|/$", "", address["url"]) for address in (one, other)]
            assert other["service"] == "Kick" or plain[0] == plain[1]


def test_a_second_time_nothing_changes() -> None:
    """What was exported is imported and exported to the same bytes."""
    once = there_and_back(json.loads(FRIDAY.read_text()))
    assert once == {**there_and_back(once), "id": once["id"], "name": once["name"]}


def test_keys_stay_out_unless_asked_for() -> None:
    """Without keys they are empty; a variable is no secret and stays."""
    profile = opened(read_profile(json.loads(FRIDAY.read_text()), "f", PLATFORMS, None))
    text, left = spiritstream_json(profile, _service_name, False)
    assert CANARY not in text + "".join(left)
    assert "${KICK_KEY}" in text
    assert 5 == len([line for line in left if "left empty" in line])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("input: {test: {}}", "only receives RTMP"),
        ("input: {rtmp: {key: {env: K}}}", "lets anybody publish"),
        ("description: x\ninput: {rtmp: {}}", "description"),
        ("input: {rtmp: {}}\ngroups: {a: {targets: {t: {record: a.mkv}}}}", "records nothing"),
        ('input: {rtmp: {}}\ngroups: {a: {targets: {t: {url: "srt://h.example:1"}}}}', "only sends RTMP"),
        ("input: {rtmp: {}}\ngroups: {a: {enabled: false}}", "disabled groups"),
        (
            'input: {rtmp: {}}\ngroups: {a: {targets: {t: {url: "rtmp://h.example/a", key: {env: K}, '
            "username: u, enabled: false}}}}",
            "no login",
        ),
    ],
)
def test_what_has_no_place_there(body: str, said: str) -> None:
    """What SpiritStream cannot do is said, and the file is one that it reads."""
    profile = load_data(f"version: 1\nname: a\n{body}\n".encode(), "f", Path(), None, {"K": "CANARY"})
    text, left = spiritstream_json(profile, _service_name, False)
    assert [line for line in left if said in line]
    assert read_profile(json.loads(text), "f", PLATFORMS, None)
    assert CANARY not in text


def test_every_service_name_is_spiritstreams() -> None:
    """SpiritStream refuses a whole profile with a name that it does not know: these are its own."""
    names = {platform.id: _service_name(platform.id) for platform in PLATFORMS}
    assert 92 == len([name for name in names.values() if name])
    assert "" == names["sportify"]
    assert "YouTube - RTMPS" == names["youtube"]


def test_environment() -> None:
    """A key that is a variable is one here, too."""
    found = read_profile(json.loads(FRIDAY.read_text()), "f", PLATFORMS, None)
    assert Env("KICK_KEY") == found.groups[0].targets[1].fields["key"]
