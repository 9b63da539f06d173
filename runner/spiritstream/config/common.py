"""A repository's `.spiritstream.yaml`: whom secrets are sealed for, and what profiles inherit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spiritstream.config.document import Document, read_document
from spiritstream.config.listening import rtmp_findings
from spiritstream.config.places import Path
from spiritstream.config.quality import encoding_findings
from spiritstream.config.schema import MAX_FINDINGS, schema_findings
from spiritstream.errors import Finding, UsageError

if TYPE_CHECKING:
    from spiritstream.config.keypair import Recipient
    from spiritstream.config.rules import Validator

COMMON = ".spiritstream.yaml"
"""The file's name."""


@dataclass(frozen=True, slots=True)
class Common:
    """What such a file says, and what is wrong with it: with a finding, there are no defaults to rely on.

    `document` is where the defaults stand; `None` when no YAML can be made of the file.
    """

    file: str
    recipient: Recipient | None = None
    document: Document | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()

    @property
    def defaults(self) -> Mapping[str, Any]:
        """What profiles inherit, in the shape of the file; empty while anything is wrong with it."""
        data = self.document.data if self.document and not self.findings else None
        found = data.get("defaults") if isinstance(data, dict) else None
        return found if isinstance(found, dict) else {}


def parse_common(data: bytes | str, file: str, validator: Validator) -> Common:
    """What a file's text says; `validator` is that of `resolved_schema`. Raises nothing: findings tell."""
    document, findings = read_document(data, file)
    if document is None or (document.data is None and findings):
        return Common(file, findings=tuple(sorted(set(findings))[:MAX_FINDINGS]))
    taken = {(finding.line, finding.column) for finding in findings}
    for found in (schema_findings(document, validator), list(_semantic_findings(document))):
        findings += [finding for finding in found if (finding.line, finding.column) not in taken]
        taken |= {(finding.line, finding.column) for finding in found}
    recipient, wrong = _recipient(document)
    findings += [] if (wrong is None or (wrong.line, wrong.column) in taken) else [wrong]
    return Common(file, recipient, document, tuple(sorted(set(findings))[:MAX_FINDINGS]))


def resolved_schema(schema: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A schema with everything that it refers to in its place; `others` are the files it names."""
    found = _resolved(schema, schema, others)
    assert isinstance(found, dict)
    return found


def _resolved(node: object, root: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> object:
    if isinstance(node, list):
        return [_resolved(one, root, others) for one in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(reference := node.get("$ref"), str):
        file, _, pointer = reference.partition("#")
        root = others[file] if file else root
        target: Any = root
        for part in pointer.strip("/").split("/"):
            target = target[int(part)] if isinstance(target, list) else target[part]
        return _resolved(target, root, others)
    return {key: _resolved(value, root, others) for key, value in node.items()}


def _recipient(document: Document) -> tuple[Recipient | None, Finding | None]:
    text = document.data.get("recipient") if isinstance(document.data, dict) else None
    if not isinstance(text, str):
        return None, None
    from spiritstream.config.keypair import parse_recipient  # here, as most who read defaults seal nothing

    try:
        return parse_recipient(text), None
    except UsageError as error:
        return None, document.finding(("recipient",), error.message, error.hint)


def _semantic_findings(document: Document) -> Iterator[Finding]:
    """What the schema cannot say. What only shows in a profile is found there."""
    rtmp_at: Path = ("defaults", "input", "rtmp")
    if rtmp := _mapping(document.data, rtmp_at):
        # Who may publish is each profile's own to say: here nothing is missing.
        yield from rtmp_findings(document, rtmp_at, {**rtmp, "key": None})
    for kind in ("video", "audio"):
        at: Path = ("defaults", "groups", kind)
        usual = _mapping(document.data, at)
        if usual.get("codec") == "copy":
            message = "a default is for groups that encode, and copy is not to"
            yield document.finding(
                (*at, "codec"), message, f"write '{kind}: copy' in those groups, or nothing"
            )
        # Without its codec nothing is missing beside it.
        yield from encoding_findings(document, at, {k: v for k, v in usual.items() if k != "codec"})


def _mapping(data: object, path: Path) -> dict[str, object]:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
