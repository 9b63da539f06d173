"""What a platform takes against what is sent to it: every rule, at its edge and beyond."""

from fractions import Fraction

import pytest

from spiritstream.model.limits import (
    Breach,
    Ceiling,
    Limits,
    Rule,
    Stream,
    breaches,
    either,
    fitting_size,
    kbps,
    plain,
    session_breach,
)
from spiritstream.model.size import Size

HD, FULL_HD, SMALL, WIDE = Size(1280, 720), Size(1920, 1080), Size(640, 360), Size(1366, 768)
NTSC_30, NTSC_60 = Fraction(30000, 1001), Fraction(60000, 1001)
LIMITS = Limits(
    platform="Pretend",
    source="a list, 2026-08",
    keyframe_s=2,
    video_bps=9_000_000,
    audio_bps=128_000,
    fps=60,
    sizes=(FULL_HD, HD, SMALL),
    b_frames=2,
    h264_profile="main",
    video_codecs=("h264", "hevc"),
    audio_codecs=("aac", "opus"),
    ceilings=(
        Ceiling(SMALL, 30, 1_000_000),
        Ceiling(SMALL, 60, 1_500_000),
        Ceiling(HD, 60, 6_000_000),
        Ceiling(HD, 30, 4_000_000),  # never reached: the first that is for a picture counts
        Ceiling(FULL_HD, 60, 9_000_000),
    ),
)
NO_B_FRAMES = Limits("Pretend", b_frames=0)
UNKNOWN = Limits("Pretend")
SOURCE = " (a list, 2026-08)"

