"""Command lines: as text files for the eye, and against real ffmpegs for the truth.

SPIRITSTREAM_GOLDEN=write rewrites the text files, in tests/golden/argv.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import Argv
from spiritstream.ffmpeg.argv import Conversion, encoder_argv, input_argv, record_path, sender_argv
from spiritstream.ffmpeg.encoders import known_encoder
from spiritstream.model.profile import (
    Address,
    Audio,
    Container,
    FilesInput,
    Group,
    PullInput,
    Record,
    Size,
    Target,
    TestInput,
    Video,
)
from spiritstream.secret import Secret

GOLDEN = Path(__file__).parents[1] / "golden" / "argv"


@dataclass(frozen=True)
class FakeTool:
    """An ffmpeg of some version."""

    path: str = "ffmpeg"
    version: tuple[int, ...] = (9, 0, 2)
    ca_file: str | None = None


NEW, OLD = FakeTool(), FakeTool(version=(5, 1, 9), ca_file="/my/ca.pem")
KEY = Secret("canary-key")
COPY = Conversion()
MOBILE = Video("h264", 3_000_000, size=Size(1280, 720), fps=Fraction(30), preset="veryfast", profile="main")


def _input(inp: TestInput | FilesInput | PullInput, convert: Conversion = COPY, tool: FakeTool = NEW) -> Argv:
    return input_argv(inp, ffmpeg=tool, progress_fd=7, convert=convert)


def _pull(url: str, *, tool: FakeTool = NEW, transport: str | None = None, **address: object) -> Argv:
    return _input(PullInput(Address(url, **address), transport), tool=tool)  # type: ignore[arg-type]


def _encoder(
    name: str,
    video: Video | None,
    audio: Audio | None = None,
    *,
    tool: FakeTool = NEW,
    generate_pts: bool = True,
) -> Argv:
    group = Group("mobile", video=video, audio=audio, generate_pts=generate_pts)
    encoder = known_encoder(name, video.codec) if video else None
    return encoder_argv(group, encoder, ffmpeg=tool, progress_fd=7)


def _sender(target: Target, tool: FakeTool = NEW, codec: str | None = None) -> Argv:
    return sender_argv(target, ffmpeg=tool, progress_fd=7, generate_pts=True, video_codec=codec)


def _record(path: str, segment_s: float | None = None, container: Container = Container.AUTO) -> Argv:
    return _sender(Target("t", record=Record(path, segment_s), container=container))


CASES: dict[str, Argv] = {
    "input-test": _input(TestInput()),
    "input-file": _input(FilesInput(("-a %d/http:x.mp4", "second.mp4"))),
    "input-file-converted": _input(FilesInput(("/media/a.webm",)), Conversion(video=True, audio=True)),
    "input-file-sound-converted": _input(FilesInput(("/media/a.mkv",)), Conversion(audio=True)),
    "pull-rtmp": _pull("rtmp://host/live", key=KEY),
    "pull-rtmp-odd-key": _pull("rtmp://host/live", key=Secret("canary/key")),
    "pull-rtmps-5.1": _pull("rtmps://host/live", key=KEY, tool=OLD),
    "pull-rtsp": _pull("rtsp://host/cam", username="user", password=Secret("canary-pass")),
    "pull-rtsp-udp": _pull("rtsp://host/cam", transport="udp"),
    "pull-hls": _pull("https://host/live.m3u8"),
    "pull-http": _pull("http://host/live.flv", username="user", password=Secret("canary-pass")),
    "pull-srt": _pull("srt://host:9000?latency=200000", key=KEY, passphrase=Secret("canary-phrase")),
    "pull-udp": _pull("udp://239.0.0.1:5000"),
    "encoder-x264": _encoder("libx264", MOBILE, Audio("aac", rate_hz=48_000, channels=2)),
    "encoder-nvenc": _encoder("h264_nvenc", MOBILE, Audio("aac")),
    "encoder-qsv": _encoder("h264_qsv", MOBILE),
    "encoder-amf-5.1": _encoder("h264_amf", MOBILE, tool=OLD),
    "encoder-vaapi": _encoder("h264_vaapi", MOBILE),
    "encoder-x265": _encoder("libx265", Video("hevc", 6_000_000, keyframe_s=1.5)),
    "encoder-x264-no-b-frames": _encoder("libx264", replace(MOBILE, b_frames=0)),
    "encoder-nvenc-b-frames": _encoder("h264_nvenc", replace(MOBILE, b_frames=2)),
    "encoder-svtav1": _encoder("libsvtav1", Video("av1", 2_000_000, fps=Fraction(60))),
    "encoder-follows-input": _encoder("libx264", Video("h264", 4_500_000), generate_pts=False),
    "encoder-sound-only": _encoder("", None, Audio("mp3", 192_000, 44_100)),
    "sender-rtmp": _sender(Target("t", Address("rtmp://host/live", KEY))),
    "sender-rtmps-5.1": _sender(Target("t", Address("rtmps://host/app", KEY)), OLD),
    "sender-rtmp-odd-key": _sender(Target("t", Address("rtmp://host/live", Secret("canary/key")))),
    "sender-rtmp-login": _sender(Target("t", Address("rtmp://host/a", KEY, "user", Secret("canary-pass")))),
    "sender-rtmp-hevc": _sender(Target("t", Address("rtmp://host/live", KEY)), codec="hevc"),
    "sender-srt": _sender(Target("t", Address("srt://host:9000", KEY, passphrase=Secret("canary-phrase")))),
    "record-flv": _record("/rec/show.flv"),
    "record-mkv": _record("/rec/show.mkv"),
    "record-mp4": _record("/rec/http:100%.MP4"),
    "record-ts": _record("/rec/show.ts"),
    "record-container": _record("/rec/show.video", container=Container.MPEGTS),
    "record-segments-mp4": _record("/rec/show-%H%M%S.mp4", 600),
    "record-segments-mkv": _record("/rec/show-%H%M%S.mkv", 7.5),
}


def text(argv: Argv) -> str:
    """One argument a line, secrets masked."""
    return "".join(f"{argument}\n" for argument in argv)


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    """Every command line is as it was seen and agreed on."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SPIRITSTREAM_GOLDEN") == "write":
        path.write_text(text(CASES[name]))
    assert path.read_text() == text(CASES[name])


