"""From a child's last words to a cause and an advice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.ffmpeg.causes import RULES, Kind
from spiritstream.ffmpeg.diagnose import InputCodecs, diagnose, flv_refuses, input_codecs

FOLDER = Path(__file__).parent.parent / "vectors" / "stderr"
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Vector:
    """A real child's end: what it was, how it ended, what it said, and what a person makes of it."""

    kind: Kind
    returncode: int
    expect: str
    person: str
    refuses: str
    lines: list[str]


def load(path: Path) -> Vector:
    """Read a vector: a head of `name: value` lines, an empty line, the child's stderr."""
    head, _, body = path.read_text().partition("\n\n")
    values = dict(line.split(": ", 1) for line in head.splitlines())
    kind = next(kind for kind in KINDS if kind == values["kind"])
    code = int(values["returncode"])
    refuses = values.get("refuses", "nothing")
    return Vector(kind, code, values["expect"], values["person"], refuses, body.splitlines())


VECTORS = {path.stem: load(path) for path in sorted(FOLDER.glob("*.txt"))}


def test_there_are_vectors_of_both_versions() -> None:
    """Every failure was tried with both ffmpegs, and there are many."""
    names = [name.split(".", 1) for name in VECTORS]
    assert len(names) > 200
    by_version = {version: {n for n, v in names if v == version} for version in ("5.1.9", "9.0.2")}
    assert by_version["5.1.9"] == by_version["9.0.2"]


@pytest.mark.parametrize("name", VECTORS)
def test_recorded_ends(name: str) -> None:
    """A recorded end has the cause that a person found in it, and an advice."""
    vector = VECTORS[name]
    cause = diagnose(vector.lines, kind=vector.kind, returncode=vector.returncode)
    assert (vector.expect, vector.person) == (cause.code, "yes" if cause.person else "no")
    assert cause.message.endswith((".", "!", "…"))
    assert cause.advice


@pytest.mark.parametrize("name", [name for name in VECTORS if name.startswith("flv-")])
def test_what_flv_refused(name: str) -> None:
    """The streams that a failed copy to FLV must convert are named; a copy that worked names none."""
    vector = VECTORS[name]
    assert vector.refuses == (" ".join(sorted(flv_refuses(vector.lines))) or "nothing")


@pytest.mark.parametrize("name", VECTORS)
def test_versions_agree(name: str) -> None:
    """One failure has one cause, whichever version tells it, except where they really differ."""
    trial = name.rsplit(".", 3)[0]
    really_differ = {
        "encoder-h264_amf",  # 5.1.9 was built without them
        "encoder-h264_vulkan",
        "rtmps-self-signed-unasked",  # 9.0.2 verifies certificates without being asked
        *(f"flv-{codec}" for codec in ("ac3", "av1", "flac", "hevc", "opus", "vp9")),  # 9.0.2 carries them
    }
    both = {VECTORS[f"{trial}.{version}"].expect for version in ("5.1.9", "9.0.2")}
    assert (2 if trial in really_differ else 1) == len(both)


NO_DNS = "[tcp @ 0x5] [error] Failed to resolve hostname a.b: Temporary failure in name resolution"
NO_TCP = "[tcp @ 0x5] [error] Connection to tcp://a:443 failed: Connection timed out"
NO_TLS = "[rtmps @ 0x5] [error] Cannot open connection tls://a:443"
TOO_MANY = "[in#0 @ 0x5] [error] Error opening input: Server returned 429 Too Many Requests"
NO_SESSION = "[h264_nvenc @ 0x5] [error] OpenEncodeSessionEx failed: out of memory (10)"
NO_APP = "[rtmp @ 0x5] [error] Server error: application 'x' not found"


def case(code: str, kind: Kind, *lines: str, returncode: int | None = 1, person: bool = False) -> object:
    """One row of `test_words`."""
    return pytest.param(kind, lines, returncode, (code, person), id=f"{kind}-{code}-{lines[:1]}")


@pytest.mark.parametrize(
    ("kind", "lines", "returncode", "expected"),
    [
        case("encoder-failed", "encoder", NO_SESSION),
        case("unreachable", "sender", NO_DNS),
        case("unreachable", "input", "[tcp @ 0x5] [error] Connection to tcp://a:1 failed: No route to host"),
        case("timeout", "sender", NO_TCP, NO_TLS),
        case("server-error", "sender", "[rtmp @ 0x5] [error] Server error: Server is restarting, try again"),
        case("not-found", "sender", NO_APP, person=True),
        case("not-found", "input", "[rtmp @ 0x5] [error] Server error: Stream not found"),
        case("key-rejected", "sender", "[rtmp @ 0x5] [error] Server error: Stream not found", person=True),
        case("auth", "sender", "[rtmp @ 0x5] [error] Incorrect username/password", person=True),
        case("server-error", "input", TOO_MANY),
        case("disk-error", "record", "[error] av_interleaved_write_frame(): Input/output error"),
        case("reset", "sender", "[error] av_interleaved_write_frame(): Input/output error"),
        case("permission", "encoder", "[error] /dev/dri/renderD128: Permission denied", person=True),
        case("server-error", "input", "[http @ 0x5] [warning] HTTP error 502 Bad Gateway"),
        case("refused", "sender", "rtmp://a/live/***: Connection refused"),
        case("ended", "sender", returncode=0),
        case("ended", "input", "[h264 @ 0x5] [error] error while decoding MB 3 4", returncode=0),
        case("unknown", "sender", returncode=1),
        case("unknown", "sender", returncode=None),
        case("unknown", "input", "[flv @ 0x5] [error] something new", "[error] Error opening input files: x"),
        case("killed", "sender", "[error] Connection refused", returncode=-15),
        case("killed", "sender", returncode=-64),
    ],
)  # fmt: skip
def test_words(
    kind: Kind, lines: tuple[str, ...], returncode: int | None, expected: tuple[str, bool]
) -> None:
    """What no vector shows: hardware and servers that could not be had here, and the ends without words."""
    cause = diagnose(lines, kind=kind, returncode=returncode)
    assert expected == (cause.code, cause.person)


