"""`make soak MINUTES=10`: a show with good and bad platforms, a fault each minute, and a page about it.

By default the runner takes a publisher by RTMP and sends to 20 targets itself; with `--sender ffmpeg` it
plays files, and an ffmpeg carries each of 5 targets.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.bench.proc import cpu_s
from tests.bench.publishers import door
from tests.bench.served import served
from tests.bench.show import files_input, on_air, rtmp_input
from tests.live.ffmpegs import ffmpegs, version
from tests.live.media import MediaLibrary
from tests.live.processes import adopt_orphans, descendants, kill
from tests.soak.course import Course
from tests.soak.publisher import Publisher
from tests.soak.report import Soak, page
from tests.soak.shows import Soaked

_LAST_LOOK_S = 1.5
_GONE_S = 5.0
# How many targets there are, beside the one that comes and goes.
_TARGETS = {"native": 20, "ffmpeg": 5}


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
    parser.add_argument("--sender", choices=tuple(_TARGETS), default="native")
    parser.add_argument("--ffmpeg", choices=("system", "embedded"), default="embedded")
    parser.add_argument("--seed", type=int, default=1, help="of the lots that are drawn for faults")
    return parser.parse_args()


def _soak(folder: Path, ffmpeg: str, options: argparse.Namespace) -> Soak:
    library, at = MediaLibrary(folder, ffmpeg), door()
    playlist = [library.h264(seconds, 2000, size="640x360") for seconds in (20, 13)]
    native = options.sender == "native"
    publisher = Publisher(ffmpeg, playlist[0], at) if native else None
    source = rtmp_input(at.port) if native else files_input(playlist)
    log = folder / "runner.log"
    with served("tests.soak.platforms", "--platforms", str(_TARGETS[options.sender] + 1)) as platforms:
        soaked = Soaked(source, options.sender, platforms.greeting["urls"])
        text = soaked.text(with_added=False)
        with on_air(folder, text, ffmpeg, "--watch", "--log", "json", log=log) as show:
            course = Course(show, platforms, soaked, publisher, random.Random(options.seed))
            with contextlib.closing(publisher) if publisher else contextlib.nullcontext():
                course.run(60 * options.minutes)
                time.sleep(_LAST_LOOK_S)  # so that the platforms have looked at what came last
                ledgers = platforms.tell("ledgers")
                used = cpu_s(show.pid) / (time.monotonic() - show.started_at)
    return Soak(
        title=_title(options, version(ffmpeg)),
        began=course.began,
        samples=course.samples,
        faults=course.faults,
        ledgers=ledgers,
        log=log.read_text(errors="replace").splitlines(),
        ending=f"the runner used {100 * used:.1f} % of a core; {_returns(publisher)}{_left_over()}",
    )


def _title(options: argparse.Namespace, ffmpeg: str) -> str:
    road = "a publisher by RTMP" if options.sender == "native" else "files"
    return (
        f"soak: {options.minutes:g} min, from {road} to {_TARGETS[options.sender]} targets by "
        f"{options.sender} senders, 2 Mbit/s, ffmpeg {ffmpeg}, seed {options.seed}"
    )


def _returns(publisher: Publisher | None) -> str:
    return f"the publisher had to return by itself {publisher.returns} time(s); " if publisher else ""


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
