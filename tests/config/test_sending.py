"""`sender` and `leave`: the nearest line wins, and what a sender cannot do is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.load import check_text, load_profile
from spiritstream.model.profile import Leave, Sender

RTMP = 'url: "rtmp://h.example/live"'
SRT = 'url: "srt://h.example:9000"'
LOGIN = "username: u, password: {env: P}"
PROFILE = "version: 1\nname: x\ninput: {test: {}}\n"
NATIVE = "sender: native\n"


def text(profile: str, group: str, target: str) -> str:
    """A profile with one target; each of the three may have a line more."""
    below = f"    {group or 'enabled: true'}\n    targets:\n      a: {{{target}}}\n"
    return f"{PROFILE}{profile}groups:\n  g:\n{below}"


# (profile, group, target) -> the sender
NEAREST = [
    ("", "", RTMP, Sender.FFMPEG),
    (NATIVE, "", RTMP, Sender.NATIVE),
    ("", "sender: native", RTMP, Sender.NATIVE),
    ("", "", f"{RTMP}, sender: native", Sender.NATIVE),
    (NATIVE, "sender: ffmpeg", RTMP, Sender.FFMPEG),
    (NATIVE, "", f"{RTMP}, sender: ffmpeg", Sender.FFMPEG),
    (NATIVE, "sender: ffmpeg", f"{RTMP}, sender: native", Sender.NATIVE),
    ("sender: ffmpeg\n", "sender: native", RTMP, Sender.NATIVE),
    (NATIVE, "", 'url: "RTMPS://h.example/live"', Sender.NATIVE),
    (NATIVE, "", "platform: youtube, key: {env: P}", Sender.NATIVE),
    (NATIVE, "sender: native", SRT, Sender.FFMPEG),
    (NATIVE, "sender: native", "record: a.flv", Sender.FFMPEG),
    (NATIVE, "", f"{RTMP}, {LOGIN}, sender: ffmpeg", Sender.FFMPEG),
    (NATIVE, "container: mkv", "record: a.mkv", Sender.FFMPEG),
    (NATIVE, "container: mkv", f"{RTMP}, container: flv", Sender.NATIVE),
]


@pytest.mark.parametrize(("profile", "group", "target", "expected"), NEAREST)
def test_nearest(tmp_path: Path, profile: str, group: str, target: str, expected: Sender) -> None:
    """Target before group before profile before ffmpeg; what native cannot carry stays with ffmpeg."""
    path = tmp_path / "p.yaml"
    path.write_text(text(profile, group, target))
    loaded = load_profile(path, None, {"P": "secret"}).groups[0].targets[0]
    assert (expected, Leave.CLEAN) == (loaded.sender, loaded.leave)


def test_leave(tmp_path: Path) -> None:
    """What is written about leaving arrives at the target."""
    path = tmp_path / "p.yaml"
    path.write_text(text(NATIVE, "", f"{RTMP}, leave: drop"))
    assert Leave.DROP is load_profile(path, None, {}).groups[0].targets[0].leave


NOT_CARRIED = "the native sender carries rtmp and rtmps, not"
NO_LOGIN = "the native sender has no login with user and password"
NO_DROP = "ffmpeg always says goodbye: only the native sender can drop the connection"
AT = "groups.g.targets.a"
# (profile, group, target, first lines of the findings)
CASES: dict[str, tuple[str, str, str, list[str]]] = {
    "drop by native": ("", "", f"{RTMP}, sender: native, leave: drop", []),
    "drop by the group's native": ("", "sender: native", f"{RTMP}, leave: drop", []),
    "clean by ffmpeg": ("", "", f"{RTMP}, leave: clean", []),
    "ffmpeg on srt": (NATIVE, "", f"{SRT}, sender: ffmpeg", []),
    "ffmpeg on a file": (NATIVE, "", "record: a.mkv, sender: ffmpeg", []),
    "native on srt": ("", "", f"{SRT}, sender: native", [f"f:8:48: {AT}.sender: {NOT_CARRIED} srt"]),
    "native on a file": (
        "",
        "",
        "record: a.flv, sender: native",
        [f"f:8:34: {AT}.sender: {NOT_CARRIED} recordings"],
    ),
    "login by native": (
        "",
        "",
        f"{RTMP}, {LOGIN}, sender: native",
        [f"f:8:41: {AT}.username: {NO_LOGIN}"],
    ),
    "login by the profile's native": (NATIVE, "", f"{RTMP}, {LOGIN}", [f"f:9:41: {AT}.username: {NO_LOGIN}"]),
    "login by the group's ffmpeg": (NATIVE, "sender: ffmpeg", f"{RTMP}, {LOGIN}", []),
    "drop by the group's ffmpeg": (
        NATIVE,
        "sender: ffmpeg",
        f"{RTMP}, leave: drop",
        [f"f:9:48: {AT}.leave: {NO_DROP}"],
    ),
    "login at a platform": (
        "",
        "sender: native",
        "platform: youtube, key: {env: K}, username: u",
        [f"f:8:45: {AT}.username: {NO_LOGIN}"],
    ),
    "drop by ffmpeg": ("", "", f"{RTMP}, leave: drop", [f"f:8:48: {AT}.leave: {NO_DROP}"]),
    "drop by an own ffmpeg": (
        NATIVE,
        "",
        f"{RTMP}, sender: ffmpeg, leave: drop",
        [f"f:9:64: {AT}.leave: {NO_DROP}"],
    ),
    "drop at a platform": (
        "",
        "",
        "platform: youtube, key: {env: K}, leave: drop",
        [f"f:8:52: {AT}.leave: {NO_DROP}"],
    ),
    "leaving by srt": (
        "",
        "",
        f"{SRT}, leave: drop",
        [f"f:8:40: {AT}.leave: 'leave' has no meaning with srt"],
    ),
    "leaving a file": (
        "",
        "",
        "record: a.flv, leave: clean",
        [f"f:8:26: {AT}.leave: 'leave' has no meaning beside 'record'"],
    ),
    "native in another container": (
        "",
        "sender: native",
        f"{RTMP}, container: mpegts",
        [f"f:8:52: {AT}.container: rtmp carries flv, not mpegts"],
    ),
    "native in the group's container": (
        NATIVE,
        "container: mkv",
        RTMP,
        [f"f:9:7: {AT}: rtmp carries flv, not mkv, which is the group's container"],
    ),
    "misspelt": (
        "sender: nativ\n",
        "sender: rust",
        f"{RTMP}, sender: own, leave: dropped",
        [
            "f:4:9: sender: expected ffmpeg or native",
            "f:7:13: groups.g.sender: expected ffmpeg or native",
            f"f:9:49: {AT}.sender: expected ffmpeg or native",
            f"f:9:61: {AT}.leave: expected clean or drop",
        ],
    ),
    "of another type": (
        "sender: true\n",
        "sender: [native]",
        f"{RTMP}, sender: 1, leave: drop",
        [
            "f:4:9: sender: expected text, found true or false",
            "f:7:13: groups.g.sender: expected text, found a list",
            f"f:9:49: {AT}.sender: expected text, found a number",
        ],
    ),
    "nothing": ("sender:\n", "", RTMP, ["f:4:8: sender: expected text, found nothing"]),
}


@pytest.mark.parametrize(("profile", "group", "target", "expected"), CASES.values(), ids=CASES)
def test_findings(profile: str, group: str, target: str, expected: list[str]) -> None:
    """What a sender cannot do is an error where it was asked for; inherited, native skips what it cannot."""
    findings = check_text(text(profile, group, target), "f")
    assert expected == [str(finding).splitlines()[0] for finding in findings]


HINTS = [
    (f"{SRT}, sender: native", "write 'sender: ffmpeg', or remove the line"),
    (f"{RTMP}, {LOGIN}, sender: native", "write 'sender: ffmpeg' for this target"),
    (f"{RTMP}, leave: drop", "add 'sender: native' to this target, or remove the line"),
    (f"{RTMP}, sender: natve", "did you mean native?"),
]


@pytest.mark.parametrize(("target", "expected"), HINTS)
def test_hint(target: str, expected: str) -> None:
    """Each finding says what to write instead."""
    assert [expected] == [finding.hint for finding in check_text(text("", "", target), "f")]
