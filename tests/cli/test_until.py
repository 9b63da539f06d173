"""Times and durations as people say them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from spiritstream.cli.until import parse_span, parse_until, shown_moment
from spiritstream.errors import UsageError


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin, where the clocks change."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 12:00 there


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        pytest.param("18:00", NOON, datetime(2026, 6, 1, 16, 0, tzinfo=UTC), id="today"),
        pytest.param("8:30", NOON, datetime(2026, 6, 2, 6, 30, tzinfo=UTC), id="past: tomorrow"),
        pytest.param("12:00", NOON, datetime(2026, 6, 2, 10, 0, tzinfo=UTC), id="this very moment: tomorrow"),
        pytest.param("00:00", NOON, datetime(2026, 6, 1, 22, 0, tzinfo=UTC), id="midnight"),
        pytest.param("30m", NOON, datetime(2026, 6, 1, 10, 30, tzinfo=UTC), id="half an hour"),
        pytest.param("1h30m", NOON, datetime(2026, 6, 1, 11, 30, tzinfo=UTC), id="hours and minutes"),
        pytest.param("2d", NOON, datetime(2026, 6, 3, 10, 0, tzinfo=UTC), id="days"),
        pytest.param(
            "18:00",
            datetime(2026, 10, 24, 20, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 17, 0, tzinfo=UTC),
            id="tomorrow, after the clocks went back",
        ),
    ],
)
def test_moments(text: str, now: datetime, expected: datetime) -> None:
    """A time of day is the next one on the local clock; a duration counts from now."""
    assert expected == parse_until(text, now)


@pytest.mark.parametrize(
    "text", ["", "18", "24:00", "12:60", "1.5h", "-5m", "m", "5 m", "30m1h", "\u0661\u0668:00"]
)
def test_neither(text: str) -> None:
    """What is neither is a wrong use, with how it is written."""
    with pytest.raises(UsageError, match="neither a time nor a duration") as caught:
        parse_until(text, NOON)
    assert "18:00" in caught.value.hint


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("0s", 0), ("2m", 120), ("1d1h1m1s", 90061)])
def test_spans(text: str, seconds: float) -> None:
    """A span is in seconds."""
    assert seconds == parse_span(text)


def test_shown() -> None:
    """A moment of today is shown by its time, another with its date; on the local clock."""
    assert "18:00" == shown_moment(datetime(2026, 6, 1, 16, 0, tzinfo=UTC), NOON)
    assert "2026-06-02 08:30" == shown_moment(datetime(2026, 6, 2, 6, 30, tzinfo=UTC), NOON)
