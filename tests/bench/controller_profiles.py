"""A folder of a thousand profiles, no two alike; two of them are live. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice

PROFILES = 1000
EDITED, OTHER = "show-000", "show-001"
"""The two that are live: one is edited while the other must notice nothing."""

Sealer = Callable[[str, str], str]
"""(destination, field) -> a sealed value."""


def variables() -> dict[str, str]:
    """The environment in which none of the profiles misses anything."""
    return {_variable(number): f"key-of-show-{number}" for number in range(PROFILES)}


def _variable(number: int) -> str:
    return f"SHOW_{number}_KEY"


def live_profile(name: str, file: str, urls: Sequence[str], seal: Sealer) -> str:
    """One that is on air: it plays `file` to these. The runner carries them: no child is waited for."""
    targets = (
        f'      target{number}: {{url: "{url}", key: "{seal("127.0.0.1", "key")}"}}\n'
        for number, url in enumerate(urls)
    )
    return (
        f"version: 1\nname: {name}\nsender: native\ninput:\n  files: {{paths: [{file}], loop: true}}\n"
        f"groups:\n  source:\n    targets:\n{''.join(targets)}"
    )


def idle_profile(number: int, seal: Sealer) -> str:
    """One that is declared and not enabled. Nine of ten hold sealed keys, the rest name variables."""
    name = f"show-{number:03}"

    def key(destination: str) -> str:
        if number % 10 == 9:
            return f"{{env: {_variable(number)}}}"
        return f'"{seal(destination, "key")}"'

    groups = islice(cycle(_GROUPS), number, number + 2 + number % 2)
    return _HEAD.format(
        name=name, number=number, input=_INPUTS[number % len(_INPUTS)](number, key)
    ) + "".join(group(index, key) for index, group in enumerate(groups))


_HEAD = """\
# The show number {number}; who runs it is in the calendar.
version: 1
name: {name}
description: "The weekly show number {number}, from the small studio"
enabled: false

input:
{input}
groups:
"""

Key = Callable[[str], str]


def _published(number: int, key: Key) -> str:
    return (
        f"  rtmp:\n    listen: 127.0.0.1:{20_000 + number}    # one port for each\n    app: live\n"
        f"    key: {key('input')}\n    takeover: when-silent\n"
    )


def _pulled(number: int, key: Key) -> str:
    return (
        f"  pull:\n    url: rtsp://camera{number}.example/stream\n    username: studio\n"
        f"    password: {{env: {_variable(number)}}}\n"
    )


def _played(number: int, key: Key) -> str:
    return (
        f"  files:\n    paths:\n      - media/opening-{number}.mp4\n      - media/main.mp4\n    loop: true\n"
    )


_INPUTS = (_published, _published, _pulled, _played)


def _source(index: int, key: Key) -> str:
    return (
        f"  source-{index}:                 # as it comes\n    targets:\n"
        f"      youtube: {{platform: youtube, key: {key('youtube')}}}\n"
        f"      twitch:\n        platform: twitch\n        key: {key('twitch')}\n"
    )


def _mobile(index: int, key: Key) -> str:
    return (
        f"  mobile-{index}:\n    video:\n      codec: h264\n      encoder: auto\n      size: 1280x720\n"
        "      fps: 30\n      bitrate: 3000k\n      keyframe: 2s\n      preset: veryfast\n"
        "    audio: {codec: aac, bitrate: 128k, rate: 48000, channels: 2}\n    targets:\n"
        f"      kick: {{platform: kick, key: {key('kick')}}}\n"
    )


def _own(index: int, key: Key) -> str:
    return (
        f"  own-{index}:\n"
        "    video: {codec: h264, size: 1920x1080, fps: 60, bitrate: 6000k, keyframe: 2s}\n"
        "    audio: {codec: aac, bitrate: 160k}\n    targets:\n"
        f'      relay:\n        url: "srt://relay.example:9000"\n        key: {key("relay.example")}\n'
        "      archive:\n        record: {path: recordings/%Y-%m-%d_%H-%M-%S.mkv, segment: 1h}\n"
        f'      rented: {{url: "rtmps://live.example.org/app", enabled: false, '
        f"key: {key('live.example.org')}}}\n"
    )


_GROUPS = (_source, _mobile, _own)
