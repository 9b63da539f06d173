"""`spiritstream doctor` and `spiritstream encoders`: what this machine has, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spiritstream.cli import doctor
from spiritstream.ffmpeg import mask
from tests.cli.calling import Spiritstream, spiritstream
from tests.live.ffmpegs import ffmpegs

__all__ = ["spiritstream"]

LEVELS = {"ok", "warn", "fail"}
NAMES = [
    "python",
    "settings",
    "ffmpeg",
    "rtmp",
    "rtmps",
    "srt",
    "keys out of sight",
    "setpriv",
    "identity",
    "runtime folder",
]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of the test's own."""
    for name in ("SPIRITSTREAM_IDENTITY", "CREDENTIALS_DIRECTORY", "SPIRITSTREAM_FFMPEG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture(params=["system", "embedded"])
def ffmpeg(request: pytest.FixtureRequest) -> str:
    """Each real ffmpeg in turn."""
    path = ffmpegs().get(request.param)
    if path is None:
        pytest.skip(f"the {request.param} ffmpeg is missing")
    return path


def pretend(folder: Path, protocols: str) -> Path:
    """An ffmpeg that sends by these protocols only."""
    path = folder / "ffmpeg"
    path.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *-protocols*) printf "Input:\\n srt\\nOutput:\\n {protocols}\\n" ;;\n'
        '*) echo "ffmpeg version 7.0" ;; esac\n'
    )
    path.chmod(0o755)
    return path


def checks(spiritstream: Spiritstream, *arguments: object) -> dict[str, dict[str, str]]:
    """What doctor found, by name."""
    data = json.loads(spiritstream("doctor", "--output", "json", *arguments).out)
    assert 1 == data["version"]
    return {check["name"]: check for check in data["checks"]}


def test_everything_is_looked_at(spiritstream: Spiritstream, ffmpeg: str) -> None:
    """Each thing has a line; with a real ffmpeg nothing fails, and its path and version are said."""
    found = checks(spiritstream, "--ffmpeg", ffmpeg)
    assert NAMES == list(found)
    assert "ok" == found["ffmpeg"]["level"]
    assert ffmpeg in found["ffmpeg"]["detail"]
    assert "(flag: " in found["ffmpeg"]["detail"]
    assert {check["level"] for check in found.values()} <= {"ok", "warn"}


def test_text_says_the_same(spiritstream: Spiritstream, ffmpeg: str) -> None:
    """Each line begins with its level; advice follows where something is missing."""
    called = spiritstream("doctor", "--ffmpeg", ffmpeg)
    lines = [line for line in called.out.splitlines() if not line.startswith(" ")]
    assert 0 == called.code
    assert NAMES == [line.split("  ", 1)[1].split(": ")[0].strip() for line in lines]
    assert {line.split()[0] for line in lines} <= LEVELS
    assert "spiritstream keys init" in called.out


def test_without_ffmpeg(spiritstream: Spiritstream) -> None:
    """A missing ffmpeg is a failure, with the way to get one; the rest is still looked at."""
    called = spiritstream("doctor", "--ffmpeg", "/no/such")
    assert 1 == called.code
    assert "fail  ffmpeg: /no/such (flag) is no program that can be run" in called.out
    assert "runtime folder" in called.out


@pytest.mark.parametrize(
    ("protocols", "code", "levels"),
    [
        ("rtmp rtmps srt", 0, ["ok", "ok", "ok"]),
        ("rtmp", 0, ["ok", "warn", "warn"]),
        ("srt", 1, ["fail", "warn", "ok"]),
    ],
)
def test_protocols(
    spiritstream: Spiritstream, tmp_path: Path, protocols: str, code: int, levels: list[str]
) -> None:
    """What cannot be sent by is said; without RTMP nothing goes."""
    path = pretend(tmp_path, protocols)
    found = checks(spiritstream, "--ffmpeg", path)
    assert levels == [found[name]["level"] for name in ("rtmp", "rtmps", "srt")]
    assert code == spiritstream("doctor", "--ffmpeg", path).code


def test_masking_that_is_not_allowed(
    spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where keys stay readable, it is said what that means."""
    monkeypatch.setattr(mask, "mask_argv", lambda pid, secrets: False)
    found = checks(spiritstream, "--ffmpeg", pretend(tmp_path, "rtmp"))["keys out of sight"]
    assert "warn" == found["level"]
    assert "process list" in found["advice"]


def test_runtime_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that cannot be made is a failure: there would be no socket."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))
    assert "fail" == doctor._runtime_folder().level


def test_identity_that_is_there(
    spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is said, and nothing of what is in it."""
    path = tmp_path / "identity"
    assert 0 == spiritstream("keys", "init", "--identity", path).code
    monkeypatch.setenv("SPIRITSTREAM_IDENTITY", str(path))
    found = checks(spiritstream, "--ffmpeg", pretend(tmp_path, "rtmp"))["identity"]
    assert ("ok", str(path)) == (found["level"], found["detail"])


def test_encoders(spiritstream: Spiritstream, ffmpeg: str) -> None:
    """Every encoder we know is there, hardware or software, working or with the reason why not."""
    called = spiritstream("encoders", "--ffmpeg", ffmpeg, "--output", "json")
    data = json.loads(called.out)
    rows = {row["name"]: row for row in data["encoders"]}
    assert (0, 1, ffmpeg) == (called.code, data["version"], data["ffmpeg"]["path"])
    assert {"h264_nvenc", "h264_vaapi", "hevc_qsv", "libx264", "libsvtav1", "aac", "libopus"} <= set(rows)
    assert (True, "", False, "video") == tuple(
        rows["libx264"][key] for key in ("works", "cause", "hardware", "kind")
    )
    assert (True, "audio") == (rows["aac"]["works"], rows["aac"]["kind"])
    assert rows["h264_nvenc"]["hardware"]
    assert [] == [name for name, row in rows.items() if not row["works"] and not row["cause"]]


def test_encoders_of_one_codec(spiritstream: Spiritstream, ffmpeg: str) -> None:
    """As text, one line for each, hardware first."""
    called = spiritstream("encoders", "--ffmpeg", ffmpeg, "--codec", "h264")
    first, *lines = called.out.splitlines()
    assert first.startswith("ffmpeg ")
    assert {"h264"} == {line.split()[0] for line in lines}
    assert "libx264            software  works" in called.out


def test_encoders_without_ffmpeg(spiritstream: Spiritstream) -> None:
    """The error says what is wrong and what to do."""
    called = spiritstream("encoders", "--ffmpeg", "/no/such")
    assert 1 == called.code
    assert "hint: " in called.err
