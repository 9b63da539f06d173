"""What real encoders write is measured as what they were asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from spiritstream.media.hub import Hub
from spiritstream.model.status import Incoming
from tests.live.publishers import tags_of

_SECONDS = 7
_PICTURE = f"testsrc2=size=320x180:rate=25:duration={_SECONDS}"
_TONE = f"sine=sample_rate=48000:duration={_SECONDS}"


@dataclass(frozen=True, slots=True)
class Asked:
    """How an encoder is called, and what is to be seen of it."""

    words: str
    profile: str | None
    b_frames: int
    keyframe_s: float = 2.0
    audio: bool = True
    video: str = "h264"


H264 = "-c:v libx264 -preset veryfast -g 50 -sc_threshold 0 -b_strategy 0 -b:v 500k -pix_fmt yuv420p"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=50:scenecut=0:b-adapt=0:bframes="
ASKED = [
    pytest.param(Asked(f"{H264} -profile:v baseline -bf 0", "baseline", 0), id="baseline"),
    pytest.param(Asked(f"{H264} -profile:v main -bf 1", "main", 1), id="main, a B-frame"),
    pytest.param(Asked(f"{H264} -bf 3 -x264-params b-pyramid=none", "high", 3), id="high, 3 B-frames"),
    pytest.param(Asked(f"{H264} -bf 3", "high", 3), id="high, B-frames that others refer to"),
    pytest.param(
        Asked(f"{H264} -bf 2 -x264-params open-gop=1 -g 100", "high", 2, 4.0), id="high, open groups"
    ),
    pytest.param(Asked(f"{H264} -tune zerolatency -an", "high", 0, audio=False), id="zero latency, no sound"),
    pytest.param(Asked(f"{H264} -pix_fmt yuv422p -bf 0 -an", "high422", 0, audio=False), id="high 4:2:2"),
]


async def written(ffmpeg: str, words: str, path: Path) -> Path:
    """What that ffmpeg writes into an FLV file."""
    source = ("-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _TONE, "-c:a", "aac", "-b:a", "128k")
    process = await asyncio.create_subprocess_exec(ffmpeg, "-v", "error", *source, *words.split(), path)
    assert 0 == await asyncio.wait_for(process.wait(), 60)
    return path


def played(path: Path) -> Incoming:
    """What a hub says of a file when its last frame has come, each at its time."""
    now = [0.0]
    hub = Hub(lambda: now[0])
    hub.begin(0, audio=True, video=True)
    for tag in tags_of(path):
        now[0] = max(now[0], tag.time_ms / 1000)
        hub.publish([tag])
    return hub.incoming()


def assert_as_asked(asked: Asked, found: Incoming) -> None:
    """All of it."""
    assert (asked.video, asked.profile, asked.b_frames) == (found.video, found.profile, found.b_frames)
    assert (25.0, asked.keyframe_s, "320x180") == (found.fps, found.keyframe_s, found.size)
    assert (128_000 if asked.audio else 0) == pytest.approx(found.audio_bps, rel=0.15)
    assert found.video_bps is not None
    assert found.bitrate_bps == pytest.approx(found.video_bps + (found.audio_bps or 0), rel=0.1)


@pytest.mark.parametrize("asked", ASKED)
async def test_h264(ffmpeg_path: str, tmp_path: Path, asked: Asked) -> None:
    """Profile, B-frames in a row, keyframes, and whether there is sound."""
    assert_as_asked(asked, played(await written(ffmpeg_path, asked.words, tmp_path / "a.flv")))


@pytest.mark.parametrize("b_frames", [0, 4])
async def test_hevc(embedded_ffmpeg: str, tmp_path: Path, b_frames: int) -> None:
    """The same behind Enhanced RTMP's header, where frames without a delay come in another packet."""
    asked = Asked(f"{HEVC}{b_frames}", None, b_frames, video="hevc")
    assert_as_asked(asked, played(await written(embedded_ffmpeg, asked.words, tmp_path / "a.flv")))
