"""Targets that lead to the same place: the same broadcast twice, or a backup beside its primary."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.load import check_text
from spiritstream.config.shelf import config_platforms

YT = "platform: youtube"
YT_KEY = "key: {env: Y}"
B = "b.rtmps.youtube.com"
SAME = "leads to the same place as groups.g.targets.a"
ON_ONE_HOST = "this is the backup of groups.g.targets.a, and both lead to one host: what hits it hits both"


def found(*targets: str) -> list[tuple[str, str]]:
    """What is wrong with a profile with these targets: a, b, c."""
    lines = "".join(f"      {name}: {{{target}}}\n" for name, target in zip("abc", targets, strict=False))
    text = f"version: 1\nname: show\ninput: {{test: {{}}}}\ngroups:\n  g:\n    targets:\n{lines}"
    return [(one.path.rpartition(".")[2], one.message) for one in check_text(text, "f")]


FINE = [
    (f"{YT}, {YT_KEY}", f"{YT}, server: backup, {YT_KEY}"),
    (f"{YT}, {YT_KEY}", f'url: "rtmps://{B}/live2?backup=1", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f"{YT}, key: {{env: OTHER}}"),
    (f"{YT}, {YT_KEY}", f"{YT}, {YT_KEY}, enabled: false"),
    (f"{YT}, server: backup, {YT_KEY}", f"{YT}, server: backup, key: {{env: OTHER}}"),
    ("platform: bilibili, server: auto, key: {env: K}", "platform: bilibili, server: backup, key: {env: K}"),
    ("platform: twitch, server: auto, key: {env: K}", "platform: twitch, server: auto, key: {env: L}"),
    (
        'platform: custom, server: "rtmp://h/one", key: {env: K}',
        'platform: custom, server: "rtmp://h/two", key: {env: K}',
    ),
    ('url: "rtmp://h:1936/live", key: {env: K}', 'url: "rtmp://h/live", key: {env: K}'),
]
TWICE = [
    (f"{YT}, {YT_KEY}", f"{YT}, {YT_KEY}"),
    (f"{YT}, {YT_KEY}", f'{YT}, server: "rtmps://a.rtmps.youtube.com/live2", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f'{YT}, server: "RTMPS://A.rtmps.YouTube.com:443/live2/", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f'{YT}, server: "rtmps://a.rtmps.youtube.com", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f'url: "rtmps://a.rtmps.youtube.com.:443/live2/", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f'url: "rtmps://a.rtmps.youtube.com/live2/{{stream_key}}", {YT_KEY}'),
    (f"{YT}, {YT_KEY}", f'{YT}, server: "rtmps://a.rtmps.youtube.com:8443/live2", {YT_KEY}'),
    (f"{YT}, server: backup, {YT_KEY}", f'url: "rtmps://{B}:443/live2?backup=1", {YT_KEY}'),
    ("platform: twitch, key: {env: K}", "platform: twitch, server: auto, key: {env: K}"),
    ("platform: twitch, server: auto, key: {env: K}", "platform: twitch, server: auto, key: {env: K}"),
    (
        'platform: twitch, server: "EU: Paris, FR", key: {env: K}',
        "platform: twitch, server: auto, key: {env: K}",
    ),
    (
        "platform: twitch, server: auto, key: {env: K}",
        'url: "rtmp://live-cdg.twitch.tv:1935/app/", key: {env: K}',
    ),
    (
        'platform: amazon-ivs, server: "Europe: Norway, Oslo (RTMPS)", key: {env: K}',
        'platform: amazon-ivs, server: "rtmps://osl.contribute.live-video.net/app/", key: {env: K}',
    ),
    (
        'platform: amazon-ivs, server: "rtmps://osl.contribute.live-video.net:8443/app", key: {env: K}',
        'platform: amazon-ivs, server: "Europe: Norway, Oslo (RTMPS)", key: {env: K}',
    ),
    ("platform: showroom, key: {env: K}", "platform: showroom, key: {env: K}"),
]
ONE_HOST = [
    (f'{YT}, server: "rtmps://{B}/live2", {YT_KEY}', f"{YT}, server: backup, {YT_KEY}"),
    (f'{YT}, server: "rtmps://{B}/live2", {YT_KEY}', f"{YT}, server: backup, key: {{env: OTHER}}"),
    (f'url: "rtmps://{B}/live2", {YT_KEY}', f'{YT}, server: "Backup YouTube ingest server", {YT_KEY}'),
    (f'url: "rtmps://{B}/live2", {YT_KEY}', f'url: "RTMPS://{B}:443/live2?backup=1", {YT_KEY}'),
    (f'{YT}, server: "rtmps://{B}/other", {YT_KEY}', f'{YT}, server: "rtmps://{B}", {YT_KEY}'),
]


@pytest.mark.parametrize("targets", FINE)
def test_fine(targets: tuple[str, ...]) -> None:
    """Primary and backup with one key, other keys, other places: nothing is wrong."""
    assert found(*targets) == []


@pytest.mark.parametrize("targets", TWICE)
def test_twice(targets: tuple[str, ...]) -> None:
    """One broadcast twice to one server is found however it is spelled, and where `auto` may take it."""
    assert found(*targets) == [("b", SAME)]


@pytest.mark.parametrize("targets", ONE_HOST)
def test_backup_on_the_primary_host(targets: tuple[str, ...]) -> None:
    """A backup that leads to its primary's host is an error at the backup, whichever is written first."""
    assert found(*targets) == [("b", ON_ONE_HOST)]
    first, second = targets
    assert found(second, first) == [("a", ON_ONE_HOST.replace("targets.a", "targets.b"))]


def test_what_to_write() -> None:
    """The finding says what to write in place of it."""
    lines = "".join(f"      {name}: {{{one}}}\n" for name, one in zip("ab", ONE_HOST[0], strict=True))
    text = f"version: 1\nname: show\ninput: {{test: {{}}}}\ngroups:\n  g:\n    targets:\n{lines}"
    (finding,) = check_text(text, "f")
    assert (finding.line, finding.hint) == (
        8,
        "in groups.g.targets.a write platform: youtube, without a server: that is on another host",
    )


def test_a_platform_may_list_both_on_one_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform's own list has primary and backup on one host, that is no accident."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config_platforms().mkdir(parents=True)
    (config_platforms() / "house.yaml").write_text(
        "name: House\nsources: [{source: us, as_of: '2026-11'}]\nprotocols: [rtmp]\nkey_placement: append\n"
        "servers:\n  - {name: Main, url: 'rtmp://h.example/live'}\n"
        "  - {name: Spare, url: 'rtmp://h.example:1936/live', backup: true}\n"
    )
    assert found("platform: house, key: {env: K}", "platform: house, server: backup, key: {env: K}") == []
