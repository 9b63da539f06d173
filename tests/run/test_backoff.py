"""Retries: the first at once, then slower and spread, never giving up."""

from __future__ import annotations

from spiritstream.run.backoff import Backoff


def test_the_first_retry_does_not_wait_and_later_ones_double_to_a_minute() -> None:
    """0, then at most 1, 2, 4 … 60 s, for ever."""
    backoff = Backoff(lambda: 1.0)
    assert [0, 1, 2, 4, 8, 16, 32, 60, 60] == [backoff.next_delay_s() for _ in range(9)]
    assert {60} == {backoff.next_delay_s() for _ in range(2000)}


def test_delays_are_drawn_over_the_whole_range() -> None:
    """Full jitter: twenty targets of one platform that went away do not return in one instant."""
    backoff = Backoff(lambda: 0.25)
    assert [0, 0.25, 0.5, 1] == [backoff.next_delay_s() for _ in range(4)]


def test_what_needs_a_person_is_tried_slowly() -> None:
    """10, 20, 40, 60 s, and at least three quarters of that; it is tried all the same."""
    assert [10, 20, 40, 60] == [
        d for b in [Backoff(lambda: 1.0)] for d in (b.next_delay_s(person=True) for _ in range(4))
    ]
    assert 7.5 == Backoff(lambda: 0.0).next_delay_s(person=True)


def test_after_a_steady_time_old_failures_are_forgotten() -> None:
    """A reset makes the next retry immediate again."""
    backoff = Backoff(lambda: 1.0)
    for _ in range(5):
        backoff.next_delay_s()
    backoff.reset()
    assert 0 == backoff.next_delay_s()
