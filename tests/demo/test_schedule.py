"""The order of events in the demo."""

from __future__ import annotations

from itertools import pairwise

import pytest

from spiritstream.demo.schedule import SHORTEST_S, Schedule


@pytest.mark.parametrize("seconds", [-1, 5, 10, 12, 45, 3600])
def test_order(seconds: float) -> None:
    """However short or long, everything happens in its order, and half of what is left is for coming back."""
    schedule = Schedule.within(seconds)
    back_s = schedule.outage_at_s + schedule.outage_s
    moments = [0.0, schedule.kill_s, schedule.outage_at_s, back_s, 0.6 * schedule.end_s, schedule.end_s]
    assert all(earlier < later for earlier, later in pairwise(moments))


def test_lengths() -> None:
    """A platform is down for 7 seconds, in a short show for less; too short a show is made longer."""
    assert 7.0 == Schedule.within(45).outage_s
    assert 7.0 == Schedule.within(3600).outage_s
    assert 12 * 0.16 == Schedule.within(12).outage_s
    assert SHORTEST_S == Schedule.within(3).end_s
    assert 45 == Schedule.within(45).end_s
