"""A profile's file to the model's values, and the errors of its secrets."""

import traceback
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from spiritstream.config.keypair import Identity
from spiritstream.config.load import Opener, check_file, load_profile
from spiritstream.config.seal import open_sealed, seal
from spiritstream.errors import KeyMissingError, MovedError, ProfileError, TamperedError
from spiritstream.model.profile import (
    Address,
    Audio,
    Container,
    FilesInput,
    Group,
    Profile,
    PullInput,
    Record,
    RtmpInput,
    Size,
    Takeover,
    Target,
    TestInput,
    Video,
)
from spiritstream.secret import Secret

FULL = """\
version: 1
name: full
description: All of it.
enabled: false
input:
  pull: {url: "rtsp://cam/s", username: bob, password: {env: PW}, transport: udp}
groups:
  empty: {}
  mobile:
    enabled: false
    container: auto
    generate_pts: false
    video: {codec: hevc, encoder: hevc_nvenc, size: 1280x720, fps: 29.97, bitrate: 4.5M, keyframe: 1500ms,
            preset: p4, profile: main}
    audio: {codec: opus, bitrate: 96k, rate: 48000, channels: 1}
    targets:
      youtube: {platform: YouTube, server: backup, key: {env: KEY}, enabled: false}
      own: {url: "srt://h.example:9000", key: {file: id}, passphrase: {env: PP}, container: mpegts}
      disk: {record: {path: "%H-%M.bin", segment: 90m}, container: mkv}
  small:
    container: flv
    video: {codec: h264, bitrate: 6M}
    audio: {codec: aac}
    targets:
      disk: {record: rec/a.flv}
"""


PUSHED = """\
version: 1
name: pushed
sender: native
input:
  rtmp:
    listen: "[::]:1936"
    app: live/stage
    key: {env: KEY}
    open: false
    takeover: replace
    hold: 500ms
    tls: {certificate: tls/chain.pem, private_key: /etc/tls/key.pem}
groups:
  source:
    sender: ffmpeg
    targets:
      twitch: {platform: twitch, key: {env: PP}, sender: native, leave: drop}
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "p.yaml"
    path.write_text(text)
    return path


def _profile(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Profile:
    return load_profile(_write(folder, text), None, environ or {})


def test_full(tmp_path: Path) -> None:
    """Every field arrives in the model, in its unit; relative paths become absolute ones."""
    (tmp_path / "id").write_text("stream-id\r\n")
    camera = Address("rtsp://cam/s", username="bob", password=Secret("pw"))
    youtube = Address("rtmps://b.rtmps.youtube.com:443/live2?backup=1", Secret("k"))
    own = Address("srt://h.example:9000", Secret("stream-id"), passphrase=Secret("pp"))
    expected = Profile(
        name="full",
        description="All of it.",
        enabled=False,
        input=PullInput(camera, "udp"),
        groups=(
            Group("empty"),
            Group(
                "mobile",
                enabled=False,
                generate_pts=False,
                video=Video(
                    "hevc", 4_500_000, "hevc_nvenc", Size(1280, 720), Fraction(30000, 1001), 1.5, "p4", "main"
                ),
                audio=Audio("opus", 96_000, 48_000, 1),
                targets=(
                    Target("youtube", youtube, platform="youtube", enabled=False),
                    Target("own", own, container=Container.MPEGTS),
                    Target(
                        "disk",
                        record=Record(str(tmp_path / "%H-%M.bin"), 5400.0),
                        container=Container.MATROSKA,
                    ),
                ),
            ),
            Group(
                "small",
                video=Video("h264", 6_000_000),
                audio=Audio("aac"),
                targets=(
                    Target("disk", record=Record(str(tmp_path / "rec/a.flv")), container=Container.FLV),
                ),
            ),
        ),
    )
    assert expected == _profile(tmp_path, FULL, {"PW": "pw", "KEY": "k", "PP": "pp"})


INPUTS = [
    ("{test: {}}", TestInput()),
    (
        "{test: {size: 640x360, fps: 25, bitrate: 1M, tone: 1000}}",
        TestInput(Size(640, 360), Fraction(25), 1_000_000, 1000),
    ),
    ("{files: [/a.mp4]}", FilesInput(("/a.mp4",))),
    ("{files: {paths: [/a.mp4, /b/../c.mp4], loop: false}}", FilesInput(("/a.mp4", "/c.mp4"), False)),
    ("{rtmp: {}}", RtmpInput("127.0.0.1", 1935, "live")),
    ("{rtmp: {listen: 1936, open: true}}", RtmpInput("0.0.0.0", 1936, "live", open=True)),
    ("{rtmp: {listen: '[::1]', hold: 1h}}", RtmpInput("::1", 1935, "live", hold_s=3600.0)),
    ("{pull: {url: 'udp://@239.0.0.1:1234'}}", PullInput(Address("udp://@239.0.0.1:1234"))),
]


@pytest.mark.parametrize(("text", "expected"), INPUTS)
def test_input(tmp_path: Path, text: str, expected: object) -> None:
    """Each kind of input, with and without its defaults."""
    assert expected == _profile(tmp_path, f"version: 1\nname: x\ninput: {text}\n").input


def test_pushed(tmp_path: Path) -> None:
    """Every field of a published input arrives in the model; the files' paths become absolute ones."""
    expected = RtmpInput(
        host="::",
        port=1936,
        app="live/stage",
        key=Secret("k"),
        takeover=Takeover.REPLACE,
        hold_s=0.5,
        certificate=str(tmp_path / "tls/chain.pem"),
        private_key="/etc/tls/key.pem",
    )
    profile = _profile(tmp_path, PUSHED, {"KEY": "k", "PP": "pp"})
    assert expected == profile.input
    assert "[::]:1936" == expected.listen
    assert (Secret("k"), Secret("pp")) == profile.secrets()


