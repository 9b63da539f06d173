"""What there is on this machine: every profile with its order and what its runner says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spiritstream.errors import PeerError
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Status, UnitStatus
from spiritstream.wire import from_data, to_data

JSON_VERSION = 1


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody ordered by hand, against the file; `until` is in Unix seconds, `None` for ever."""

    path: str
    order: Order
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that is not as ordered. `path` is a unit's, or empty for the whole profile."""

    path: str
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Show:
    """One profile. Without a controller there is only what its runner says."""

    name: str
    file: str = ""
    position: int = 0
    order: Order = Order.LIVE
    revision_wanted: str = ""
    revision_applied: str = ""
    valid: bool = True
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What its platforms may object to; it is as ordered all the same."""
    held: str = ""
    overrides: tuple[Override, ...] = ()
    drift: tuple[str, ...] = ()
    runner: Status | None = None
    problem: str = ""
    """Why its runner could not be asked."""

    @property
    def on_air(self) -> bool:
        """Whether anything of it runs."""
        return self.runner is not None and bool(self.runner.units)


@dataclass(frozen=True, slots=True)
class Uplink:
    """What there is, what the profiles declare, and the targets that pass on what nobody declares."""

    bps: int
    declared_bps: int
    undeclared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller, as it introduces itself. `folder` is the one that it reads, `None` for git."""

    source: str
    kind: str
    pid: int
    version: str
    folder: str | None = None
    problem: str = ""
    unnamed: tuple[str, ...] = ()
    """What is wrong with files that do not even say which profile they are."""
    uplink: Uplink | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything, at one moment in Unix seconds."""

    at: float
    controller: Controller | None = None
    shows: tuple[Show, ...] = ()

    def of(self, name: str) -> Show | None:
        """The profile called so."""
        return next((show for show in self.shows if show.name == name), None)


def is_as_ordered(overview: Overview) -> bool:
    """Whether nothing at all needs somebody's eyes."""
    found = overview.controller
    return not any(map(reasons, overview.shows)) and not (found and (found.problem or found.unnamed))


def reasons(show: Show) -> list[Reason]:
    """Everything that is not as the profile's file orders it; empty when all is well."""
    found = [Reason("", f"its file is not valid: {text}") for text in show.findings]
    if not show.valid and not show.findings:
        found.append(Reason("", "its file is not valid", "`spiritstream validate` says why"))
    if show.held:
        found.append(Reason("", show.held))
    if show.problem:
        found.append(Reason("", show.problem))
    found += [Reason(one.path, f"{one.order} by hand") for one in show.overrides]
    if not show.overrides:
        found += [Reason("", text) for text in show.drift]
    if show.valid and show.revision_wanted != show.revision_applied:
        found.append(Reason("", "its file was changed, and that is not applied yet"))
    if show.runner is not None:
        found += [Reason("", text) for text in show.runner.error.splitlines()[:1]]
        found += (_of_unit(unit) for unit in amiss(show.runner))
    elif show.order is Order.LIVE and show.valid and not (show.held or show.problem or show.overrides):
        found.append(Reason("", "its runner does not run"))
    return found


def amiss(status: Status) -> Iterator[UnitStatus]:
    """The units whose state is not what is ordered."""
    as_ordered = {Order.LIVE: State.LIVE, Order.STOPPED: State.IDLE}
    return (unit for unit in status.units if unit.state is not as_ordered[unit.order])


def _of_unit(unit: UnitStatus) -> Reason:
    cause = unit.cause
    return Reason(unit.path, f"{unit.state}: {cause.message}" if cause else unit.state, _advice(unit))


def _advice(unit: UnitStatus) -> str:
    return unit.cause.advice if unit.cause else ""


def read_overview(hello: Mapping[str, Any], data: Mapping[str, Any], at: float) -> Overview:
    """What a controller's hello and its `status` say.

    Raises:
        PeerError: it is of another version.
    """
    try:
        folder = data.get("folder")
        controller = Controller(
            source=str(data.get("source") or hello.get("source") or ""),
            kind=str(data.get("kind") or ("folder" if folder else "")),
            pid=int(hello["pid"]),
            version=str(hello["version"]),
            folder=None if folder is None else str(folder),
            problem=str(data.get("problem") or ""),
            unnamed=tuple(str(text) for one in data.get("unnamed") or () for text in one["findings"]),
            uplink=from_data(Uplink, data["uplink"]) if data.get("uplink") else None,
        )
        return Overview(at, controller, tuple(_show(one) for one in data["profiles"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PeerError(
            "the controller sent no status that this version knows", "update both to the same version"
        ) from None


def _show(data: Mapping[str, Any]) -> Show:
    runner = data.get("runner")
    return Show(
        name=str(data["name"]),
        file=str(data.get("file") or ""),
        position=int(data.get("position") or 0),
        order=Order(data.get("order") or Order.LIVE),
        revision_wanted=str(data.get("revision_wanted") or ""),
        revision_applied=str(data.get("revision_applied") or ""),
        valid=bool(data.get("valid", True)),
        findings=_texts(data.get("findings")),
        warnings=_texts(data.get("warnings")),
        held=str(data.get("held") or ""),
        overrides=tuple(_override(one) for one in data.get("overrides") or ()),
        drift=_texts(data.get("drift")),
        runner=None if runner is None else from_data(Status, runner),
        problem=str(data.get("problem") or ""),
    )


def _override(data: Mapping[str, Any]) -> Override:
    until = data.get("until")
    return Override(str(data["path"]), Order(data["order"]), None if until is None else float(until))


def _texts(data: Any) -> tuple[str, ...]:
    if isinstance(data, str):
        return (data,) if data else ()
    return tuple(str(one) for one in data or ())


def as_data(overview: Overview) -> dict[str, Any]:
    """What `status --output json` prints; its shape is `version`'s."""
    return {
        "version": JSON_VERSION,
        "time": overview.at,
        "controller": to_data(overview.controller),
        "as_ordered": is_as_ordered(overview),
        "profiles": [{**to_data(show), "reasons": _reasons_data(show)} for show in overview.shows],
    }


def _reasons_data(show: Show) -> list[dict[str, str]]:
    return [to_data(reason) for reason in reasons(show)]


def with_runners(overview: Overview, asked: Iterable[Show]) -> Overview:
    """The overview with what was asked of runners themselves, each beside what the controller says of it."""
    by_name = {show.name: show for show in overview.shows}
    for show in asked:
        known = by_name.get(show.name, show)
        by_name[show.name] = replace(known, runner=show.runner, problem=known.problem or show.problem)
    shows = tuple(sorted(by_name.values(), key=lambda show: (show.position, show.name)))
    return Overview(overview.at, overview.controller, shows)


def named(overview: Overview, name: str) -> Overview:
    """Only the profile called `name`."""
    return Overview(overview.at, overview.controller, tuple(_only(overview.shows, name)))


def _only(shows: Iterable[Show], name: str) -> Iterator[Show]:
    return (show for show in shows if show.name == name)
