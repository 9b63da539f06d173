"""`spiritstream config`, and the commands that take their ffmpeg and their identity from the settings."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from spiritstream.cli import opening
from spiritstream.cli.opening import Chosen, OpeningError, open_profile, open_settings
from spiritstream.cli.settings import Environment, ffmpeg_for
from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.seal import seal
from spiritstream.errors import ExitCode, ProfileError
from spiritstream.secret import Secret
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own; the place of the settings' file in it."""
    for name in [name for name in os.environ if name.startswith("SPIRITSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "config" / "spiritstream" / "settings.yaml"
    path.parent.mkdir(parents=True)
    return path


def test_path(spiritstream: Spiritstream, file: Path) -> None:
    """The file's place is all that stands on stdout, whether or not there is one."""
    assert (0, f"{file}\n", "") == spiritstream("config", "path")
    assert not file.exists()


def test_set_get_unset(spiritstream: Spiritstream, file: Path) -> None:
    """A value is written, holds, and is gone again."""
    assert (0, "30\n", "") == spiritstream("config", "get", "log.keep.days")
    assert (0, f"{file}: log.keep.days is set\n", "") == spiritstream("config", "set", "log.keep.days", "7")
    assert (0, "7\n", "") == spiritstream("config", "get", "log.keep.days")
    assert (0, f"{file}: log.keep.days is removed\n", "") == spiritstream("config", "unset", "log.keep.days")
    assert (0, "30\n", "") == spiritstream("config", "get", "log.keep.days")
    called = spiritstream("config", "unset", "log.keep.days")
    assert (0, f"{file}: log.keep.days does not stand there\n", "") == called


def test_get_a_list_and_nothing(spiritstream: Spiritstream) -> None:
    """A list is printed one entry a line; what is not set prints nothing."""
    spiritstream("config", "set", "environment", "TWITCH_KEY", "KICK_KEY")
    assert (0, "TWITCH_KEY\nKICK_KEY\n", "") == spiritstream("config", "get", "environment")
    assert (0, "", "") == spiritstream("config", "get", "folders")
    assert (0, "", "") == spiritstream("config", "get", "ffmpeg")


def test_comments_stay(spiritstream: Spiritstream, file: Path) -> None:
    """Only the value changes in a file that a person wrote."""
    file.write_text("# mine\nversion: 1\n\nlog: {level: info}   # for now\n")
    spiritstream("config", "set", "log.level", "debug")
    assert "# mine\nversion: 1\n\nlog: {level: debug}   # for now\n" == file.read_text()


def test_the_environment_wins(spiritstream: Spiritstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a value that a variable overrides is told so."""
    monkeypatch.setenv("SPIRITSTREAM_LOG_LEVEL", "info")
    called = spiritstream("config", "set", "log.level", "debug")
    assert (0, "SPIRITSTREAM_LOG_LEVEL is set here, and wins over the file\n") == (called.code, called.err)
    assert "info\n" == spiritstream("config", "get", "log.level").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("get ffmpg", "'ffmpg' is no setting\n  hint: did you mean ffmpeg?"),
        ("set logRetentionDays 3", "'logRetentionDays' is no setting\n  hint: did you mean log.keep.days?"),
        ("unset log", "'log' is no setting\n  hint: it holds log.level, log.keep.days, log.keep.megabytes"),
        ("set log.level debog", "log.level: expected info or debug\n  hint: did you mean debug?"),
        ("set ffmpeg", "Missing argument 'VALUE...'"),
    ],
)
def test_usage(spiritstream: Spiritstream, file: Path, arguments: str, said: str) -> None:
    """A wrong name or value: what was perhaps meant; exit 2, and nothing is written."""
    called = spiritstream("config", *arguments.split())
    assert (2, "") == called[:2]
    assert said in called.err
    assert not file.exists()


SHOWN = """\
ffmpeg              (the one on PATH, else the embedded one)                        default
identity            (the systemd credential, else 'identity' in the config folder)  default
profiles            {0}/config/spiritstream/profiles{1}  default
recordings          /tapes                                                          environment SPIRITSTREAM_RECORDINGS
environment         A, B                                                            file {2}:2:14
folders             (none)                                                          default
uplink              (nobody counts)                                                 default
log.level           info                                                            default
log.keep.days       30                                                              default
log.keep.megabytes  100                                                             default
"""  # noqa: E501


def test_show(
    spiritstream: Spiritstream, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every setting with its value, and with --origin where it comes from."""
    file.write_text("version: 1\nenvironment: [A, B]\n")
    monkeypatch.setenv("SPIRITSTREAM_RECORDINGS", "/tapes")
    rows = [line.split() for line in SHOWN.format(tmp_path, "", file).splitlines()]
    called = spiritstream("config", "show", "--origin")
    assert (0, rows, "") == (called.code, [line.split() for line in called.out.splitlines()], called.err)
    plain = spiritstream("config", "show").out.splitlines()
    assert [row[0] for row in rows] == [line.split()[0] for line in plain]
    assert "log.level           info" in plain
    assert "default" not in "".join(plain)


def test_show_json(spiritstream: Spiritstream, file: Path) -> None:
    """For machines: every setting with its value, origin and place, under a version."""
    file.write_text("version: 1\nenvironment: [A]\n")
    data = json.loads(spiritstream("config", "show", "--output", "json").out)
    assert (1, str(file)) == (data["version"], data["file"])
    settings = {one.pop("name"): one for one in data["settings"]}
    assert {"value": ["A"], "origin": "file", "where": f"{file}:2:14"} == settings["environment"]
    assert {"value": None, "origin": "default", "where": ""} == settings["ffmpeg"]
    assert {"value": 30, "origin": "default", "where": ""} == settings["log.keep.days"]


@pytest.mark.parametrize(
    "arguments", ["config show", "config get ffmpeg", "config set ffmpeg x", "encoders", "run p.yaml",
                  "test --all p.yaml", "data export x", "data clear --yes"]
)  # fmt: skip
def test_a_broken_file(
    spiritstream: Spiritstream, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    """Whoever needs the settings says where the file is wrong, with exit 4, and does nothing else."""
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text("version: 1\nname: p\ninput: {test: {}}\ngroups: {}\n")
    file.write_text("version: 1\nffmpg: x\n")
    called = spiritstream(*arguments.split())
    assert (4, "") == called[:2]
    assert f"{file}:2:1: unknown key 'ffmpg'\n  hint: did you mean 'ffmpeg'?\n" == called.err
    assert "version: 1\nffmpg: x\n" == file.read_text()


def test_doctor_finds_a_broken_file(spiritstream: Spiritstream, file: Path) -> None:
    """The doctor names the file that is wrong, and goes on."""
    file.write_text("version: 1\nffmpg: x\n")
    checks = {
        one["name"]: one for one in json.loads(spiritstream("doctor", "--output", "json").out)["checks"]
    }
    assert ("fail", f"{file}:2:1: unknown key 'ffmpg'\n  hint: did you mean 'ffmpeg'?") == (
        checks["settings"]["level"],
        checks["settings"]["detail"],
    )
    assert "ok" == checks["python"]["level"]


def test_who_needs_no_settings_reads_none(
    spiritstream: Spiritstream, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file hinders no command that takes nothing from it, by its kind, flags or environment."""
    file.write_text("version: [1\n")
    profile = tmp_path / "p.yaml"
    profile.write_text("version: 1\nname: p\ninput: {test: {}}\ngroups: {}\n")
    assert 0 == spiritstream("validate", profile).code
    assert 0 == spiritstream("config", "path").code
    assert "x (flag) is no program" in spiritstream("encoders", "--ffmpeg", "x").err
    monkeypatch.setenv("SPIRITSTREAM_FFMPEG", "y")
    assert "y (SPIRITSTREAM_FFMPEG) is no program" in spiritstream("encoders").err


def program(path: Path) -> Path:
    """A program that says that it is an ffmpeg."""
    path.write_text("#!/bin/sh\necho 'ffmpeg version 7.0.2 Copyright'\n")
    path.chmod(0o755)
    return path


def test_ffmpeg_by_its_order(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag over environment over settings: the origin is told, also in `run`'s other process."""
    flag, variable, setting = (program(tmp_path / name) for name in ("flag", "variable", "setting"))
    file.write_text(f"version: 1\nffmpeg: {setting}\n")
    assert (setting, "settings") == (ffmpeg_for(None).path, ffmpeg_for(None).source)
    assert Chosen(str(setting)) == asyncio.run(open_settings())
    monkeypatch.setenv("SPIRITSTREAM_FFMPEG", str(variable))
    assert (variable, "SPIRITSTREAM_FFMPEG") == (ffmpeg_for(None).path, ffmpeg_for(None).source)
    assert Chosen() == asyncio.run(open_settings())
    assert (flag, "flag") == (ffmpeg_for(str(flag)).path, ffmpeg_for(str(flag)).source)


def test_level_by_its_order(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` logs as the settings say, and as the environment says over them."""
    monkeypatch.setenv("SPIRITSTREAM_LOG_LEVEL", "debug")
    assert Chosen(verbose=True) == asyncio.run(open_settings())
    file.write_text("version: 1\nlog: {level: debug}\n")
    monkeypatch.delenv("SPIRITSTREAM_LOG_LEVEL")
    assert Chosen(verbose=True) == asyncio.run(open_settings())
    monkeypatch.setenv("SPIRITSTREAM_LOG_LEVEL", "info")
    assert Chosen() == asyncio.run(open_settings())


def test_nothing_set_costs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is neither file nor variable, `run` starts as fast as ever."""
    monkeypatch.setattr(opening, "_ask", None)
    assert Chosen() == asyncio.run(open_settings())


def test_identity_by_its_order(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity that the settings name opens a profile; one in the environment wins over it."""
    mine, other = Identity.create(), Identity.create()
    save_identity(mine, tmp_path / "mine")
    save_identity(other, tmp_path / "other")
    file.write_text(f"version: 1\nidentity: {tmp_path / 'mine'}\n")
    sealed = seal(mine.recipient, "youtube", "key", Secret("canary"))
    profile = tmp_path / "p.yaml"
    profile.write_text(
        "version: 1\nname: p\ninput: {test: {}}\n"
        f'groups: {{g: {{targets: {{y: {{platform: youtube, key: "{sealed}"}}}}}}}}\n'
    )
    assert (Secret("canary"),) == asyncio.run(open_profile(profile)).secrets()
    monkeypatch.setenv("SPIRITSTREAM_IDENTITY", str(tmp_path / "other"))
    with pytest.raises(OpeningError) as caught:
        asyncio.run(open_profile(profile))
    assert ExitCode.KEY is caught.value.exit_code


def test_environment_over_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment as commands see it: the file speaks where it is silent, and is read only then."""
    monkeypatch.setenv("HOME", "/h")
    file.write_text("broken")
    assert ("/h", None, len(os.environ)) == (
        Environment()["HOME"],
        Environment().get("NO_SUCH"),
        len(Environment()),
    )
    with pytest.raises(ProfileError):
        Environment().get("SPIRITSTREAM_IDENTITY")
    file.write_text("version: 1\nidentity: /i\n")
    assert "/i" == Environment().get("SPIRITSTREAM_IDENTITY")
    monkeypatch.setenv("SPIRITSTREAM_IDENTITY", "/e")
    assert "/e" == Environment().get("SPIRITSTREAM_IDENTITY")
