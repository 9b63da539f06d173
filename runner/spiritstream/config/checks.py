"""What is wrong with a profile that a schema cannot say. Pure.

Everything here takes a document that may also be wrong in ways the schema says: what is malformed is
passed over, as the schema's findings cover it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from spiritstream.config.address import (
    PULL_SCHEMES,
    TARGET_SCHEMES,
    url_problem,
    url_scheme,
)
from spiritstream.config.choosing import Listing, chosen, server_problem
from spiritstream.config.document import Document
from spiritstream.config.leaves import host_of
from spiritstream.config.listening import rtmp_findings
from spiritstream.config.places import Path
from spiritstream.config.quality import encoding_findings, picture_findings
from spiritstream.config.recognising import held_key, recognised
from spiritstream.config.recording import record_findings
from spiritstream.config.schema import MAX_FINDINGS
from spiritstream.config.sending import sender_findings
from spiritstream.errors import Finding, SpiritError
from spiritstream.model.limits import Limits
from spiritstream.model.profile import KEY_PLACEHOLDER
from spiritstream.model.reconnects import ReconnectBudget

Node = dict[str, object]


class PlatformLike(Listing, Protocol):
    """What is needed of a platform here."""

    @property
    def bounds(self) -> Limits | None:
        """What it takes; `None` if nothing is known."""

    @property
    def reconnects(self) -> ReconnectBudget | None:
        """How often a target may be begun anew; `None` without a limit."""


def _nobody(_: str) -> Sequence[PlatformLike]:
    return ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a profile means beyond its own text: known platforms, and where relative paths start.

    `absolute` is for what is read, `recording` for what is recorded into; `beyond` finds what the profile
    names and may not use; `platforms_at` is from a host to whose addresses may be there.
    """

    find_platform: Callable[[str], PlatformLike]
    absolute: Callable[[str], str]
    recording: Callable[[str], str]
    beyond: Callable[[Document], list[Finding]]
    platforms_at: Callable[[str], Sequence[PlatformLike]] = _nobody

    def destination(self, name: str, server: str | None) -> str | None:
        """What the keys of a platform are bound to, at one of its listed servers; `None` if it has none."""
        try:
            platform = self.find_platform(name)
            return host_of(chosen(platform, server).url) if platform.own else platform.id
        except SpiritError:
            return None


# The fields that mean something beside each kind of destination; enabled, container and sender always do.
_BESIDE = {
    "platform": {"platform", "server", "key", "username", "password", "leave"},
    "rtmp": {"url", "key", "username", "password", "leave"},
    "srt": {"url", "key", "passphrase"},
    "record": {"record"},
}
_PULL_BESIDE = {
    "rtmp": {"key", "username", "password"},
    "rtmps": {"key", "username", "password"},
    "rtsp": {"username", "password", "transport"},
    "rtsps": {"username", "password", "transport"},
    "http": {"username", "password"},
    "https": {"username", "password"},
    "srt": {"key", "passphrase"},
}
_ALL_BESIDE = set().union(*_BESIDE.values(), *_PULL_BESIDE.values())
_FITS = {"rtmp": "flv", "rtmps": "flv", "srt": "mpegts"}


def semantic_findings(document: Document, around: Surroundings) -> list[Finding]:
    """What a schema cannot say: fields that need or exclude each other, addresses, ranges."""
    return list(islice(_every_finding(document, around), MAX_FINDINGS))


def _every_finding(document: Document, around: Surroundings) -> Iterator[Finding]:
    yield from _input_findings(document)
    for path, group in children(document.data, (), "groups"):
        yield from encoding_findings(document, (*path, "video"), group.get("video"))
        yield from encoding_findings(document, (*path, "audio"), group.get("audio"))
        for at, target in children(group, path, "targets"):
            yield from _target_findings(document, at, target, group, around)


def children(node: object, path: Path, key: str) -> Iterator[tuple[Path, Node]]:
    """The mappings in the mapping `node[key]`, each with its path."""
    held = node.get(key) if isinstance(node, dict) else None
    for name, child in held.items() if isinstance(held, dict) else ():
        if isinstance(child, dict):
            yield (*path, key, name), child


def kind_of(target: Node) -> str | None:
    """Which of platform, url, record a target has; `None` unless it is exactly one."""
    kinds = [kind for kind in ("platform", "url", "record") if kind in target]
    return kinds[0] if len(kinds) == 1 else None


def _input_findings(document: Document) -> Iterator[Finding]:
    data = document.data
    source = data.get("input") if isinstance(data, dict) else None
    if not isinstance(source, dict):
        return
    if isinstance(test := source.get("test"), dict):
        yield from picture_findings(document, ("input", "test"), test)
    if isinstance(pull := source.get("pull"), dict):
        yield from _pull_findings(document, ("input", "pull"), pull)
    if isinstance(rtmp := source.get("rtmp"), dict):
        yield from rtmp_findings(document, ("input", "rtmp"), rtmp)
    files = source.get("files")
    base: Path = ("input", "files")
    if isinstance(files, dict):
        files, base = files.get("paths"), (*base, "paths")
    for index, path in enumerate(files if isinstance(files, list) else ()):
        yield from _file_findings(document, (*base, index), path)


