"""Small real media, made once for each session; and what can be said of media that came out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from tests.live.processes import quietly

_MAKE_S = 120
_PICTURE = "testsrc2=size={size}:rate={fps}"
_TONE = "sine=frequency=440:sample_rate=48000"


class MediaLibrary:
    """Makes media files on demand, each once. All have a picture with a running clock and a tone."""

    def __init__(self, folder: Path, ffmpeg: str) -> None:
        self._folder = folder
        self._ffmpeg = ffmpeg

    def h264(
        self,
        seconds: float = 10,
        bitrate_kbps: int = 1000,
        container: str = "flv",
        *,
        size: str = "1280x720",
        fps: int = 30,
        keyframe_s: float = 2,
    ) -> Path:
        """H.264 at a truly constant bitrate, and AAC at 160 kbit/s, in flv, mp4, ts or mkv."""
        rate = f"{bitrate_kbps}k"
        return self._make(
            f"h264-{seconds:g}s-{rate}-{size}-{fps}-{keyframe_s:g}.{container}",
            *self._source(seconds, size, fps),
            *"-c:v libx264 -preset ultrafast -pix_fmt yuv420p -x264-params nal-hrd=cbr:force-cfr=1".split(),
            *("-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate),
            *("-g", f"{fps * keyframe_s:g}", "-keyint_min", f"{fps * keyframe_s:g}", "-sc_threshold", "0"),
            *"-c:a aac -b:a 160k -ar 48000 -ac 2".split(),
        )

    def mpeg2(self, seconds: float = 5) -> Path:
        """MPEG-2 video and MP2 audio in MPEG-TS: nothing that FLV can carry."""
        codecs = "-c:v mpeg2video -b:v 1M -g 30 -c:a mp2 -b:a 128k".split()
        return self._make(f"mpeg2-{seconds:g}s.ts", *self._source(seconds, "640x360", 30), *codecs)

    def vp8(self, seconds: float = 5) -> Path:
        """VP8 and Opus in WebM: nothing that FLV can carry."""
        codecs = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 500k -g 60 -c:a libopus -b:a 64k".split()
        return self._make(f"vp8-{seconds:g}s.webm", *self._source(seconds, "640x360", 30), *codecs)

    def hevc(self, seconds: float = 5) -> Path:
        """HEVC and AAC in Matroska: what Enhanced RTMP carries, and RTMP before it did not."""
        codecs = "-c:v libx265 -preset ultrafast -b:v 300k -g 30 -x265-params log-level=none -c:a aac".split()
        return self._make(f"hevc-{seconds:g}s.mkv", *self._source(seconds, "320x180", 30), *codecs)

    def audio_only(self, seconds: float = 5, container: str = "flv") -> Path:
        """AAC without a picture."""
        tone = ("-f", "lavfi", "-i", f"{_TONE}:duration={seconds:g}")
        return self._make(f"audio-{seconds:g}s.{container}", *tone, *"-c:a aac -b:a 128k -ac 2".split())

    def video_only(self, seconds: float = 5, container: str = "flv") -> Path:
        """H.264 without sound."""
        picture = ("-f", "lavfi", "-i", f"{_PICTURE.format(size='640x360', fps=30)}:duration={seconds:g}")
        codec = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 500k -g 60".split()
        return self._make(f"video-{seconds:g}s.{container}", *picture, *codec)

    def _source(self, seconds: float, size: str, fps: int) -> tuple[str, ...]:
        picture = _PICTURE.format(size=size, fps=fps)
        return "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", _TONE, "-t", f"{seconds:g}"

    def _make(self, name: str, *args: str) -> Path:
        path = self._folder / name
        if not path.exists():
            # Under another name until it is whole: a failed try must not be found by the next test.
            part = path.with_stem(f"part-{path.stem}")
            _run(self._ffmpeg, "-y", *args, str(part))
            part.rename(path)
        return path


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet's times, in seconds."""

    pts_s: float
    dts_s: float
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a file."""

    kind: str
    codec: str
    size: tuple[int, int] = (0, 0)
    rate_hz: int = 0
    channels: int = 0
    packets: list[Packet] = field(default_factory=list, repr=False)

    @property
    def duration_s(self) -> float:
        """From the first packet to the last."""
        return self.packets[-1].dts_s - self.packets[0].dts_s if self.packets else 0.0

    @property
    def backward_steps(self) -> list[tuple[float, float]]:
        """Neighbours whose decoding times do not rise, as a monotonic stream has none."""
        return [(a.dts_s, b.dts_s) for a, b in pairwise(self.packets) if b.dts_s <= a.dts_s]

    @property
    def longest_step_s(self) -> float:
        """The longest hole in its decoding times."""
        return max((b.dts_s - a.dts_s for a, b in pairwise(self.packets)), default=0.0)


@dataclass(frozen=True, slots=True)
class Probe:
    """What ffprobe sees in a file."""

    container: str
    tracks: list[Track]

    def track(self, kind: str) -> Track:
        """The first `video` or `audio` track."""
        return next(track for track in self.tracks if track.kind == kind)

    @property
    def codecs(self) -> dict[str, str]:
        """Codec by kind: `{"video": "h264", "audio": "aac"}`."""
        return {track.kind: track.codec for track in self.tracks}

    @property
    def backward_steps(self) -> dict[str, list[tuple[float, float]]]:
        """Per kind, where time does not rise; empty if it always does."""
        return {track.kind: track.backward_steps for track in self.tracks if track.backward_steps}


def probe(path: Path) -> Probe:
    """Looks at a file with ffprobe, which no embedded ffmpeg brings; without it the test is skipped."""
    ffprobe = shutil.which("ffprobe")
    if not ffprobe:
        pytest.skip("ffprobe is missing (apt-get install ffmpeg)")
    command = [
        ffprobe,
        "-v",
        "error",
        "-of",
        "json",
        "-show_format",
        "-show_streams",
        "-show_packets",
        str(path),
    ]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=_MAKE_S).stdout)
    tracks = {
        stream["index"]: Track(
            kind=stream["codec_type"],
            codec=stream.get("codec_name", ""),
            size=(stream.get("width", 0), stream.get("height", 0)),
            rate_hz=int(stream.get("sample_rate", 0)),
            channels=stream.get("channels", 0),
        )
        for stream in found["streams"]
    }
    for packet in found["packets"]:
        pts, dts = float(packet.get("pts_time", "nan")), float(packet.get("dts_time", "nan"))
        tracks[packet["stream_index"]].packets.append(Packet(pts, dts, packet["flags"].startswith("K")))
    return Probe(found["format"]["format_name"], list(tracks.values()))


def decode_errors(path: Path, ffmpeg: str) -> list[str]:
    """What ffmpeg complains of when it decodes the whole file; empty for sound media."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_MAKE_S)
    return done.stderr.splitlines() + ([f"exit status {done.returncode}"] if done.returncode else [])


@contextlib.asynccontextmanager
async def ffmpeg_running(ffmpeg: str, *args: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """An ffmpeg of the test's own, such as a publisher or an SRT listener, until the block ends."""
    async with quietly(ffmpeg, "-nostdin", "-v", "error", *args) as process:
        yield process


def publishing(path: Path, url: str) -> tuple[str | Path, ...]:
    """The arguments that publish a file to an RTMP URL, at its own speed and for ever."""
    return "-re", "-stream_loop", "-1", "-i", path, "-c", "copy", "-f", "flv", url


def _run(*command: str) -> None:
    done = subprocess.run(
        [command[0], "-nostdin", "-v", "error", *command[1:]],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_MAKE_S,
    )
    if done.returncode:
        raise RuntimeError(f"ffmpeg could not make media: {done.stderr[-2000:]}")
