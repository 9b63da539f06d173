"""`spiritstream logs`: the last lines of all or of one unit, and what follows, across the turn of the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

import spiritstream as package
from spiritstream.cli import logfile
from spiritstream.cli.logfile import Entry, LogFile, read_entry
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import RUNNER, peer
from tests.cli.places import home, logs, sockets

__all__ = ["home", "spiritstream"]

YOUTUBE = "groups.source.targets.youtube"


def line(message: str, path: str = "", level: str = "info") -> str:
    """A line as a runner writes it."""
    stamp = "2026-06-01T10:00:00.000+00:00"
    return json.dumps({"time": stamp, "level": level, "path": path, "message": message}) + "\n"


@pytest.fixture
def log(home: Path) -> Path:
    """A log in two parts."""
    path = logs(home) / "show.jsonl"
    path.parent.mkdir(parents=True)
    path.with_name("show.jsonl.1").write_text(line("first") + line("second", YOUTUBE))
    path.write_text(line("third", "groups.source", "warning") + line("fourth", YOUTUBE, "error"))
    return path


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        pytest.param("show", ["first", "second", "third", "fourth"], id="all, oldest first"),
        pytest.param("show -n 2", ["third", "fourth"], id="the last ones"),
        pytest.param("show --lines 3", ["second", "third", "fourth"], id="across the parts"),
        pytest.param("show --lines 0", [], id="none"),
        pytest.param("show/youtube", ["second", "fourth"], id="a target by its name"),
        pytest.param("show/source/youtube", ["second", "fourth"], id="a target in its group"),
        pytest.param("show/youtube -n 1", ["fourth"], id="the last of a target's"),
        pytest.param("show/source", ["second", "third", "fourth"], id="a group, and what is in it"),
        pytest.param("show/kick", [], id="a target that never said anything"),
    ],
)
def test_lines(log: Path, spiritstream: Spiritstream, words: str, messages: list[str]) -> None:
    """The last lines that are asked for come, oldest first."""
    said = spiritstream("logs", *words.split(), "--output", "json")
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert messages == [json.loads(one)["message"] for one in said.out.splitlines()]


def test_text(log: Path, spiritstream: Spiritstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """For people: local time, the level where it matters, the unit by its names."""
    said = spiritstream("logs", "show", "-n", "2").out.splitlines()
    assert ["warning source: third", "error source/youtube: fourth"] == [one[20:] for one in said]


def test_no_bytes_for_the_terminal(log: Path, spiritstream: Spiritstream) -> None:
    """What could steer a terminal is left out; a line torn by a crash is shown as it is."""
    log.write_text(line("a\x1b[2Jb\nc") + '{"time": "2026\n')
    assert ["a[2Jb", "c", '{"time": "2026'] == [
        one[20:] if one.startswith("20") else one
        for one in spiritstream("logs", "show", "-n", "2").out.splitlines()
    ]


def test_no_log(home: Path, spiritstream: Spiritstream) -> None:
    """A show without a log is a wrong use, with where to look; in the foreground, it is the terminal."""
    said = spiritstream("logs", "show")
    assert (ExitCode.USAGE, "") == said[:2]
    assert f"there is no log of 'show' ({logs(home) / 'show.jsonl'})" in said.err
    assert "hint: `spiritstream status`" in said.err
    with peer(sockets(home) / "show.sock", RUNNER):
        said = spiritstream("logs", "show")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "`spiritstream run` writes its log to where it was started\n  hint: look there" in said.err


def everything(entry: Entry) -> bool:
    """No entry is left out."""
    return True


def texts(log: LogFile) -> list[str]:
    """The messages that were added."""
    return [entry.message for entry in log.added()]


def test_follow(log: Path) -> None:
    """What is added comes once, whole lines only."""
    file = LogFile(log)
    assert ["fourth"] == [entry.message for entry in file.last(1, everything)]
    assert [] == texts(file)
    torn = line("fünfth")
    with log.open("ab") as adding:
        adding.write(torn.encode()[:-9])
        adding.flush()
        assert [] == texts(file)
        adding.write(torn.encode()[-9:] + line("sixth").encode())
    assert ["fünfth", "sixth"] == texts(file)
    file.close()


def test_follow_across_the_turn(log: Path) -> None:
    """When the log is turned, the last lines of the older part come first, then those of the new one."""
    file = LogFile(log)
    file.last(9, everything)
    with log.open("a") as adding:
        adding.write(line("last of the old"))
    log.replace(log.with_name("show.jsonl.1"))
    assert ["last of the old"] == texts(file)
    log.write_text(line("first of the new"))
    assert ["first of the new"] == texts(file)
    file.close()


def test_turned_while_it_is_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that come between the reading of a log and its turn are not lost."""
    file = LogFile(log)
    file.last(9, everything)
    look = logfile._opened

    def meanwhile(path: Path) -> BinaryIO | None:
        monkeypatch.undo()
        with log.open("a") as adding:
            adding.write(line("late"))
        log.replace(log.with_name("show.jsonl.1"))
        log.write_text(line("new"))
        return look(path)

    monkeypatch.setattr(logfile, "_opened", meanwhile)
    assert ["late", "new"] == texts(file)
    file.close()


def test_turned_between(log: Path) -> None:
    """A turn between the opening of the newer and the older part shows nothing twice."""
    file = LogFile(log)
    log.replace(log.with_name("show.jsonl.1"))
    log.write_text(line("new"))
    assert ["third", "fourth", "new"] == [entry.message for entry in file.last(9, everything)]
    file.close()


def test_follow_as_a_person(log: Path) -> None:
    """`-f` goes on until ctrl-C, which is no failure worth a traceback."""
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    command = (sys.executable, "-u", "-m", "spiritstream", "logs", "show/youtube", "-n", "1", "-f")
    following = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert following.stdout
    assert following.stdout.readline().endswith("fourth\n")
    with log.open("a") as adding:
        adding.write(line("not this") + line("fifth", YOUTUBE))
    assert following.stdout.readline().endswith("source/youtube: fifth\n")
    following.send_signal(2)
    _, err = following.communicate(timeout=20)
    assert (130, "") == (following.returncode, err.strip())


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff\xfe", b"{", b"null"])
def test_no_entry(raw: bytes) -> None:
    """A line that is no entry is its own text."""
    assert raw.decode(errors="replace") == read_entry(raw).message
