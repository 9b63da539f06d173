"""The platforms that are known here: the shipped ones, and this user's own.

An own platform is a file in `platforms/` of the config folder, in the form of the shipped ones. It adds a
platform, or takes the place of the shipped one of its id; a shipped id is found before another's name.

Two rules keep keys where they belong:

- The keys of an own platform are sealed for the host that they are sent to, never for its id. A key that
  was sealed for the shipped `twitch` does not open where an own `twitch.yaml` sends it elsewhere.
- No folder of a repository is looked into. A `platforms/twitch.yaml` that somebody adds beside the profiles
  could not have old keys, by the first rule; but `platform: twitch` would still read as Twitch to the
  person who seals the next key. The config folder is its owner's, who may make it a link to any folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spiritstream.config.address import SERVER_SCHEMES, url_problem
from spiritstream.config.data import data_folder
from spiritstream.config.document import Document, read_document
from spiritstream.config.folders import config_folder
from spiritstream.config.platforms import (
    Platform,
    UnknownPlatformError,
    UnknownServerError,
    find_platform,
    parse_platform,
    platform_ids,
    read_facts,
)
from spiritstream.config.reading import read_bounded, unreadable
from spiritstream.config.schema import profile_validator, schema_findings
from spiritstream.errors import ExitCode, Finding, SpiritError

if TYPE_CHECKING:
    from spiritstream.config.rules import Validator

FOLDER = "platforms"
_LONGEST_COMPARED = 100


class OwnPlatformError(SpiritError):
    """The file of an own platform is not valid; its text says the first thing that is wrong."""

    exit_code = ExitCode.INVALID

    def __init__(self, findings: Sequence[Finding]) -> None:
        first, *more = findings
        where = f"{first.file}:{first.line}:{first.column}: " + (f"{first.path}: " if first.path else "")
        others = f" (and {len(more)} more: spiritstream platforms)" if more else ""
        super().__init__(f"its own file is not valid: {where}{first.message}{others}", first.hint)
        self.findings = list(findings)


@dataclass(frozen=True, slots=True)
class Entry:
    """A platform, everything that its file says, and that file."""

    platform: Platform
    facts: Mapping[str, Any]
    path: Path


def own_folder() -> Path:
    """Where own platforms are, whether or not there is such a folder."""
    return config_folder() / FOLDER


def finder() -> Callable[[str], Platform]:
    """`known_platform`, for whoever looks for several: the own folder is listed once."""
    own = own_ids()
    return partial(_known, own) if own else find_platform


def known_platform(name: str) -> Platform:
    """The platform of this id, name or alias, whatever its case; own ones win.

    An id opens one file; only another name makes all of them be read.

    Raises:
        UnknownPlatformError: there is none; the error names the nearest.
        OwnPlatformError: its own file is not valid.
    """
    return finder()(name)


def _known(own: tuple[str, ...], name: str) -> Platform:
    wanted = name.strip().casefold()
    if wanted in own:
        return _own(wanted).platform
    if wanted not in platform_ids():
        for id in own:
            platform = _own(id).platform
            if wanted in (label.casefold() for label in (platform.name, *platform.aliases)):
                return platform
    return _shipped(wanted, own)


def _shipped(wanted: str, own: tuple[str, ...]) -> Platform:
    try:
        found = find_platform(wanted)
    except UnknownPlatformError as error:
        near = get_close_matches(wanted[:_LONGEST_COMPARED], own, n=1)
        if not near:
            raise
        hint = f"did you mean {near[0]}? {error.hint.partition('? ')[2] or error.hint}"
        raise UnknownPlatformError(error.message, hint, near[0]) from None
    return _own(found.id).platform if found.id in own else found


def own_ids() -> tuple[str, ...]:
    """The ids of own platforms, from the file names alone."""
    folder = own_folder()
    return platform_ids(folder) if folder.is_dir() else ()


def known_ids() -> tuple[str, ...]:
    """Every platform's id, sorted, from the file names alone."""
    return tuple(sorted({*platform_ids(), *own_ids()}))


def entry(name: str) -> Entry:
    """As `known_platform`, with everything that its file says."""
    platform = known_platform(name)
    if platform.own:
        return _own(platform.id)
    folder = data_folder("platforms")
    return Entry(platform, read_facts(folder, platform.id), folder / f"{platform.id}.yaml")


def own_findings() -> list[Finding]:
    """What is wrong with own platforms' files."""
    found: list[Finding] = []
    for id in own_ids():
        try:
            _own(id)
        except OwnPlatformError as error:
            found += error.findings
    return found


def _own(id: str) -> Entry:
    """An own platform, read again whenever its file is another one."""
    path = own_folder() / f"{id}.yaml"
    try:
        status = path.stat()
        found = _parsed(path, (status.st_ino, status.st_mtime_ns, status.st_size))
    except OSError as error:
        raise OwnPlatformError([unreadable(str(path), error)]) from None
    if isinstance(found, Entry):
        return found
    raise OwnPlatformError(found)


@lru_cache(maxsize=128)
def _parsed(path: Path, stamp: tuple[int, ...]) -> Entry | tuple[Finding, ...]:
    document, findings = read_document(read_bounded(path), str(path))
    if document is not None and not findings:
        findings = schema_findings(document, _validator()) or list(_address_findings(document))
    if findings or document is None:
        return tuple(sorted(set(findings)))
    facts: Any = document.data
    return Entry(parse_platform(path.stem, facts, own=True), facts, path)


def _address_findings(document: Document) -> Iterator[Finding]:
    """What the schema cannot say; the shipped files have tests for it."""
    facts: Any = document.data
    names: set[str] = set()
    for index, server in enumerate(facts.get("servers", ())):
        at = ("servers", index)
        if server["url"].startswith(("rtmp://", "rtmps://")) and (
            problem := url_problem(server["url"], SERVER_SCHEMES)
        ):
            yield document.finding((*at, "url"), *problem)
        if server["name"].casefold() in names:
            yield document.finding((*at, "name"), "another server has this name")
        names.add(server["name"].casefold())
    if "default_server" in facts and {"rtmp", "rtmps"} & set(facts["protocols"]):
        try:
            parse_platform("own", facts).server_url()
        except UnknownServerError as error:
            yield document.finding(("default_server",), error.message, error.hint)


@lru_cache(maxsize=1)
def _validator() -> Validator:
    schema = data_folder("schemas") / "platform.schema.json"
    return profile_validator(json.loads(schema.read_text(encoding="utf-8")))