def _file_findings(document: Document, path: Path, text: object) -> Iterator[Finding]:
    if isinstance(text, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        yield document.finding(path, "this is a URL, not a file's path", "fetch it with 'pull:' instead")
    elif isinstance(text, str) and text.startswith("~"):
        yield document.finding(path, "'~' is not followed", "write the whole path")


def _pull_findings(document: Document, path: Path, pull: Node) -> Iterator[Finding]:
    url = pull.get("url")
    if not isinstance(url, str) or not url:
        return
    if problem := url_problem(url, PULL_SCHEMES):
        yield document.finding((*path, "url"), *problem)
        return
    allowed = {"url"} | _PULL_BESIDE.get(url_scheme(url), set())
    if KEY_PLACEHOLDER in url:
        allowed |= {"key"}
    hint = f"write {KEY_PLACEHOLDER} in the URL where the key goes, or remove it"
    yield from _misplaced(document, path, pull, allowed, f"with {url_scheme(url)}", hint)
    yield from _companions(document, path, pull, url)


def _misplaced(
    document: Document, path: Path, node: Node, allowed: set[str], where: str, key_hint: str = "remove it"
) -> Iterator[Finding]:
    for key in node:
        if key in _ALL_BESIDE - allowed:
            hint = key_hint if key == "key" else "remove it"
            yield document.finding((*path, key), f"'{key}' has no meaning {where}", hint, at_key=True)


def _companions(document: Document, path: Path, node: Node, url: str) -> Iterator[Finding]:
    """Fields that need another."""
    if "password" in node and "username" not in node:
        yield document.finding((*path, "password"), "a password needs a user", "add 'username:'", at_key=True)
    if KEY_PLACEHOLDER in url and "key" not in node:
        yield document.finding(
            path, f"'key' is missing: the URL has {KEY_PLACEHOLDER}", "add 'key:'", at_key=True
        )


def _target_findings(
    document: Document, path: Path, target: Node, group: Node, around: Surroundings
) -> Iterator[Finding]:
    match kind_of(target):
        case "platform":
            yield from _misplaced(document, path, target, _BESIDE["platform"], "beside 'platform'")
            yield from _platform_findings(document, path, target, around)
            yield from _container_findings(document, path, target, group, "rtmp")
            yield from sender_findings(document, path, target, group, "rtmp")
        case "url":
            yield from _url_findings(document, path, target, group, around)
        case "record":
            yield from _misplaced(document, path, target, _BESIDE["record"], "beside 'record'")
            yield from record_findings(document, path, target, group)
            yield from sender_findings(document, path, target, group, "")


def _platform_findings(
    document: Document, path: Path, target: Node, around: Surroundings
) -> Iterator[Finding]:
    if "key" not in target:
        yield document.finding(path, "'key' is missing", "add 'key:', as the platform gave it", at_key=True)
    if "password" in target and "username" not in target:
        yield document.finding((*path, "password"), "a password needs a user", "add 'username:'", at_key=True)
    name, server = target.get("platform"), target.get("server")
    if not isinstance(name, str) or not name or not isinstance(server, str | None) or server == "":
        return
    try:
        platform = around.find_platform(name)
    except SpiritError as error:
        yield document.finding((*path, "platform"), error.message, error.hint)
        return
    at = (*path, "platform" if server is None else "server")
    if problem := server_problem(platform, server):
        yield document.finding(at, *problem)


def _url_findings(
    document: Document, path: Path, target: Node, group: Node, around: Surroundings
) -> Iterator[Finding]:
    url = target.get("url")
    if not isinstance(url, str) or not url:
        return
    if problem := url_problem(url, TARGET_SCHEMES):
        yield document.finding((*path, "url"), *problem)
        return
    known = recognised(url, around.platforms_at)
    if known and (problem := held_key(url, known, has_key="key" in target)):
        yield document.finding((*path, "url"), *problem)
    scheme = url_scheme(url)
    beside = _BESIDE["srt" if scheme == "srt" else "rtmp"]
    yield from _misplaced(document, path, target, beside, f"with {scheme}")
    yield from _companions(document, path, target, url)
    yield from _container_findings(document, path, target, group, scheme)
    yield from sender_findings(document, path, target, group, scheme)


def _container_findings(
    document: Document, path: Path, target: Node, group: Node, scheme: str
) -> Iterator[Finding]:
    fits = _FITS[scheme]
    own = target.get("container")
    wanted = own if own is not None else group.get("container", "auto")
    if wanted in ("auto", fits) or wanted not in ("flv", "mpegts", "mkv", "mp4"):
        return
    message = f"{scheme} carries {fits}, not {wanted}"
    if own is not None:
        yield document.finding((*path, "container"), message, f"write {fits}, or remove the line")
    else:
        hint = f"add 'container: {fits}' here, or remove the group's"
        yield document.finding(path, f"{message}, which is the group's container", hint, at_key=True)
