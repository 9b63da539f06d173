"""Every secret of a profile, where it stands, and the destination that it is bound to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spiritstream.config.address import url_host
from spiritstream.config.destination import host_destination
from spiritstream.config.document import Document
from spiritstream.config.places import Mark, Path, dotted

SECRET_FIELDS = ("key", "password", "passphrase")
"""The fields that the schema marks `x-secret` (a test compares the two)."""
INGEST = "input"
"""The destination of what publishers have to know: it goes nowhere, and is compared here."""
_PUBLISHED: Path = ("input", "rtmp")


@dataclass(frozen=True, slots=True, repr=False)
class SecretLeaf:
    """One secret field as it stands in the file: `value` may be clear text, so it is kept out of repr.

    `destination` is `None` when the profile does not say where the secret goes (no or a bad URL).
    """

    path: str
    field: str
    destination: str | None
    value: object
    line: int
    column: int
    start: int
    end: int
    at: Path

    def __repr__(self) -> str:
        return f"SecretLeaf({self.path}, {self.destination}, line {self.line})"


PlatformDestination = Callable[[str, str | None], str | None]
"""From a platform's name and the name of its server to what its keys are bound to."""


def secret_leaves(document: Document, of_platform: PlatformDestination) -> list[SecretLeaf]:
    """The secrets in a document, in the order of the text."""
    found = [
        _leaf(document, (*path, field), field, _destination(path, place, of_platform))
        for path, place in _places(document.data)
        for field in SECRET_FIELDS
        if place.get(field) is not None
    ]
    return sorted(found, key=lambda leaf: leaf.start)


def _destination(path: Path, place: dict[str, object], of_platform: PlatformDestination) -> str | None:
    return INGEST if path == _PUBLISHED else destination_of(place, of_platform)


def destination_of(place: dict[str, object], of_platform: PlatformDestination) -> str | None:
    """What a pull's or a target's secrets are bound to: the platform's id or the URL's host.

    A platform's server given as a URL counts as that URL, so that nobody who can edit the profile can
    send a platform's key to a host of their own.
    """
    server, platform, url = place.get("server"), place.get("platform"), place.get("url")
    if isinstance(server, str) and "://" in server:
        return host_of(server)
    if isinstance(platform, str) and url is None:
        return of_platform(platform, server if isinstance(server, str) else None)
    if isinstance(url, str) and platform is None:
        return host_of(url)
    return None


def host_of(url: str) -> str | None:
    """The destination for what goes to a URL; `None` if its host can be none."""
    host = url_host(url)
    return host_destination(host) if host else None


def _places(data: object) -> Iterator[tuple[Path, dict[str, object]]]:
    """The mappings that can hold secrets: the input, if it is pulled or published to us, and the targets."""
    for kind in ("pull", "rtmp"):
        if isinstance(place := _at(data, "input", kind), dict):
            yield ("input", kind), place
    groups = _at(data, "groups")
    for group in groups if isinstance(groups, dict) else ():
        targets = _at(groups, group, "targets")
        for name, target in targets.items() if isinstance(targets, dict) else ():
            if isinstance(target, dict):
                yield ("groups", group, "targets", name), target


def _at(data: object, *keys: str) -> object:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _leaf(document: Document, path: Path, field: str, destination: str | None) -> SecretLeaf:
    value: object = document.data
    for part in path:
        value = value[part]  # type: ignore[index]
    mark: Mark = document.marks[path]
    return SecretLeaf(
        dotted(path), field, destination, value, mark.line, mark.column, mark.start, mark.end, path
    )
