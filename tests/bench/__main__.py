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
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.bench import cpu, helping, stall, starting
from tests.bench.figures import Figure, table
from tests.bench.lab import Lab
from tests.live.ffmpegs import ffmpegs, version
from tests.live.media import MediaLibrary

MEASURES: dict[str, Callable[[Lab], list[Figure]]] = {
    "starting": starting.measure,
    "stall": stall.measure,
    "cpu": cpu.measure,
}
HELP = "help"


def main() -> None:
    """Read the options, measure, print."""
    options = _options()
    signal.signal(signal.SIGTERM, _leave)
    say = print if options.output == "text" else lambda *lines, **_: None
    say(_machine(), flush=True)
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if HELP in options.only:
            found["python"] = helping.measure()
            say("", "command line", *table(found["python"]), sep="\n", flush=True)
        for kind, path in ffmpegs().items():
            if options.ffmpeg not in ("all", kind):
                continue
            name = f"ffmpeg {version(path)} ({kind})"
            say("", name, sep="\n", flush=True)
            found[name] = []
            for measure in (measure for key, measure in MEASURES.items() if key in options.only):
                figures = measure(_lab(path, Path(folder), options))
                found[name] += figures
                say(*table(figures), sep="\n", flush=True)
    if options.output == "json":
        print(_json(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = (*MEASURES, HELP)
    parser.add_argument("--only", action="append", choices=names, help="this measurement; may be repeated")
    parser.add_argument("--ffmpeg", choices=("all", "system", "embedded"), default="all")
    parser.add_argument(
        "--seconds", type=float, default=20, help="of one window that processor time is counted in"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of ours and theirs by turns")
    parser.add_argument("--quick", action="store_true", help="a target stalls for 20 s instead of 60 s")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    options.only = options.only or names
    return options


def _lab(ffmpeg: str, folder: Path, options: argparse.Namespace) -> Lab:
    # Media is made by one ffmpeg for all, so that all carry the same.
    maker = ffmpegs().get("embedded", ffmpeg)
    return Lab(
        ffmpeg=ffmpeg,
        version=version(ffmpeg),
        library=MediaLibrary(folder, maker),
        folder=folder,
        seconds=options.seconds,
        rounds=options.rounds,
        stall_s=20.0 if options.quick else 60.0,
    )


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
