"""What the live table says: a runner's status as lines of text, and which of it fits. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spiritstream.model.changes import root_of
from spiritstream.model.lifecycle import State
from spiritstream.model.status import Cause, Incoming, Status, TcpFigures, UnitStatus

HEADINGS = {
    "name": "",
    "state": "state",
    "uptime": "up",
    "bitrate": "kbit/s",
    "frames": "frames",
    "fps": "fps",
    "speed": "speed",
    "network": "network",
    "queue": "queue",
    "dropped": "dropped",
    "restarts": "restarts",
    "last": "last cause",
}
GAP = 2
# What goes first when the terminal is narrow. Name, state and last cause never go.
_LEAST_FIRST = ("frames", "network", "queue", "speed", "fps", "restarts", "dropped", "uptime", "bitrate")
_LAST_AT_LEAST = 16
_LONGEST_NAME = 24
_INPUT_SILENT = "input-silent"
# The input and a passthrough group have no queue of their own.
_QUEUED = frozenset({"target", "encoding"})


@dataclass(frozen=True, slots=True)
class Row:
    """One unit, an attribute for each column and more. What is not known or does not apply is empty."""

    name: str
    state: State
    uptime: str = ""
    bitrate: str = ""
    frames: str = ""
    fps: str = ""
    speed: str = ""
    queue: str = ""
    dropped: str = ""
    restarts: str = ""
    retry: str = ""
    cause: str = ""
    advice: str = ""
    incoming: str = ""
    network: str = ""
    warnings: tuple[str, ...] = ()
    server: str = ""

    @property
    def about(self) -> str:
        """What arrives at an input; which server a target was given, and why."""
        return self.incoming or (f"server {self.server}" if self.server else "")

    @property
    def last(self) -> str:
        """The last cause. When it is tried again comes first, as that is what a person waits for."""
        return "; ".join(text for text in (self.retry, self.cause) if text)


def rows(status: Status, now: float) -> list[Row]:
    """The table's lines at `now`, in Unix seconds."""
    return [_row(unit, now) for unit in status.units]


def _row(unit: UnitStatus, now: float) -> Row:
    figures, cause, arrives = unit.progress, _cause(unit), unit.incoming
    # An input's own figures are of what its child reads, if it has one; what arrives is measured.
    bitrate_bps = arrives.bitrate_bps if arrives else figures.bitrate_bps
    fps = arrives.fps if arrives else figures.fps
    queued = unit.kind in _QUEUED
    return Row(
        name=_name(unit.path),
        state=unit.state,
        uptime="" if unit.live_since is None else duration(now - unit.live_since),
        bitrate="" if bitrate_bps is None else f"{bitrate_bps / 1000:.0f}",
        frames="" if figures.frame is None else str(figures.frame),
        fps="" if fps is None else f"{fps:.0f}",
        speed="" if figures.speed is None else f"{figures.speed:.2f}x",
        network=_network(unit.tcp) if unit.tcp else "",
        queue=f"{unit.queue_s:.1f} s" if queued else "",
        dropped=str(unit.dropped_gops) if queued else "",
        restarts=str(unit.restarts),
        retry=_retry(unit, now),
        # They stand between other words: the dot at a sentence's end would stand in the middle of one.
        cause=clean(cause.message).removesuffix(".") if cause else "",
        advice=clean(cause.advice).removesuffix(".") if cause else "",
        incoming=arriving(arrives) if arrives else "",
        warnings=tuple(map(clean, unit.warnings)),
        server=clean(unit.server),
    )


def arriving(what: Incoming) -> str:
    """`h264 high 1920x1080 29.97 fps, keyframe 2.0 s, 3 B-frames, aac, 6012 kbit/s`: only what is known."""
    fps = "" if what.fps is None else f"{what.fps:.2f}".rstrip("0").rstrip(".") + " fps"
    faults = "1 clock fault" if what.clock_faults == 1 else f"{what.clock_faults} clock faults"
    parts = (
        " ".join(word for word in (what.video, what.profile, what.size, fps) if word),
        "" if what.keyframe_s is None else f"keyframe {what.keyframe_s:.1f} s",
        f"{what.b_frames} B-frame{'' if what.b_frames == 1 else 's'}" if what.b_frames else "",
        what.audio or "",
        f"{what.bitrate_bps / 1000:.0f} kbit/s",
        faults if what.clock_faults else "",
    )
    return clean(", ".join(part for part in parts if part))


