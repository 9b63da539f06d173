"""What really arrives is held against a platform's limits while a show is on air, and `status` says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.live.canaries import Canary, leaks
from tests.live.ports import free_port
from tests.live.program import Home, Program, call, running
from tests.live.publishers import short_folder
from tests.live.sinks import RtmpSink

_SOURCE = "the house's rules, 2026-01-31"
_PLATFORM = """\
name: Testcast
sources: [{source: the house's rules, as_of: "2026-01-31"}]
protocols: [rtmp]
key_placement: append
app: live
servers: [{name: Main, url: "URL"}]
limits:
  keyframe_interval_s: 2
  max_video_kbps: 400
  max_audio_kbps: 128
  max_fps: 25
  resolutions: [640x360]
  b_frames: 0
  h264_profile: main
"""
_PROFILE = """\
version: 1
name: show
input: {rtmp: {listen: "127.0.0.1:PORT", app: in}}
groups:
  source:
    targets:
      cast: {platform: testcast, key: {env: CAST_KEY}}
      own: {url: "rtmp://localhost:SINK/live", key: {env: OWN_KEY}}
"""
_H264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -sc_threshold 0 -b_strategy 0"
BAD = (
    "-f lavfi -i testsrc2=size=320x180:rate=30 "
    f"{_H264} -profile:v high -bf 3 -g 150 -b:v 1500k -maxrate 1500k -bufsize 1500k"
    " -x264-params nal-hrd=cbr"
)
GOOD = (
    "-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=sample_rate=48000 "
    f"{_H264} -profile:v main -bf 0 -g 50 -b:v 300k -maxrate 300k -bufsize 300k -c:a aac -b:a 96k"
)
# Each with what is taken, what comes, and what to do about it.
OBJECTIONS = [
    ("takes pictures of 640x360, and this is 320x180", "choose 640x360"),
    ("takes at most 25 frames per second, and this is 30", "lower it to 25"),
    ("takes at most 400 kbit/s of video, and this is 1", "lower it to 400k"),
    ("wants a keyframe every 2 s, and one comes every 5 s", "set the keyframe interval to 2s"),
    ("takes no B-frames, and there are some", "set the number of B-frames to 0"),
    ("wants the main profile of H.264, and this is high", "set the profile to main"),
    ("expects sound, and there is none", "send a silent track"),
]


@pytest.fixture
def canaries() -> list[Canary]:
    """The keys."""
    return [Canary("CAST_KEY"), Canary("OWN_KEY")]


@pytest.fixture
async def show(
    any_ffmpeg: str, sink: RtmpSink, canaries: list[Canary]
) -> AsyncIterator[tuple[Home, Program, str]]:
    """A passthrough show on air, with its home and where to publish to; the platform is the person's own."""
    with short_folder() as folder:
        home = Home(folder, {one.name: one.text for one in canaries})
        platforms = Path(home.environment["XDG_CONFIG_HOME"]) / "spiritstream" / "platforms"
        platforms.mkdir(parents=True, mode=0o700)
        (platforms / "testcast.yaml").write_text(_PLATFORM.replace("URL", sink.url()))
        port = free_port()
        profile = home.work / "show.yaml"
        profile.write_text(_PROFILE.replace("PORT", str(port)).replace("SINK", str(sink.port)))
        # Where `status` looks for it.
        socket = Path(home.environment["XDG_RUNTIME_DIR"]) / "spiritstream" / "show.sock"
        async with running(home, profile, "--ffmpeg", any_ffmpeg, "--socket", socket) as program:
            program.socket = socket
            await program.until("input", lambda unit: unit.state != "idle")
            yield home, program, f"rtmp://127.0.0.1:{port}/in/show"


@contextlib.asynccontextmanager
async def publishing(ffmpeg: str, words: str, url: str) -> AsyncIterator[None]:
    """A real ffmpeg that publishes at the speed of its media."""
    arguments = ("-v", "error", *words.replace("-f lavfi", "-re -f lavfi").split(), "-f", "flv", url)
    process = await asyncio.create_subprocess_exec(ffmpeg, *arguments, stdin=asyncio.subprocess.DEVNULL)
    try:
        yield
        assert process.returncode is None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def told(home: Home, is_so: Callable[[list[str]], bool]) -> dict[str, list[str]]:
    """What `status` says of the targets, once it is so of the platform's."""
    found: dict[str, list[str]] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(50):
            while not found or not is_so(found["cast"]):
                await asyncio.sleep(1)
                said = json.loads((await call(home, "status", "--output", "json")).out)
                units = said["profiles"][0]["runner"]["units"]
                found = {unit["path"].rpartition(".")[2]: unit["warnings"] for unit in units}
            return found
    raise TimeoutError(f"status never said so, but: {found}")


async def test_a_publisher_that_breaks_the_rules_is_told_and_one_that_keeps_them_is_not(
    show: tuple[Home, Program, str], any_ffmpeg: str, canaries: list[Canary]
) -> None:
    """Every limit, its source, and what to do, at the platform's target only; until another one publishes."""
    home, program, url = show
    async with publishing(any_ffmpeg, BAD, url):
        found = await told(home, lambda warnings: len(warnings) == len(OBJECTIONS))
        text = await call(home, "status")
    assert [] == found["own"] == found["source"] == found["input"]
    for warning, (limit, advice) in zip(sorted(found["cast"]), sorted(OBJECTIONS), strict=True):
        assert warning.startswith(f"what arrives: Testcast {limit}")
        assert f"{advice} at the source" in warning
        assert _SOURCE in warning or "sound" in limit
        assert f"show/source/cast: {limit}" in text.out.decode().replace("what arrives: Testcast ", "")
    async with publishing(any_ffmpeg, GOOD, url):
        await told(home, lambda warnings: not warnings)
    log = program.said()
    for limit, _ in OBJECTIONS:
        takes = f"what arrives: Testcast {limit.partition(',')[0]}"
        said = [line.partition(takes)[0].partition(" ")[2] for line in log.splitlines() if takes in line]
        where = "groups.source.targets.cast: "
        assert [f"warning {where}", f"info {where}no longer so: "] == said
    places = {"status": text.out + text.err, "log": log.encode(), "json": json.dumps(found).encode()}
    assert [] == leaks(places, canaries)
