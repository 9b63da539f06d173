"""A log that is bounded on disk."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from spiritstream.cli.logfile import older
from spiritstream.cli.retention import tidy_logs
from spiritstream.cli.rotating import RotatingFile, keep_tidy
from spiritstream.control.runnerlock import lock_of, only_runner


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


def test_what_is_old_goes_though_nobody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet log is turned after half of the days, and gone after all of them."""
    now = 0.0
    monkeypatch.setattr("time.time", lambda: now)
    path = tmp_path / "show.jsonl"
    log = RotatingFile(path, 1_000_000, 10)
    log.write('{"time": "1970-01-01T00:00:01.000+00:00"}\n')
    log.flush()
    seen = []
    for day in range(12):
        now = day * 86_400.0 + 1
        log.tidy()
        seen.append("".join("n" if path.stat().st_size else "-") + ("o" if older(path).exists() else "-"))
    log.close()
    assert ["n-"] * 5 + ["-o"] * 5 + ["--"] * 2 == seen


def test_a_log_is_as_old_as_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as its runner: one that is started anew every day would never turn it."""
    now = 0.0
    monkeypatch.setattr("time.time", lambda: now)
    path = tmp_path / "show.jsonl"
    for day in range(7):
        now = day * 86_400.0 + 1
        log = RotatingFile(path, 1_000_000, 10)
        log.write(f'{{"time": "1970-01-{day + 1:02}T00:00:01.000+00:00"}}\n')
        log.close()
    assert ["01", "02", "03", "04", "05"] == [line[18:20] for line in older(path).read_text().splitlines()]


def test_what_is_written_past_it_counts(tmp_path: Path) -> None:
    """A descriptor that leads to the file follows it when it is turned: both parts stay bounded."""
    path = tmp_path / "controller.log"
    path.touch()
    raw = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        log = RotatingFile(path, 2_000, 30, (raw,))
        log.write("begun\n")
        log.flush()
        for number in range(200):
            os.write(raw, f"Python says something {number}\n".encode())
            log.tidy()
            assert total(path) <= 2_100
        log.close()
        both = older(path).read_text() + path.read_text()
        assert both.endswith("Python says something 199\n")
    finally:
        os.close(raw)


def test_a_log_that_nobody_writes_to_is_removed_when_it_is_old(tmp_path: Path) -> None:
    """Of a show that is on air no more; one whose runner lives is left to it, and a newer one stays."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for name, year in (("old", 2001), ("held", 2001), ("new", 2999)):
        for part in (logs / f"{name}.jsonl", older(logs / f"{name}.jsonl")):
            part.write_text(f'{{"time": "{year}-01-01T00:00:00.000+00:00"}}\n')
    (logs / "odd.jsonl").write_text("no time in it\n")
    os.utime(logs / "odd.jsonl", (1, 1))
    with only_runner(lock_of(tmp_path, "held"), "held"):
        tidy_logs(tmp_path, 30)
    assert {"held.jsonl", "held.jsonl.1", "new.jsonl", "new.jsonl.1"} == {
        path.name for path in logs.iterdir()
    }


async def test_tidying_goes_on_after_a_fault() -> None:
    """A full disk now is no full disk later."""
    seen: list[int] = []
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tidy() -> None:
        seen.append(1)
        if len(seen) == 3:
            loop.call_soon_threadsafe(enough.set)
        raise OSError(28, "no space left")

    keeping = asyncio.create_task(keep_tidy(tidy, 0.0))
    async with asyncio.timeout(30):
        await enough.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
