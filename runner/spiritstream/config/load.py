"""A profile's file to the model: all that is wrong at once, or the profile with its secrets revealed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from spiritstream.config.build import build_profile
from spiritstream.config.checks import Surroundings, semantic_findings
from spiritstream.config.common import COMMON, Common
from spiritstream.config.commonfile import common_for, read_common
from spiritstream.config.data import data_folder
from spiritstream.config.deriving import with_derived
from spiritstream.config.document import Document, read_document
from spiritstream.config.duplicates import duplicate_findings
from spiritstream.config.filling import with_defaults
from spiritstream.config.intended import recipient_warnings
from spiritstream.config.leaves import SecretLeaf, secret_leaves
from spiritstream.config.pasted import pasted_addresses
from spiritstream.config.places import NAME
from spiritstream.config.platforms import Platform
from spiritstream.config.reach import Reach, reach_findings
from spiritstream.config.reading import read_bounded as read_bounded
from spiritstream.config.reading import unreadable as unreadable
from spiritstream.config.registry import finder
from spiritstream.config.rulings import judge
from spiritstream.config.schema import MAX_FINDINGS, profile_validator, schema_findings
from spiritstream.config.sources import reveal, sealed_findings
from spiritstream.errors import Finding, ProfileError
from spiritstream.model.profile import Profile
from spiritstream.model.uplink import load_of
from spiritstream.secret import Secret

if TYPE_CHECKING:
    from spiritstream.config.rules import Validator

Opener = Callable[[str, str, str], Secret]
"""(sealed text, destination, field) -> the secret; raises KeyMissing-, Tampered- or MovedError."""


class Platforms(Protocol):
    """The platforms that are known somewhere, as `registry.Known` has them."""

    def __call__(self, name: str, /) -> Platform:
        """The platform of a name. Raises UnknownPlatformError or OwnPlatformError."""

    def at(self, host: str, /) -> tuple[Platform, ...]:
        """Those with an address at a host."""


def surroundings(
    folder: Path, reach: Reach | None = None, platforms: Platforms | None = None
) -> Surroundings:
    """What a profile in `folder` means beyond its text; with `reach`, it comes from git.

    `platforms` are those that are known there: without them, what the disk has now.
    """
    recordings = folder if reach is None else reach.recordings
    known = platforms or finder(folder)
    return Surroundings(
        known,
        lambda path: os.path.normpath(folder.absolute() / path),
        lambda path: os.path.normpath(recordings.absolute() / path),
        lambda document: reach_findings(document, reach, folder) if reach else [],
        known.at,
    )


def document_leaves(document: Document) -> list[SecretLeaf]:
    """Every secret leaf of a document, with its destination by the platforms that are known at its file."""
    return secret_leaves(document, surroundings(Path(document.file).parent).destination)


def leaves_at(folder: Path, platforms: Platforms | None = None) -> Callable[[Document], list[SecretLeaf]]:
    """As `document_leaves`, for documents that stand in `folder` or know these platforms."""
    around = surroundings(folder, platforms=platforms)
    return lambda document: secret_leaves(document, around.destination)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a file, and the profile's name with its place; an invalid name is left empty.

    `warnings` are what may be meant so: the profile can be used. `sends_bps` is what a valid one declares to
    send out of the house, in bit/s.
    """

    findings: list[Finding]
    name: str = ""
    line: int = 1
    column: int = 1
    warnings: tuple[Finding, ...] = ()
    sends_bps: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile, its secrets revealed, and what its platforms may object to."""

    profile: Profile
    warnings: tuple[Finding, ...] = ()


def check_text(
    text: bytes | str, file: str, folder: Path | None = None, common: Common | None = None
) -> list[Finding]:
    """Everything that is wrong with a profile's text, sorted; secrets are checked in form only.

    `file` is the name in the findings; relative paths are relative to `folder`, else to its folder.
    `common` is what it inherits.
    """
    return _check(text, file, surroundings(folder or Path(file).parent), common).findings


def check_file(path: Path, file: str = "") -> Checked:
    """As `check_text`, for a file and with what it inherits; `file` is its name in the findings.

    Of a `.spiritstream.yaml` it says what is wrong with that.
    """
    file = file or str(path)
    if path.name == COMMON:
        return Checked(list(read_common(path, file).findings))
    try:
        text = read_bounded(path)
    except OSError as error:
        return Checked([unreadable(file, error)])
    return _check(text, file, surroundings(path.parent), common_for(path))


def _check(text: bytes | str, file: str, around: Surroundings, common: Common | None) -> Checked:
    document, findings, warnings = _checked(text, file, around, common)
    if document is None or len(findings) >= MAX_FINDINGS:
        return Checked(_at_once(findings))
    leaves = secret_leaves(document, around.destination)
    findings += sealed_findings(document, leaves)
    findings += duplicate_findings(document, around, {})
    name = document.data.get("name") if isinstance(document.data, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return Checked(_at_once(findings))
    mark = document.marks[("name",)]
    warnings += tuple(recipient_warnings(document, leaves, common)) if common else ()
    sends_bps = 0 if findings else load_of(build_profile(document, around, {})).bps
    return Checked(_at_once(findings), name, mark.line, mark.column, warnings, sends_bps)


def check_data(
    data: bytes,
    file: str,
    folder: Path,
    *,
    reach: Reach | None = None,
    common: Common | None = None,
    platforms: Platforms | None = None,
) -> Checked:
    """As `check_file`, for bytes that are to stand in a file of `folder`; with `reach`, in one from git.

    `common` is what they inherit there, `platforms` those that are known there.
    """
    return _check(data, file, surroundings(folder, reach, platforms), common)


def load_profile(path: Path, opener: Opener | None, environ: Mapping[str, str]) -> Profile:
    """As `load_file`, the profile alone."""
    return load_file(path, opener, environ).profile


def load_file(path: Path, opener: Opener | None, environ: Mapping[str, str]) -> Loaded:
    """The profile in a file, with what it inherits, its secrets revealed.

    Raises:
        ProfileError: with everything that is wrong.
        KeyMissingError, TamperedError, MovedError: a secret cannot be had; says where it stands.
    """
    try:
        data = read_bounded(path)
    except OSError as error:
        raise ProfileError([unreadable(str(path), error)]) from None
    return load_bytes(data, str(path), path.parent, opener, environ, common=common_for(path))


def load_data(
    data: bytes,
    file: str,
    folder: Path,
    opener: Opener | None,
    environ: Mapping[str, str],
    *,
    reach: Reach | None = None,
    common: Common | None = None,
    platforms: Platforms | None = None,
) -> Profile:
    """As `load_bytes`, the profile alone."""
    return load_bytes(
        data, file, folder, opener, environ, reach=reach, common=common, platforms=platforms
    ).profile


def load_bytes(
    data: bytes,
    file: str,
    folder: Path,
    opener: Opener | None,
    environ: Mapping[str, str],
    *,
    reach: Reach | None = None,
    common: Common | None = None,
    platforms: Platforms | None = None,
) -> Loaded:
    """As `load_file`, for bytes; `file` is their name in the errors, `common` what they inherit.

    Relative paths in it are relative to `folder`. With `reach`, it comes from git and uses nothing else.
    """
    around = surroundings(folder, reach, platforms)
    document, findings, warnings = _checked(data, file, around, common)
    if findings or document is None:
        raise ProfileError(_at_once(findings))
    leaves = secret_leaves(document, around.destination)
    secrets = {leaf.at: reveal(leaf, file, opener, environ, folder, reach) for leaf in leaves}
    if clashes := duplicate_findings(document, around, secrets):
        raise ProfileError(clashes)
    return Loaded(build_profile(document, around, secrets), warnings)


@lru_cache(maxsize=1)
def _validator() -> Validator:
    schema = data_folder("schemas") / "profile.schema.json"
    return profile_validator(json.loads(schema.read_text(encoding="utf-8")))


def _checked(
    text: bytes | str, file: str, around: Surroundings, common: Common | None
) -> tuple[Document | None, list[Finding], tuple[Finding, ...]]:
    """The document with its defaults, what is wrong with it apart from its secrets' values, and warnings."""
    document, findings = read_document(text, file)
    if document is None or (document.data is None and findings):
        return None, findings, ()
    if common is not None and common.findings:
        # What is missing may stand there: only what does not depend on it could be told.
        return document, [*findings, *common.findings], ()
    if common is not None:
        document = with_defaults(document, common)
    document, unsuited = with_derived(document, around.find_platform, around.platforms_at)
    findings += _elsewhere(unsuited, findings)
    findings += _elsewhere(schema_findings(document, _validator()), findings)
    findings += _elsewhere(semantic_findings(document, around), findings)
    findings += _elsewhere(around.beyond(document), findings)
    rulings = judge(document, around)
    findings += _elsewhere(list(rulings.refused), findings)
    warnings = (*rulings.warnings, *pasted_addresses(document, around))
    return document, findings, warnings[:MAX_FINDINGS]


def _elsewhere(new: list[Finding], old: list[Finding]) -> list[Finding]:
    """Those of `new` at places where nothing was found yet: one fault is said once."""
    taken = {(finding.file, finding.line, finding.column) for finding in old}
    return [finding for finding in new if (finding.file, finding.line, finding.column) not in taken]


def _at_once(findings: list[Finding]) -> list[Finding]:
    return sorted(set(findings))[:MAX_FINDINGS]
