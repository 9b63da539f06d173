"""What a new profile's encodings are bounded by."""

from __future__ import annotations

from typing import Any

import pytest

from spiritstream.config.platforms import find_platform, platform_ids
from spiritstream.config.qualities import BY_NAME, QUALITIES, encoding, offered

ALL = [quality.name for quality in QUALITIES]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, ALL),
        ({"max_fps": 30}, ["1080p30", "720p30", "480p30"]),
        ({"resolutions": ["1280x720"]}, ["720p60", "720p30"]),
        ({"resolutions": ["1280x720", "852x480"], "max_fps": 30}, ["720p30", "480p30"]),
        ({"resolutions": ["640x360"]}, []),
    ],
)
def test_offered(limits: dict[str, Any], expected: list[str]) -> None:
    """Only what a platform takes: its sizes, its frame rate."""
    assert expected == [quality.name for quality in offered(limits)]


BY_SIZE = [
    {"resolution": "1280x720", "fps": 30, "max_kbps": 2000},
    {"resolution": "1280x720", "fps": 60, "max_kbps": 4000},
]


@pytest.mark.parametrize(
    ("name", "limits", "expected"),
    [
        ("1080p60", [{}], (9000, "")),
        ("1080p60", [{"max_video_kbps": 6000}], (6000, "a")),
        ("1080p60", [{"max_video_kbps": 8000}, {"max_video_kbps": 6000}], (6000, "b")),
        ("480p30", [{"max_video_kbps": 6000}], (1500, "")),
        ("720p30", [{"max_video_kbps": 6000, "bitrates": BY_SIZE}], (2000, "a")),
        ("720p60", [{"max_video_kbps": 6000, "bitrates": BY_SIZE}], (4000, "a")),
        ("480p30", [{"max_video_kbps": 1000, "bitrates": BY_SIZE}], (1000, "a")),
    ],
)
def test_bitrate(name: str, limits: list[dict[str, Any]], expected: tuple[int, str]) -> None:
    """The usual bitrate of the size, or the lowest limit, and whose that is; one for the size comes first."""
    found = encoding(BY_NAME[name], list(zip("ab", limits, strict=False)))
    assert expected == (found.video_kbps, found.bound)


def test_the_rest() -> None:
    """Sound, keyframes and profile are the strictest of all platforms', and usual ones without a limit."""
    one = {"max_audio_kbps": 128, "keyframe_interval_s": 1, "h264_profile": "high"}
    other = {"max_audio_kbps": 320, "keyframe_interval_s": 4, "h264_profile": "main"}
    both = encoding(QUALITIES[0], [("a", one), ("b", other)])
    assert (128, 1, "main") == (both.audio_kbps, both.keyframe_s, both.profile)
    free = encoding(QUALITIES[0], [("a", {})])
    assert (160, 2, "") == (free.audio_kbps, free.keyframe_s, free.profile)


@pytest.mark.parametrize("id", platform_ids())
def test_no_platform_is_offered_more_than_it_takes(id: str) -> None:
    """Whatever is offered for a platform is within its limits."""
    platform = find_platform(id)
    for quality in offered(platform.limits):
        found = encoding(quality, [(platform.name, platform.limits)])
        assert found.video_kbps <= platform.limits.get("max_video_kbps", 10**6)
        assert found.audio_kbps <= platform.limits.get("max_audio_kbps", 10**6)
        assert found.keyframe_s <= platform.limits.get("keyframe_interval_s", 2)
