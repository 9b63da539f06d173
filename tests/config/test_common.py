"""`.spiritstream.yaml`: what is wrong with one, what it fills in, and what a changed default restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.common import COMMON, Common
from spiritstream.config.commonfile import common_of
from spiritstream.config.document import parse_document
from spiritstream.config.filling import Filled, inherited_values, with_defaults
from spiritstream.config.keypair import Identity
from spiritstream.config.load import check_data, check_text, load_data
from spiritstream.config.places import dotted
from spiritstream.errors import ProfileError
from spiritstream.model.changes import changes
from spiritstream.model.profile import Profile, Sender

HERE = Path("/nowhere")
ME = Identity.create()
HEAD = "version: 1\n"
GOOD = f"""\
version: 1
recipient: {ME.recipient}
defaults:
  sender: native
  input: {{rtmp: {{listen: "0.0.0.0:1935", app: stage, takeover: replace, hold: 20s}}}}
  groups:
    container: auto
    generate_pts: false
    sender: ffmpeg
    video: {{codec: h264, encoder: libx264, preset: medium, profile: high, keyframe: 4s, bitrate: 4M}}
    audio: {{codec: aac, bitrate: 160k, rate: 48000, channels: 2}}
  targets: {{sender: native, leave: drop, container: flv}}
"""
PROFILE = """\
version: 1
name: show
input: {rtmp: {key: {env: KEY}}}
groups:
  plain:
    targets:
      a: {platform: youtube, key: {env: A}}
      b: {record: /tmp/b.mkv}
      c: {url: "srt://c.example:9"}
  small:
    video: {}
    audio: {}
    targets:
      d: {url: "rtmp://d.example/live", key: {env: D}, username: me, password: {env: D}}
