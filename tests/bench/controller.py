"""The controller with a folder of a thousand profiles: how soon it is there, what it and an edit take.

Two shows are live. One is edited again and again, while a pretend platform watches the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spiritstream.config.identityfile import plain_text
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.seal import seal
from spiritstream.secret import Secret
from tests.bench import proc
from tests.bench.arithmetic import longest_gap_s, missing, next_after
from tests.bench.controller_process import Controller, House, house
from tests.bench.controller_profiles import EDITED, OTHER, PROFILES, idle_profile, live_profile, variables
from tests.bench.figures import Figure, Judged
from tests.bench.lab import Lab
from tests.bench.platforms import Platforms, Visit, arrivals, platforms
from tests.bench.starting import GAP_LIMIT_S, gap_figure

COLD_LIMIT_S, RESTART_LIMIT_S, EDIT_LIMIT_MS = 8.0, 2.0, 150.0
IDLE_LIMIT_PERCENT, MEMORY_LIMIT_MIB = 1.0, 80.0
_FPS = 30
_MEDIA_S = 240.0  # longer than everything here: where a file begins again, timestamps make a step
_SETTLE_S = 5.0
_IDLE_S = 62.0  # four rescans
_EDITS = 10
_EDIT_S = 1.2
_RESTARTS = 3
_ALONE_S = 0.5
_CHANGE = "start groups."  # what a runner notes before it starts a target
# The platforms: of the show that nobody touches, of the first target of the one that is edited, and of
# all that are added to it.
_UNTOUCHED, _FIRST, _ADDED = range(3)


@dataclass(slots=True)
class _Course:
    """What happened when. Moments are `time.monotonic()`'s."""

    cold_s: float = 0.0
    idle: tuple[float, float] = (0.0, 0.0)
    idle_percent: float = 0.0
    edited: tuple[float, float] = (0.0, 0.0)
    added_at: tuple[float, ...] = ()
    changed_at: tuple[float, ...] = ()
    restarts_s: tuple[float, ...] = ()
    cold_cpu_s: float = 0.0
    restarts_cpu_s: tuple[float, ...] = ()
    memory_mib: tuple[float, ...] = ()


def measure(lab: Lab) -> list[Figure]:
    """From the first start of a controller to the last of its successors."""
    source = lab.library.h264(_MEDIA_S, bitrate_kbps=500, size="320x180", fps=_FPS)
    with platforms(3) as sinks, house(lab.room(), variables()) as place:
        edits = _Edits(place, str(source), sinks)
        course = _course(lab, place, sinks, edits)
        seen = sinks.visits()
    return [*_figures(course), *_edit_figures(course, seen[_ADDED]), *_untouched(course, seen[_UNTOUCHED])]


class _Edits:
    """The folder of profiles, and the edits that are made to one of them."""

    def __init__(self, place: House, source: str, sinks: Platforms) -> None:
        ring = Keyring(Identity.create())
        place.identity.write_text(plain_text(ring))
        place.identity.chmod(0o600)
        self._recipient = ring.current.recipient
        self._sealed = 0
        self._place, self._source, self._urls = place, source, sinks.urls
        for number in range(2, PROFILES):
            self._save(f"show-{number:03}", idle_profile(number, self._seal))
        self._save(OTHER, live_profile(OTHER, source, [sinks.urls[_UNTOUCHED]], self._seal_again))
        self.add(0)

    def add(self, targets: int) -> float:
        """Let the edited profile have so many more targets. The moment at which the file was there."""
        urls = [self._urls[_FIRST], *(f"{self._urls[_ADDED]}-{n}" for n in range(targets))]
        return self._save(EDITED, live_profile(EDITED, self._source, urls, self._seal_again))

    def _seal(self, destination: str, field: str) -> str:
        self._sealed += 1
        return seal(self._recipient, destination, field, Secret(f"live_{self._sealed:06}_abcdefghijklmnop"))

    def _seal_again(self, destination: str, field: str) -> str:
        """The same key each time: sealed anew it looks different, and is no change."""
        return seal(self._recipient, destination, field, Secret("live_of_the_edited_show"))

    def _save(self, name: str, text: str) -> float:
        """As editors do: beside, and then in its place."""
        draft = self._place.profiles / f".{name}.new"
        draft.write_text(text)
        at = time.monotonic()
        draft.replace(draft.with_name(f"{name}.yaml"))
        return at