def test_defaults(tmp_path: Path) -> None:
    """A group without anything copies both streams, and is wanted."""
    text = "version: 1\nname: x\ninput: {test: {}}\ngroups: {g: {video: copy, audio: {codec: copy}}}\n"
    profile = _profile(tmp_path, text)
    assert (Group("g"),) == profile.groups
    assert profile.enabled


def test_all_findings(tmp_path: Path) -> None:
    """An invalid profile raises one error with all of its findings."""
    with pytest.raises(ProfileError) as caught:
        _profile(tmp_path, "version: 2\nname: X\n")
    assert ["", "version", "name"] == [finding.path for finding in caught.value.findings]


def test_no_file(tmp_path: Path) -> None:
    """A profile that cannot be read is an invalid one, with the reason."""
    path = tmp_path / "none.yaml"
    with pytest.raises(ProfileError) as caught:
        load_profile(path, None, {})
    assert f"{path}:1:1: cannot be read: no such file or directory" == str(caught.value)


HEAD = "version: 1\nname: x\ninput: {test: {}}\ngroups:\n  g:\n    targets:\n"
TARGET = HEAD + "      a: {platform: twitch, key: %s}\n"
WHERE = "7:34: groups.g.targets.a.key: "

MISSING = {
    "unset": ("{env: KEY}", {}, "the environment variable KEY is not set"),
    "empty variable": ("{env: KEY}", {"KEY": ""}, "the environment variable KEY is empty"),
    "a key as name": ("{env: live_1_abc}", {}, "this environment variable is not set"),
    "no file": (
        "{file: none}",
        {},
        "this file, in the profile's folder, cannot be read: no such file or directory",
    ),
    "no path": ("{file: /no/such}", {}, "the file /no/such cannot be read: no such file or directory"),
    "empty file": ("{file: empty}", {}, "this file, in the profile's folder, is empty"),
    "large file": ("{file: large}", {}, "this file, in the profile's folder, is too large for a secret"),
    "binary file": ("{file: binary}", {}, "this file, in the profile's folder, is not UTF-8 text"),
    "two lines": (
        "{file: lines}",
        {},
        "this file, in the profile's folder, holds more than a secret: a line break, a control character "
        "or spaces around it",
    ),
}


