"""Kept lists: they come back as they were; anything else in their place is nothing."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from spiritstream.run.servers.keeping import Kept, file_for, load, save
from spiritstream.run.servers.readers import Row

URL = "https://a.example/ingests"
KEPT = Kept(
    (Row("A", "rtmp://a.example/app"), Row("B", "rtmp://b.example/app", "rtmps://b.example/app")), 1.5
)


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    """Only its owner may read it, no half of a file is left, and another address has another file."""
    folder = tmp_path / "new" / "cache"
    save(folder, URL, KEPT)
    save(folder, URL, KEPT)
    assert KEPT == load(folder, URL)
    assert load(folder, URL + "2") is None
    (file,) = folder.iterdir()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)


def text(**change: object) -> bytes:
    """A file as it is written, but for a change."""
    rows = [["A", "rtmp://a.example/app", ""]]
    return json.dumps({"version": 1, "url": URL, "at": 5.0, "rows": rows} | change).encode()


GARBAGE: dict[str, bytes] = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "cut": text()[:-3],
    "deep": b"[" * 100_000,
    "another form": b"[]",
    "a later version": text(version=2),
    "an earlier one": text(version=None),
    "another list's": text(url="https://b.example/ingests"),
    "no time": text(at="now"),
    "no number": b'{"version": 1, "url": "' + URL.encode() + b'", "at": NaN, "rows": []}',
    "a time beyond all times": text(at=10**400),
    "before all times": text(at=-1),
    "no rows": text(rows=[]),
    "rows that are none": text(rows=[None, 7, [], ["A"], {"name": "A"}]),
    "only bad addresses": text(rows=[["A", "file:///etc/passwd", ""], ["\x1b", "rtmp://a.example/app", ""]]),
    "too long": text(rows=[["A", "rtmp://a.example/app", ""]] * 100_000),
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_anything_else_is_nothing(content: bytes, tmp_path: Path) -> None:
    """A file that we did not write, or not this version of us, is as good as none, and is written anew."""
    file_for(tmp_path, URL).write_bytes(content)
    assert load(tmp_path, URL) is None
    save(tmp_path, URL, KEPT)
    assert KEPT == load(tmp_path, URL)


def test_who_else_could_have_written_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys go where it says: neither another user's file counts, nor one that everybody may write to."""
    save(tmp_path, URL, KEPT)
    file_for(tmp_path, URL).chmod(0o606)
    assert load(tmp_path, URL) is None
    file_for(tmp_path, URL).chmod(0o600)
    assert KEPT == load(tmp_path, URL)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert load(tmp_path, URL) is None


def test_a_pipe_is_no_list(tmp_path: Path) -> None:
    """Nor is it waited for."""
    os.mkfifo(file_for(tmp_path, URL))
    assert load(tmp_path, URL) is None


def test_good_rows_survive_bad_ones(tmp_path: Path) -> None:
    """What stands beside them is checked as if it came from the platform."""
    rows = [
        ["X", "rtmp://u:p@a.example/app", ""],
        ["A", "rtmp://a.example/app", "rtmp://not-sealed.example/x"],
    ]
    file_for(tmp_path, URL).write_bytes(text(rows=rows))
    assert Kept((Row("A", "rtmp://a.example/app"),), 5.0) == load(tmp_path, URL)


def test_a_disk_that_does_not_take_it(tmp_path: Path) -> None:
    """It costs no more than the next look-up."""
    (tmp_path / "file").write_text("")
    save(tmp_path / "file", URL, KEPT)
    assert load(tmp_path / "file", URL) is None
    file_for(tmp_path, URL).mkdir()
    save(tmp_path, URL, KEPT)
    assert load(tmp_path, URL) is None
    assert 2 == len(list(tmp_path.iterdir()))
