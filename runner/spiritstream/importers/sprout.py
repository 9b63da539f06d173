"""Stream Sprout's stream-sprout.yaml: one input, services that are copied to, an archive. Pure."""

from __future__ import annotations

from typing import Any

from spiritstream.importers.destinations import UnsendableError, destination, secret_field
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Platforms
from spiritstream.importers.values import MAX_TARGETS, Group, Imported, Notes, Target, UnreadableError
from spiritstream.importers.yamltext import mapping_of, text_of

_ON = ("true", "1")


def read_sprout(data: Any, name: str, file: str, platforms: Platforms) -> Imported:
    """Stream Sprout's configuration as values.

    Raises:
        UnreadableError: it is damaged.
    """
    services = mapping_of(data, "services")
    if len(services) > MAX_TARGETS:
        raise UnreadableError(f"{file}: it has more than {MAX_TARGETS} services", "check the file")
    left = Notes()
    targets = [_target(service, mapping_of(services, service), platforms, left) for service in services]
    _archive(data, left)
    return Imported(
        name=name,
        kind="Stream Sprout configuration",
        file=file,
        input={"rtmp": _input(data, left)},
        groups=(Group("source", tuple(target for target in targets if target)),),
        left=tuple(left),
        secrets=tuple(left.seen),
    )


def _input(data: Any, left: Notes) -> dict[str, Any]:
    url, key = text_of(data, "server", "url"), text_of(data, "server", "key")
    left.saw(key)
    authority, _, app = url.partition("://")[2].partition("/")
    if not app:
        left.append(
            "input: its URL has no application; it is live now, so publish to …/live with the same key"
        )
    try:
        secret = secret_field(key, "key")
    except UnsendableError as error:
        left.append(f"input: {error}")
        secret = None
    return rtmp_input(authority or "127.0.0.1:1935", app or "live", left, secret)


def _target(name: str, service: dict[str, Any], platforms: Platforms, left: Notes) -> Target | None:
    key = text_of(service, "key")
    left.saw(key)
    try:
        found = destination(text_of(service, "rtmp_server"), key, platforms)
    except UnsendableError as error:
        left.not_sent(f"service {name}", error)
        return None
    left.extend(f"service {name}: {remark}" for remark in found.remarks)
    enabled = text_of(service, "enabled").lower() in _ON
    return Target(name, found.fields, found.place, enabled, found.missing)


def _archive(data: Any, left: Notes) -> None:
    if text_of(data, "server", "archive_stream").lower() in _ON:
        left.append(
            "archive: its folder may hold shell variables; add a target such as "
            '`archive: {record: "/your/folder/stream-%Y%m%d_%H%M%S.mkv"}`'
        )