@pytest.mark.parametrize(("key", "environ", "expected"), MISSING.values(), ids=MISSING)
def test_missing(tmp_path: Path, key: str, environ: dict[str, str], expected: str) -> None:
    """A variable or file that gives no secret is a missing key, said with its place and what to do."""
    files = {"empty": b"\n", "large": b"x" * 5000, "binary": b"\xff", "lines": b"a\nb\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(KeyMissingError) as caught:
        _profile(tmp_path, TARGET % key, environ)
    assert f"{tmp_path}/p.yaml:{WHERE}{expected}" == caught.value.message
    assert caught.value.hint


def test_same_key_by_two_ways(tmp_path: Path) -> None:
    """Opened keys are compared by value: the same one may not be used twice for the same place."""
    text = TARGET % "{env: A}" + "      b: {platform: twitch, key: {env: B}}\n"
    assert 2 == len(_profile(tmp_path, text, {"A": "one", "B": "two"}).groups[0].targets)
    with pytest.raises(ProfileError) as caught:
        _profile(tmp_path, text, {"A": "one", "B": "one"})
    assert ["leads to the same place as groups.g.targets.a"] == [f.message for f in caught.value.findings]


IDENTITY = Identity.create()


def _opener() -> Opener:
    return lambda text, destination, field: open_sealed(IDENTITY, text, destination, field)


def _sealed(destination: str) -> str:
    return seal(IDENTITY.recipient, destination, "key", Secret("CANARY"))


def test_sealed(tmp_path: Path) -> None:
    """A sealed value is opened for the place where it stands."""
    path = _write(tmp_path, TARGET % _sealed("twitch"))
    address = load_profile(path, _opener(), {}).groups[0].targets[0].address
    assert address and address.key == Secret("CANARY")
    assert [] == check_file(path).findings


def test_sealed_ingest_key(tmp_path: Path) -> None:
    """What is sealed for `input` opens there, in any profile, and nowhere else; and the other way round."""
    text = "version: 1\nname: x\ninput: {rtmp: {listen: 0.0.0.0, key: '%s'}}\n"
    loaded = load_profile(_write(tmp_path, text % _sealed("input")), _opener(), {}).input
    assert RtmpInput("0.0.0.0", 1935, "live", Secret("CANARY")) == loaded
    for moved in (text % _sealed("twitch"), TARGET % _sealed("input")):
        with pytest.raises(MovedError):
            load_profile(_write(tmp_path, moved), _opener(), {})


def test_moved(tmp_path: Path) -> None:
    """A value that was sealed for another place is refused, and without an identity too."""
    path = _write(tmp_path, TARGET % _sealed("youtube"))
    with pytest.raises(MovedError) as caught:
        load_profile(path, _opener(), {})
    said = "sealed for youtube, but here its key would go to twitch"
    assert f"{path}:{WHERE}{said}" == caught.value.message
    assert [f"{path}:{WHERE}{said}"] == [str(f).splitlines()[0] for f in check_file(path).findings]


def test_server_by_url_redirects_nothing(tmp_path: Path) -> None:
    """A platform's key does not open for a server that the profile's editor names by its URL."""
    text = (TARGET % _sealed("twitch")).replace("twitch,", "twitch, server: 'rtmp://evil.example/app',")
    with pytest.raises(MovedError):
        load_profile(_write(tmp_path, text), _opener(), {})


def test_tampered(tmp_path: Path) -> None:
    """A value that was changed is said to be, with its place."""
    sealed = _sealed("twitch")
    changed = sealed[:-3] + ("AAA" if sealed[-3:] != "AAA" else "BBB")
    path = _write(tmp_path, TARGET % changed)
    with pytest.raises(TamperedError) as caught:
        load_profile(path, _opener(), {})
    assert caught.value.message.startswith(f"{path}:{WHERE}")


def test_no_identity(tmp_path: Path) -> None:
    """A sealed value without an opener is a missing key."""
    with pytest.raises(KeyMissingError) as caught:
        _profile(tmp_path, TARGET % _sealed("twitch"))
    assert WHERE in caught.value.message


def test_no_secret_in_traceback(tmp_path: Path) -> None:
    """Even a traceback of a failed load shows no secret that was read on the way."""
    text = TARGET % "{env: A}" + "      b: {platform: twitch, key: {env: B}}\n"
    canary = "-".join(["never", "shown"])  # not in the source, whose lines a traceback shows
    with pytest.raises(ProfileError) as caught:
        _profile(tmp_path, text, {"A": canary, "B": canary})
    assert canary not in "".join(traceback.format_exception(caught.value))
