"""What `for: PLATFORM` derives, and the rule that bound each value."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from spiritstream.config.common import COMMON
from spiritstream.config.commonfile import common_of
from spiritstream.config.deriving import derived_lines, with_derived
from spiritstream.config.document import Document, parse_document
from spiritstream.config.filling import with_defaults
from spiritstream.config.load import check_text
from spiritstream.config.platforms import Platform, Server, UnknownPlatformError, find_platform, platform_ids
from spiritstream.config.settled import settled
from spiritstream.config.values import parse_bitrate, parse_duration, parse_fps, parse_size
from spiritstream.errors import Finding
from spiritstream.model.limits import Ceiling, Limits, Stream, breaches
from spiritstream.model.size import Size

Node = dict[str, Any]
HD, WIDE, SMALL = Size(1920, 1080), Size(1280, 720), Size(640, 360)
# Made up, so that a test does not change with what platforms say of themselves.
LIMITS = {
    "low": Limits("Low", "its site", video_bps=6_000_000, audio_bps=128_000, keyframe_s=2),
    "plain": Limits("Plain", keyframe_s=1, b_frames=0, h264_profile="main", video_codecs=("h264",)),
    "some": Limits("Some", b_frames=2, h264_profile="high", keyframe_s=4, audio_bps=320_000),
    "slow": Limits("Slow", fps=30, sizes=(WIDE, SMALL)),
    "rows": Limits(
        "Rows", video_bps=9_000_000, ceilings=(Ceiling(HD, 30, 4_000_000), Ceiling(HD, 60, 5_000_000))
    ),
    "nearly": Limits("Nearly", video_bps=7_200_000),
    "odd": Limits("Odd", b_frames=20),
    "tiny": Limits("Tiny", video_bps=400_000),
    "little": Limits("Little", sizes=(SMALL, Size(480, 360)), fps=25),
    "large": Limits("Large", sizes=(HD,)),
    "new": Limits("New", video_codecs=("hevc", "av1"), audio_codecs=("opus",)),
    "newer": Limits("Newer", video_codecs=("av1",)),
    "old": Limits("Old", video_codecs=("h264",), audio_codecs=("aac",)),
    "unknown-limits": None,
}


def find(name: str) -> Platform:
    """A made-up platform."""
    if name not in LIMITS:
        raise UnknownPlatformError("no platform of this name is known", "look again")
    return Platform(name, name.title(), bounds=LIMITS[name])


def document(video: object, *targets: str, audio: object = "copy", source: object = None) -> Document:
    """A profile with one group that sends to these platforms."""
    sent = {name: {"platform": name, "key": {"env": "KEY"}} for name in targets}
    groups = {"g": {"video": video, "audio": audio, "targets": sent}}
    lines = [
        "version: 1",
        "name: a",
        f"input: {json.dumps(source or {'rtmp': {}})}",
        f"groups: {json.dumps(groups)}",
    ]
    return parse_document("\n".join(lines), "f")


def derived(video: object, *targets: str, **others: Any) -> Node:
    """A group's video as it is then."""
    found, findings = with_derived(document(video, *targets, **others), find)
    assert [] == findings
    encoding: Node = group(found)["video"]
    return encoding


def group(of: Document) -> Node:
    """The only group."""
    data: Any = of.data
    found: Node = data["groups"]["g"]
    return found


USUAL = {"codec": "h264", "size": "1920x1080", "fps": 60, "bitrate": "9000k", "keyframe": "2s"}
TEST_720: Node = {"test": {}}