# (limits, what is sent, the message's end after the platform's name, advice)
BROKEN = {
    "video codec": (
        LIMITS,
        Stream(video="av1"),
        f"takes h264 or hevc video, and this is av1{SOURCE}",
        "encode to h264",
    ),
    "audio codec": (
        LIMITS,
        Stream(audio="mp3"),
        f"takes aac or opus audio, and this is mp3{SOURCE}",
        "encode to aac",
    ),
    "audio codec where none is listed": (
        UNKNOWN,
        Stream(audio="opus"),
        "is not known to take other audio than aac, and this is opus",
        "encode to aac",
    ),
    "no audio": (UNKNOWN, Stream(has_audio=False), "expects sound, and there is none", "send a silent track"),
    "size": (
        LIMITS,
        Stream(size=WIDE),
        f"takes pictures of 1920x1080, 1280x720 or 640x360, and this is 1366x768{SOURCE}",
        "choose 1280x720",
    ),
    "portrait is another size": (
        LIMITS,
        Stream(size=Size(1080, 1920)),
        f"takes pictures of 1920x1080, 1280x720 or 640x360, and this is 1080x1920{SOURCE}",
        "choose 640x360",
    ),
    "fps": (
        LIMITS,
        Stream(fps=Fraction(120)),
        f"takes at most 60 frames per second, and this is 120{SOURCE}",
        "lower it to 60",
    ),
    "fps to the digit": (
        Limits("Pretend", fps=29),
        Stream(fps=NTSC_30),
        "takes at most 29 frames per second, and this is 29.97",
        "lower it to 29",
    ),
    "video bitrate": (
        LIMITS,
        Stream(video_bps=12_000_000),
        f"takes at most 9000 kbit/s of video, and this is 12000 kbit/s{SOURCE}",
        "lower it to 9000k",
    ),
    "video bitrate by a bit": (
        LIMITS,
        Stream(video_bps=9_000_500),
        f"takes at most 9000 kbit/s of video, and this is 9000.5 kbit/s{SOURCE}",
        "lower it to 9000k",
    ),
    "video bitrate by size": (
        LIMITS,
        Stream(size=SMALL, fps=Fraction(30), video_bps=1_200_000),
        "takes at most 1000 kbit/s of video for 640x360 at 30 frames per second, "
        f"and this is 1200 kbit/s{SOURCE}",
        "lower it to 1000k",
    ),
    "NTSC belongs to the rate above it": (
        LIMITS,
        Stream(size=SMALL, fps=NTSC_60, video_bps=1_600_000),
        "takes at most 1500 kbit/s of video for 640x360 at 59.94 frames per second, "
        f"and this is 1600 kbit/s{SOURCE}",
        "lower it to 1500k",
    ),
    "a size's highest where its rate is not known": (
        LIMITS,
        Stream(size=SMALL, video_bps=1_600_000),
        f"takes at most 1500 kbit/s of video for 640x360, and this is 1600 kbit/s{SOURCE}",
        "lower it to 1500k",
    ),
    "audio bitrate": (
        LIMITS,
        Stream(audio_bps=160_000),
        f"takes at most 128 kbit/s of audio, and this is 160 kbit/s{SOURCE}",
        "lower it to 128k",
    ),
    "keyframe": (
        LIMITS,
        Stream(keyframe_s=2.001),
        f"wants a keyframe every 2 s, and one comes every 2.001 s{SOURCE}",
        "set the keyframe interval to 2s",
    ),
    "B-frames": (
        LIMITS,
        Stream(b_frames=3),
        f"takes at most 2 B-frames in a row, and 3 come in a row{SOURCE}",
        "set the number of B-frames to 2",
    ),
    "any B-frame": (
        NO_B_FRAMES,
        Stream(b_frames=1),
        "takes no B-frames, and there are some",
        "set the number of B-frames to 0",
    ),
    "a profile above those that platforms name": (
        LIMITS,
        Stream(video="h264", profile="high10"),
        f"wants the main profile of H.264, and this is high10{SOURCE}",
        "set the profile to main",
    ),
    "profile": (
        LIMITS,
        Stream(video="h264", profile="high"),
        f"wants the main profile of H.264, and this is high{SOURCE}",
        "set the profile to main",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case: str) -> None:
    """A stream beyond a limit breaks that one alone: the limit is said, what is sent, the source, a cure."""
    limits, stream, said, advice = BROKEN[case]
    assert [(f"Pretend {said}", advice)] == [(one.message, one.advice) for one in breaches(limits, stream)]


KEPT = {
    "nothing is known of the stream": (LIMITS, Stream()),
    "nothing is known of the platform": (
        UNKNOWN,
        Stream("av1", "aac", True, Size(16, 16), 240.0, 4e8, 1e6, 20.0, 16, "high"),
    ),
    "all at the edge": (
        LIMITS,
        Stream("h264", "aac", True, FULL_HD, Fraction(60), 9_000_000, 128_000, 2.0, 2, "main"),
    ),
    "the first ceiling, not the stricter one behind it": (
        LIMITS,
        Stream(size=HD, fps=Fraction(30), video_bps=6_000_000),
    ),
    "NTSC at its edge": (LIMITS, Stream(size=SMALL, fps=NTSC_30, video_bps=1_000_000)),
    "a faster rate's ceiling": (LIMITS, Stream(size=SMALL, fps=Fraction(31), video_bps=1_500_000)),
    "a lower profile": (LIMITS, Stream(video="h264", profile="baseline")),
    "a profile of another codec": (LIMITS, Stream(video="hevc", profile="high")),
    "a profile without a rank": (LIMITS, Stream(video="h264", profile="extended")),
    "no B-frames": (NO_B_FRAMES, Stream(b_frames=0)),
    "the usual audio": (UNKNOWN, Stream(audio="aac")),
    "zero figures are not known": (LIMITS, Stream(fps=0.0, video_bps=0, audio_bps=0, keyframe_s=0.0)),
}


@pytest.mark.parametrize("case", KEPT)
def test_kept(case: str) -> None:
    """What is at a limit keeps it; what is not known breaks none."""
    limits, stream = KEPT[case]
    assert () == breaches(limits, stream)


MEASURED = {
    "bitrate": (Stream(video_bps=9_400_000.0), True),
    "bitrate beyond": (Stream(video_bps=9_500_000.0), False),
    "audio": (Stream(audio_bps=134_000.0), True),
    "keyframe": (Stream(keyframe_s=2.08), True),
    "fps": (Stream(fps=60.02), True),
    # A measured 60.02 is 60, and does not escape to the general limit.
    "fps of a ceiling": (Stream(size=SMALL, fps=60.02, video_bps=2_000_000.0), False),
    "fps of the ceiling below": (Stream(size=SMALL, fps=30.01, video_bps=1_400_000.0), False),
}


@pytest.mark.parametrize("case", MEASURED)
def test_slack(case: str) -> None:
    """Measured figures may be over by a part, also where they choose the ceiling."""
    stream, kept = MEASURED[case]
    assert kept is (breaches(LIMITS, stream, 0.05) == ())


def test_several() -> None:
    """Every limit that is not kept is told, each once."""
    stream = Stream("av1", "mp3", False, WIDE, 120.0, 1e8, 1e6, 9.0, 9)
    assert set(Rule) - {Rule.PROFILE, Rule.SESSION, Rule.TLS} == {
        one.rule for one in breaches(LIMITS, stream)
    }


def test_the_stricter_has_the_lower_bound() -> None:
    """Of two platforms' breaches of one rule, the lower `bound` is that of the one that takes less."""
    loose = Limits("Loose", "", 3, 9_000_000, 192_000, 60, (HD, SMALL), 2, "main", ("hevc", "av1"))
    strict = Limits("Strict", "", 1, 1_000_000, 96_000, 30, (HD,), 0, "baseline", ("hevc",))
    stream = Stream("h264", "aac", True, WIDE, 120.0, 1e8, 1e6, 9.0, 9, "high")
    pairs = zip(breaches(strict, stream), breaches(loose, stream), strict=True)
    assert all(one.rule is other.rule and one.bound < other.bound for one, other in pairs)


def test_session() -> None:
    """A broadcast that lasts too long is told with the limit's own source."""
    limits = Limits("Pretend", "a list", session_s=43_200.0, session_source="its help, 2026-08")
    breach = session_breach(limits, "this show has no end")
    assert (
        "Pretend ends a broadcast after 12 h, and this show has no end (its help, 2026-08)" == breach.message
    )
    assert "begin another broadcast before" == breach.advice


def test_every_rule_has_advice() -> None:
    """Whatever is broken, there is something to do."""
    assert all(Breach(rule, "Pretend", "a", "b", fix="X").advice for rule in Rule)


@pytest.mark.parametrize(
    ("size", "sizes", "expected"),
    [
        pytest.param(WIDE, (FULL_HD, HD, SMALL), HD, id="the largest below"),
        pytest.param(Size(320, 240), (FULL_HD, SMALL, HD), SMALL, id="the smallest where none is below"),
        pytest.param(HD, (), None, id="none"),
    ],
)
def test_fitting_size(size: Size, sizes: tuple[Size, ...], expected: Size | None) -> None:
    """The size that is nearest to what was meant, and not larger if that can be."""
    assert expected == fitting_size(size, sizes)


def test_words() -> None:
    """Figures are told with as many digits as tell them apart."""
    assert ["2", "59.94", "23.976", "0.5"] == [
        plain(one) for one in (2.0, NTSC_60, Fraction(24000, 1001), 0.5)
    ]
    assert ["6000 kbit/s", "6000.001 kbit/s", "6000 kbit/s"] == [
        kbps(one) for one in (6_000_000, 6_000_001, 6_000_400.7)
    ]
    assert ["", "a", "a or b", "a, b or c"] == [either(list("abc")[:count]) for count in range(4)]
