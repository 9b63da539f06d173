"""Alive means that media advances."""

from __future__ import annotations

import pytest

from spiritstream.run.watch import Verdict, Watch

# Each history: steps of (seconds later, given, passed, queue full), and the last verdict.
HISTORIES = {
    "media comes and goes out": ([(1, 1, 1, False), (1, 2, 2, False)], Verdict.ADVANCING),
    "nothing has gone out yet": ([(1, 1, 0, False)], Verdict.NOTHING),
    "media comes and does not go out for 15 s": ([(1, n, 1, False) for n in range(1, 18)], Verdict.STALLED),
    "it went out 14 s ago": ([(1, n, 1, False) for n in range(1, 15)], Verdict.NOTHING),
    "nothing comes for 4 s": ([(1, 1, 1, False), (4, 1, 1, False)], Verdict.STARVED),
    "nothing comes, even for a minute, is no stall": ([(1, 1, 1, False), (60, 1, 1, False)], Verdict.STARVED),
    "after a silence the time to stall starts anew": ([(1, 1, 1, False), (60, 2, 1, False)], Verdict.NOTHING),
    "it goes out, but the queue stays full for 15 s": (
        [(1, n, n, True) for n in range(1, 17)],
        Verdict.CLOGGED,
    ),
    "the queue was full and is not any more": (
        [*((1, n, n, True) for n in range(1, 14)), (1, 14, 14, False), (1, 15, 15, True)],
        Verdict.ADVANCING,
    ),
    "it went out again after a break": (
        [*((1, n, 1, False) for n in range(1, 12)), (1, 12, 2, False)],
        Verdict.ADVANCING,
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_history(name: str) -> None:
    """A history of looks ends in the verdict that its name says."""
    steps, expected = HISTORIES[name]
    now, watch = 100.0, Watch(100.0)
    verdict = None
    for later, given, passed, full in steps:
        now += later
        verdict = watch.look(now, given=given, passed=passed, full=full)
    assert expected == verdict
