"""`spiritstream platforms`: a list that is searched, and everything about one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from spiritstream.config.data import data_folder
from spiritstream.config.platforms import _find, _labels, _read, platform_ids, read_facts
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

OWN = """\
name: House
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
servers: [{name: Main, url: "rtmp://ingest.house.example/live"}]
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of own platforms, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "spiritstream" / "platforms"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The platforms' files that are opened, none of which was read before."""
    for cache in (_find, _labels, _read, read_facts):
        cache.cache_clear()
    names: list[str] = []
    read = Path.read_text

    def noting(self: Path, *args: Any, **more: Any) -> str:
        if self.parent == data_folder("platforms"):
            names.append(self.name)
        return read(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", noting)
        yield names


def test_list(spiritstream: Spiritstream) -> None:
    """One line each, with id, name, protocols and what is to be known before it is used."""
    said = spiritstream("platforms")
    lines = said.out.splitlines()
    assert (0, "") == (said.code, said.err)
    assert list(platform_ids()) == [line.split()[0] for line in lines]
    (dlive,) = [line for line in lines if line.startswith("dlive ")]
    assert ["dlive", "DLive", "rtmp", "was", "found", "silent"] == dlive.split()
    (hls,) = [line for line in lines if line.startswith("youtube-hls ")]
    assert hls.endswith("write youtube instead")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("youtube", {"youtube", "youtube-backup", "youtube-hls"}),
        ("YOUTUBE GAMING", {"youtube"}),
        ("afreeca", {"soop-korea", "soop-global"}),
        ("live-fra.twitch.tv", {"twitch"}),
    ],
)
def test_search(spiritstream: Spiritstream, text: str, expected: set[str]) -> None:
    """Names, other names and servers are looked through, whatever the case."""
    found = {line.split()[0] for line in spiritstream("platforms", "--search", text).out.splitlines()}
    assert expected & found
    assert len(found) < 6


def test_nothing_found(spiritstream: Spiritstream) -> None:
    """An empty list is an answer."""
    assert (0, "", "no platform has this in its names or servers\n") == spiritstream(
        "platforms", "--search", "qqqq"
    )


def test_list_for_programs(spiritstream: Spiritstream) -> None:
    """The list as JSON."""
    data = json.loads(spiritstream("platforms", "--output", "json").out)
    assert 1 == data["version"]
    assert list(platform_ids()) == [one["id"] for one in data["platforms"]]
    (tiktok,) = [one for one in data["platforms"] if one["id"] == "tiktok"]
    assert ["unconfirmed_address"] == tiktok["doubts"]


def test_one(spiritstream: Spiritstream, opened: list[str]) -> None:
    """Everything that is known of one, from its one file."""
    said = spiritstream("platforms", "youtube")
    assert (0, "") == (said.code, said.err)
    for text in (
        "YouTube: platform: youtube\n",
        "  your stream key: https://www.youtube.com/live_dashboard\n",
        "Primary YouTube ingest server                rtmps://a.rtmps.youtube.com:443/live2  (default)\n",
        "rtmps://b.rtmps.youtube.com:443/live2?backup=1  (backup)\n",
        "    a keyframe every: 2 s\n",
        "    video at most: 51000 kbit/s\n",
        "    OBS Studio's service list, as of 2026-08\n",
    ):
        assert text in said.out
    assert ["youtube.yaml"] == opened


@pytest.mark.parametrize("id", platform_ids())
def test_each_says_all_its_facts(spiritstream: Spiritstream, id: str) -> None:
    """No address, limit, doubt, note or source of any platform's file is left out."""
    said = spiritstream("platforms", id).out
    facts = yaml.safe_load((data_folder("platforms") / f"{id}.yaml").read_text())
    texts = [server["url"] for server in facts.get("servers", ())]
    texts += [doubt["reason"] for doubt in facts.get("doubts", ())]
    texts += [*facts.get("notes", ()), *(one["source"] for one in facts["sources"])]
    limits = facts.get("limits", {})
    texts += [str(value) for value in limits.values() if not isinstance(value, list | dict)]
    texts += [str(value) for value in limits.get("session", {}).values()]
    texts += [str(value).rstrip(".") for value in facts.get("reconnect", {}).values()]
    texts += [str(row["max_kbps"]) for row in limits.get("bitrates", ())]
    assert [] == [text for text in texts if text not in said]
    data = json.loads(spiritstream("platforms", id, "--output", "json").out)["platform"]
    assert facts == {name: value for name, value in data.items() if name not in ("id", "own", "file")}


def test_unknown(spiritstream: Spiritstream) -> None:
    """A typo is told the nearest."""
    said = spiritstream("platforms", "twich")
    assert (ExitCode.INVALID, "") == said[:2]
    assert "did you mean twitch?" in said.err


def test_a_name_and_a_search(spiritstream: Spiritstream) -> None:
    """One of both."""
    assert ExitCode.USAGE == spiritstream("platforms", "twitch", "--search", "x").code


def test_own(spiritstream: Spiritstream, own: Path) -> None:
    """Own platforms are in the list, marked, and told with their file."""
    own.mkdir(parents=True)
    (own / "house.yaml").write_text(OWN)
    (own / "twitch.yaml").write_text(OWN)
    said = spiritstream("platforms", "--search", "house").out.splitlines()
    assert [["house", "House", "rtmp", "your", "own"], ["twitch", "House", "rtmp", "your", "own"]] == [
        line.split() for line in said
    ]
    assert f"your own: {own / 'house.yaml'}" in spiritstream("platforms", "house").out


def test_a_bad_own_one(spiritstream: Spiritstream, own: Path) -> None:
    """The list says every mistake in own files, where it stands; others are still told."""
    own.mkdir(parents=True)
    (own / "house.yaml").write_text(OWN + "color: red\n")
    said = spiritstream("platforms")
    assert (ExitCode.INVALID, "") == said[:2]
    assert said.err.startswith(f"{own / 'house.yaml'}:6:1: unknown key 'color'\n")
    assert 0 == spiritstream("platforms", "twitch").code


def test_completion() -> None:
    """Ids are completed without reading a file."""
    import click

    from spiritstream.cli.platforms import command, complete

    assert ["twitch", "twitter"] == complete(click.Context(command), command.params[0], "tw")


def test_a_doubtful_platform_is_warned_of(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """Whoever uses a platform that may not work is told why, and the profile is valid."""
    path = tmp_path / "show.yaml"
    path.write_text(
        "version: 1\nname: show\ninput: {test: {}}\ngroups:\n  g:\n    targets:\n"
        "      a: {platform: DLive, key: {env: A}}\n      b: {platform: twitch, key: {env: B}}\n"
    )
    said = spiritstream("validate", path)
    assert 0 == said.code
    assert f"warning: {path}:7:21: groups.g.targets.a.platform: DLive may not work: " in said.err
    assert "hint: spiritstream platforms dlive" in said.err
    assert 1 == said.err.count("warning:")


def test_nothing_slow_is_loaded_for_one() -> None:
    """To tell of one platform no cryptography, no asyncio and no jsonschema is needed."""
    import subprocess

    code = (
        "import sys; sys.argv = ['spiritstream', 'platforms', 'twitch']\n"
        "from spiritstream.cli.main import main\n"
        "try: main()\nfinally: print(sorted({'asyncio', 'cryptography', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("\n[]\n")
