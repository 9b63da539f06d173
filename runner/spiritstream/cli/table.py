"""The live table: what the runner says of itself, redrawn each second, with the log running above it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, cast

from spiritstream.cli.rows import GAP, HEADINGS, Row, clean, columns, notes, rows, squeeze, title, warnings
from spiritstream.cli.terminal import Terminal
from spiritstream.journal import PlainLines
from spiritstream.model.lifecycle import State
from spiritstream.model.status import Status

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table

REFRESH_S = 1.0
# Log lines that come together are printed together: each print draws the table anew.
_GATHER_S = 0.1
_HELD_RECORDS = 500
_STYLES = {
    State.LIVE: "green",
    State.STARTING: "cyan",
    State.STOPPING: "cyan",
    State.WAITING: "yellow",
    State.FAILED: "bold red",
    State.IDLE: "dim",
}
# The table is for what happens: of warnings, which take some lines each, there is room for so many.
_MOST_WARNINGS = 3
_TEXT_COLUMNS = frozenset({"name", "state", "last"})


@contextlib.contextmanager
def live_table(status: Callable[[], Status], handler: logging.Handler) -> Iterator[None]:
    """Show `status` on the terminal while the context lasts, and take the journal's `handler`'s place.

    Must be entered in a running event loop, which redraws the table. When it ends the table goes away:
    a table that stays would call live what no longer is.
    """
    from rich.console import Console
    from rich.live import Live

    with contextlib.closing(Terminal(sys.stdout)) as terminal:
        # Without markup: a name or a cause is never an instruction.
        console = Console(file=cast("IO[str]", terminal), markup=False, emoji=False, highlight=False)
        errors_too = sys.stderr.isatty()
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stderr=errors_too)
        above = _Above(console, handler.formatter)
        with live, _in_place_of(handler, above) if errors_too else contextlib.nullcontext():
            redraw = _Redraw(live, terminal, status)
            try:
                yield
            finally:
                redraw.stop()
                above.print_now()


class _Redraw:
    """Draws the table now, and each second from now on."""

    def __init__(self, live: Live, terminal: Terminal, status: Callable[[], Status]) -> None:
        self._live = live
        self._terminal = terminal
        self._status = status
        self._loop = asyncio.get_running_loop()
        self._draw()

    def stop(self) -> None:
        self._timer.cancel()

    def _draw(self) -> None:
        self._timer = self._loop.call_later(REFRESH_S, self._draw)
        if not self._terminal.behind:
            size = self._live.console.size
            self._live.update(view(self._status(), time.time(), size.width, size.height), refresh=True)


class _Above(logging.Handler):
    """Prints log lines above the table."""

    def __init__(self, console: Console, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._console = console
        self._loop = asyncio.get_running_loop()
        self._records: deque[logging.LogRecord] = deque(maxlen=_HELD_RECORDS)
        self._soon: asyncio.TimerHandle | None = None
        self.setFormatter(formatter)
        self.addFilter(worth_a_line)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it for the next print."""
        self._records.append(record)
        self._loop.call_soon_threadsafe(self._print_soon)

    def print_now(self) -> None:
        """Print what is kept."""
        from rich.text import Text

        if self._soon:
            self._soon.cancel()
            self._soon = None
        if self._records:
            lines = [Text(log_line(record, self.formatter), _level_style(record)) for record in self._records]
            self._records.clear()
            self._console.print(Text("\n").join(lines))

    def _print_soon(self) -> None:
        if self._soon is None and self._records:
            self._soon = self._loop.call_later(_GATHER_S, self.print_now)


def worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a record is printed: what is planned for a unit is not, as its state shows it at once."""
    of_unit = bool(getattr(record, "path", ""))
    return record.levelno != logging.INFO or not of_unit or hasattr(record, "state")


def log_line(record: logging.LogRecord, formatter: logging.Formatter | None) -> str:
    """`12:30:05 warning source/youtube: text`: a person is looking, so local time and short names."""
    if not isinstance(formatter, PlainLines):
        return formatter.format(record) if formatter else record.getMessage()
    level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()} "
    path = str(getattr(record, "path", "")).removeprefix("groups.").replace(".targets.", "/")
    where = clean(f"{path}: ") if path else ""
    lines = (clean(line) for line in f"{formatter.text(record)}\n{formatter.traceback(record)}".splitlines())
    clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
    return f"{clock} {level}{where}" + "\n".join(line for line in lines if line)


def _level_style(record: logging.LogRecord) -> str:
    if record.levelno >= logging.ERROR:
        return "red"
    return "yellow" if record.levelno >= logging.WARNING else ""


@contextlib.contextmanager
def _in_place_of(handler: logging.Handler, other: logging.Handler) -> Iterator[None]:
    log = logging.getLogger("spiritstream")
    log.removeHandler(handler)
    log.addHandler(other)
    try:
        yield
    finally:
        log.removeHandler(other)
        log.addHandler(handler)


def view(status: Status, now: float, width: int, height: int) -> Group:
    """Everything that is redrawn, for a terminal of that size."""
    from rich.console import Group
    from rich.text import Text

    every = rows(status, now)
    remarks = [*notes(every), *_warnings(every)]
    about = [f"{row.name.strip()}: {row.about}" for row in every if row.about]
    # Title, headings, the line for what is hidden, and one for the cursor; each remark may take some lines.
    taken = sum(-(-len(line) // width) for line in about)
    taken += sum(max(2, -(-len(line) // width)) for line in remarks)
    lines, hidden = squeeze(every, height - 4 - taken)
    head = Text(title(status, now), "bold", no_wrap=True, overflow="ellipsis")
    more = [f"… and {hidden} more, all live"] if hidden else []
    return Group(
        head,
        *(Text(line) for line in about),
        *(Text(clean(line), "bold red") for line in status.error.splitlines()[:2]),
        unit_table(lines, columns(lines, width)),
        *(Text(line, "green") for line in more),
        *(Text(line, "yellow") for line in remarks),
    )


def _warnings(lines: Sequence[Row]) -> list[str]:
    every = warnings(lines)
    left = len(every) - _MOST_WARNINGS
    more = [f"… and {left} more of the kind, in `spiritstream status`"] if left > 0 else []
    return every[:_MOST_WARNINGS] + more


def unit_table(lines: Sequence[Row], shown: Sequence[str]) -> Table:
    """The table of these lines, with these columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), expand=True, header_style="dim")
    for name in shown:
        table.add_column(
            HEADINGS[name],
            justify="left" if name in _TEXT_COLUMNS else "right",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if name == "last" else None,
        )
    for row in lines:
        styles = {"state": _STYLES[row.state], "last": "dim" if row.state is State.LIVE else "yellow"}
        table.add_row(*(Text(getattr(row, name), styles.get(name, "")) for name in shown))
    return table
