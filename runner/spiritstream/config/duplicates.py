"""Targets of one profile that lead to the same place: twice the same, or primary and backup. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spiritstream.config.address import same_place, url_host, url_parts
from spiritstream.config.checks import PlatformLike, Surroundings, children, kind_of
from spiritstream.config.choosing import Chosen, chosen, is_backup
from spiritstream.config.document import Document
from spiritstream.config.places import Path, dotted
from spiritstream.config.recognising import recognised
from spiritstream.errors import Finding, SpiritError
from spiritstream.secret import Secret

Secrets = Mapping[Path, Secret]


@dataclass(frozen=True, slots=True, repr=False)
class _Lead:
    """Where a target of a platform leads, be it written as its `url`; `urls` are all that it may choose."""

    path: Path
    platform: PlatformLike
    urls: tuple[str, ...]
    backup: bool
    key: object

    def hosts(self) -> set[str]:
        """The hosts that it may be sent to."""
        return {host for url in self.urls if (host := url_host(url))}


def duplicate_findings(document: Document, around: Surroundings, secrets: Secrets) -> list[Finding]:
    """Enabled targets that lead to the same place with the same key, or record into the same file.

    A backup that leads to the host of its primary is found, too, whatever its key. Keys that are not opened
    (`secrets` lacks them) are equal when they are written alike.
    """
    seen: dict[object, Path] = {}
    found: list[Finding] = []
    leads: list[_Lead] = []
    for path, target in _enabled_targets(document.data):
        places, lead = _places(path, target, around, secrets)
        leads += [lead] if lead else []
        first = next((seen[place] for place in places if place in seen), None)
        if first is not None:
            message = f"leads to the same place as {dotted(first)}"
            hint = "remove one of the two, or disable it with 'enabled: false'"
            found.append(document.finding(path, message, hint, at_key=True))
        for place in places:
            seen.setdefault(place, path)
    taken = {(finding.line, finding.column) for finding in found}
    found += (one for one in _backups(document, leads) if (one.line, one.column) not in taken)
    return found


def _enabled_targets(data: object) -> Iterator[tuple[Path, dict[str, object]]]:
    for path, group in children(data, (), "groups"):
        if group.get("enabled", True) is True:
            for at, target in children(group, path, "targets"):
                if target.get("enabled", True) is True:
                    yield at, target


def _places(
    path: Path, target: dict[str, Any], around: Surroundings, secrets: Secrets
) -> tuple[list[object], _Lead | None]:
    """What no other target must share; and where it leads, if that is a platform's."""
    try:
        if kind_of(target) == "record":
            record = target["record"]
            file = around.recording(record if isinstance(record, str) else record["path"])
            return [("record", file)], None
        key = secrets.get((*path, "key")) or json.dumps(target.get("key"), sort_keys=True)
        if kind_of(target) == "platform":
            lead = _of_platform(path, target, around, key)
        elif kind_of(target) == "url":
            if (lead_or_url := _of_url(path, target["url"], around, key)) is None:
                return [("address", same_place(target["url"]), key)], None
            lead = lead_or_url
        else:
            return [], None
        return [*_addresses(lead), *_broadcasts(lead)], lead
    # A target that is otherwise wrong has findings of its own.
    except (SpiritError, KeyError, TypeError, AttributeError, ValueError):
        return [], None


def _of_platform(path: Path, target: dict[str, Any], around: Surroundings, key: object) -> _Lead:
    platform = around.find_platform(target["platform"])
    got = chosen(platform, target.get("server"))
    return _Lead(path, platform, _urls(got), got.backup, key)


def _of_url(path: Path, url: str, around: Surroundings, key: object) -> _Lead | None:
    known = recognised(url, around.platforms_at)
    if known is None or known.platform is None:
        return None
    return _Lead(path, known.platform, (known.url,), is_backup(known.platform, known.url), key)


def _urls(got: Chosen) -> tuple[str, ...]:
    """Every address that it may be: nobody knows before it connects which one `auto` takes."""
    candidates = got.choice.candidates if got.choice else ()
    return (got.url, *(one.url for one in candidates))


def _addresses(lead: _Lead) -> Iterator[object]:
    for url in lead.urls:
        yield "address", same_place(url), lead.key


def _broadcasts(lead: _Lead) -> Iterator[object]:
    """A platform's server is one place, whether it is reached by rtmp or rtmps, by this port or that."""
    if lead.backup or not lead.platform.servers:
        return
    for url in lead.urls:
        if parts := url_parts(url):
            yield "broadcast", lead.platform.id, parts.host, parts.rest.rstrip("/"), lead.key


def _backups(document: Document, leads: list[_Lead]) -> Iterator[Finding]:
    for backup in (lead for lead in leads if lead.backup):
        # Where the platform itself lists both on one host, that is how it is.
        hosts = backup.hosts() - _listed_primary(backup.platform)
        for other in leads:
            same = other.platform.id == backup.platform.id and not other.backup
            if same and other.hosts() & hosts:
                yield document.finding(backup.path, *_on_one_host(backup, other), at_key=True)
                break


def _listed_primary(platform: PlatformLike) -> set[str]:
    return {host for one in platform.servers if not one.backup and (host := url_host(one.url))}


def _on_one_host(backup: _Lead, primary: _Lead) -> tuple[str, str]:
    where = dotted(primary.path)
    message = f"this is the backup of {where}, and both lead to one host: what hits it hits both"
    platform = backup.platform
    return message, f"in {where} write platform: {platform.id}, without a server: that is on another host"
