"""Settings: which source wins, where a value came from, and what is wrong with a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiritstream.config.settings import Origin, Settings, load_settings
from spiritstream.errors import ProfileError, UsageError


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of the settings' file; there is none yet."""
    path = tmp_path / "config" / "spiritstream" / "settings.yaml"
    path.parent.mkdir(parents=True)
    return path


FULL = """\
version: 1
ffmpeg: /opt/ffmpeg
identity: /keys/identity
profiles: /srv/shows
recordings: /srv/tapes
environment:
  - TWITCH_KEY
  - KICK_KEY
folders: [/srv/media]
uplink: 20.5M
log:
  level: debug
  keep: {days: 7, megabytes: 5}
"""


def test_defaults(tmp_path: Path) -> None:
    """Without a file everything has its default: folders of the user, nothing allowed to git."""
    settings = load_settings({})
    assert {Origin.DEFAULT} == {setting.origin for setting in settings.all.values()}
    assert tmp_path / "config" / "spiritstream" / "settings.yaml" == settings.path
    assert (None, None) == (settings.ffmpeg, settings.identity)
    assert tmp_path / "config" / "spiritstream" / "profiles" == settings.profiles
    assert tmp_path / "data" / "spiritstream" / "recordings" == settings.recordings
    assert ((), (), None) == (settings.environment, settings.folders, settings.uplink_bps)
    assert (False, 30, 100_000_000) == (settings.verbose, settings.log_days, settings.log_bytes)


def test_file(file: Path) -> None:
    """Every value of a file is what it says, and its origin is the place in the file."""
    file.write_text(FULL)
    settings = load_settings({})
    assert "/opt/ffmpeg" == settings.ffmpeg
    assert [Path("/keys/identity"), Path("/srv/shows"), Path("/srv/tapes")] == [
        settings.identity,
        settings.profiles,
        settings.recordings,
    ]
    assert (("TWITCH_KEY", "KICK_KEY"), (Path("/srv/media"),)) == (settings.environment, settings.folders)
    assert (True, 7, 5_000_000) == (settings.verbose, settings.log_days, settings.log_bytes)
    assert 20_500_000 == settings.uplink_bps
    assert {Origin.FILE} == {setting.origin for setting in settings.all.values()}
    assert f"{file}:13:16" == settings.all["log.keep.days"].where


ENVIRONMENT = {
    "SPIRITSTREAM_FFMPEG": "ffmpeg7",
    "SPIRITSTREAM_IDENTITY": "/e/identity",
    "SPIRITSTREAM_PROFILES": "/e/shows",
    "SPIRITSTREAM_RECORDINGS": "/e/tapes",
    "SPIRITSTREAM_ENVIRONMENT": "A, B",
    "SPIRITSTREAM_FOLDERS": "/e/media",
    "SPIRITSTREAM_UPLINK": "12M",
    "SPIRITSTREAM_LOG_LEVEL": "info",
    "SPIRITSTREAM_LOG_KEEP_DAYS": "9",
    "SPIRITSTREAM_LOG_KEEP_MEGABYTES": "8",
}


def test_environment_wins_over_the_file(file: Path) -> None:
    """Each variable replaces what the file says, and is named as the origin."""
    file.write_text(FULL)
    settings = load_settings(ENVIRONMENT)
    assert {(Origin.ENVIRONMENT, name) for name in ENVIRONMENT} == {
        (setting.origin, setting.where) for setting in settings.all.values()
    }
    assert ("ffmpeg7", ("A", "B"), 9) == (settings.ffmpeg, settings.environment, settings.log_days)
    assert (Path("/e/media"),) == settings.folders
    assert 12_000_000 == settings.uplink_bps


def test_flag_wins_over_the_environment(file: Path) -> None:
    """A command's flag is the strongest; one that was not given is nothing."""
    file.write_text(FULL)
    settings = load_settings(ENVIRONMENT, {"ffmpeg": "/f/ffmpeg", "profiles": None})
    assert ("/f/ffmpeg", Origin.FLAG) == (settings.ffmpeg, settings.all["ffmpeg"].origin)
    assert Origin.ENVIRONMENT is settings.all["profiles"].origin


def test_an_empty_variable_is_none(file: Path) -> None:
    """A variable that is set to nothing leaves the word to the file."""
    file.write_text(FULL)
    assert Path("/srv/shows") == load_settings({"SPIRITSTREAM_PROFILES": ""}).profiles


def test_paths_are_seen_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path in a variable is made whole; a program's name stays a name."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"SPIRITSTREAM_PROFILES": "shows", "SPIRITSTREAM_FFMPEG": "ffmpeg"})
    assert (Path(os.path.realpath(tmp_path)) / "shows", "ffmpeg") == (settings.profiles, settings.ffmpeg)
    assert str(settings.profiles.parent / "x") == load_settings({"SPIRITSTREAM_FFMPEG": "./x"}).ffmpeg


