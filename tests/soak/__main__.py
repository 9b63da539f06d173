"""`make soak MINUTES=10`: a show with good and bad platforms, a fault each minute, and a page about it."""

from __future__ import annotations

import argparse
import contextlib
import random
import sched
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.bench.proc import cpu_s
from tests.bench.served import Served, served
from tests.bench.show import Show, on_air
from tests.live.ffmpegs import ffmpegs, version
from tests.live.media import MediaLibrary
from tests.live.processes import adopt_orphans, descendants, kill
from tests.soak.faults import Faults, soak_profile
from tests.soak.platforms import BEHAVIOURS
from tests.soak.report import Fault, Soak, page
from tests.soak.samples import Sample, take_sample

_SAMPLE_S = 2.0
_FAULT_S = (45.0, 75.0)
_STALL_EVERY_S, _STALL_FOR_S = 60.0, 20.0
_LAST_LOOK_S = 1.5
_GONE_S = 5.0


def main() -> None:
    """Read the options, soak, print the page."""
    options = _options()
    signal.signal(signal.SIGTERM, _leave)
    adopt_orphans()
    ffmpeg = ffmpegs().get(options.ffmpeg) or next(iter(ffmpegs().values()))
    print(f"soaking for {options.minutes:g} min ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = _soak(Path(folder), ffmpeg, options)
    print("", *page(soak), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--ffmpeg", choices=("system", "embedded"), default="embedded")
    parser.add_argument("--seed", type=int, default=1, help="of the lots that are drawn for faults")
    return parser.parse_args()


def _soak(folder: Path, ffmpeg: str, options: argparse.Namespace) -> Soak:
    library = MediaLibrary(folder, ffmpeg)
    playlist = [library.h264(seconds, 2000, size="640x360") for seconds in (20, 13)]
    log = folder / "runner.log"
    with served("tests.soak.platforms") as platforms:
        text = soak_profile(playlist, platforms.greeting["urls"], with_added=False)
        with on_air(folder, text, ffmpeg, "--watch", "--log", "json", log=log) as show:
            course = _Course(show, platforms, playlist, random.Random(options.seed))
            course.run(60 * options.minutes)
            time.sleep(_LAST_LOOK_S)  # so that the platforms have looked at what came last
            ledgers = platforms.tell("ledgers")
            used = cpu_s(show.pid) / (time.monotonic() - show.started_at)
    return Soak(
        title=f"soak: {options.minutes:g} min, ffmpeg {version(ffmpeg)}, seed {options.seed}",
        began=course.began,
        samples=course.samples,
        faults=course.faults,
        ledgers=ledgers,
        log=log.read_text(errors="replace").splitlines(),
        ending=f"the runner used {100 * used:.1f} % of a core; {_left_over()}",
    )


class _Course:
    """What happens when. Everything is a call at its time; most calls arrange their next one."""

    def __init__(self, show: Show, platforms: Served, playlist: list[Path], draw: random.Random) -> None:
        self._show = show
        self._platforms = platforms
        self._draw = draw
        self._calls = sched.scheduler(time.monotonic, time.sleep)
        self._world = Faults(show, platforms, playlist, draw, self._after)
        self.began = time.monotonic()
        self.samples: list[Sample] = []
        self.faults: list[Fault] = []

    def run(self, seconds: float) -> None:
        """Until `seconds` have passed."""
        self._show.call("status")  # its socket is there: it has begun
        self._sample()
        self._after(_STALL_FOR_S, self._stall)
        self._after(self._draw.uniform(*_FAULT_S) / 2, self._fault)
        self._calls.enterabs(self.began + seconds, -1, self._finish)
        self._calls.run()

    def _after(self, seconds: float, call: Callable[[], object]) -> None:
        self._calls.enter(seconds, 0, call)

    def _finish(self) -> None:
        for event in self._calls.queue:
            self._calls.cancel(event)

    def _sample(self) -> None:
        self.samples.append(take_sample(self._show.pid, time.monotonic() - self.began))
        self._after(_SAMPLE_S, self._sample)

    def _stall(self) -> None:
        number = list(BEHAVIOURS).index("stalling")
        self._platforms.tell("pause", number)
        self._after(_STALL_FOR_S, lambda: self._platforms.tell("resume", number))
        self._after(_STALL_EVERY_S, self._stall)

    def _fault(self) -> None:
        at_s = time.monotonic() - self.began
        self.faults.append(Fault(at_s, self._world.one()))
        self._after(self._draw.uniform(*_FAULT_S), self._fault)


def _left_over() -> str:
    """After the end: whose processes are left. There should be none; they are ended."""
    limit = time.monotonic() + _GONE_S
    while (left := descendants()) and time.monotonic() < limit:
        time.sleep(0.1)
    for process in left:
        kill(process.pid)
    names = ", ".join(process.name for process in left)
    return f"left running at the end: {names}" if left else "no process was left running"


def _leave(number: int, frame: FrameType | None) -> None:
    """End as ctrl-C does: whatever was started is ended too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