def _network(tcp: TcpFigures) -> str:
    """`24 ms +120 kB`: the round trip, and what the peer has not acknowledged yet."""
    trip = "" if tcp.rtt_ms is None else f"{tcp.rtt_ms:.0f} ms" if tcp.rtt_ms >= 1 else "<1 ms"
    unsent = f"+{tcp.unsent_bytes / 1000:.0f} kB" if tcp.unsent_bytes and tcp.unsent_bytes >= 500 else ""
    return " ".join(part for part in (trip, unsent) if part)


def _cause(unit: UnitStatus) -> Cause | None:
    """Why it is not live, or was not the last time; but everything waits for the input at first."""
    over = unit.state is State.LIVE and unit.cause is not None and unit.cause.code == _INPUT_SILENT
    return None if over else unit.cause


def _name(path: str) -> str:
    """`input`, `source`, `  youtube`: a target stands below its group."""
    group = root_of(path)
    target = path.removeprefix(f"{group}.targets.")
    name = clean(f"  {target}" if group != path else group.removeprefix("groups."))
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _retry(unit: UnitStatus, now: float) -> str:
    if unit.next_retry is None:
        return ""
    left_s = round(unit.next_retry - now)
    return f"again in {left_s} s" if left_s > 0 else "again now"


def duration(seconds: float) -> str:
    """`0:01:05`, with days when there are some: `3d 0:01:05`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (f"{days}d " if days else "") + f"{hour}:{minute:02}:{second:02}"


def clean(text: str) -> str:
    """`text` on one line, without anything that could steer a terminal or turn text around."""
    spaced = "".join(" " if char.isspace() else char for char in text)
    return "".join(char for char in spaced if not unicodedata.category(char).startswith("C"))


def title(status: Status, now: float) -> str:
    """The line above the table."""
    # Where it lies is `doctor`'s to say; here its version is enough.
    ffmpeg = f"ffmpeg {status.ffmpeg.rpartition(' ')[2]}" if status.ffmpeg else ""
    parts = (status.profile, ffmpeg, f"up {duration(now - status.started)}")
    return clean(" · ".join(part for part in parts if part))


def columns(lines: Sequence[Row], width: int) -> list[str]:
    """The columns that fit into `width` characters: the least important ones go first.

    The network's is there only where the runner itself has connections.
    """
    shown = [name for name in HEADINGS if name != "network" or any(row.network for row in lines)]
    for name in _LEAST_FIRST:
        if _width(lines, shown) <= width:
            break
        if name in shown:
            shown.remove(name)
    return shown


def _width(lines: Sequence[Row], shown: Sequence[str]) -> int:
    fixed = [name for name in shown if name != "last"]
    texts = ([HEADINGS[name], *(getattr(row, name) for row in lines)] for name in fixed)
    return sum(max(map(len, column)) + GAP for column in texts) + _LAST_AT_LEAST


def notes(lines: Sequence[Row]) -> list[str]:
    """What somebody should know or do about units that are not live: each cause once, in full."""
    found: list[tuple[str, str]] = []
    for row in lines:
        if row.cause and row.state is not State.LIVE:
            found.append((row.name, f"{row.cause} ({row.advice})" if row.advice else row.cause))
    return _each_once(found)


def warnings(lines: Sequence[Row]) -> list[str]:
    """What platforms may object to, each once."""
    return _each_once((row.name, text) for row in lines for text in row.warnings)


def _each_once(said: Iterable[tuple[str, str]]) -> list[str]:
    """Texts in their order, each with the names of all that it is said of."""
    found: dict[str, list[str]] = {}
    for name, text in said:
        found.setdefault(text, []).append(name.strip())
    return [f"{', '.join(names)}: {text}" for text, names in found.items()]


def squeeze(lines: Sequence[Row], room: int) -> tuple[list[Row], int]:
    """At most `room` lines, if need be without the last ones that are live; and how many were left out."""
    surplus = max(0, len(lines) - room)
    live = [index for index, row in enumerate(lines) if row.state is State.LIVE]
    hidden = set(live[len(live) - min(surplus, len(live)) :])
    return [row for index, row in enumerate(lines) if index not in hidden], len(hidden)
