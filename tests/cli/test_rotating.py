"""A log that is bounded on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from spiritstream.cli.logfile import older
from spiritstream.cli.rotating import RotatingFile


def total(path: Path) -> int:
    """The bytes of both parts."""
    return sum(part.stat().st_size for part in (path, older(path)) if part.exists())


def test_never_outgrows_its_share(tmp_path: Path) -> None:
    """However much is written, both parts together stay below; the newest lines are there."""
    path = tmp_path / "logs" / "show.jsonl"
    log = RotatingFile(path, 2_000, 30)
    for number in range(1_000):
        log.write(f"line {number}\n")
        log.flush()
        assert total(path) <= 2_000
    log.close()
    assert path.read_text().endswith("line 999\n")
    assert older(path).read_text().splitlines()[-1] != path.read_text().splitlines()[0]


def test_a_line_that_is_larger_than_its_share_is_written(tmp_path: Path) -> None:
    """It is lost with the next turn, not before."""
    path = tmp_path / "show.jsonl"
    log = RotatingFile(path, 100, 30)
    log.write("x" * 500 + "\n")
    log.close()
    assert 501 == path.stat().st_size


def test_goes_on_where_another_left(tmp_path: Path) -> None:
    """A runner's successor adds to its log, and counts what is there."""
    path = tmp_path / "show.jsonl"
    for text in ("a" * 60 + "\n", "b" * 60 + "\n"):
        log = RotatingFile(path, 200, 30)
        log.write(text)
        log.close()
    assert ("b" * 60 + "\n", "a" * 60 + "\n") == (path.read_text(), older(path).read_text())


def test_what_is_old_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After half of the days a part is turned, so that nothing outlives all of them."""
    now = 0.0
    monkeypatch.setattr("time.time", lambda: now)
    path = tmp_path / "show.jsonl"
    log = RotatingFile(path, 1_000_000, 10)
    for day in range(12):
        now = day * 86_400.0
        log.write(f"day {day}\n")
    log.close()
    assert "day 0\n" not in path.read_text() + older(path).read_text()


def test_is_for_nobody_else(tmp_path: Path) -> None:
    """0600, in a folder of 0700."""
    path = tmp_path / "logs" / "show.jsonl"
    log = RotatingFile(path, 100, 1)
    log.write("x\n")
    log.close()
    assert (0o600, 0o700) == tuple(stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent))
