"""`make bench`: figures of one run on this machine, beside what they should be.

It is never a test: it exits 0 whatever they are, unless something broke.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType

from tests.bench import controller, cpu, helping, ingest, latency, native, stall, starting
from tests.bench.figures import Figure, table
from tests.bench.lab import Lab
from tests.live.ffmpegs import ffmpegs, version
from tests.live.media import MediaLibrary
from tests.live.processes import adopt_orphans

Measure = Callable[[Lab], list[Figure]]
# With every ffmpeg in turn: it carries the targets.
EACH: dict[str, Measure] = {"starting": starting.measure, "stall": stall.measure, "cpu": cpu.measure}
# Once: the runner carries them itself, and an ffmpeg at most publishes.
ONCE: dict[str, Measure] = {"native": native.measure, "ingest": ingest.measure, "latency": latency.measure}
# Once, too, and nobody publishes.
BESIDE: dict[str, Measure] = {"controller": controller.measure}
HELP = "help"
PARTS = (HELP, *BESIDE, *ONCE, *EACH)


def main() -> None:
    """Read the options, measure, print."""
    options = _options()
    signal.signal(signal.SIGTERM, _leave)
    adopt_orphans()
    say = print if options.output == "text" else lambda *lines, **_: None
    say(_machine(), flush=True)
    found: dict[str, list[Figure]] = {}

    def note(title: str, figures: list[Figure]) -> None:
        if title not in found:
            say("", title, sep="\n")
        found.setdefault(title, []).extend(figures)
        say(*table(figures), sep="\n", flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for title, measure in _measures(options, Path(folder)):
            note(title, measure())
    if options.output == "json":
        print(_json(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--ffmpeg", choices=("all", "system", "embedded"), default="all")
    parser.add_argument(
        "--seconds", type=float, default=10, help="of one window that processor time is counted in"
    )
    parser.add_argument("--rounds", type=int, default=2, help="of ours and theirs by turns")
    parser.add_argument("--quick", action="store_true", help="a target stalls for 15 s instead of 60 s")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.parts = options.parts or PARTS
    return options


def _measures(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """What to measure, under which title."""
    if HELP in options.parts:
        yield "command line", helping.measure
    taking_part = {kind: path for kind, path in ffmpegs().items() if options.ffmpeg in ("all", kind)}
    first = _lab(next(iter(taking_part.values())), taking_part, folder, options)
    for key, measure in BESIDE.items():
        if key in options.parts:
            yield key, partial(measure, first)
    for key, measure in ONCE.items():
        if key in options.parts:
            yield "native, the publisher is ffmpeg " + first.version, partial(measure, first)
    for kind, path in taking_part.items():
        lab = _lab(path, taking_part, folder, options)
        for key, measure in EACH.items():
            if key in options.parts:
                yield f"ffmpeg {lab.version} ({kind})", partial(measure, lab)


def _lab(ffmpeg: str, taking_part: dict[str, str], folder: Path, options: argparse.Namespace) -> Lab:
    # Media is made by one ffmpeg for all, so that all carry the same.
    maker = ffmpegs().get("embedded", ffmpeg)
    return Lab(
        ffmpeg=ffmpeg,
        version=version(ffmpeg),
        ffmpegs={_short(version(path)): path for path in taking_part.values()},
        library=MediaLibrary(folder, maker),
        folder=folder,
        seconds=options.seconds,
        rounds=options.rounds,
        stall_s=15.0 if options.quick else 60.0,
    )


def _short(text: str) -> str:
    """`5.1.9-0+deb12u1` is 5.1.9, `n9.0.2-17-g2a571b6068` is 9.0.2."""
    return text.lstrip("n").partition("-")[0]


def _machine() -> str:
    load = os.getloadavg()[0]
    busy = "; other work disturbs the figures" if load > 0.5 else ""
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load:.2f}{busy}"


def _json(found: dict[str, list[Figure]]) -> str:
    measured = {name: [figure.data() for figure in figures] for name, figures in found.items()}
    return json.dumps({"version": 1, "machine": _machine(), "figures": measured}, indent=2)


def _leave(number: int, frame: FrameType | None) -> None:
    """End as ctrl-C does: whatever was started is ended too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
