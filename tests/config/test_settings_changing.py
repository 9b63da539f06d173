"""Changing the settings' file: only to what is valid, whole or not at all, and nothing besides."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from spiritstream.config import resetting
from spiritstream.config.document import Document
from spiritstream.config.entries import put_entry
from spiritstream.config.resetting import set_setting, unset_setting
from spiritstream.config.settings import known_settings, load_settings
from spiritstream.errors import BusyError, ProfileError, SpiritError, UsageError

KNOWN = known_settings()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of a settings' file; there is none yet."""
    return tmp_path / "deep" / "settings.yaml"


def written(file: Path, text: str) -> Path:
    """The file with this text."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_makes_the_file(file: Path) -> None:
    """A missing file is made, private, with a comment that says what it is; and it is valid."""
    set_setting(file, KNOWN["log.keep.days"], ["7"])
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    text = file.read_text()
    assert text.startswith("# The settings of spiritstream on this machine.")
    assert text.endswith("\nversion: 1\nlog:\n  keep:\n    days: 7\n")
    assert 7 == load_settings({}, path=file).log_days
    assert [file] == list(file.parent.iterdir())


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "# nothing yet"])
def test_completes_an_empty_file(file: Path, text: str) -> None:
    """A file with nothing in it gets the version too, and keeps its comments."""
    set_setting(written(file, text), KNOWN["ffmpeg"], ["ffmpeg7"])
    gap = "" if not text or text.endswith("\n") else "\n"
    assert f"{text}{gap}version: 1\nffmpeg: ffmpeg7\n" == file.read_text()


def test_keeps_mode_and_link(file: Path, tmp_path: Path) -> None:
    """A link to the file stays a link, and the file keeps its mode."""
    real = written(tmp_path / "real.yaml", "version: 1   # mine\n")
    real.chmod(0o640)
    file.parent.mkdir()
    file.symlink_to(real)
    set_setting(file, KNOWN["ffmpeg"], ["ffmpeg7"])
    assert file.is_symlink()
    assert "version: 1   # mine\nffmpeg: ffmpeg7\n" == real.read_text()
    assert 0o640 == stat.S_IMODE(real.stat().st_mode)


def test_sets_a_wrong_value_right(file: Path) -> None:
    """What is checked is the outcome: the one wrong value can be replaced, or removed."""
    set_setting(written(file, "version: 1\nlog: {level: loud}\n"), KNOWN["log.level"], ["debug"])
    assert "version: 1\nlog: {level: debug}\n" == file.read_text()
    assert unset_setting(written(file, "version: 1\nffmpeg:\n"), KNOWN["ffmpeg"])
    assert "version: 1\n" == file.read_text()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\nffmpg: x\n", "2:1: unknown key 'ffmpg'"),
        ("version: 1\nlog: {level: loud}\n", "2:14: log.level: expected info or debug"),
        ("version: 1\nversion: 1\n", "2:1: version: the key 'version' stands here twice"),
        ("version: [1\n", "2:1: a '[' is not closed, or a comma is missing"),
        ("- a\n", "1:1: expected a mapping that starts with 'version: 1', found a list"),
        ("ffmpeg: x\n", "1:1: 'version' is missing"),
    ],
)
def test_something_else_is_wrong(file: Path, text: str, place: str) -> None:
    """A file with another mistake is left as it is, and the mistake is named with its place."""
    written(file, text)
    for name, value in (("log.keep.days", "7"), ("identity", "/i")):
        with pytest.raises(ProfileError) as caught:
            set_setting(file, KNOWN[name], [value])
        assert f"{file}:{place}" in str(caught.value)
    assert text == file.read_text()


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("log.level", ["loud"], "log.level: expected info or debug"),
        ("log.keep.days", ["7d"], "log.keep.days: expected a whole number, found text"),
        ("log.keep.days", ["1.5"], "log.keep.days: expected a whole number, found text"),
        ("log.keep.days", ["true"], "log.keep.days: expected a whole number, found text"),
        ("ffmpeg", ["a", "b"], "ffmpeg has one value"),
        ("ffmpeg", [""], "ffmpeg: expected a program's name, or its whole path such as /usr/bin/ffmpeg"),
        ("environment", ["A", "B-C"], "environment[1]: expected a variable's name: letters, digits and '_', "
                                      "no digit first"),
    ],
)  # fmt: skip
def test_bad_value(file: Path, name: str, words: list[str], message: str) -> None:
    """A value that is not valid is not written, and the file is not even made."""
    with pytest.raises(UsageError) as caught:
        set_setting(file, KNOWN[name], words)
    assert message == caught.value.message
    assert not file.parent.exists()


def test_a_path_is_written_whole(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person calls `shows` here is not `shows` elsewhere."""
    monkeypatch.chdir(tmp_path)
    set_setting(file, KNOWN["profiles"], ["shows"])
    assert (tmp_path / "shows").resolve() == load_settings({}, path=file).profiles


def test_nothing_to_change(file: Path) -> None:
    """The same value again does not touch the file; nor does removing what is not there."""
    before = written(file, "version: 1\nffmpeg:   'x'\n").stat()
    set_setting(file, KNOWN["ffmpeg"], ["x"])
    assert not unset_setting(file, KNOWN["identity"])
    assert (before.st_ino, before.st_mtime_ns) == (file.stat().st_ino, file.stat().st_mtime_ns)
    assert not unset_setting(file.with_name("none.yaml"), KNOWN["identity"])


def test_changed_meanwhile(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that somebody made in between is not lost: ours is refused."""
    written(file, "version: 1\n")

    def meanwhile(document: Document, path: tuple[str, ...], value: object) -> str:
        file.write_text("version: 1\nffmpeg: theirs\n")
        return put_entry(document, path, value)

    monkeypatch.setattr(resetting, "put_entry", meanwhile)
    with pytest.raises(BusyError, match="changed meanwhile"):
        set_setting(file, KNOWN["ffmpeg"], ["ours"])
    assert "version: 1\nffmpeg: theirs\n" == file.read_text()


def test_made_meanwhile(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody made in between is not replaced."""

    def meanwhile(document: Document, path: tuple[str, ...], value: object) -> str:
        written(file, "version: 1\nffmpeg: theirs\n")
        return put_entry(document, path, value)

    monkeypatch.setattr(resetting, "put_entry", meanwhile)
    with pytest.raises(SpiritError, match="exists already"):
        set_setting(file, KNOWN["ffmpeg"], ["ours"])
    assert "version: 1\nffmpeg: theirs\n" == file.read_text()
    assert [file] == list(file.parent.iterdir())


def test_not_writable(file: Path) -> None:
    """Where no file can be made it is said, without a trace."""
    file.parent.write_text("a file, and no folder")
    with pytest.raises(SpiritError, match="cannot be written"):
        set_setting(file, KNOWN["ffmpeg"], ["x"])
