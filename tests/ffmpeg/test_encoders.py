"""What each family of encoders is asked for."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from spiritstream.ffmpeg.address import Argv
from spiritstream.ffmpeg.encoders import (
    ENCODERS,
    PRESETS,
    audio_options,
    flv_refusal,
    keyframe_options,
    known_encoder,
    video_options,
)
from spiritstream.model.profile import Audio, Video

NEW, OLD = (9, 0, 2), (5, 1, 9)


def options(name: str, codec: str = "h264", *, version: tuple[int, ...] = NEW, **fields: object) -> Argv:
    """The options of a 3 Mbit/s encoding."""
    return video_options(known_encoder(name, codec), Video(codec, 3_000_000, **fields), version)  # type: ignore[arg-type]


def has(argv: Argv, *words: str) -> bool:
    """Whether the words stand in `argv` one after the other."""
    return any(words == argv[start : start + len(words)] for start in range(len(argv)))


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        (
            "h264",
            [
                "h264_nvenc",
                "h264_qsv",
                "h264_amf",
                "h264_videotoolbox",
                "h264_vaapi",
                "libx264",
                "libopenh264",
            ],
        ),
        ("hevc", ["hevc_nvenc", "hevc_qsv", "hevc_amf", "hevc_videotoolbox", "hevc_vaapi", "libx265"]),
        ("av1", ["av1_nvenc", "av1_qsv", "av1_amf", "av1_vaapi", "libsvtav1", "libaom-av1"]),
    ],
)
def test_order(codec: str, expected: list[str]) -> None:
    """Hardware comes before software, in the order that is promised."""
    assert expected == [encoder.name for encoder in ENCODERS if encoder.codec == codec]


@pytest.mark.parametrize(
    ("name", "codec", "words"),
    [
        ("libx264", "h264", ("-preset", "veryfast")),
        ("libx265", "hevc", ("-preset", "veryfast")),
        ("libsvtav1", "av1", ("-preset", "10")),
        ("libaom-av1", "av1", ("-cpu-used", "8")),
        ("h264_nvenc", "h264", ("-preset", "p3")),
        ("h264_qsv", "h264", ("-preset", "veryfast")),
        ("hevc_amf", "hevc", ("-quality", "speed")),
    ],
)
def test_preset_has_each_family_s_name(name: str, codec: str, words: tuple[str, ...]) -> None:
    """x264's preset names mean the same for every encoder."""
    assert has(options(name, codec, preset="veryfast"), *words)


@pytest.mark.parametrize("name", ["h264_videotoolbox", "h264_vaapi", "libopenh264"])
def test_family_without_presets(name: str) -> None:
    """An encoder that has no presets is not given one."""
    assert "veryfast" not in options(name, preset="veryfast")


@pytest.mark.parametrize(
    ("name", "codec", "own"),
    [("h264_nvenc", "h264", "p6"), ("libsvtav1", "av1", "8"), ("h264_amf", "h264", "balanced")],
)
def test_own_preset_passes(name: str, codec: str, own: str) -> None:
    """A name that only this family knows is taken as it is."""
    assert own in options(name, codec, preset=own)


@pytest.mark.parametrize(
    "encoder", [e for e in ENCODERS if e.family.presets], ids=lambda encoder: encoder.name
)
def test_every_preset_is_known(encoder: object) -> None:
    """Each family has a name for each of x264's presets, the quick before the slow."""
    presets = encoder.family.presets  # type: ignore[attr-defined]
    assert list(PRESETS) == list(presets)
    numbers = [int(own.strip("p")) for own in presets.values() if own.strip("p").isdigit()]
    direction = 1 if next(iter(presets.values())).startswith("p") else -1
    assert all((after - before) * direction >= 0 for before, after in pairwise(numbers))


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.name)
def test_constant_bitrate(encoder: object) -> None:
    """Every encoder is given the bitrate as a target, and a way to hold it."""
    said = options(encoder.name, encoder.codec)  # type: ignore[attr-defined]
    assert has(said, "-b:v", "3000000")
    constant = [
        has(said, "-maxrate", "3000000", "-bufsize", "3000000"),
        "rc=2:pred-struct=1:scd=0" in said,
    ]
    assert any(constant)


@pytest.mark.parametrize(
    ("name", "codec", "words"),
    [
        ("libx264", "h264", ("-nal-hrd", "cbr")),
        ("h264_nvenc", "h264", ("-rc", "cbr")),
        ("h264_amf", "h264", ("-rc", "cbr")),
        ("h264_vaapi", "h264", ("-rc_mode", "CBR")),
        ("libx264", "h264", ("-sc_threshold", "0")),
        ("h264_nvenc", "h264", ("-no-scenecut", "1")),
        ("libx264", "h264", ("-flags", "+cgop")),
        ("h264_nvenc", "h264", ("-forced-idr", "1")),
        ("h264_qsv", "h264", ("-forced_idr", "1")),
    ],
)
def test_family_options(name: str, codec: str, words: tuple[str, ...]) -> None:
    """Rate control, closed groups and forced keyframes are named as the family names them."""
    assert has(options(name, codec), *words)


