"""From an order, or a loss, to media at the platform; and what the other targets notice of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.bench.arithmetic import longest_gap_s
from tests.bench.figures import Figure, Judged
from tests.bench.lab import Lab
from tests.bench.platforms import Visit, arrivals, first_media_after, platforms
from tests.bench.show import files_input, on_air, profile_text, source_group

# So long a window is looked at after each event, and as long a one without any for comparison.
WINDOW_S = 3.0
_FILE_S = 60.0
_REPEATS = 3
GAP_LIMIT_S = 0.1


@dataclass(frozen=True, slots=True)
class Round:
    """What one show took, in seconds. `gaps` are beyond the undisturbed ones."""

    start: float
    added: float
    killed: float
    undisturbed: float
    gap_added: float
    gap_killed: float


def measure(lab: Lab) -> list[Figure]:
    """Several shows from their start on."""
    rounds = [_round(lab) for _ in range(_REPEATS)]
    return [
        _times("run to the first media", [r.start for r in rounds], 1.2),
        _times("added target to its first media", [r.added for r in rounds], 0.6),
        _times("killed sender to media again", [r.killed for r in rounds], 1.0),
        gap_figure("others' longest gap, undisturbed", [r.undisturbed for r in rounds]),
        gap_figure("  more while a target is added", [r.gap_added for r in rounds], GAP_LIMIT_S),
        gap_figure("  more while a sender is killed", [r.gap_killed for r in rounds], GAP_LIMIT_S),
    ]


def _times(name: str, values: Iterable[float], limit_s: float) -> Figure:
    return Figure(name, tuple(values), "s", limit=limit_s, judged=Judged.HIGHEST)


def gap_figure(name: str, values_s: Iterable[float], limit_s: float | None = None) -> Figure:
    """Gaps are small: in milliseconds."""
    limit = None if limit_s is None else 1000 * limit_s
    return Figure(name, tuple(1000 * value for value in values_s), "ms", limit=limit, judged=Judged.HIGHEST)


def _round(lab: Lab) -> Round:
    source = lab.media(_FILE_S)
    with platforms(3) as sinks:
        urls = {f"target{n}": url for n, url in enumerate(sinks.urls)}
        first_two = {name: urls[name] for name in ("target0", "target1")}
        with on_air(
            lab.room(), profile_text(files_input([source]), source_group(first_two)), lab.ffmpeg
        ) as show:
            show.wait_live()
            time.sleep(WINDOW_S)
            quiet_at = time.monotonic()
            time.sleep(WINDOW_S)
            added_at = show.apply(profile_text(files_input([source]), source_group(urls)))
            time.sleep(WINDOW_S)
            killed_at = _kill(show.pids()["target1"])
            time.sleep(WINDOW_S)
            seen = sinks.wait_media(show.started_at, killed_at, added_at)
    undisturbed = max(gap_s(seen[n], quiet_at) for n in (0, 1))
    return Round(
        start=max(_first(seen[n], show.started_at) for n in (0, 1)),
        added=_first(seen[2], added_at),
        killed=_first(seen[1], killed_at),
        undisturbed=undisturbed,
        gap_added=max(gap_s(seen[n], added_at) for n in (0, 1)) - undisturbed,
        gap_killed=max(gap_s(seen[n], killed_at) for n in (0, 2)) - undisturbed,
    )


def _kill(pid: int) -> float:
    at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return at


def _first(visits: list[Visit], since: float) -> float:
    at = first_media_after(visits, since)
    assert at is not None  # it was waited for
    return at - since


def gap_s(visits: list[Visit], since: float, seconds: float = WINDOW_S) -> float:
    """The longest gap of a platform in a window."""
    return longest_gap_s(arrivals(visits), since, since + seconds)