def _course(lab: Lab, place: House, sinks: Platforms, edits: _Edits) -> _Course:
    course = _Course()
    controller, course.cold_s = place.begin(lab.ffmpeg)
    course.cold_cpu_s = proc.cpu_s(controller.pid)
    _check_planned(controller)
    sinks.wait_media(0.0, 0.0)  # the third target is not there yet
    time.sleep(_SETTLE_S)
    course.idle, course.idle_percent = _idle(controller)
    course.memory_mib += (controller.memory_mib,)
    began = time.monotonic()
    course.added_at = tuple(_edited(edits))
    course.edited = began, time.monotonic()
    since = time.time() - time.monotonic()
    course.changed_at = tuple(at - since for at in place.noted(EDITED, _CHANGE))
    course.memory_mib += (controller.memory_mib,)
    for _ in range(_RESTARTS):
        controller.kill()
        time.sleep(_ALONE_S)
        controller, took_s = place.begin(lab.ffmpeg)
        course.restarts_cpu_s += (proc.cpu_s(controller.pid),)
        course.restarts_s += (took_s,)
        _check_planned(controller)
    time.sleep(_EDIT_S)
    return course


def _check_planned(controller: Controller) -> None:
    """Whether everything was read and nothing is wrong with it: else the figures mean nothing."""
    shows = controller.ask("status")["profiles"]
    faulty = [show["name"] for show in shows if not show["valid"] or show["held"]]
    if len(shows) != PROFILES or faulty:
        raise RuntimeError(f"{len(shows)} profiles, and not as they should be: {faulty[:5]}")


def _idle(controller: Controller) -> tuple[tuple[float, float], float]:
    began, before = time.monotonic(), proc.cpu_s(controller.pid)
    time.sleep(_IDLE_S)
    ended, after = time.monotonic(), proc.cpu_s(controller.pid)
    return (began, ended), 100 * (after - before) / (ended - began)


def _edited(edits: _Edits) -> Iterator[float]:
    for number in range(_EDITS):
        yield edits.add(number + 1)
        time.sleep(_EDIT_S)


def _figures(course: _Course) -> Iterator[Figure]:
    yield Figure(
        f"{PROFILES} profiles: cold start to all planned",
        (course.cold_s,),
        "s",
        limit=COLD_LIMIT_S,
        note="from exec to READY=1, with nothing in the state folder",
    )
    yield Figure("  of it, its own processor time", (course.cold_cpu_s,), "s")
    yield Figure("restart with unchanged files", course.restarts_s, "s", limit=RESTART_LIMIT_S)
    yield Figure("  of it, its own processor time", course.restarts_cpu_s, "s")
    yield Figure(
        "controller while nothing changes: of a core",
        (course.idle_percent,),
        "%",
        limit=IDLE_LIMIT_PERCENT,
        note=f"{_IDLE_S:g} s, a look each 15 s",
    )
    yield Figure(
        "controller: memory (PSS)", course.memory_mib, "MiB", limit=MEMORY_LIMIT_MIB, judged=Judged.HIGHEST
    )


def _edit_figures(course: _Course, added: Sequence[Visit]) -> Iterator[Figure]:
    """From the rename of the file to what it asks for: as the runner notes it, as the platform sees it."""
    changed = _taken_ms(course, course.changed_at)
    yield Figure("edited file to the runner's change", changed, "ms", limit=EDIT_LIMIT_MS)
    yield Figure("  the slowest", (max(changed),), "ms", limit=EDIT_LIMIT_MS)
    accepted = _taken_ms(course, [visit.connected_at for visit in added])
    yield Figure("edited file to its new target's connection", accepted, "ms")
    yield Figure("  the slowest", (max(accepted),), "ms")


def _taken_ms(course: _Course, effects: Sequence[float]) -> tuple[float, ...]:
    taken = tuple(1000 * (at - edit) for edit, at in next_after(course.added_at, effects))
    if len(taken) < _EDITS:
        raise RuntimeError(f"only {len(taken)} of {_EDITS} edits had an effect")
    return taken


def _untouched(course: _Course, visits: Sequence[Visit]) -> Iterator[Figure]:
    """What the other show's platform saw of it all, killed controllers included."""
    times = arrivals(list(visits))
    quiet, edited = (longest_gap_s(times, *window) for window in (course.idle, course.edited))
    yield gap_figure("other show's longest gap, undisturbed", [quiet])
    yield gap_figure("  more while the first is edited", [edited - quiet], GAP_LIMIT_S)
    lost = missing([ms for visit in visits for ms in visit.video_ms], 1000 / _FPS)
    yield Figure("other show's frames that are missing", (float(lost),), limit=0.0, judged=Judged.HIGHEST)
    yield Figure(
        "other show's connections beyond the first", (len(visits) - 1.0,), limit=0.0, judged=Judged.HIGHEST
    )
