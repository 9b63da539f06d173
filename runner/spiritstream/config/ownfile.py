"""An own platform's file: checked with a place for all that is wrong, as nobody else has tested it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spiritstream.config.address import SERVER_SCHEMES, url_problem
from spiritstream.config.data import data_folder
from spiritstream.config.document import Document, read_document
from spiritstream.config.places import Path as Place
from spiritstream.config.platforms import Platform, UnknownServerError, parse_platform
from spiritstream.config.schema import profile_validator, schema_findings
from spiritstream.errors import ExitCode, Finding, SpiritError

if TYPE_CHECKING:
    from spiritstream.config.rules import Validator
    from spiritstream.config.shelf import PlatformFile

_NO_DOCUMENT = Document("", "", None, {}, {})
_OF_A_PROFILE = {"input", "groups"}


class OwnPlatformError(SpiritError):
    """The file of an own platform is not valid; its text says the first thing that is wrong."""

    exit_code = ExitCode.INVALID

    def __init__(self, findings: Sequence[Finding], what: str = "its own file is not valid") -> None:
        first, *more = findings
        where = f"{first.file}:{first.line}:{first.column}: " + (f"{first.path}: " if first.path else "")
        others = f" (and {len(more)} more: spiritstream platforms)" if more else ""
        hint = first.hint or f"mend or remove {first.file}"
        super().__init__(f"{what}: {where}{first.message}{others}", hint)
        self.findings = list(findings)


@dataclass(frozen=True, slots=True)
class Entry:
    """A platform, everything that its file says, and that file; `beside`: it stands beside profiles."""

    platform: Platform
    facts: Mapping[str, Any]
    path: Path
    beside: bool = False
    document: Document = field(default=_NO_DOCUMENT, repr=False, compare=False)


def own_entry(file: PlatformFile) -> Entry | tuple[Finding, ...]:
    """What an own platform's file says, or everything that is wrong with it by itself."""
    if file.problem:
        return (Finding(file.file, 1, 1, "", file.problem, file.hint),)
    return _parsed(file.data, file.file, file.id)


@lru_cache(maxsize=512)
def _parsed(data: bytes, file: str, id: str) -> Entry | tuple[Finding, ...]:
    document, findings = read_document(data, file)
    if document is not None and not findings:
        findings = list(_stranger(document)) or schema_findings(document, _validator())
        findings = findings or [*_address_findings(document), *_unseen(document, document.data)]
    if findings or document is None:
        return tuple(sorted(set(findings)))
    facts: Any = document.data
    return Entry(parse_platform(id, facts, own=True), facts, Path(file), document=document)


def _stranger(document: Document) -> Iterator[Finding]:
    if isinstance(document.data, dict) and _OF_A_PROFILE & document.data.keys():
        message = "this is a profile, and a folder that is called platforms holds platforms only"
        yield document.finding((), message, "put it into another folder")


def _address_findings(document: Document) -> Iterator[Finding]:
    """What the schema cannot say; the shipped files have tests for it."""
    facts: Any = document.data
    names: set[str] = set()
    if "ingest_lookup" in facts:
        message = "servers are looked up for shipped platforms only"
        yield document.finding(
            ("ingest_lookup",), message, "remove it, and list the servers under 'servers'", at_key=True
        )
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


def _unseen(document: Document, value: object, at: Place = ()) -> Iterator[Finding]:
    """Texts that would do something to a terminal that they are printed on."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _unseen(document, one, (*at, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _unseen(document, one, (*at, index))
    elif isinstance(value, str):
        one_line = value if at[-1] == "name" or at[0] == "aliases" else value.replace("\n", " ")
        if not one_line.isprintable():
            what = "a character stands here that cannot be seen, or a new line"
            yield document.finding(at, what, "delete it")


@lru_cache(maxsize=1)
def _validator() -> Validator:
    schema = data_folder("schemas") / "platform.schema.json"
    return profile_validator(json.loads(schema.read_text(encoding="utf-8")))
