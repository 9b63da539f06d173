"""The live table on a real terminal, seen through its other end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import logging
import os
import re
import struct
import termios
import time
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest

from spiritstream.cli.table import live_table, log_line, worth_a_line
from spiritstream.journal import JsonLines, PlainLines, open_journal
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Cause, Incoming, Status, UnitStatus
from spiritstream.secret import Secret
from tests.live.processes import until

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Screen:
    """The other end of a terminal of 100 x 30."""

    def __init__(self) -> None:
        self._seen, self._ours = os.openpty()
        os.set_blocking(self._seen, False)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
        self.stream = os.fdopen(self._ours, "w", encoding="utf-8")
        self.raw = ""

    def close(self) -> None:
        """Let go of both ends."""
        self.stream.close()
        os.close(self._seen)

    async def until(self, condition: Callable[[str], bool], timeout_s: float = 10.0) -> str:
        """What was written so far without steering, once it fulfils `condition`."""
        end = time.monotonic() + timeout_s
        while not condition(self.text()):
            assert time.monotonic() < end, f"not seen in time; seen: {self.text()[-2000:]}"
            await asyncio.sleep(0.01)
        return self.text()

    def text(self) -> str:
        """Everything that was written, without what steers the terminal."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._seen, 65536):
                self.raw += data.decode()
        return _STEERING.sub("", self.raw)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A terminal, and an environment that says nothing else."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "100"), ("LINES", "30")):
        monkeypatch.setenv(name, value)
    with contextlib.closing(Screen()) as made:
        yield made


@pytest.fixture(autouse=True)
def log() -> Iterator[logging.Logger]:
    """The program's log, put back afterwards as it was."""
    found = logging.getLogger("spiritstream")
    before = found.handlers[:], found.level, found.propagate
    yield found
    found.handlers[:], found.level, found.propagate = before


@contextlib.contextmanager
def table(screen: Screen, status: Callable[[], Status], stderr: TextIO | None = None) -> Iterator[None]:
    """The table on that terminal, with the log as `spiritstream run` opens it; it knows one secret."""
    # Not by a fixture: pytest puts its own streams back before the test begins.
    with (
        contextlib.redirect_stdout(screen.stream),
        contextlib.redirect_stderr(stderr or screen.stream),
        live_table(status, open_journal("plain", lambda: [Secret("hunter2")])),
    ):
        yield


def status(*states: State, cause: Cause | None = None, error: str = "") -> Status:
    """A show with a target for each state."""
    units = (
        UnitStatus(f"groups.g.targets.t{number}", "target", Order.LIVE, state, 0.0, cause=cause)
        for number, state in enumerate(states)
    )
    return Status("show", 1, "0", 0.0, "ffmpeg 5.1.9", tuple(units), error)


async def test_shows_and_redraws(screen: Screen) -> None:
    """The table is there at once, and follows the status by itself."""
    now = [status(State.STARTING)]
    with table(screen, lambda: now[0]):
        await screen.until(lambda text: "starting" in text)
        now[0] = status(State.LIVE)
        seen = await screen.until(lambda text: "live" in text)
    assert "show · ffmpeg 5.1.9" in seen


async def test_shows_what_arrives(screen: Screen) -> None:
    """What comes in stands above the table, where there is room for all of it."""
    arrives = Incoming(6e6, "h264", "aac", "1920x1080", 29.97, 2.0, clock_faults=3)
    unit = UnitStatus("input", "input", Order.LIVE, State.LIVE, 0.0, incoming=arrives)
    with table(screen, lambda: Status("show", 1, "0", 0.0, "ffmpeg 5.1.9", (unit,))):
        seen = await screen.until(lambda text: "clock faults" in text)
    told = "input: h264 1920x1080 29.97 fps, keyframe 2.0 s, aac, 6000 kbit/s, 3 clock faults"
    assert told in seen


async def test_shows_which_server_was_given(screen: Screen) -> None:
    """Where a profile leaves it open, it stands above the table, and why it is this one."""
    unit = UnitStatus(
        "groups.g.targets.tw", "target", Order.LIVE, State.LIVE, 0.0, server="Near (12 ms, the nearest of 9)"
    )
    with table(screen, lambda: Status("show", 1, "0", 0.0, "ffmpeg 5.1.9", (unit,))):
        seen = await screen.until(lambda text: "nearest" in text)
    assert "tw: server Near (12 ms, the nearest of 9)" in seen


async def test_nothing_is_markup(screen: Screen, log: logging.Logger) -> None:
    """What looks like an instruction in a cause, or in the log, is shown as it is."""
    cause = Cause("c", "[bold]x[/bold] :smile: [/nonsense]", "[link=http://x]y")
    with table(screen, lambda: status(State.FAILED, cause=cause)):
        log.warning("[red]no[/green] \x1b[2Jsteering")
        seen = await screen.until(lambda text: "steering" in text)
    assert "t0: [bold]x[/bold] :smile: [/nonsense] ([link=http://x]y)" in seen
    assert "warning [red]no[/green] [2Jsteering" in seen