@pytest.mark.parametrize(
    ("written", "targets", "expected"),
    [
        ({"for": "unknown-limits"}, [], USUAL),
        ({"for": "targets"}, [], USUAL),
        ({"for": "low"}, [], {**USUAL, "fps": 30, "bitrate": "6000k"}),
        ({"for": "targets"}, ["low"], {**USUAL, "fps": 30, "bitrate": "6000k"}),
        ({"for": ["targets"]}, ["low"], {**USUAL, "fps": 30, "bitrate": "6000k"}),
        ({"for": "unknown-limits"}, ["low"], {**USUAL, "fps": 30, "bitrate": "6000k"}),
        ({"for": "low", "fps": 60}, [], {**USUAL, "size": "1280x720", "bitrate": "4500k"}),
        ({"for": "low", "fps": 60, "size": "1920x1080"}, [], {**USUAL, "bitrate": "6000k"}),
        ({"for": "low", "fps": 29.97}, [], {**USUAL, "fps": 29.97, "bitrate": "6000k"}),
        ({"for": "low", "size": "1280x720"}, [], {**USUAL, "size": "1280x720", "bitrate": "4500k"}),
        ({"for": "low", "bitrate": "8M"}, [], {**USUAL, "fps": 30, "bitrate": "8M"}),
        ({"for": "low", "bitrate": "2500k"}, [], {
            **USUAL, "size": "1280x720", "fps": 30, "bitrate": "2500k",
        }),
        ({"for": "unknown-limits", "bitrate": "900k"}, [], {
            **USUAL, "size": "852x480", "fps": 30, "bitrate": "900k",
        }),
        ({"for": "low", "bitrate": "2500k", "size": "1920x1080", "fps": 60}, [], {
            **USUAL, "bitrate": "2500k",
        }),
        ({"for": "odd"}, [], USUAL),
        ({"for": "nearly"}, [], {**USUAL, "bitrate": "7200k"}),
        ({"for": "nearly"}, ["low"], {**USUAL, "fps": 30, "bitrate": "6000k"}),
        ({"for": "plain"}, [], {**USUAL, "keyframe": "1s", "profile": "main", "b_frames": 0}),
        ({"for": ["plain", "some"]}, [], {**USUAL, "keyframe": "1s", "profile": "main", "b_frames": 0}),
        ({"for": "some"}, [], {**USUAL, "profile": "high", "b_frames": 2}),
        ({"for": "some"}, ["plain"], {**USUAL, "keyframe": "1s", "profile": "main", "b_frames": 0}),
        ({"for": "some", "codec": "hevc"}, [], {**USUAL, "codec": "hevc", "b_frames": 2}),
        ({"for": "slow"}, [], {**USUAL, "size": "1280x720", "fps": 30, "bitrate": "3000k"}),
        ({"for": ["slow", "low"]}, [], {**USUAL, "size": "1280x720", "fps": 30, "bitrate": "3000k"}),
        ({"for": "rows"}, [], {**USUAL, "size": "1280x720", "bitrate": "4500k"}),
        ({"for": "rows", "size": "1920x1080"}, [], {**USUAL, "fps": 30, "bitrate": "4000k"}),
        ({"for": "rows", "size": "1920x1080", "fps": 60}, [], {**USUAL, "bitrate": "5000k"}),
        ({"for": ["tiny", "low"]}, ["rows"], {**USUAL, "size": "852x480", "fps": 30, "bitrate": "400k"}),
        ({"for": "tiny"}, [], {**USUAL, "size": "852x480", "fps": 30, "bitrate": "400k"}),
        ({"for": "little"}, [], {**USUAL, "size": "640x360", "fps": 25, "bitrate": "800k"}),
        ({"for": ["little", "slow"]}, [], {**USUAL, "size": "640x360", "fps": 25, "bitrate": "800k"}),
        ({"for": "new"}, [], {**USUAL, "codec": "hevc"}),
        ({"for": ["new", "newer"]}, [], {**USUAL, "codec": "av1"}),
        ({"for": "new", "codec": "h264"}, [], USUAL),
        ({"for": "low", "preset": "slow", "keyframe": "1s"}, [], {
            **USUAL, "fps": 30, "bitrate": "6000k", "preset": "slow", "keyframe": "1s",
        }),
    ],
)  # fmt: skip
def test_video(written: Node, targets: list[str], expected: Node) -> None:
    """The strictest common limit of each kind, the targets' among them; what is written stands."""
    assert {**expected, "for": written["for"]} == derived(written, *targets)


@pytest.mark.parametrize(
    ("test", "platform", "expected"),
    [
        ({}, "low", ("1280x720", 30, "3000k")),
        ({"size": "1920x1080", "fps": 60}, "low", ("1920x1080", 30, "6000k")),
        ({"size": "1920x1080", "fps": 25}, "low", ("1920x1080", 25, "6000k")),
        ({"size": "640x360", "fps": 25}, "low", ("640x360", 25, "800k")),
        ({"size": "640x360", "fps": 25}, "unknown-limits", ("640x360", 25, "800k")),
        ({"size": "640x360", "fps": "30000/1001"}, "low", ("640x360", "30000/1001", "800k")),
        ({"size": "640x360", "fps": 30}, "slow", ("640x360", 30, "800k")),
        ({"size": "640x360", "fps": 30}, "large", ("1920x1080", 30, "6000k")),
        ({"size": "320x180", "fps": 15}, "little", ("480x360", 15, "800k")),
    ],
)
def test_no_more_than_comes_in(test: Node, platform: str, expected: tuple[object, ...]) -> None:
    """Nothing is made larger or faster than a test picture, unless a platform takes nothing smaller."""
    found = derived({"for": platform}, source={"test": test})
    assert expected == (found["size"], found["fps"], found["bitrate"])