@pytest.mark.parametrize(("version", "expected"), [(OLD, False), ((7, 1), True), (NEW, True)])
def test_options_of_newer_versions(version: tuple[int, ...], expected: bool) -> None:
    """An option that an older ffmpeg would refuse is left out for it."""
    assert expected is has(options("h264_amf", version=version), "-forced_idr", "1")


@pytest.mark.parametrize(
    ("name", "codec", "profile", "expected"),
    [
        ("libx264", "h264", "baseline", "baseline"),
        ("h264_vaapi", "h264", "baseline", "constrained_baseline"),
        ("h264_amf", "h264", "baseline", "constrained_baseline"),
        ("h264_vaapi", "h264", "high", "high"),
        ("hevc_nvenc", "hevc", "main", "main"),
        ("libsvtav1", "av1", "main", None),
        ("libx264", "h264", None, None),
    ],
)
def test_profile(name: str, codec: str, profile: str | None, expected: str | None) -> None:
    """A codec's profile has the family's own name; AV1's main, the only one, goes without saying."""
    said = options(name, codec, profile=profile)
    assert (expected is not None) is ("-profile:v" in said)
    assert expected is None or has(said, "-profile:v", expected)


@pytest.mark.parametrize(
    ("every_s", "fps", "longest"),
    [
        (2.0, Fraction(30), "60"),
        (2.0, Fraction(30000, 1001), "60"),
        (0.5, Fraction(25), "13"),
        (2.0, None, "120"),
        (0.1, Fraction(1), "1"),
    ],
)
def test_longest_group(every_s: float, fps: Fraction | None, longest: str) -> None:
    """The longest group of pictures, for encoders that cannot be told, is no shorter than the interval."""
    assert ("-g", longest) == keyframe_options(every_s, fps)[-2:]


@pytest.mark.parametrize(
    ("name", "codec", "most", "expected"),
    [
        ("libx264", "h264", None, None),
        ("libx264", "h264", 0, "0"),
        ("libx264", "h264", 16, "16"),
        ("libx265", "hevc", None, None),
        ("libx265", "hevc", 0, "0"),
        ("libx265", "hevc", 2, "2"),
        ("libx265", "hevc", 16, "4"),
        ("h264_nvenc", "h264", None, "0"),
        ("h264_nvenc", "h264", 2, "2"),
        ("hevc_nvenc", "hevc", 16, "3"),
        ("h264_qsv", "h264", None, "0"),
        ("h264_qsv", "h264", 2, "0"),
        ("h264_amf", "h264", None, None),
        ("h264_amf", "h264", 0, "0"),
        ("h264_amf", "h264", 16, "3"),
        ("h264_videotoolbox", "h264", None, "0"),
        ("h264_videotoolbox", "h264", 2, "0"),
        ("h264_vaapi", "h264", None, "0"),
        ("h264_vaapi", "h264", 2, "2"),
        ("libopenh264", "h264", 2, None),
        ("libsvtav1", "av1", 0, None),
        ("libaom-av1", "av1", 2, None),
        ("h264_v4l2m2m", "h264", None, None),
        ("h264_v4l2m2m", "h264", 1, "1"),
    ],
)
def test_b_frames(name: str, codec: str, most: int | None, expected: str | None) -> None:
    """No encoder is asked for more in a row than it can; one that never makes any is not asked."""
    said = options(name, codec, b_frames=most)
    assert expected == (said[said.index("-bf") + 1] if "-bf" in said else None)


def test_unknown_encoder() -> None:
    """An encoder that we know nothing of gets what all encoders understand."""
    said = options("h264_v4l2m2m")
    assert ("-c:v", "h264_v4l2m2m", "-b:v", "3000000") == said[:4]
    assert "-preset" not in options("h264_v4l2m2m", preset="fast")


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (Audio("aac"), "-c:a aac -b:a 128000"),
        (Audio("aac", 96_000, 44_100, 1), "-c:a aac -b:a 96000 -ar 44100 -ac 1"),
        (Audio("mp3", 192_000), "-c:a libmp3lame -b:a 192000"),
        (Audio("opus"), "-c:a libopus -b:a 128000 -ar 48000"),
        (Audio("opus", rate_hz=24_000), "-c:a libopus -b:a 128000 -ar 24000"),
    ],
)
def test_audio(audio: Audio, expected: str) -> None:
    """What is not named follows the input; but Opus has a rate that every input can be brought to."""
    assert tuple(expected.split()) == audio_options(audio)


@pytest.mark.parametrize(
    ("codec", "version", "refused"),
    [
        ("h264", OLD, False),
        ("aac", OLD, False),
        ("mp3", OLD, False),
        ("hevc", OLD, True),
        ("hevc", (6, 0), True),
        ("hevc", (6, 1), False),
        ("av1", OLD, True),
        ("av1", (6, 1, 1), False),
        ("opus", (7, 1), True),
        ("opus", (8, 0), False),
        ("opus", NEW, False),
    ],
)
def test_flv_refusal(codec: str, version: tuple[int, ...], refused: bool) -> None:
    """A codec that this ffmpeg's FLV cannot carry is refused in words, with a way out."""
    refusal = flv_refusal(codec, version)
    assert refused is (refusal is not None)
    if refusal:
        assert codec.upper() in refusal[0]
        assert "codec: " in refusal[1]
