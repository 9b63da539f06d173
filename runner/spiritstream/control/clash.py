"""What two shows cannot both have: a destination with its key, a file, an ingest address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from spiritstream.model.profile import KEY_PLACEHOLDER, Address, Profile, RtmpInput, Target

Claim = tuple[object, ...]
"""Compared only; it holds secrets, whose `repr` is a mask."""

_PORTS = {"rtmp": 1935, "rtmps": 443}


def claims(profile: Profile) -> frozenset[Claim]:
    """What a profile has for itself while it is on air."""
    return frozenset(_claims(profile))


def _claims(profile: Profile) -> Iterator[Claim]:
    listens = False
    for _, target in profile.on_air():
        listens = True
        yield from _places(target)
    if listens and isinstance(profile.input, RtmpInput):
        yield "input", profile.input.host, profile.input.port, profile.input.app, profile.input.key


def _places(target: Target) -> Iterator[Claim]:
    if target.record is not None:
        yield "file", target.record.path
        return
    assert target.address is not None
    # Nobody knows before it connects which of them it is to be.
    candidates = target.server.candidates if target.server else ()
    for url in dict.fromkeys((target.address.url, *(one.url for one in candidates))):
        yield "address", *_destination(replace(target.address, url=url))


def _destination(address: Address) -> Claim:
    parts = urlsplit(address.url)
    try:
        port = parts.port or _PORTS.get(address.scheme)
    except ValueError:
        port = None
    host = (parts.hostname or "").lower().removesuffix(".")
    path = parts.path.removesuffix(f"/{KEY_PLACEHOLDER}").rstrip("/")
    where = (address.scheme, host, port, path, parts.query)
    return *where, address.key


def words_for(shared: Iterable[Claim]) -> str:
    """What is shared, for a person; no value in it."""
    names = {"address": "a destination and its key", "file": "a recording's file", "input": "an input's key"}
    return ", ".join(sorted({names[str(claim[0])] for claim in shared}))


def owners(profiles: Mapping[str, Profile]) -> dict[Claim, str]:
    """Who has what, of those that are on air; the first by name where two have the same."""
    found: dict[Claim, str] = {}
    for name in sorted(profiles):
        for claim in claims(profiles[name]):
            found.setdefault(claim, name)
    return found