@pytest.mark.parametrize(
    ("written", "targets", "expected"),
    [
        ({"for": "unknown-limits"}, [], ("aac", "160k")),
        ({"for": "targets"}, ["low"], ("aac", "128k")),
        ({"for": "some"}, [], ("aac", "160k")),
        ({"for": "some"}, ["low"], ("aac", "128k")),
        ({"for": "low", "bitrate": "256k"}, [], ("aac", "256k")),
        ({"for": "new"}, [], ("opus", "160k")),
    ],
)
def test_audio(written: Node, targets: list[str], expected: tuple[str, str]) -> None:
    """AAC at the usual bitrate, or less."""
    found, findings = with_derived(document("copy", *targets, audio=written), find)
    assert [] == findings
    assert expected == (group(found)["audio"]["codec"], group(found)["audio"]["bitrate"])


def test_disabled_targets_count() -> None:
    """To enable a target changes nothing of the encoding."""
    text = document({"for": "targets"}, "low").text
    enabled, disabled = (
        parse_document(one, "f") for one in (text, text.replace("{platform", "{enabled: false, platform"))
    )
    assert group(with_derived(enabled, find)[0])["video"] == group(with_derived(disabled, find)[0])["video"]


def test_an_address_counts_as_its_platform() -> None:
    """A target that is written as a `url` gets what its platform takes, too."""
    one = Platform(
        "low", "Low", bounds=LIMITS["low"], servers=(Server("Only", "rtmp://in.low.example/live"),)
    )
    text = document({"for": "targets"}, audio={"for": "targets"}).text
    sent = "rtmp://in.low.example/live"
    given = parse_document(text.replace('"targets": {}', f'"targets": {{t: {{url: "{sent}"}}}}'), "f")
    found, _ = with_derived(given, find, lambda host: (one,) if host == "in.low.example" else ())
    assert ("6000k", "128k") == (group(found)["video"]["bitrate"], group(found)["audio"]["bitrate"])


@pytest.mark.parametrize(
    "video", ["copy", {"codec": "copy"}, {"codec": "copy", "for": "low"}, {"codec": "h264", "bitrate": "1M"}]
)
def test_nothing_to_derive(video: object) -> None:
    """Without `for`, and of a copy, nothing is derived: the document stays itself."""
    given = document(video, "low")
    assert (given, []) == with_derived(given, find)


MALFORMED = [
    "[]",
    "a",
    "{}",
    "{groups: 1}",
    "{groups: {g: {video: {for: {a: b}}}}}",
    "{groups: {g: {video: {for: [1, []]}, targets: {t: 1}}}}",
    "{groups: {g: {video: {for: low, size: 1, fps: x}, targets: {t: {platform: [x]}}}}}",
    "{groups: {g: {audio: {for: null}}}}",
    f"{{input: {{test: {{fps: {10**400}}}}}, groups: {{g: {{video: {{for: low, fps: {10**400}}}}}}}}}",
    "{groups: {g: {video: {for: low, size: 0x0, fps: 0}}}}",
    "{input: {test: {size: 00000x00000, fps: -1}}, groups: {g: {video: {for: low}}}}",
    "{input: {test: {size: x, fps: 0/0}}, groups: {g: {video: {for: low}}}}",
]


@pytest.mark.parametrize("data", MALFORMED)
def test_malformed(data: str) -> None:
    """What is wrong elsewhere is for others to say, and never an error here."""
    assert [] == with_derived(parse_document(data, "f"), find)[1]


