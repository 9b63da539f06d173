"""Platforms as text and as JSON: a list of them, and one with all its facts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from spiritstream.config.choosing import chosen, words_of
from spiritstream.config.platforms import Platform
from spiritstream.config.registry import Entry
from spiritstream.errors import SpiritError

_MARKS = {
    "removed": "removed from a source's list",
    "unresponsive": "was found silent",
    "unconfirmed_address": "address not confirmed",
    "wrong_address": "no address of its own",
}
_LIMITS = {
    "keyframe_interval_s": ("a keyframe every", "s"),
    "max_video_kbps": ("video at most", "kbit/s"),
    "max_audio_kbps": ("audio at most", "kbit/s"),
    "max_fps": ("frames per second at most", ""),
    "resolutions": ("sizes", ""),
    "b_frames": ("B-frames", ""),
    "h264_profile": ("H.264 profile", ""),
    "x264_options": ("x264 options", ""),
    "video_codecs": ("video codecs", ""),
    "audio_codecs": ("audio codecs", ""),
}


def marks(entry: Entry) -> list[str]:
    """What is to be known of a platform before it is used, in a few words each."""
    found = [_origin(entry)] if entry.platform.own else []
    found += ["popular"] if entry.platform.common else []
    found += [_MARKS[doubt["kind"]] for doubt in entry.facts.get("doubts", ())]
    if instead := entry.platform.use_instead:
        found.append(f"write {instead} instead")
    return found


def _origin(entry: Entry) -> str:
    return f"beside the profiles: {entry.path}" if entry.beside else "your own"


def matches(entry: Entry, text: str) -> bool:
    """Whether a platform's id, names or servers contain `text`, whatever its case."""
    wanted = text.strip().casefold()
    platform = entry.platform
    servers = (word for server in platform.servers for word in (server.name, server.url))
    return any(
        wanted in word.casefold() for word in (platform.id, platform.name, *platform.aliases, *servers)
    )


def table(entries: Sequence[Entry]) -> Iterator[str]:
    """One line for each platform: id, name, protocols, marks."""
    rows = [
        (e.platform.id, e.platform.name, ", ".join(e.platform.protocols), "; ".join(marks(e)))
        for e in entries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        yield "  ".join((*cells, row[3])).rstrip()


def summary(entry: Entry) -> dict[str, Any]:
    """A platform in a list, for programs."""
    platform = entry.platform
    return {
        "id": platform.id,
        "name": platform.name,
        "aliases": list(platform.aliases),
        "protocols": list(platform.protocols),
        "servers": len(platform.servers),
        "doubts": [doubt["kind"] for doubt in entry.facts.get("doubts", ())],
        "common": platform.common,
        "own": platform.own,
    }


def details(entry: Entry) -> dict[str, Any]:
    """A platform with everything that its file says, for programs."""
    return {"id": entry.platform.id, "own": entry.platform.own, "file": str(entry.path), **entry.facts}


def description(entry: Entry) -> Iterator[str]:
    """A platform with all its facts, for a person."""
    platform, facts = entry.platform, entry.facts
    yield f"{platform.name}: platform: {platform.id}"
    if platform.own:
        whose = _origin(entry) if entry.beside else f"your own: {entry.path}"
        yield f"  {whose}; its keys are sealed for the host of the server"
    for doubt in facts.get("doubts", ()):
        yield f"  warning: {doubt['reason']} (as of {doubt['as_of']})"
    if platform.use_instead:
        yield f"  write instead: platform: {platform.use_instead}"
    if platform.aliases:
        yield f"  also called: {'; '.join(platform.aliases)}"
    yield f"  protocols: {', '.join(platform.protocols)}"
    if platform.stream_key_url:
        yield f"  your stream key: {platform.stream_key_url}"
    if "more_info_url" in facts:
        yield f"  the platform's help: {facts['more_info_url']}"
    yield from _servers(entry)
    yield from _limits(facts.get("limits", {}))
    if "reconnect" in facts:
        yield from _reconnect(facts["reconnect"])
    yield from _listed("notes", facts.get("notes", ()))
    yield from _listed("from", (f"{one['source']}, as of {one['as_of']}" for one in facts["sources"]))


def _servers(entry: Entry) -> Iterator[str]:
    platform = entry.platform
    if platform.server_from_dashboard:
        yield "  the platform shows you your own server: write it as server: rtmps://HOST/APP"
    words = words_of(platform)
    if not platform.servers:
        looked_up = "  no server is listed: it is looked up with the key when a target connects"
        yield looked_up if platform.lookup else "  no server is listed: write it as server: rtmps://HOST/APP"
        return
    usual = _usual(platform)
    width = max(len(server.name) for server in platform.servers)
    yield f"  servers ({len(platform.servers)}), chosen by server: NAME"
    for server in platform.servers:
        said = [word for word, so in (("default", server.url == usual), ("backup", server.backup)) if so]
        yield f"    {server.name:{width}}  {server.url}" + (f"  ({', '.join(said)})" if said else "")
    yield from (f"  server: {word} takes {told}" for word, told in words.items())


def _usual(platform: Platform) -> str:
    """The address that is taken when none is named; empty when none is."""
    try:
        return chosen(platform).url
    except SpiritError:
        return ""


def _limits(limits: Mapping[str, Any]) -> Iterator[str]:
    if not limits:
        return
    yield "  what it takes:"
    for name, value in limits.items():
        if name == "bitrates":
            for row in value:
                yield f"    at {row['resolution']} and up to {row['fps']} fps: {row['max_kbps']} kbit/s"
            continue
        if name == "session":
            yield f"    a broadcast of at most {value['hours']} hours ({_source(value)})"
            continue
        words, unit = _LIMITS[name]
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield f"    {words}: {text} {unit}".rstrip()


def _reconnect(budget: Mapping[str, Any]) -> Iterator[str]:
    most, minutes = budget["most"], budget["within_minutes"]
    yield f"  at most {most} broadcasts begin within {minutes} minutes; a target that lost more waits"
    yield f"    {budget['reason'].rstrip('.')} ({_source(budget)})"


def _source(fact: Mapping[str, Any]) -> str:
    return f"{fact['source']}, {fact['as_of']}"


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield f"  {title}:"
        yield from (f"    {line}" for line in listed)
