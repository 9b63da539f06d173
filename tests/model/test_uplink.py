"""What a profile sends out of the house, as far as it declares it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.model.profile import (
    Address,
    Audio,
    FilesInput,
    Group,
    Input,
    Profile,
    Record,
    Target,
    TestInput,
    Video,
)
from spiritstream.model.uplink import CHANGE, Load, in_mbit, load_of, over, together

FILES = FilesInput(("/a.mp4",))
TEST = TestInput(bitrate_bps=3_000_000)
VIDEO, AUDIO = Video("h264", 6_000_000), Audio("aac", 160_000)


def target(name: str, url: str = "rtmp://live.example.org/app") -> Target:
    """A target there."""
    return Target(name, Address(url))


def show(
    *targets: Target, source: Input = FILES, video: Video | None = VIDEO, audio: Audio | None = AUDIO
) -> Profile:
    """A show with one group `g`."""
    return Profile("show", source, (Group("g", targets, video, audio),))


A, B = target("a"), target("b")
LOADS = {
    "each target is sent the whole encoding": (show(A, B), Load(2 * 6_160_000)),
    "a sound that is passed on beside a picture that is encoded is not counted": (
        show(A, audio=None),
        Load(6_000_000),
    ),
    "what is passed on is not declared": (show(A, B, video=None), Load(0, ("g/a", "g/b"))),
    "the test input declares itself": (show(A, source=TEST, video=None, audio=None), Load(3_128_000)),
    "a recording stays in the house": (show(A, Target("tape", record=Record("/t.mkv"))), Load(6_160_000)),
    "this machine is in the house": (
        show(*(target(str(n), url) for n, url in enumerate(("rtmp://127.0.0.1/a", "rtmp://[::1]:1936/a")))),
        Load(),
    ),
    "its name too": (show(target("a", "rtmp://localhost/a")), Load()),
    "its network too": (
        show(target("a", "srt://192.168.1.9:9000"), target("b", "rtmp://10.0.0.1/a")),
        Load(),
    ),
    "a public address is not": (show(target("a", "srt://8.8.8.8:9000")), Load(6_160_000)),
    "a disabled target sends nothing": (show(A, replace(B, enabled=False)), Load(6_160_000)),
    "nor does a disabled profile": (replace(show(A), enabled=False), Load()),
}


@pytest.mark.parametrize("case", LOADS)
def test_load(case: str) -> None:
    """What leaves the house is the sum of what targets are sent; what nobody declares is named."""
    profile, load = LOADS[case]
    assert load == load_of(profile)


def test_together() -> None:
    """Several shows share one line; a target is named with its show."""
    assert Load(6_160_000, ("pass/g/b",)) == together([show(A), replace(show(B, video=None), name="pass")])


@pytest.mark.parametrize(("uplink", "refused"), [(None, False), (6_160_000, False), (6_159_999, True)])
def test_over(uplink: int | None, refused: bool) -> None:
    """A show that alone is more than the line is refused with both figures, and what to do."""
    found = over(show(A), uplink)
    assert refused == (found is not None)
    if found:
        assert ("'show' would send 6.16M, and the uplink is 6.16M", True) == (found[0], CHANGE in found[1])


def test_in_mbit() -> None:
    """Bitrates of a line are said as people write them."""
    assert ["20M", "7.5M", "0.3M", "0M"] == [in_mbit(bps) for bps in (20_000_000, 7_500_000, 300_000, 0)]
