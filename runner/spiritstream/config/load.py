"""A profile's file to the model: all that is wrong at once, or the profile with its secrets revealed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.config.build import Surroundings, build_profile, duplicate_findings, semantic_findings
from spiritstream.config.data import data_folder
from spiritstream.config.document import MAX_BYTES, Document, read_document
from spiritstream.config.leaves import SecretLeaf, secret_leaves
from spiritstream.config.places import NAME
from spiritstream.config.platforms import find_platform
from spiritstream.config.schema import MAX_FINDINGS, profile_validator, schema_findings
from spiritstream.config.sources import reveal, sealed_findings
from spiritstream.errors import Finding, ProfileError
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Opener = Callable[[str, str, str], Secret]
"""(sealed text, destination, field) -> the secret; raises KeyMissing-, Tampered- or MovedError."""


def surroundings(folder: Path) -> Surroundings:
    """What a profile in `folder` means beyond its text."""
    return Surroundings(find_platform, lambda path: os.path.normpath(folder.absolute() / path))


def document_leaves(document: Document) -> list[SecretLeaf]:
    """Every secret leaf of a document, with its destination by the platforms that are known."""
    return secret_leaves(document, surroundings(Path()).platform_id)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a file, and the profile's name with its place; an invalid name is left empty."""

    findings: list[Finding]
    name: str = ""
    line: int = 1
    column: int = 1


def check_text(text: bytes | str, file: str, folder: Path | None = None) -> list[Finding]:
    """Everything that is wrong with a profile's text, sorted; secrets are checked in form only.

    `file` is the name in the findings; relative paths are relative to `folder`, else to its folder.
    """
    return _check(text, file, surroundings(folder or Path(file).parent)).findings


def check_file(path: Path, file: str = "") -> Checked:
    """As `check_text`, for a file; `file` is its name in the findings, if not the path."""
    file = file or str(path)
    try:
        text = read_bounded(path)
    except OSError as error:
        return Checked([unreadable(file, error)])
    return _check(text, file, surroundings(path.parent))


def _check(text: bytes | str, file: str, around: Surroundings) -> Checked:
    document, findings = _checked(text, file, around)
    if document is None or len(findings) >= MAX_FINDINGS:
        return Checked(_at_once(findings))
    findings += sealed_findings(document, secret_leaves(document, around.platform_id))
    findings += duplicate_findings(document, around, {})
    name = document.data.get("name") if isinstance(document.data, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return Checked(_at_once(findings))
    mark = document.marks[("name",)]
    return Checked(_at_once(findings), name, mark.line, mark.column)


def check_data(data: bytes, file: str, folder: Path) -> Checked:
    """As `check_file`, for bytes that are to stand in a file of `folder`."""
    return _check(data, file, surroundings(folder))


def load_profile(path: Path, opener: Opener | None, environ: Mapping[str, str]) -> Profile:
    """The profile in a file, its secrets revealed.

    Raises:
        ProfileError: with everything that is wrong.
        KeyMissingError, TamperedError, MovedError: a secret cannot be had; says where it stands.
    """
    try:
        data = read_bounded(path)
    except OSError as error:
        raise ProfileError([unreadable(str(path), error)]) from None
    return load_data(data, str(path), path.parent, opener, environ)


def load_data(
    data: bytes, file: str, folder: Path, opener: Opener | None, environ: Mapping[str, str]
) -> Profile:
    """As `load_profile`, for bytes; `file` is their name in the errors.

    Relative paths in it are relative to `folder`.
    """
    around = surroundings(folder)
    document, findings = _checked(data, file, around)
    if findings or document is None:
        raise ProfileError(_at_once(findings))
    leaves = secret_leaves(document, around.platform_id)
    secrets = {leaf.at: reveal(leaf, file, opener, environ, folder) for leaf in leaves}
    if clashes := duplicate_findings(document, around, secrets):
        raise ProfileError(clashes)
    return build_profile(document, around, secrets)


def read_bounded(path: Path) -> bytes:
    """A file's bytes, but no more than is needed to see that it is too large."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def unreadable(file: str, error: OSError) -> Finding:
    """The finding for a file that cannot be read."""
    return Finding(file, 1, 1, "", f"cannot be read: {(error.strerror or 'unknown reason').lower()}")


@lru_cache(maxsize=1)
def _validator() -> Validator:
    schema = data_folder("schemas") / "profile.schema.json"
    return profile_validator(json.loads(schema.read_text(encoding="utf-8")))


def _checked(text: bytes | str, file: str, around: Surroundings) -> tuple[Document | None, list[Finding]]:
    """The document, and what is wrong with it apart from its secrets' values."""
    document, findings = read_document(text, file)
    if document is None or (document.data is None and findings):
        return None, findings
    findings += _elsewhere(schema_findings(document, _validator()), findings)
    findings += _elsewhere(semantic_findings(document, around), findings)
    return document, findings


def _elsewhere(new: list[Finding], old: list[Finding]) -> list[Finding]:
    """Those of `new` at places where nothing was found yet: one fault is said once."""
    taken = {(finding.line, finding.column) for finding in old}
    return [finding for finding in new if (finding.line, finding.column) not in taken]


def _at_once(findings: list[Finding]) -> list[Finding]:
    return sorted(set(findings))[:MAX_FINDINGS]
