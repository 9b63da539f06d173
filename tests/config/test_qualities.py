"""What a new profile's encodings are bounded by."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.drafting import Draft, DraftInput, DraftTarget, profile_text
from spiritstream.config.load import surroundings
from spiritstream.config.platforms import find_platform, platform_ids
from spiritstream.config.qualities import BY_NAME, QUALITIES, encoding, offered
from spiritstream.config.rulings import judge
from spiritstream.config.values import parse_size
from spiritstream.model.limits import Ceiling, Limits

ALL = [quality.name for quality in QUALITIES]
WIDE, NARROW, SMALL = parse_size("1280x720"), parse_size("852x480"), parse_size("640x360")


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (None, ALL),
        (Limits("a"), ALL),
        (Limits("a", fps=30), ["1080p30", "720p30", "480p30"]),
        (Limits("a", sizes=(WIDE,)), ["720p60", "720p30"]),
        (Limits("a", sizes=(WIDE, NARROW), fps=30), ["720p30", "480p30"]),
        (Limits("a", sizes=(SMALL,)), []),
    ],
)
def test_offered(limits: Limits | None, expected: list[str]) -> None:
    """Only what a platform takes: its sizes, its frame rate."""
    assert expected == [quality.name for quality in offered(limits)]


BY_SIZE = (Ceiling(WIDE, 30, 2_000_000), Ceiling(WIDE, 60, 4_000_000))


@pytest.mark.parametrize(
    ("name", "limits", "expected"),
    [
        ("1080p60", [None], (9000, "")),
        ("1080p60", [Limits("a")], (9000, "")),
        ("1080p60", [Limits("a", video_bps=6_000_000)], (6000, "a")),
        ("1080p60", [Limits("a", video_bps=8_000_000), Limits("b", video_bps=6_000_000)], (6000, "b")),
        ("1080p30", [Limits("a", video_bps=6_000_000)], (6000, "a")),
        ("480p30", [Limits("a", video_bps=6_000_000)], (1500, "")),
        ("720p30", [Limits("a", video_bps=6_000_000, ceilings=BY_SIZE)], (2000, "a")),
        ("720p60", [Limits("a", video_bps=6_000_000, ceilings=BY_SIZE)], (4000, "a")),
        ("480p30", [Limits("a", video_bps=1_000_000, ceilings=BY_SIZE)], (1000, "a")),
    ],
)
def test_bitrate(name: str, limits: list[Limits | None], expected: tuple[int, str]) -> None:
    """The usual bitrate of the size, or the lowest limit, and whose that is; one for the size comes first."""
    found = encoding(BY_NAME[name], limits)
    assert expected == (found.video_kbps, found.bound)


def test_the_rest() -> None:
    """Sound, keyframes, profile and B-frames are the strictest of all platforms', else the usual."""
    one = Limits("a", audio_bps=128_000, keyframe_s=1, h264_profile="high", b_frames=0)
    other = Limits("b", audio_bps=320_000, keyframe_s=4, h264_profile="main", b_frames=2)
    both = encoding(QUALITIES[0], [one, other])
    assert (128, 1, "main", 0) == (both.audio_kbps, both.keyframe_s, both.profile, both.b_frames)
    free = encoding(QUALITIES[0], [Limits("a")])
    assert (160, 2, "", None) == (free.audio_kbps, free.keyframe_s, free.profile, free.b_frames)


@pytest.mark.parametrize("id", platform_ids())
def test_no_platform_is_offered_more_than_it_takes(id: str) -> None:
    """Whatever is offered for a platform is within its limits."""
    platform = find_platform(id)
    for quality in offered(platform.bounds):
        found = encoding(quality, [platform.bounds])
        assert found.video_kbps <= platform.limits.get("max_video_kbps", 10**6)
        assert found.audio_kbps <= platform.limits.get("max_audio_kbps", 10**6)
        assert found.keyframe_s <= platform.limits.get("keyframe_interval_s", 2)


@pytest.mark.parametrize("id", platform_ids())
def test_nothing_is_said_against_a_new_profile(id: str) -> None:
    """What is written for a platform keeps its rules as `validate` has them, whatever the encoder chooses."""
    platform = find_platform(id)
    for quality in offered(platform.bounds)[:1]:
        sent = DraftTarget("t", id, platform.name, "{env: K}", quality=quality.name, limits=platform.bounds)
        text = profile_text(Draft("a", "a.yaml", "schema", DraftInput("rtmp"), [sent]))
        document = parse_document(text, "a.yaml")
        said = judge(document, surroundings(Path("/")))
        assert () == said.refused
        assert [] == [one for one in said.warnings if "may not work" not in one.message]
