"""A target that is a file: its ending, its container, and the placeholders that a segment needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spiritstream.config.document import Document
from spiritstream.config.places import Path
from spiritstream.config.values import parse_duration
from spiritstream.errors import Finding

CONTAINER_OF = {".flv": "flv", ".mkv": "mkv", ".mp4": "mp4", ".ts": "mpegts"}
_DIRECTIVES = "aAbBdFGHIjmMpRsSTuVwyYzZ%"
_MINUTES = set("MRTs")
_SECONDS = set("STs")
_SEGMENT_S = (5, 7 * 24 * 3600)
_TEMPLATE = "add %Y-%m-%d_%H-%M-%S to the file's name"


def record_findings(
    document: Document, path: Path, target: dict[str, object], group: dict[str, object]
) -> Iterator[Finding]:
    """What is wrong with a target's `record`."""
    record, at = target.get("record"), (*path, "record")
    segment = None
    if isinstance(record, dict):
        segment = record.get("segment")
        record, at = record.get("path"), (*at, "path")
    if not isinstance(record, str) or not record:
        return
    if problem := _path_problem(record):
        yield document.finding(at, *problem)
    yield from _container(document, path, at, record, target, group)
    if segment is not None:
        yield from _segment(document, (*at[:-1], "segment"), at, segment, record)


def container_of(record: str) -> str | None:
    """The container that a file's ending means."""
    _, dot, ending = record.rpartition("/")[2].rpartition(".")
    return CONTAINER_OF.get(dot + ending.lower())


def _path_problem(record: str) -> tuple[str, str] | None:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", record):
        return "this is a URL, not a file's path", "send to it with 'url:' instead"
    if record.startswith("~"):
        return "'~' is not followed", "write the whole path"
    # `%%` is taken as one, so that what follows it is no directive.
    if re.search(rf"%(?:[^{_DIRECTIVES}]|$)", re.sub("%%", "", record), re.DOTALL):
        return "a time placeholder that is not known", "known are %Y %m %d %H %M %S and %%"
    return None


def _container(
    document: Document,
    path: Path,
    at: Path,
    record: str,
    target: dict[str, object],
    group: dict[str, object],
) -> Iterator[Finding]:
    own = target.get("container")
    wanted = own if own is not None else group.get("container", "auto")
    fits = container_of(record)
    if fits is None and wanted == "auto":
        known = ", ".join(CONTAINER_OF)
        yield document.finding(
            at,
            "the container does not follow from the file's ending",
            f"end it in one of {known}, or add 'container:' to the target",
        )
    if fits is None or wanted in ("auto", fits) or wanted not in CONTAINER_OF.values():
        return
    message = f"the file's ending means {fits}, not {wanted}"
    if own is not None:
        yield document.finding((*path, "container"), message, f"write {fits}, or change the ending")
    else:
        hint = f"add 'container: {fits}' here, or remove the group's"
        yield document.finding(path, f"{message}, which is the group's container", hint, at_key=True)


def _segment(document: Document, at: Path, path_at: Path, segment: object, record: str) -> Iterator[Finding]:
    try:
        seconds = parse_duration(segment)
    except ValueError:
        yield document.finding(at, "expected a duration such as 1h or 90m")
        return
    if not _SEGMENT_S[0] <= seconds <= _SEGMENT_S[1]:
        yield document.finding(at, "must be from 5s to 168h")
    used = set(re.findall(r"%([A-Za-z%])", record))
    # Two segments of the same name: the second would overwrite the first.
    if not used & _MINUTES:
        yield document.finding(path_at, "segments need a time down to the minute in the path", _TEMPLATE)
    elif seconds < 60 and not used & _SECONDS:
        yield document.finding(path_at, "segments under a minute need the second in the path", _TEMPLATE)