"""
ENVIRON = {"KEY": "k", "A": "a", "D": "d"}


def common(text: str) -> Common:
    """What a text says."""
    return common_of(text.encode(), COMMON)


def defaults(text: str) -> Common:
    """A file with these defaults, which must be right."""
    made = common(f"{HEAD}defaults: {text}\n")
    assert () == made.findings
    return made


def load(text: str, inherited: Common | None) -> Profile:
    """A profile with what it inherits."""
    return load_data(text.encode(), "show.yaml", HERE, None, ENVIRON, common=inherited)


def filled(text: str, inherited: Common) -> dict[str, object]:
    """What is filled in, by dotted paths."""
    return {dotted(p): v for p, v in inherited_values(parse_document(text, "f"), inherited).items()}


def test_good() -> None:
    """A right file names its recipient and its defaults, and nothing is wrong."""
    made = common(GOOD)
    assert () == made.findings
    assert ME.recipient == made.recipient
    assert "native" == made.defaults["sender"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [f"{COMMON}:1:1: the file is empty"]),
        ("# nothing yet\n", [f"{COMMON}:1:1: the file is empty"]),
        ("defaults: {}\n", [f"{COMMON}:1:1: 'version' is missing"]),
        ("version: 2\n", [f"{COMMON}:1:10: version: expected 1"]),
        ("- a\n", [f"{COMMON}:1:1: expected a mapping that starts with 'version: 1', found a list"]),
        (
            f"{HEAD}recipent: x\n",
            [f"{COMMON}:2:1: unknown key 'recipent'"],
        ),
        (
            f"{HEAD}recipient: spirit-identity-v1-canary\n",
            [f"{COMMON}:2:12: recipient: expected a recipient, as `spiritstream keys recipient` prints it"],
        ),
        (
            f"{HEAD}recipient: {str(ME.recipient)[:-4]}AAAA\n",
            [
                f"{COMMON}:2:12: recipient: this is no recipient: it is misspelled, cut short, or something"
                " else"
            ],
        ),
        (f"{HEAD}defaults:\n", [f"{COMMON}:2:10: defaults: expected a mapping, found nothing"]),
        (
            f"{HEAD}defaults: {{sender: obs, input: {{rtmp: {{hold: 2h, listen: 'a:b:c'}}}}}}\n",
            [
                f"{COMMON}:2:20: defaults.sender: expected ffmpeg or native",
                f"{COMMON}:2:46: defaults.input.rtmp.hold: must be from 0s to 1h",
                f"{COMMON}:2:58: defaults.input.rtmp.listen: an IPv6 address stands in brackets here",
            ],
        ),
        (
            f"{HEAD}defaults: {{groups: {{video: {{codec: copy, fps: 900}}, audio: {{bitrate: 1}}}}}}\n",
            [
                f"{COMMON}:2:36: defaults.groups.video.codec: a default is for groups that encode, and copy"
                " is not to",
                f"{COMMON}:2:47: defaults.groups.video.fps: must be from 1 to 240",
                f"{COMMON}:2:70: defaults.groups.audio.bitrate: must be from 8k to 1M (a number without a"
                " unit is bit/s)",
            ],
        ),
        (
            f"{HEAD}defaults: {{targets: {{leave: &a drop, leave: drop}}}}\n",
            [
                f"{COMMON}:2:29: defaults.targets.leave: a YAML anchor is not allowed",
                f"{COMMON}:2:38: defaults.targets.leave: the key 'leave' stands here twice",
            ],
        ),
    ],
)
def test_findings(text: str, expected: list[str]) -> None:
    """Everything that is wrong is said at once, with its place, in our own words."""
    made = common(text)
    assert expected == [str(finding).splitlines()[0] for finding in made.findings]
    assert {} == made.defaults
    assert "canary" not in str(made.findings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{name: a}", "this is each profile's own, and no default"),
        ("{enabled: false}", "what is wanted on air is said in the profile itself"),
        ("{input: {pull: {}}}", "only 'rtmp' has defaults; write the others in profiles"),
        ("{input: {rtmp: {key: a}}}", "secrets stand in profiles only, each sealed for its own destination"),
        ("{input: {rtmp: {open: true}}}", "who may publish is said in each profile"),
        (
            "{input: {rtmp: {tls: {}}}}",
            "paths are each profile's own: they are relative to its folder",
        ),
        ("{groups: {enabled: true}}", "what is wanted on air is said in the profile itself"),
        ("{groups: {targets: {}}}", "write it beside 'groups:', for the targets of every group"),
        ("{targets: {key: a}}", "secrets stand in profiles only, each sealed for its own destination"),
        ("{targets: {passphrase: a}}", "secrets stand in profiles only, each sealed for its own destination"),
        ("{targets: {url: a}}", "where a target leads is each profile's own, and no default"),
        ("{targets: {platform: a}}", "where a target leads is each profile's own, and no default"),
        ("{targets: {record: a}}", "paths are each profile's own: they are relative to its folder"),
        ("{targets: {enabled: no}}", "what is wanted on air is said in the profile itself"),
        ("{video: {}}", "write it below 'groups:'"),
        ("{targets: {youtube: {}}}", "known here: container, sender, leave"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    """What belongs to one show alone has no default, and why is said."""
    (finding,) = common(f"{HEAD}defaults: {text}\n").findings
    assert "unknown key" in finding.message
    assert reason == finding.hint


def test_too_much() -> None:
    """What is too large, too deep or full of errors costs no more than a profile does."""
    assert ["the file is larger than 1 MiB"] == [f.message for f in common("#" * 1_048_577).findings]
    deep = common(f"{HEAD}defaults: {'[' * 5000}\n")
    assert 1 == len(deep.findings)
    many = "".join(f"k{i}: 1\n" for i in range(500))
    assert 100 == len(common(HEAD + many).findings)


def test_filled_in() -> None:
    """Everything that the profile leaves out is filled in, where it means something."""
    assert {
        "input.rtmp.listen": "0.0.0.0:1935",
        "input.rtmp.app": "stage",
        "input.rtmp.takeover": "replace",
        "input.rtmp.hold": "20s",
        "groups.plain.generate_pts": False,
        "groups.small.generate_pts": False,
        "groups.small.video.codec": "h264",
        "groups.small.video.encoder": "libx264",
        "groups.small.video.preset": "medium",
        "groups.small.video.profile": "high",
        "groups.small.video.keyframe": "4s",
        "groups.small.video.bitrate": "4M",
        "groups.small.audio.codec": "aac",
        "groups.small.audio.bitrate": "160k",
        "groups.small.audio.rate": 48000,
        "groups.small.audio.channels": 2,
        "groups.plain.targets.a.sender": "native",
        "groups.plain.targets.a.leave": "drop",
        "groups.plain.targets.a.container": "flv",
        "groups.plain.targets.b.container": "auto",
        "groups.plain.targets.c.container": "auto",
        "groups.small.targets.d.sender": "ffmpeg",
        "groups.small.targets.d.container": "flv",
    } == filled(PROFILE, common(GOOD))
    assert [] == check_text(PROFILE, "f", HERE, common(GOOD))


PLAIN = "version: 1\nname: show\n%sinput: {test: {}}\ngroups: {g: {%stargets: {t: {%s%s}}}}\n"
YOUTUBE, SRT, RECORD = "platform: youtube, key: {env: A}", 'url: "srt://c.example:9"', "record: /tmp/b.mkv"


@pytest.mark.parametrize(
    ("text", "usual", "expected"),
    [
        pytest.param(PLAIN % ("", "", "", YOUTUBE), "{sender: native}", ["native"], id="the profile's"),
        pytest.param(
            PLAIN % ("", "", "", YOUTUBE),
            "{sender: native, groups: {sender: ffmpeg}}",
            ["ffmpeg"],
            id="the groups' before the profile's",
        ),
        pytest.param(
            PLAIN % ("", "", "", YOUTUBE),
            "{groups: {sender: ffmpeg}, targets: {sender: native}}",
            ["native"],
            id="the targets' before the groups'",
        ),
        pytest.param(
            PLAIN % ("sender: ffmpeg\n", "", "", YOUTUBE), "{targets: {sender: native}}", [], id="profile"
        ),
        pytest.param(
            PLAIN % ("", "sender: ffmpeg, ", "", YOUTUBE), "{targets: {sender: native}}", [], id="group"
        ),
        pytest.param(
            PLAIN % ("", "", "sender: ffmpeg, ", YOUTUBE), "{targets: {sender: native}}", [], id="target"
        ),
        pytest.param(PLAIN % ("", "", "", SRT), "{targets: {sender: native, leave: drop}}", [], id="SRT"),
        pytest.param(PLAIN % ("", "", "", RECORD), "{targets: {sender: native, leave: drop}}", [], id="file"),
        pytest.param(
            PLAIN % ("", "", "", YOUTUBE), "{targets: {leave: drop}}", [], id="drop needs the native sender"
        ),
        pytest.param(
            PLAIN % ("sender: native\n", "", "", YOUTUBE), "{targets: {leave: drop}}", ["drop"], id="drop"
        ),
        pytest.param(PLAIN % ("", "", "", YOUTUBE), "{targets: {leave: clean}}", ["clean"], id="clean"),
        pytest.param(PLAIN % ("", "", "", YOUTUBE), "{groups: {container: mkv}}", [], id="mkv is no FLV"),
        pytest.param(PLAIN % ("", "", "", SRT), "{groups: {container: mpegts}}", ["mpegts"], id="SRT's"),
        pytest.param(PLAIN % ("", "", "", SRT), "{targets: {container: flv}}", [], id="SRT carries no FLV"),
        pytest.param(PLAIN % ("", "", "", RECORD), "{targets: {container: mkv}}", ["mkv"], id="as it ends"),
        pytest.param(
            PLAIN % ("", "", "", RECORD), "{targets: {container: mp4}}", [], id="as it does not end"
        ),
        pytest.param(
            PLAIN % ("", "", "", "record: {path: /tmp/b}"),
            "{targets: {container: mp4}}",
            ["mp4"],
            id="no ending",
        ),
        pytest.param(
            PLAIN % ("", "container: auto, ", "", RECORD), "{targets: {container: mkv}}", [], id="group's own"
        ),
        pytest.param(
            PLAIN % ("", "", "", RECORD),
            "{groups: {container: mkv}, targets: {container: flv}}",
            ["mkv"],
            id="the first that fits",
        ),
    ],
)
def test_targets(text: str, usual: str, expected: list[object]) -> None:
    """What a target inherits: never against what is written for it, never what means nothing there."""
    inherited = defaults(usual)
    assert expected == list(filled(text, inherited).values())
    assert [] == check_text(text, "f", HERE, inherited)


ENCODED = "version: 1\nname: show\ninput: {test: {}}\ngroups: {g: {%s}}\n"


@pytest.mark.parametrize(
    ("group", "usual", "expected"),
    [
        pytest.param("video: copy", "video: {fps: 30}", {}, id="copy"),
        pytest.param("video: {codec: copy}", "video: {fps: 30}", {}, id="copy, as a mapping"),
        pytest.param("", "video: {codec: h264, bitrate: 3M}", {}, id="passthrough stays"),
        pytest.param(
            "video: {codec: av1, bitrate: 3M}",
            "video: {codec: h264, encoder: libx264, preset: fast, profile: high, fps: 30}",
            {"fps": 30},
            id="another codec's encoder is not meant",
        ),
        pytest.param(
            "video: {codec: h264, bitrate: 3M, encoder: h264_nvenc}",
            "video: {preset: veryfast, keyframe: 1s}",
            {"keyframe": "1s"},
            id="another encoder's preset is not meant",
        ),
        pytest.param(
            "video: {codec: h264, bitrate: 3M}",
            "video: {preset: veryfast}",
            {"preset": "veryfast"},
            id="the default's own",
        ),
        pytest.param("audio: {codec: opus}", "audio: {bitrate: 96k}", {"bitrate": "96k"}, id="audio"),
        pytest.param("audio: {codec: aac, bitrate: 64k}", "audio: {bitrate: 96k}", {}, id="written"),
    ],
)
def test_encodings(group: str, usual: str, expected: dict[str, object]) -> None:
    """What an encoding inherits: only one that encodes, and only what belongs to its codec and encoder."""
    inherited = defaults(f"{{groups: {{{usual}}}}}")
    found = filled(ENCODED % group, inherited)
    assert expected == {path.rpartition(".")[2]: value for path, value in found.items()}
    assert [] == check_text(ENCODED % group, "f", HERE, inherited)


@pytest.mark.parametrize(
    "text",
    [
        "[]\n",
        "version: 1\n",
        "version: 1\ninput: [a]\ngroups: 3\n",
        "groups: {a: 1, b: {targets: 2, video: 3}}\n",
        "groups: {a: {targets: {t: 1, u: {url: 5}, v: {record: 5}, w: {}}}}\ninput: {rtmp: 4}\n",
    ],
)
def test_malformed(text: str) -> None:
    """A profile that is wrong has the same findings with defaults as without."""
    assert check_text(text, "f", HERE) == check_text(text, "f", HERE, common(GOOD))


def test_pieces_that_are_missing() -> None:
    """What a profile must say may stand in the defaults; without them it is missing."""
    text = ENCODED % "video: {}"
    assert [] == check_text(text, "f", HERE, defaults("{groups: {video: {codec: h264, bitrate: 3M}}}"))
    assert ["'codec' is missing"] == [finding.message for finding in check_text(text, "f", HERE)]


def test_broken_defaults_are_said_instead() -> None:
    """With defaults that are not known, a profile is invalid by these alone, whatever else it lacks."""
    broken = common(f"{HEAD}defaults: {{sender: x}}\n")
    checked = check_data((ENCODED % "video: {}").encode(), "f", HERE, common=broken)
    assert (list(broken.findings), "show") == (checked.findings, checked.name)
    with pytest.raises(ProfileError) as caught:
        load(PROFILE, broken)
    assert list(broken.findings) == caught.value.findings


def test_a_finding_about_a_default() -> None:
    """It names the line in the file where the default stands, and what inherits it."""
    document = with_defaults(parse_document(PROFILE, "shows/show.yaml"), common(GOOD))
    assert isinstance(document, Filled)
    found = document.finding(("groups", "plain", "targets", "a", "leave"), "is wrong", "mend it")
    said = "is wrong (inherited by groups.plain.targets.a.leave in shows/show.yaml)"
    assert f"{COMMON}:12:36: defaults.targets.leave: {said}\n  hint: mend it" == str(found)
    own = document.finding(("groups", "plain", "targets", "a"), "is wrong", at_key=True)
    assert "shows/show.yaml:7:7: groups.plain.targets.a: is wrong" == str(own)


def test_the_document_stays() -> None:
    """Nothing is changed in what was read; without anything to fill in it is the same document."""
    document = parse_document(PROFILE, "f")
    before = repr(document.data)
    assert document.text == with_defaults(document, common(GOOD)).text
    assert before == repr(document.data)
    assert document is with_defaults(document, common(HEAD))


SMALL = [("restart", "groups.small"), ("restart", "groups.small.targets.d")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("hold: 20s", "hold: 20000ms", [], id="the same value in other words"),
        pytest.param(f"recipient: {ME.recipient}\n", "", [], id="the recipient"),
        pytest.param("hold: 20s", "hold: 30s", [("restart", "input")], id="the input"),
        pytest.param("keyframe: 4s", "keyframe: 2s", SMALL, id="the encoding group"),
        pytest.param("rate: 48000", "rate: 44100", SMALL, id="its sound"),
        pytest.param(
            "generate_pts: false",
            "generate_pts: true",
            [("restart", "groups.plain"), *(("restart", f"groups.plain.targets.{n}") for n in "abc"), *SMALL],
            id="every group",
        ),
        pytest.param(
            "leave: drop",
            "leave: clean",
            [("restart", "groups.plain.targets.a")],
            id="the target that has it",
        ),
    ],
)
def test_what_a_changed_default_restarts(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    """Exactly what the value belongs to, in those who inherit it."""
    assert GOOD.count(old) == 1
    before, after = load(PROFILE, common(GOOD)), load(PROFILE, common(GOOD.replace(old, new)))
    assert expected == [(change.action, change.path) for change in changes(before, after)]


def test_written_is_as_inherited() -> None:
    """A value means the same whether a profile writes it or inherits it."""
    text = PROFILE.replace("{}", "copy")
    written = text.replace("{rtmp: {", "{rtmp: {hold: 20s, ")
    inherited = defaults("{input: {rtmp: {hold: 20s}}}")
    assert load(written, None) == load(text, inherited) == load(written, inherited)
    assert Sender.FFMPEG is load(text, inherited).groups[0].targets[0].sender
