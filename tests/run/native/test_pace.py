"""What a native sender achieves, over the last seconds."""

from __future__ import annotations

from spiritstream.model.status import Progress
from spiritstream.run.native.pace import Pace, Sample


def test_nothing_yet() -> None:
    """Before the first sample nothing is known."""
    assert Progress() == Pace(100.0).progress()


def test_rates() -> None:
    """Totals count from the connection's beginning, rates over the last five seconds."""
    pace = Pace(100.0)
    pace.note(Sample(101.0, 100_000, 30, 1.0))
    assert Progress(30, 30.0, 800_000, 1.0, 100_000, 1.0) == pace.progress()
    for n in range(2, 11):
        pace.note(Sample(100.0 + n, 100_000 + 250_000 * (n - 1), 30 + 60 * (n - 1), n * 0.5))
    assert Progress(570, 60.0, 2_000_000, 0.5, 2_350_000, 5.0) == pace.progress()


def test_samples_do_not_pile_up() -> None:
    """Months of samples are as few as seconds of them."""
    pace = Pace(0.0)
    for n in range(1, 10_000):
        pace.note(Sample(n * 0.5, n, n, n))
    assert len(pace._samples) <= 12
