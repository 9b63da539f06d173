"""`validate --output sarif`: what SARIF 2.1.0 requires, without its schema at hand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from spiritstream.cli.sarif import sarif_log
from spiritstream.errors import Finding
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
REGION = {
    "type": "object",
    "required": ["startLine"],
    "properties": {name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn")},
    "additionalProperties": False,
}
PHYSICAL = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "type": "object",
            "required": ["uri"],
            "properties": {
                "uri": {
                    "type": "string",
                    "pattern": r"^(file:///)?([A-Za-z0-9_./~!$&'()*+,;=@-]|%[0-9A-F]{2})+$",
                }
            },
            "additionalProperties": False,
        },
        "region": REGION,
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "locations"],
    "properties": {
        "message": TEXT,
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {"required": ["physicalLocation"], "properties": {"physicalLocation": PHYSICAL}},
        },
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT},
}
# The parts of OASIS' sarif-schema-2.1.0.json that are written here, with what it requires of them
# (sections 3.13 log, 3.14 run, 3.19 toolComponent, 3.27 result, 3.29 physicalLocation, 3.30 region).
REQUIRED = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "rules": {"type": "array", "items": RULE},
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def test_a_log(spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each finding is a result of a rule that is declared, with its file, line and column; exit 4."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("version: 1\nname: a\ninput: {test: {}}\ngrups: {}\n")
    called = spiritstream("validate", ".", "--output", "sarif")
    log = json.loads(called.out)
    jsonschema.validate(log, REQUIRED)
    (run,) = log["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert {"artifactLocation": {"uri": "a.yaml"}, "region": {"startLine": 4, "startColumn": 1}} == place
    assert "unknown key 'grups'\nhint: did you mean 'groups'?" == result["message"]["text"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert (4, "") == (called.code, called.err)


def test_nothing_wrong(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """No findings are an empty list of results, which says that everything was looked at."""
    path = tmp_path / "a.yaml"
    path.write_text("version: 1\nname: a\ninput: {test: {}}\n")
    called = spiritstream("validate", path, "--output", "sarif")
    log = json.loads(called.out)
    jsonschema.validate(log, REQUIRED)
    assert (0, []) == (called.code, log["runs"][0]["results"])


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("shows/a.yaml", "shows/a.yaml"),
        ("/srv/ä b.yaml", "file:///srv/%C3%A4%20b.yaml"),
        ("a:b?c#d%.yaml", "a%3Ab%3Fc%23d%25.yaml"),
    ],
)
def test_a_uri(file: str, uri: str) -> None:
    """A path becomes a URI that means the same, whatever is in it."""
    log = sarif_log([Finding(file, 1, 2, "name", "wrong")])
    jsonschema.validate(log, REQUIRED)
    assert f'"uri": "{uri}"' in json.dumps(log)
    assert '"text": "name: wrong"' in json.dumps(log)