REASONS = {
    "low": {
        "fps": "30  (1920x1080 at 60 frames per second usually has 9000 kbit/s, "
        "and Low takes at most 6000 kbit/s (its site))",
        "bitrate": "6000k  (Low takes at most 6000 kbit/s (its site))",
        "keyframe": "2s  (Low wants a keyframe every 2 s (its site))",
        "size": "1920x1080  (the largest that is usual)",
    },
    "plain": {
        "codec": "h264  (taken by all)",
        "fps": "60  (usual for 1920x1080)",
        "bitrate": "9000k  (usual for 1920x1080 at 60 frames per second)",
        "profile": "main  (Plain wants the main profile)",
        "b_frames": "0  (Plain takes no B-frames)",
    },
    "some": {"keyframe": "2s  (usual)", "b_frames": "2  (Some takes at most 2 B-frames in a row)"},
    "slow": {
        "size": "1280x720  (Slow takes 1280x720 or 640x360)",
        "fps": "30  (Slow takes at most 30 frames per second)",
    },
    "rows": {
        "size": "1280x720  (1920x1080 at 30 frames per second usually has 6000 kbit/s, and Rows takes at most"
        " 4000 kbit/s for 1920x1080 at 30 frames per second)",
    },
    "new": {"codec": "hevc  (New takes hevc or av1)"},
}


@pytest.mark.parametrize("platform", REASONS)
def test_reasons(platform: str) -> None:
    """Each value names the rule that bound it, with its source; or that it is the usual one."""
    lines = derived_lines(with_derived(document({"for": platform}), find)[0])
    said = {str(path[-1]): line for path, line in lines.items()}
    assert REASONS[platform] == {key: said[key] for key in REASONS[platform]}


def test_the_reason_of_a_written_bitrate() -> None:
    """A smaller picture than the platform would take follows from what is written."""
    lines = derived_lines(with_derived(document({"for": "low", "bitrate": "2500k"}), find)[0])
    expected = "1280x720 at 60 frames per second usually has 4500 kbit/s, and 2500 kbit/s are written"
    assert expected in lines["groups", "g", "video", "fps"]


def test_reasons_of_a_test_picture() -> None:
    """What comes in is a reason, too; and where more is sent, that nothing smaller is taken."""
    for platform, reason in (
        ("low", "the input's picture is 1280x720"),
        ("large", "Large takes 1920x1080"),
    ):
        lines = derived_lines(with_derived(document({"for": platform}, source=TEST_720), find)[0])
        assert reason in lines["groups", "g", "video", "size"]


def test_everybody_has_a_reason_of_its_own() -> None:
    """One group for several platforms: each rule by whom it is."""
    lines = derived_lines(with_derived(document({"for": ["low", "plain"]}, "some"), find)[0])
    said = {str(path[-1]): line for path, line in lines.items()}
    assert ["Low", "Plain", "Plain"] == [
        next(name for name in ("Low", "Plain", "Some") if name in said[key])
        for key in ("bitrate", "profile", "b_frames")
    ]


UNKNOWN, APART = (
    "no platform of this name is known",
    "put the platforms into groups of their own, or write it yourself",
)


@pytest.mark.parametrize(
    ("written", "at", "message", "hint"),
    [
        ('"nope"', "for", UNKNOWN, "look again"),
        ('["low", "nope"]', "for[1]", UNKNOWN, "look again"),
        (
            '["low", "new", "old"]',
            "for",
            "no video codec suits both New (hevc or av1) and Old (h264)",
            APART,
        ),
        (
            '["large", "slow"]',
            "for",
            "no size suits both Large (1920x1080) and Slow (1280x720 or 640x360)",
            APART,
        ),
    ],
)
def test_findings(written: str, at: str, message: str, hint: str) -> None:
    """What cannot be is said where it is written, with the two that do not go together."""
    given = document({"for": json.loads(written)})
    column = given.text.splitlines()[3].index('"nope"' if "nope" in written else written) + 1
    expected = Finding("f", 4, column, f"groups.g.video.{at}", message, hint)
    assert [expected] == with_derived(given, find)[1]


@pytest.mark.parametrize("written", [{"codec": "hevc"}, {"codec": "h264"}])
def test_what_is_written_needs_nothing_in_common(written: Node) -> None:
    """A codec that is written is not looked for."""
    found = derived({"for": ["new", "old"], **written})
    assert written["codec"] == found["codec"]


def test_a_finding_about_a_derived_value_stands_at_for() -> None:
    """Whoever finds fault with one names the line that can be changed."""
    given = document({"for": "low"})
    found, _ = with_derived(given, find)
    finding = found.finding(("groups", "g", "video", "bitrate"), "is too high", "lower it")
    column = given.text.splitlines()[3].index('"low"') + 1
    said = "is too high (groups.g.video.bitrate is derived)"
    assert Finding("f", 4, column, "groups.g.video.for", said, "lower it") == finding
    other = found.finding(("groups", "g", "video", "for"), "is odd")
    assert ("groups.g.video.for", "is odd") == (other.path, other.message)