async def test_log_lines_stand_above(screen: Screen, log: logging.Logger) -> None:
    """A line of the log is written once, whole and scrubbed, and the table is drawn again below it."""
    with table(screen, lambda: status(State.LIVE)):
        await screen.until(lambda text: "t0" in text)
        log.error("the key is hunter2, alas")
        seen = await screen.until(lambda text: "t0" in text.partition("alas")[2])
    assert 1 == seen.count("error the key is ***, alas")
    assert "hunter2" not in screen.raw


async def test_ends_clean(screen: Screen, log: logging.Logger) -> None:
    """Afterwards the cursor shows, late lines are written, and the log goes where it went before."""
    with table(screen, lambda: status(State.LIVE)):
        log.warning("the last word")
    assert "the last word" in screen.text()
    assert screen.raw.rindex("\x1b[?25h") > screen.raw.rindex("\x1b[?25l")
    log.warning("one more")
    assert re.search(r"T\S+ warning one more", await screen.until(lambda text: "one more" in text))


async def test_a_profiles_error_is_shown(screen: Screen) -> None:
    """An edit that was not applied stays visible for as long as it is wrong."""
    with table(screen, lambda: status(State.LIVE, error="show.yaml:3:1: unknown key")):
        await screen.until(lambda text: "show.yaml:3:1: unknown key" in text)


async def test_more_than_fits(screen: Screen) -> None:
    """Of more targets than the terminal has lines, those that are not live are shown."""
    states = [State.LIVE] * 60 + [State.FAILED]
    with table(screen, lambda: status(*states)):
        seen = await screen.until(lambda text: "all live" in text)
    assert "t60" in seen
    assert "… and 35 more, all live" in seen


async def test_warnings_stand_below(screen: Screen) -> None:
    """What platforms may object to, as much of it as leaves room for the table, and where the rest is."""
    units = (
        UnitStatus(f"groups.g.targets.t{n}", "target", Order.LIVE, State.LIVE, 0.0, warnings=(f"w{n}",))
        for n in range(5)
    )
    now = Status("show", 1, "0", 0.0, "ffmpeg 5.1.9", tuple(units))
    with table(screen, lambda: now):
        seen = await screen.until(lambda text: "of the kind" in text)
    assert "t2: w2" in seen
    assert "… and 2 more of the kind, in `spiritstream status`" in seen
    assert "w3" not in seen


async def test_stderr_elsewhere(screen: Screen, log: logging.Logger) -> None:
    """With stderr sent to a file, the log goes there as it is, and not on the table's terminal."""
    file = io.StringIO()
    with table(screen, lambda: status(State.LIVE), stderr=file):
        log.info("elsewhere", extra={"path": "groups.g"})
    await until(lambda: file.getvalue().endswith("info groups.g: elsewhere\n"), "the line in the file")
    assert "elsewhere" not in screen.text()


def record(level: int, text: str, **extra: str) -> logging.LogRecord:
    """A log record at a known time."""
    name = logging.getLevelName(level)
    return logging.makeLogRecord({"levelno": level, "levelname": name, "msg": text, "created": 0.0, **extra})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(record(logging.INFO, "start x: wanted", path="groups.x"), False, id="a plan for a unit"),
        pytest.param(record(logging.INFO, "live", path="groups.x", state="live"), True, id="its new state"),
        pytest.param(record(logging.INFO, "no change"), True, id="about the whole show"),
        pytest.param(record(logging.WARNING, "lost", path="groups.x"), True, id="a warning"),
        pytest.param(record(logging.ERROR, "broken", path="groups.x"), True, id="an error"),
        pytest.param(record(logging.DEBUG, "frame", path="groups.x"), True, id="a child's own words"),
    ],
)
def test_worth_a_line(given: logging.LogRecord, expected: bool) -> None:
    """Above the table stand state changes, warnings and errors; what it shows at once anyway does not."""
    assert expected is worth_a_line(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (record(logging.INFO, "live", path="groups.a.targets.b"), "a/b: live"),
        (record(logging.WARNING, "lost", path="input"), "warning input: lost"),
        (record(logging.ERROR, "not applied\nfile:1:1: hunter2"), "error not applied\nfile:1:1: ***"),
    ],
)
def test_log_line(given: logging.LogRecord, expected: str) -> None:
    """A line begins with the local time, and names things as the table does."""
    stamp, _, rest = log_line(given, PlainLines(lambda: [Secret("hunter2")])).partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", stamp)
    assert expected == rest


def test_log_line_of_another_form() -> None:
    """A formatter that is not ours to shorten is used as it is."""
    assert '"message": "live"' in log_line(record(logging.INFO, "live"), JsonLines(lambda: ()))