def test_golden_files_are_all_used() -> None:
    """No file is left of a case that is gone."""
    assert sorted(CASES) == sorted(path.stem for path in GOLDEN.iterdir())


@pytest.mark.parametrize("name", CASES)
def test_no_secret_in_clear(name: str) -> None:
    """What holds a key is a secret as a whole argument."""
    assert "canary" not in text(CASES[name]) + repr(CASES[name])


@pytest.mark.parametrize(
    ("tool", "codec", "announced"),
    [
        (NEW, "hevc", ["-rtmp_enhanced_codecs", "hvc1"]),
        (NEW, "av1", ["-rtmp_enhanced_codecs", "av01"]),
        (NEW, "h264", []),
        (NEW, None, []),
        (OLD, "hevc", []),
    ],
)
def test_enhanced_codecs(tool: FakeTool, codec: str | None, announced: list[str]) -> None:
    """HEVC and AV1 are announced to the server, by an ffmpeg that can."""
    argv = _sender(Target("t", Address("rtmp://host/live", KEY)), tool, codec)
    at = argv.index("-rtmp_enhanced_codecs") if "-rtmp_enhanced_codecs" in argv else 0
    assert announced == (list(argv[at : at + 2]) if at else [])


@pytest.mark.parametrize("url", ["http://host/x", "rtsp://host/x", "udp://host:1"])
def test_nothing_is_sent_by(url: str) -> None:
    """An address that nothing is sent by is refused with the ones that work."""
    with pytest.raises(SpiritError, match="nothing is sent by") as refused:
        _sender(Target("t", Address(url)))
    assert "srt://" in refused.value.hint


@pytest.mark.parametrize("url", ["file:///etc/passwd", "concat:a|b", "subfile:x", "data:x", "/etc/passwd"])
def test_nothing_is_pulled_by(url: str) -> None:
    """What would open something local is refused."""
    with pytest.raises(SpiritError, match="nothing is pulled by"):
        _pull(url)


@pytest.mark.parametrize(("codec", "audio"), [("hevc", None), ("av1", None), ("h264", "opus")])
def test_codec_that_flv_refuses(codec: str, audio: str | None) -> None:
    """An encoding that this ffmpeg's FLV cannot carry is refused before anything is started."""
    with pytest.raises(SpiritError, match="inside FLV needs ffmpeg"):
        _encoder("libx264", Video(codec, 1_000_000), Audio(audio) if audio else None, tool=OLD)


NOW = datetime(2026, 11, 22, 9, 5, 7)


@pytest.mark.parametrize(
    ("template", "there", "expected"),
    [
        ("/rec/show.mp4", [], "/rec/show.mp4"),
        ("/rec/%Y-%m-%d_%H-%M-%S.mkv", [], "/rec/2026-11-22_09-05-07.mkv"),
        ("/rec/show.mp4", ["/rec/show.mp4"], "/rec/show-1.mp4"),
        ("/rec/show.mp4", ["/rec/show.mp4", "/rec/show-1.mp4"], "/rec/show-2.mp4"),
        ("/rec/show.mp4", ["/rec/show-1.mp4"], "/rec/show.mp4"),
        ("/rec.d/show", ["/rec.d/show"], "/rec.d/show-1"),
        ("/rec/.hidden", ["/rec/.hidden"], "/rec/.hidden-1"),
        ("/rec/a.b.ts", ["/rec/a.b.ts"], "/rec/a.b-1.ts"),
        ("/rec/100%%.flv", [], "/rec/100%.flv"),
        ("show.flv", ["show.flv"], "show-1.flv"),
        ("/rec/ünïcode %H.flv", [], "/rec/ünïcode 09.flv"),
    ],
)
def test_record_path(template: str, there: list[str], expected: str) -> None:
    """Placeholders are filled in; a name that is taken gets the next number."""
    assert expected == record_path(template, NOW, there.__contains__)