def test_a_finding_about_an_inherited_value_stands_where_it_is_written() -> None:
    """A profile may derive and inherit at once."""
    common = common_of(b"version: 1\ndefaults: {groups: {video: {preset: fast}}}\n", COMMON)
    found, _ = with_derived(with_defaults(document({"for": "low"}), common), find)
    finding = found.finding(("groups", "g", "video", "preset"), "is odd")
    assert (COMMON, "defaults.groups.video.preset") == (finding.file, finding.path)


# Validation, with the platforms that are shipped.
TEXT = "version: 1\nname: a\ninput: {test: {}}\ngroups: {g: {video: %s, audio: %s, targets: %s}}\n"
NONE = "{}"


@pytest.mark.parametrize(
    ("video", "audio", "expected"),
    [
        ("{for: twitch}", "{for: [twitch, Facebook Live]}", []),
        ("{for: targets, encoder: software, preset: fast}", "copy", []),
        ("{}", "copy", ["f:4:14: groups.g.video: 'codec' is missing"]),
        ("copy", "{}", ["f:4:27: groups.g.audio: 'codec' is missing"]),
        ("{codec: copy, for: twitch}", "copy", [
            "f:4:35: groups.g.video.for: 'for' has no meaning with 'codec: copy'"
        ]),
        ("{for: target}", "copy", ["f:4:27: groups.g.video.for: no platform of this name is known"]),
        ("{for: twich}", "copy", ["f:4:27: groups.g.video.for: no platform of this name is known"]),
        ("{for: []}", "copy", ["f:4:27: groups.g.video.for: must not be empty"]),
        ("{for: ''}", "copy", ["f:4:27: groups.g.video.for: must not be empty"]),
        ("{for: 7}", "copy", [
            "f:4:27: groups.g.video.for: expected targets, a platform such as twitch, or a list such as "
            "[twitch, youtube], found a number"
        ]),
        ("{for: twitch, b_frames: 17}", "copy", ["f:4:45: groups.g.video.b_frames: must be from 0 to 16"]),
        ("{for: twitch, bframes: 2}", "copy", ["f:4:35: groups.g.video: unknown key 'bframes'"]),
        ("{for: twitch, size: 1281x720}", "copy", [
            "f:4:41: groups.g.video.size: width and height must be even"
        ]),
        ("{for: [chzzk, mixcloud]}", "copy", [
            "f:4:27: groups.g.video.for: no size suits both CHZZK (1920x1080) and "
            "Mixcloud (1280x720, 852x480 or 480x360)"
        ]),
    ],
)  # fmt: skip
def test_validation(video: str, audio: str, expected: list[str]) -> None:
    """One finding for one fault, with its place: nothing that follows from it."""
    found = check_text(TEXT % (video, audio, NONE), "f")
    assert expected == [str(one).partition("\n")[0] for one in found]


@pytest.mark.parametrize(
    ("written", "meant"), [("target", "targets"), ("Target", "targets"), ("twich", "twitch")]
)
def test_what_was_perhaps_meant(written: str, meant: str) -> None:
    """A name that is none is told the nearest, which may also be the word for the group's own targets."""
    (finding,) = check_text(TEXT % (f"{{for: {written}}}", "copy", NONE), "f")
    assert finding.hint.startswith(f"did you mean {meant}?")


def test_no_default_takes_the_place_of_what_is_derived() -> None:
    """What a repository's profiles inherit is not known to fit; what `for` says nothing of is inherited."""
    defaults = (
        "{video: {codec: hevc, encoder: libx265, size: 1280x720, fps: 25, bitrate: 50M, keyframe: 9s,"
        " preset: slow, profile: main10, b_frames: 9}, audio: {codec: opus, bitrate: 500k, rate: 48000}}"
    )
    common = common_of(f"version: 1\ndefaults: {{groups: {defaults}}}\n".encode(), COMMON)
    assert () == common.findings
    given = document({"for": "low"}, audio={"for": "low"})
    found, _ = with_derived(with_defaults(given, common), find)
    assert derived({"for": "low"}) == group(found)["video"]
    assert {"for": "low", "codec": "aac", "bitrate": "128k", "rate": 48000} == group(found)["audio"]


