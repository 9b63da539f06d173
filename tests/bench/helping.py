"""How long a person waits for `spiritstream --help`."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.bench.figures import Figure
from tests.bench.served import ROOT

_REPEATS = 15


def measure() -> list[Figure]:
    """By turns with a Python that does nothing; the first of each only warms the disk's cache."""
    pairs = [(_took_s("-m", "spiritstream", "--help"), _took_s("-c", "pass")) for _ in range(_REPEATS + 1)]
    more = tuple(1000 * (helped - started) for helped, started in pairs[1:])
    return [
        Figure("spiritstream --help, beyond Python's own start", more, "ms", limit=150),
        Figure("Python's own start", tuple(1000 * started for _, started in pairs[1:]), "ms"),
    ]


def _took_s(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.monotonic() - began
