"""Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from spiritstream import __version__
from spiritstream.errors import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULE = "invalid-profile"
_DOUBTFUL = "doubtful-profile"


def sarif_log(findings: Sequence[Finding], warnings: Sequence[Finding] = ()) -> dict[str, object]:
    """One run's log (section 3.13): a rule for each level, and a result with a place for each finding."""
    driver = {
        "name": "spiritstream",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": _RULE,
                "name": "InvalidProfile",
                "shortDescription": {"text": "A profile that cannot be put on air as it is written."},
                "defaultConfiguration": {"level": "error"},
            },
            {
                "id": _DOUBTFUL,
                "name": "DoubtfulProfile",
                "shortDescription": {"text": "What may be meant so, and often is not."},
                "defaultConfiguration": {"level": "warning"},
            },
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one) for one in findings] + [_result(one, doubtful=True) for one in warnings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, *, doubtful: bool = False) -> dict[str, object]:
    text = (f"{finding.path}: " if finding.path else "") + finding.message
    text += f"\nhint: {finding.hint}" if finding.hint else ""
    place = {
        "artifactLocation": {"uri": _uri(finding.file)},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    return {
        "ruleId": _DOUBTFUL if doubtful else _RULE,
        "ruleIndex": int(doubtful),
        "level": "warning" if doubtful else "error",
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """A relative path stays one (its root is the checkout); a colon in its first part would be a scheme."""
    path = quote(file, safe="/")
    return f"file://{path}" if path.startswith("/") else path
