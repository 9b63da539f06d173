"""`spiritstream status` for people: what rich draws of an overview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spiritstream.cli.overview import Overview, Reason, Show, Uplink, amiss, reasons
from spiritstream.cli.place import shown_path
from spiritstream.cli.rows import clean, columns, duration, rows, title
from spiritstream.cli.table import unit_table
from spiritstream.cli.until import shown_moment
from spiritstream.model.lifecycle import Order
from spiritstream.model.status import Status, UnitStatus
from spiritstream.model.uplink import in_mbit

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

NOTHING = "Nothing is on air."
# Of a thousand profiles that are off, so many names are shown.
_MOST_NAMES = 12
_REVISION = 12


def picture(overview: Overview, width: int) -> Group:
    """Everything about every profile, for a terminal of that width."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(line) for line in _controller_lines(overview)]
    shown = [show for show in overview.shows if show.on_air or reasons(show)]
    for show in shown:
        parts += [*([Text("")] if parts else []), *_show(show, overview.at, width)]
    if not any(show.on_air for show in overview.shows):
        parts.append(Text(NOTHING))
    parts += [Text(line, "dim") for line in _off(overview.shows, shown)]
    return Group(*parts)


def _controller_lines(overview: Overview) -> Iterator[str]:
    found = overview.controller
    if found:
        yield clean(f"controller: pid {found.pid}, reads {found.source}")
        if found.problem:
            yield clean(f"  the source: {found.problem}")
        yield from (clean(f"  not valid: {text}") for text in found.unnamed)
        if found.uplink:
            yield clean(f"  uplink: {uplink_words(found.uplink)}")


def uplink_words(uplink: Uplink) -> str:
    """`14M of 20M are declared; 2 targets pass on what arrives, which is not counted`."""
    said = f"{in_mbit(uplink.declared_bps)} of {in_mbit(uplink.bps)} are declared"
    count = len(uplink.undeclared)
    if not count:
        return said
    return (
        f"{said}; {count} target{'s pass' if count > 1 else ' passes'} on what arrives, which is not counted"
    )


def _show(show: Show, now: float, width: int) -> list[RenderableType]:
    from rich.text import Text

    head = title(show.runner, now) if show.runner else show.name
    parts: list[RenderableType] = [Text(head, "bold")]
    parts += [Text(f"  {line}", "dim") for line in facts(show, now)]
    if show.runner is not None and show.runner.units:
        lines = rows(show.runner, now)
        parts += [Text(f"  {row.name.strip()}: {row.about}") for row in lines if row.about]
        parts.append(unit_table(lines, columns(lines, width)))
    parts += [Text(line, "yellow") for line in remarks(show, now)]
    parts += [Text(line, "dim") for line in warning_lines(show)]
    return parts


def warning_lines(show: Show) -> Iterator[str]:
    """What its platforms may object to, each on a line; what to do about it is `validate`'s to say."""
    yield from (clean(f"warning: {text.splitlines()[0]}") for text in show.warnings if text)


def facts(show: Show, now: float) -> Iterator[str]:
    """Which file and revision it comes from, and what is ordered by hand."""
    if show.file:
        wanted, applied = show.revision_wanted[:_REVISION], show.revision_applied[:_REVISION]
        revision = applied if wanted == applied else f"wanted {wanted or 'none'}, applied {applied or 'none'}"
        yield clean(f"{show.file}{f', revision {revision}' if revision else ''}")
    for one in show.overrides:
        ends = "until somebody takes it back"
        if one.until is not None:
            ends = f"until {shown_moment(_moment(one.until), _moment(now))}"
        back = "stop" if one.order is Order.LIVE else "start"
        path = one.path or show.name
        yield clean(f"drift: {path} is {one.order} by hand, {ends} (`spiritstream {back} {path}`)")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def remarks(show: Show, now: float) -> Iterator[str]:
    """What is not as ordered, each with since when, the cause, the advice, and when it is tried next."""
    if show.runner is not None:
        yield from (_unit_line(show.name, unit, now) for unit in amiss(show.runner))
        yield from _warnings(show.name, show.runner)
    units = {unit.path for unit in show.runner.units} if show.runner else set()
    by_hand = {one.path for one in show.overrides}
    for reason in reasons(show):
        if (reason.path not in units and reason.path not in by_hand) or not reason.path:
            yield reason_line(show.name, reason)


def _warnings(name: str, runner: Status) -> Iterator[str]:
    """What platforms may object to in what they get."""
    for unit in runner.units:
        yield from (clean(f"{shown_path(name, unit.path)}: {text}") for text in unit.warnings)


def _unit_line(name: str, unit: UnitStatus, now: float) -> str:
    parts = [f"{shown_path(name, unit.path)}: {unit.state} for {duration(now - unit.since)}"]
    if unit.order is Order.STOPPED:
        parts.append("ordered: stopped")
    if unit.cause:
        advice = f" ({unit.cause.advice.removesuffix('.')})" if unit.cause.advice else ""
        parts.append(f"{unit.cause.message.removesuffix('.')}{advice}")
    if unit.next_retry is not None:
        parts.append(f"again in {max(0.0, unit.next_retry - now):.0f} s")
    return clean("; ".join(parts))


def reason_line(name: str, reason: Reason) -> str:
    """`show/source/youtube: waiting: the platform refused (look whether it is up)`."""
    advice = f" ({reason.advice.removesuffix('.')})" if reason.advice else ""
    return clean(f"{shown_path(name, reason.path)}: {reason.message.removesuffix('.')}{advice}")


def _off(shows: Sequence[Show], shown: Sequence[Show]) -> Iterator[str]:
    names = [show.name for show in shows if show not in shown]
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield clean(f"off, as ordered: {', '.join(names[:_MOST_NAMES])}{more}")
