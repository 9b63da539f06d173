"""Many equal denials become one line with a count."""

from __future__ import annotations

from spiritstream.run.ingest.tally import Tally


def test_the_first_is_told_at_once_and_the_rest_counted() -> None:
    """A thousand equal ones are two lines: one now, one with how many more there were."""
    tally = Tally("else", window_s=60)
    told = [tally.note("a", n / 100) for n in range(1000)]
    assert ["a", *[None] * 999] == told
    assert [] == tally.due(59)
    assert [("a", 999)] == tally.due(60)
    assert [] == tally.due(119)


def test_what_has_ended_is_forgotten() -> None:
    """After a window without another one, the next is told at once again."""
    tally = Tally("else", window_s=60)
    tally.note("a", 0)
    assert [] == tally.due(60)
    assert not tally
    assert "a" == tally.note("a", 61)


def test_a_flood_of_kinds_becomes_one_kind() -> None:
    """From many addresses come no more lines than there is room for, and one for everything else."""
    tally = Tally("else", window_s=60, most=3)
    told = [tally.note(str(n), 0) for n in range(10)]
    assert ["0", "1", "2", "else", *[None] * 6] == told
    assert [("else", 6)] == tally.due(60)
