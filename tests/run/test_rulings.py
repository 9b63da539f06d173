"""What is measured is held against a platform's limits, and said only when it stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.model.limits import Limits, Rule, Stream
from spiritstream.model.profile import Audio, Group, Video
from spiritstream.model.size import Size
from spiritstream.model.status import Incoming
from spiritstream.run.rulings import LOOKS, Rulings, in_words, measured, session_end, session_in_words

LIMITS = Limits(
    "Kick",
    "help.kick.com, 2026-02",
    keyframe_s=2,
    video_bps=6_000_000,
    audio_bps=160_000,
    fps=60,
    sizes=(Size(1920, 1080), Size(1280, 720)),
    b_frames=0,
    h264_profile="main",
    video_codecs=("h264",),
    session_s=8 * 3600.0,
    session_source="help.kick.com, 2026-03",
)
GOOD = Incoming(
    6_200_000, "h264", "aac", "1920x1080", 60.0, 2.0, 0, 6_000_000, 160_000, profile="main", b_frames=0
)
SOURCE = Group("source")
MIXED = Group("mixed", video=None, audio=Audio("aac"))
ENCODED = Group("small", video=Video("h264", 3_000_000), audio=Audio("aac"))


def after(looks: int, incoming: Incoming, limits: Limits = LIMITS) -> Rulings:
    """What so many looks in a row come to."""
    rulings = Rulings()
    for _ in range(looks):
        rulings.look(limits, measured(incoming))
    return rulings


def rules(rulings: Rulings) -> list[Rule]:
    """What is said, by rule."""
    return [breach.rule for breach in rulings.said]


@pytest.mark.parametrize(
    ("arrives", "expected"),
    [
        pytest.param({}, None, id="all is well"),
        pytest.param({"video_bps": 6_590_000}, None, id="a tenth of a bitrate is nothing"),
        pytest.param({"video_bps": 6_610_000}, Rule.VIDEO_BITRATE, id="more than a tenth"),
        pytest.param({"audio_bps": 175_000}, None, id="a tenth of sound"),
        pytest.param({"audio_bps": 320_000}, Rule.AUDIO_BITRATE, id="twice the sound"),
        pytest.param({"fps": 60.02}, None, id="a frame rate's jitter"),
        pytest.param({"fps": 62.0}, Rule.FPS, id="a higher frame rate, by far less than a tenth"),
        pytest.param({"keyframe_s": 2.1}, None, id="a late keyframe"),
        pytest.param({"keyframe_s": 8.0}, Rule.KEYFRAME, id="rare keyframes"),
        pytest.param({"keyframe_s": None}, None, id="no keyframe interval is known yet"),
        pytest.param({"b_frames": 3}, Rule.B_FRAMES, id="B-frames"),
        pytest.param({"b_frames": None}, None, id="it is not known whether there are B-frames"),
        pytest.param({"profile": "high"}, Rule.PROFILE, id="a higher profile"),
        pytest.param({"profile": "high10"}, Rule.PROFILE, id="a higher one yet"),
        pytest.param({"profile": "baseline"}, None, id="a lower profile"),
        pytest.param({"profile": None}, None, id="a profile that is not known"),
        pytest.param({"size": "1280x720"}, None, id="another size that is taken"),
        pytest.param({"size": "1366x768"}, Rule.SIZE, id="a size that is not"),
        pytest.param({"video": "hevc", "profile": None}, Rule.VIDEO_CODEC, id="another codec"),
        pytest.param({"audio": "mp3"}, Rule.AUDIO_CODEC, id="sound that is not AAC"),
        pytest.param({"video": "unknown", "audio": "unknown"}, None, id="codecs that a header does not name"),
        pytest.param({"audio": None, "audio_bps": 0.0}, Rule.AUDIO_MISSING, id="no sound"),
        pytest.param({"audio_bps": 0.0}, Rule.AUDIO_MISSING, id="sound that has ended"),
        pytest.param({"audio": None, "audio_bps": None}, None, id="no sound yet"),
        pytest.param({"video": None, "video_bps": 0.0, "fps": None}, None, id="sound alone"),
        pytest.param({"bitrate_bps": 0.0, "keyframe_s": 8.0, "b_frames": 3}, None, id="silence"),
    ],
)
def test_what_arrives_is_held_against_the_limits(arrives: dict[str, object], expected: Rule | None) -> None:
    """Each rule, with room for what measuring is worth; what is not known breaks none."""
    found = after(LOOKS, replace(GOOD, **arrives))  # type: ignore[arg-type]
    assert ([expected] if expected else []) == rules(found)


def test_nothing_is_known_of_what_has_not_come() -> None:
    """An input that is silent has no size and no rate, whatever it had."""
    assert Stream() == measured(Incoming()) == measured(replace(GOOD, bitrate_bps=0.0))


TOO_MUCH = replace(GOOD, video_bps=8_000_321)
BETWEEN = replace(GOOD, video_bps=6_400_000)
SILENCE = Incoming()


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param("+++", "..X", id="said when it stays"),
        pytest.param("++-++-++-", ".........", id="a scene with much motion is not said"),
        pytest.param("+++---", "..XXX.", id="taken back when it stays away"),
        pytest.param("+++--+--+--", "..XXXXXXXXX", id="a quiet moment takes nothing back"),
        pytest.param("+++-+-+-+---", "..XXXXXXXXX.", id="up and down is no news"),
        pytest.param("ooooooo", ".......", id="within the slack nothing is said"),
        pytest.param("+++ooooooo", "..XXXXXXXX", id="what is said stays while it is near the limit"),
        pytest.param("+++o--o---", "..XXXXXXX.", id="to take it back, it must come back to the limit"),
        pytest.param("+++   ", "..XXX.", id="of a silent input nothing is said after a while"),
        pytest.param("++ ++ +++", "........X", id="a publisher that comes and goes"),
        pytest.param("+++---+++", "..XXX...X", id="and again"),
    ],
)
def test_damping(looks: str, said: str) -> None:
    """Three looks in a row say it, and three take it back. `+` is over, `o` a little, `-` not, ` ` silent."""
    rulings = Rulings()
    found = ""
    for look in looks:
        incoming = {"+": TOO_MUCH, "o": BETWEEN, "-": GOOD, " ": SILENCE}[look]
        rulings.look(LIMITS, measured(incoming))
        found += "X" if rulings.said else "."
    assert said == found


def test_each_rule_has_its_own_count() -> None:
    """What comes first is said first."""
    rulings = after(LOOKS - 1, TOO_MUCH)
    both = replace(TOO_MUCH, b_frames=3)
    rulings.look(LIMITS, measured(both))
    assert [Rule.VIDEO_BITRATE] == rules(rulings)
    for _ in range(LOOKS - 1):
        rulings.look(LIMITS, measured(both))
    assert [Rule.VIDEO_BITRATE, Rule.B_FRAMES] == rules(rulings)


def test_the_figures_are_the_last_ones() -> None:
    """What is said follows what arrives."""
    rulings = after(LOOKS, TOO_MUCH)
    rulings.look(LIMITS, measured(replace(GOOD, video_bps=9_500_000)))
    assert "this is 9500 kbit/s" in rulings.said[0].message


def test_other_limits_count_from_the_next_look_on() -> None:
    """A platform's file that was edited: what it takes now is not said any more."""
    rulings = after(LOOKS, TOO_MUCH)
    for _ in range(LOOKS):
        rulings.look(replace(LIMITS, video_bps=9_000_000), measured(TOO_MUCH))
    assert () == rulings.said


