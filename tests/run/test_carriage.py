"""What passes as it is: only H.264 and AAC go to RTMP. Else it is said which line to add, and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.load import check_text
from spiritstream.model.profile import (
    Address,
    Audio,
    Group,
    Profile,
    Record,
    Sender,
    Target,
    TestInput,
    Video,
)
from spiritstream.model.status import Cause
from spiritstream.run.carriage import Needs, needs, needs_encoding, refusal

VIDEO = Video("h264", 1_000_000)
AUDIO = Audio("aac")
RTMP = Target("t", Address("rtmp://a.example/live"))
RTMPS = Target("t", Address("RTMPS://a.example/live"))
NATIVE = replace(RTMP, sender=Sender.NATIVE)
SRT = Target("t", Address("srt://a.example:9000"))
DISK = Target("t", record=Record("/r/a.mkv"))
COPY = Group("g", (RTMP,))
GROUPS = (
    Group("copy", (RTMP,)),
    Group("both", (RTMP, DISK), VIDEO, AUDIO),
    Group("picture", (RTMP,), VIDEO),
    Group("sound", (RTMP,), audio=AUDIO),
    Group("off", (RTMP,), enabled=False),
    Group("empty", ()),
    Group("idle", (replace(RTMP, enabled=False),)),
)


def test_needs() -> None:
    """Each group on air, once, copies or encodes each stream; what is not on air needs nothing."""
    expected = Needs(
        copying={"video": ("copy", "sound"), "audio": ("copy", "picture")},
        encoding={"video": ("both", "picture"), "audio": ("both", "sound")},
    )
    assert expected == needs(Profile("show", TestInput(), GROUPS))


def test_a_disabled_profile_needs_nothing() -> None:
    """With nothing on air, no stream has to pass or to be encoded."""
    nothing: dict[str, tuple[str, ...]] = {"video": (), "audio": ()}
    assert Needs(nothing, nothing) == needs(Profile("show", TestInput(), GROUPS, enabled=False))


# What a group does, the target, the codecs it carries, the streams converted, and the code of the refusal.
CASES: dict[str, tuple[Group, Target, str, str, str]] = {
    "H.264 and AAC pass": (COPY, RTMP, "h264 aac", "", ""),
    "a picture alone passes": (COPY, RTMP, "h264 -", "", ""),
    "sound alone passes": (COPY, RTMP, "- aac", "", ""),
    "another picture": (COPY, RTMP, "hevc aac", "", "video-not-passable"),
    "another sound": (COPY, RTMP, "h264 mp3", "", "audio-not-passable"),
    "RTMPS is RTMP": (COPY, RTMPS, "av1 aac", "", "video-not-passable"),
    "both: the picture is said first": (COPY, RTMP, "hevc opus", "", "video-not-passable"),
    "natively HEVC and Opus pass too": (COPY, NATIVE, "hevc opus", "", ""),
    "natively AV1 passes too": (COPY, NATIVE, "av1 aac", "", ""),
    "natively VP6 has no way": (COPY, NATIVE, "vp6 aac", "", "video-not-passable"),
    "natively PCM has no way": (COPY, NATIVE, "h264 pcm", "", "audio-not-passable"),
    "SRT takes it": (COPY, SRT, "hevc mp3", "", ""),
    "a file takes it": (COPY, DISK, "hevc mp3", "", ""),
    "a converted picture is not the original": (COPY, RTMP, "h264 aac", "video", "video-not-passable"),
    "converted sound is not the original": (COPY, RTMP, "h264 aac", "audio", "audio-not-passable"),
    "an encoded picture may be any": (replace(COPY, video=VIDEO), RTMP, "hevc aac", "video", ""),
    "encoded sound may be any": (replace(COPY, audio=AUDIO), RTMP, "h264 mp3", "audio", ""),
    "encoded picture, other sound": (
        replace(COPY, video=VIDEO),
        RTMP,
        "h264 opus",
        "",
        "audio-not-passable",
    ),
    "a converted stream that is gone": (COPY, RTMP, "h264 -", "audio", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_refusal(name: str) -> None:
    """What is copied to RTMP must be H.264 and AAC from the start; everything else is let through."""
    group, target, carried, converted, expected = CASES[name]
    video, audio = (None if codec == "-" else codec for codec in carried.split())
    cause = refusal(group, target, {"video": video, "audio": audio}, frozenset(converted.split()))
    assert expected == (cause.code if cause else "")


def test_the_advice_names_codec_place_and_line() -> None:
    """The cause says what came, what passes, and what to add where; it waits for a person."""
    expected = Cause(
        "audio-not-passable",
        "the input's audio is opus, and only AAC passes as it is",
        "add to groups.a and groups.b: audio: {codec: aac, bitrate: 128k}",
        person=True,
    )
    assert expected == needs_encoding("audio", "opus", ["a", "b"])


def test_an_unknown_codec_is_said_to_be_another() -> None:
    """What ffmpeg could not name is not named."""
    message = needs_encoding("video", "", ["a"]).message
    assert "the input's video is of another kind, and only H264 passes as it is" == message


@pytest.mark.parametrize("stream", ["video", "audio"])
def test_the_line_to_add_is_valid(stream: str, tmp_path: Path) -> None:
    """What the advice tells to add makes a valid profile."""
    line = needs_encoding(stream, "x", ["a"]).advice.removeprefix("add to groups.a: ")
    text = f"version: 1\nname: x\ninput: {{test: {{}}}}\ngroups:\n  a:\n    {line}\n"
    assert [] == check_text(text, str(tmp_path / "p.yaml"))
    document = parse_document(text, "p.yaml").data
    assert isinstance(document, dict)
    assert {stream} == document["groups"]["a"].keys()