def test_a_warning_is_not_the_cause_when_an_error_is() -> None:
    """A segment that was missing on the way does not explain a connection that was reset."""
    lines = ["[http @ 0x5] [warning] HTTP error 404 Not Found", "[error] x: Connection reset by peer"]
    assert "reset" == diagnose(lines, kind="input", returncode=1).code


def test_old_complaints_are_forgotten() -> None:
    """What a child complained of long ago is not why it ends now."""
    lines = [
        "[error] x: Permission denied",
        *["[h264 @ 0x5] [error] bad MB"] * 60,
        "[error] Connection reset",
    ]
    assert "reset" == diagnose(lines, kind="input", returncode=1).code


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["[a @ 0x5] [error] one", "[error]    two   words "], "The sender failed: two words."),
        (
            ["[a @ 0x5] [error] one", "[error] ", "    Last message repeated 3 times"],
            "The sender failed: [a] one.",
        ),
        (["[a @ 0x5] [b @ 0x6] [fatal] one", "[info] Conversion failed!"], "The sender failed: [a] [b] one."),
        (["[error] " + "x" * 900], "The sender failed: " + "x" * 199 + "…"),
        (["[error] Conversion failed!"], "The sender failed: Conversion failed!"),
        (
            ["[info] all is well", "x265 [info]: frame I: 1"],
            "The sender failed without a word (exit status 3).",
        ),
    ],
)
def test_an_unknown_cause_quotes_the_last_telling_line(lines: list[str], expected: str) -> None:
    """Of an end that no rule knows, the last line that says something is shown, trimmed."""
    assert expected == diagnose(lines, kind="sender", returncode=3).message


@pytest.mark.parametrize(
    ("returncode", "expected"),
    [
        (-9, "ffmpeg was killed by the system or by hand (SIGKILL)."),
        (-11, "ffmpeg crashed (SIGSEGV)."),
        (-200, "ffmpeg was killed by the system or by hand (signal 200)."),
    ],
)
def test_a_signal_is_named(returncode: int, expected: str) -> None:
    """A child that a signal took says so by its status, whatever it had printed before."""
    assert expected == diagnose(["[error] Connection refused"], kind="sender", returncode=returncode).message


def test_the_codec_is_named() -> None:
    """A person must know which codec it is that does not fit."""
    vector = VECTORS["flv-mpeg2video.9.0.2"]
    assert "mpeg2video" in diagnose(vector.lines, kind="input", returncode=1).message


def test_templates_use_known_words_only() -> None:
    """Every message and advice of the table can be filled."""
    texts = [text for rule in RULES for text in (rule.message, rule.advice)]
    assert {"what", "peer", "Peer"} == {
        name for text in texts for _, name, _, _ in Formatter().parse(text) if name
    }


INPUT_0 = ["Input #0, mpegts, from 'udp://x':", "  Duration: N/A", "  Program 1"]
H264 = "  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p, 25 fps"
MP2 = "[info]   Stream #0:1[0x101](eng): Audio: mp2 ([3][0][0][0] / 0x0003), 48000 Hz, stereo"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], InputCodecs()),
        ([*INPUT_0, H264, MP2], InputCodecs("h264", "mp2")),
        ([f"[info] {line}" for line in [*INPUT_0, H264]], InputCodecs("h264", None)),
        ([*INPUT_0, MP2, "Output #0, flv, to 'pipe:1':", H264], InputCodecs(None, "mp2")),
        ([*INPUT_0, MP2, "Stream mapping:", H264], InputCodecs(None, "mp2")),
        ([*INPUT_0, MP2, "Input #1, flv, from 'x':", H264], InputCodecs(None, "mp2")),
        ([H264, MP2], InputCodecs()),
        ([*INPUT_0, H264, H264.replace("h264", "hevc")], InputCodecs("h264", None)),
        ([*INPUT_0, "  Stream #0:0: Video: mjpeg, 600x600 (attached pic)", MP2], InputCodecs(None, "mp2")),
        ([*INPUT_0, "  Stream #0:0: Video: none, none", MP2], InputCodecs(None, "mp2")),
        ([*INPUT_0, "    title           : Stream #0:0: Video: vp9", MP2], InputCodecs(None, "mp2")),
    ],
)
def test_input_codecs(lines: list[str], expected: InputCodecs) -> None:
    """The codecs are those of the first input: not an output's, a cover picture's or a title's."""
    assert expected == input_codecs(lines)


WORDS = st.text(max_size=60) | st.sampled_from(
    sorted({line for vector in VECTORS.values() for line in vector.lines})
)


@given(st.lists(WORDS, max_size=30), st.sampled_from(KINDS), st.none() | st.integers(-300, 300))
def test_never_raises(lines: list[str], kind: Kind, returncode: int | None) -> None:
    """Any lines, in any order, have some cause with a message, and none makes it raise."""
    assert diagnose(lines, kind=kind, returncode=returncode).message
    assert flv_refuses(lines) <= {"video", "audio"}