@pytest.mark.parametrize(
    ("arrives", "group", "expected"),
    [
        pytest.param(
            TOO_MUCH,
            SOURCE,
            "what arrives: Kick takes at most 6000 kbit/s of video, and this is 8000 kbit/s"
            " (help.kick.com, 2026-02); lower it to 6000k at the source,"
            " or encode the video in groups.source",
            id="passthrough",
        ),
        pytest.param(
            TOO_MUCH,
            MIXED,
            "what arrives: Kick takes at most 6000 kbit/s of video, and this is 8000 kbit/s"
            " (help.kick.com, 2026-02); lower it to 6000k at the source, or encode the video in groups.mixed",
            id="only the sound is encoded",
        ),
        pytest.param(
            replace(GOOD, audio_bps=200_000),
            MIXED,
            "what is encoded: Kick takes at most 160 kbit/s of audio, and this is 200 kbit/s"
            " (help.kick.com, 2026-02); lower it to 160k in groups.mixed.audio",
            id="the sound is encoded",
        ),
        pytest.param(
            replace(GOOD, keyframe_s=8.0),
            ENCODED,
            "what is encoded: Kick wants a keyframe every 2 s, and one comes every 8 s"
            " (help.kick.com, 2026-02); set the keyframe interval to 2s in groups.small.video",
            id="encoded",
        ),
        pytest.param(
            replace(GOOD, audio_bps=0.0),
            ENCODED,
            "what arrives: Kick expects sound, and there is none; send a silent track at the source",
            id="what does not come cannot be encoded",
        ),
    ],
)
def test_the_words(arrives: Incoming, group: Group, expected: str) -> None:
    """The limit, who says so, and where to do what about it."""
    (breach,) = after(LOOKS, arrives).said
    assert expected == in_words(breach, group)


@pytest.mark.parametrize(
    ("hours", "lasts_s", "near"),
    [
        (8, 0, False),
        (8, 7.4 * 3600, False),
        (8, 7.5 * 3600, True),
        (8, 30 * 3600, True),
        (48, 47.4 * 3600, False),
        (48, 47.5 * 3600, True),
        (1, 53 * 60, False),
        (1, 54 * 60, True),
    ],
)
def test_a_sessions_end_is_near(hours: int, lasts_s: float, near: bool) -> None:
    """In the last half hour, or the last tenth of a short one, and when it is past."""
    began = 1_700_000_000.0
    limits = replace(LIMITS, session_s=hours * 3600.0)
    assert (began + hours * 3600 if near else None) == session_end(limits, began, began + lasts_s)


def test_without_a_limit_no_session_ends() -> None:
    """Most platforms have none."""
    assert session_end(Limits("Own"), 0.0, 1e9) is None


def test_a_sessions_words() -> None:
    """When, and who says so."""
    says = "Kick ends a broadcast after 8 h, and this one"
    source = "(help.kick.com, 2026-03); begin another broadcast"
    assert f"{says} ends at 17:42 {source} before" == session_in_words(LIMITS, "17:42", past=False)
    assert f"{says} was due to end at 17:42 {source}" == session_in_words(LIMITS, "17:42", past=True)
