"""What strangers may cost before they publish."""

from __future__ import annotations

import pytest

from spiritstream.run.ingest.limits import Buckets, Crowd, Limits

SMALL = Limits(half_open=4, half_open_each=2, burst=3, per_s=0.5)


def test_the_oldest_stranger_goes_for_a_newcomer() -> None:
    """The room never holds more than its bound, and the newest are in it."""
    crowd = Crowd(SMALL)
    gone = [leaving for n in range(10) for leaving in crowd.enter(n, None)]
    assert [0, 1, 2, 3, 4, 5] == gone
    assert 4 == len(crowd)


def test_who_has_shaken_hands_stays_longer() -> None:
    """Of all in the room one that has not said a sensible word goes first; then the oldest."""
    crowd = Crowd(SMALL)
    for n in range(4):
        crowd.enter(n, None)
    crowd.greeted(0)
    assert [1] == crowd.enter(4, None)
    for n in (2, 3, 4):
        crowd.greeted(n)
    assert [0] == crowd.enter(5, None)


def test_one_address_has_a_bound_of_its_own() -> None:
    """A third connection of an address takes the place of its first; others are not touched."""
    crowd = Crowd(SMALL)
    assert [] == crowd.enter(0, "other")
    assert [] == crowd.enter(1, "same")
    assert [] == crowd.enter(2, "same")
    assert [1] == crowd.enter(3, "same")
    assert [2] == crowd.enter(4, "same")
    assert 3 == len(crowd)


def test_who_leaves_makes_room() -> None:
    """One that published, or left, is counted no more; also when it is told twice."""
    crowd = Crowd(SMALL)
    for n in range(4):
        crowd.enter(n, None)
    crowd.leave(2)
    crowd.leave(2)
    crowd.greeted(2)
    assert [] == crowd.enter(4, None)


CONNECTS = [
    ("a burst is let in, more is not", [0, 0, 0, 0], [True, True, True, False]),
    ("it fills again with time", [0, 0, 0, 1.9, 2.0, 2.1], [True, True, True, False, True, False]),
    ("never beyond a burst", [0, 1000, 1000, 1000, 1000], [True, True, True, True, False]),
    ("trying does not cost", [0, 0, 0, 1, 2, 3], [True, True, True, False, True, False]),
]


@pytest.mark.parametrize(("at", "expected"), [c[1:] for c in CONNECTS], ids=[c[0] for c in CONNECTS])
def test_an_address_connects_only_so_often(at: list[float], expected: list[bool]) -> None:
    """Three at once, then one every two seconds."""
    buckets = Buckets(SMALL)
    assert expected == [buckets.allow("10.0.0.7", now) for now in at]


def test_addresses_do_not_share_a_bucket() -> None:
    """What one has used up does not keep out another."""
    buckets = Buckets(SMALL)
    for _ in range(5):
        buckets.allow("10.0.0.7", 0)
    assert buckets.allow("10.0.0.8", 0)


def test_only_so_many_addresses_are_known() -> None:
    """A flood from many addresses costs bounded memory; the latest are kept."""
    buckets = Buckets(SMALL, most=100)
    for n in range(10_000):
        buckets.allow(str(n), 0)
    assert 100 == len(buckets)
    for _ in range(2):
        buckets.allow("9999", 0)
    assert not buckets.allow("9999", 0)
