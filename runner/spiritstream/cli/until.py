"""How long something that was ordered by hand holds, as people say it: `18:00`, `30m`. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from spiritstream.errors import UsageError

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)
_STEP = timedelta(days=1)


def parse_until(text: str, now: datetime) -> datetime:
    """The moment that `text` names, seen from `now`: the next `18:00`, or `1h30m` from now.

    `now` is aware; a time of day is the local one, also across a change of the clocks.

    Raises:
        UsageError: it is neither.
    """
    if clock := _CLOCK.fullmatch(text):
        return _next(now, int(clock[1]), int(clock[2]))
    return now + timedelta(seconds=parse_span(text))


def parse_span(text: str) -> float:
    """Seconds of `90s`, `30m`, `1h30m`, `2d`.

    Raises:
        UsageError: it is none, or nothing at all.
    """
    span = _SPAN.fullmatch(text)
    days, hours, minutes, seconds = (int(part or 0) for part in span.groups()) if span else (0, 0, 0, 0)
    if span is None or not text:
        raise UsageError("this is neither a time nor a duration", "write it as 18:00, 30m, 1h30m or 90s")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _next(now: datetime, hour: int, minute: int) -> datetime:
    local = now.astimezone()
    for day in (local.date(), (local + _STEP).date()):
        # Made without a zone: astimezone() then takes the one that holds at that moment.
        moment = datetime(day.year, day.month, day.day, hour, minute).astimezone()
        if moment > now:
            return moment
    return moment


def shown_moment(moment: datetime, now: datetime) -> str:
    """`18:00`, with the date when it is another day's."""
    local, today = moment.astimezone(), now.astimezone()
    return local.strftime("%H:%M" if local.date() == today.date() else "%Y-%m-%d %H:%M")