NAME = "expected a variable's name: letters, digits and '_', no digit first"
WHOLE = "expected a whole path, from / on ('~' is not followed)"
PROGRAM = "expected a program's name, or its whole path such as /usr/bin/ffmpeg"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SPIRITSTREAM_LOG_LEVEL", "loud", "SPIRITSTREAM_LOG_LEVEL: expected info or debug"),
        (
            "SPIRITSTREAM_LOG_KEEP_DAYS",
            "many",
            "SPIRITSTREAM_LOG_KEEP_DAYS: expected a whole number, found text",
        ),
        ("SPIRITSTREAM_LOG_KEEP_DAYS", "0", "SPIRITSTREAM_LOG_KEEP_DAYS: must be from 1 to 3650"),
        (
            "SPIRITSTREAM_ENVIRONMENT",
            "A,,B",
            f"SPIRITSTREAM_ENVIRONMENT[1]: {NAME}",
        ),
        (
            "SPIRITSTREAM_PROFILES",
            "~/shows",
            f"SPIRITSTREAM_PROFILES: {WHOLE}",
        ),
        (
            "SPIRITSTREAM_PROFILES",
            "/a\nb",
            f"SPIRITSTREAM_PROFILES: {WHOLE}",
        ),
    ],
)
def test_bad_variable(variable: str, value: str, message: str) -> None:
    """A variable's value is held to the same rules, and is not repeated."""
    with pytest.raises(UsageError) as caught:
        load_settings({variable: value})
    assert message == caught.value.message


# Each file with everything that is said about it, as line:column: text.
BROKEN = {
    "bogus: 1\n": ["1:1: 'version' is missing", "1:1: unknown key 'bogus'"],
    "version: 1\nffmpg: x\n": ["2:1: unknown key 'ffmpg'"],
    "version: 2\n": ["1:10: version: expected 1"],
    "version: 1\nffmpeg: 7\n": [f"2:9: ffmpeg: {PROGRAM}, found a number"],
    "version: 1\nffmpeg: bin/ffmpeg\n": [f"2:9: ffmpeg: {PROGRAM}"],
    "version: 1\nprofiles: shows\n": [f"2:11: profiles: {WHOLE}"],
    "version: 1\nprofiles:\n": [f"2:10: profiles: {WHOLE}, found nothing"],
    "version: 1\nenvironment: A\n": ["2:14: environment: expected a list of names, found text"],
    "version: 1\nfolders:\n  - /a\n  - b\n": [f"4:5: folders[1]: {WHOLE}"],
    "version: 1\nlog: {level: loud, keep: {days: 0, weeks: 2}}\n": [
        "2:14: log.level: expected info or debug",
        "2:33: log.keep.days: must be from 1 to 3650",
        "2:36: log.keep: unknown key 'weeks'",
    ],
    "version: 1\nversion: 1\n": ["2:1: version: the key 'version' stands here twice"],
    "version: 1\n\tffmpeg: x\n": ["2:1: a tab stands where a value or key should"],
    "- a\n": ["1:1: expected a mapping that starts with 'version: 1', found a list"],
    "": ["1:1: the file is empty"],
}


@pytest.mark.parametrize(("text", "said"), BROKEN.items())
def test_broken_file(file: Path, text: str, said: list[str]) -> None:
    """All that is wrong is said at once, each with its place."""
    file.write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_settings({})
    lead = f"{file}:"
    found = [str(finding).split("\n")[0].removeprefix(lead) for finding in caught.value.findings]
    assert said == found


def test_unreadable_file(file: Path) -> None:
    """What is there and no file is said to be so."""
    file.mkdir()
    with pytest.raises(ProfileError, match="cannot be read: is a directory"):
        load_settings({})


CANARY = "live_canary7f3a"


@pytest.mark.parametrize(
    "line",
    ["ffmpeg: {x}/y", "{x}: 1", "identity: {x}", "environment: [{x}-1]", "log: {x}", "log: {{level: {x}}}",
     "folders: [{x}]", "log: {{keep: {{days: {x}}}}}", "ffmpeg: '{x}", "version: {x}"],
)  # fmt: skip
def test_values_are_never_repeated(file: Path, line: str) -> None:
    """A key that was pasted here by mistake is in no error."""
    text = line.format(x=f"{CANARY}-0123456789")
    file.write_text(text if line.startswith("version") else f"version: 1\n{text}\n")
    with pytest.raises(ProfileError) as caught:
        load_settings({})
    assert CANARY not in str(caught.value)


def test_repr_is_harmless() -> None:
    """Settings print as what they are: there is no secret in them."""
    settings = load_settings({})
    assert isinstance(settings, Settings)
    assert "profiles" in repr(settings)


def test_a_pipe_is_not_waited_for(file: Path) -> None:
    """A named pipe in the file's place is a finding, not an endless wait."""
    os.mkfifo(file)
    with pytest.raises(ProfileError, match="is a pipe and no file"):
        load_settings({})