def test_an_encoders_default_is_inherited() -> None:
    """Beside `for`, too: how it is encoded is not derived."""
    common = common_of(
        b"version: 1\ndefaults: {groups: {video: {encoder: software, preset: slow}}}\n", COMMON
    )
    found = group(with_derived(with_defaults(document({"for": "low"}), common), find)[0])["video"]
    assert ("software", "slow") == (found["encoder"], found["preset"])


def test_b_frames_have_a_default() -> None:
    """It is inherited by who encodes and derives nothing."""
    common = common_of(b"version: 1\ndefaults: {groups: {video: {b_frames: 0}}}\n", COMMON)
    found = with_defaults(document({"codec": "h264", "bitrate": "1M"}), common)
    assert 0 == group(found)["video"]["b_frames"]


def test_for_has_no_default() -> None:
    """Each group says it; a default is told so."""
    common = common_of(b"version: 1\ndefaults: {groups: {video: {for: twitch}}}\n", COMMON)
    assert ["unknown key 'for'"] == [finding.message for finding in common.findings]
    assert "each group" in common.findings[0].hint


def test_what_is_derived_is_not_written_into_a_moved_profile() -> None:
    """Only what is inherited is: elsewhere it derives the same."""
    common = common_of(b"version: 1\ndefaults: {groups: {video: {preset: slow, bitrate: 1M}}}\n", COMMON)
    moved = settled(document({"for": "low"}).text.encode(), "f", common, None)
    assert ("groups.g.video.preset",) == moved.written
    assert {"for": "low", "preset": "slow"} == group(parse_document(moved.data, "f"))["video"]


# Every platform that is shipped.
PLATFORMS = platform_ids()
MIXES = [random.Random(seed).sample(PLATFORMS, 2 + seed % 2) for seed in range(200)]


def stream(video: Node, audio: Node) -> Stream:
    """What a derived encoding sends."""
    return Stream(
        video=video["codec"],
        audio=audio["codec"],
        has_audio=True,
        size=parse_size(video["size"]),
        fps=parse_fps(video["fps"]),
        video_bps=parse_bitrate(video["bitrate"]),
        audio_bps=parse_bitrate(audio["bitrate"]),
        keyframe_s=parse_duration(video["keyframe"]),
        # What is not said is the encoder's to choose: x264's own choice.
        b_frames=video.get("b_frames", 3),
        profile=video.get("profile", "high"),
    )


def kept(*names: str) -> bool:
    """Whether what is derived breaks no platform's limits; else the platforms have nothing in common."""
    one = document({"for": list(names)}, audio={"for": list(names)})
    found, findings = with_derived(one, find_platform)
    if findings:
        assert all(" suits " in finding.message for finding in findings)
        return False
    sent = stream(group(found)["video"], group(found)["audio"])
    every = [find_platform(name).bounds for name in names]
    assert [] == [breach for limits in every if limits for breach in breaches(limits, sent)]
    return True


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform(platform: str) -> None:
    """What is derived for a platform breaks none of its limits, and there always is something."""
    assert kept(platform)


def test_mixed_platforms() -> None:
    """Nor for two or three at once, in any mixture, unless they have no size in common."""
    outcomes = [kept(*names) for names in MIXES]
    assert 180 <= sum(outcomes) <= len(outcomes)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("twitch", ("1920x1080", 30, "6000k", "2s", None, None)),
        ("youtube", ("1920x1080", 60, "9000k", "2s", None, None)),
        ("facebook", ("1920x1080", 60, "9000k", "2s", "main", None)),
        ("stripchat", ("1920x1080", 30, "6000k", "2s", "main", 0)),
        ("chzzk", ("1920x1080", 60, "8000k", "1s", None, 0)),
        ("mux", ("1920x1080", 30, "5000k", "2s", None, None)),
        ("onlyfans", ("1280x720", 30, "2500k", "2s", "main", 0)),
    ],
)
def test_common_platforms(platform: str, expected: tuple[object, ...]) -> None:
    """What a technician would write."""
    found, _ = with_derived(document({"for": platform}), find_platform)
    keys = ("size", "fps", "bitrate", "keyframe", "profile", "b_frames")
    assert expected == tuple(group(found)["video"].get(key) for key in keys)


def test_other_limits_derive_another_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a version knows other limits, the profile means another encoding."""
    written = {"for": "low", "size": "1920x1080", "fps": 60}
    before = derived(written)["bitrate"]
    monkeypatch.setitem(LIMITS, "low", Limits("Low", video_bps=7_000_000))
    assert ("6000k", "7000k") == (before, derived(written)["bitrate"])
