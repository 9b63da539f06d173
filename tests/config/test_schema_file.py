"""The profile's JSON Schema itself: a contract for editors, for reconciling and for sealing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from spiritstream.config.data import data_folder
from spiritstream.config.leaves import SECRET_FIELDS

SCHEMA: dict[str, Any] = json.loads((data_folder("schemas") / "profile.schema.json").read_text())
Node = dict[str, Any]


def _resolved(node: Node) -> Node:
    """A node with what its $ref and allOf say; its own words win."""
    merged: Node = {}
    parts = [SCHEMA["definitions"][node["$ref"].rpartition("/")[2]]] if "$ref" in node else []
    for part in (*parts, *node.get("allOf", ())):
        merged |= _resolved(part)
    return merged | {key: value for key, value in node.items() if key not in ("$ref", "allOf")}


def _leaves(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every value that is no mapping; a secret counts as one value, whatever its form."""
    node = _resolved(node)
    alternatives = [_resolved(branch) for branch in node.get("oneOf", ()) if "required" not in branch]
    if not node.get("x-secret") and "x-choice" not in node and "oneOf" in node:
        alternatives = [_resolved(branch) for branch in node["oneOf"]]
        for index, branch in enumerate(alternatives):
            yield from _leaves(branch, f"{path}|{index}")
    elif node.get("type") == "object":
        for key, child in node.get("properties", {}).items():
            yield from _leaves(child, f"{path}.{key}" if path else key)
        if isinstance(child := node.get("additionalProperties"), dict):
            yield from _leaves(child, f"{path}.*")
    else:
        yield path, node


LEAVES = dict(_leaves(SCHEMA, ""))
_GROUP = "groups.*"
_TARGET = "groups.*.targets.*"


def test_is_draft_07() -> None:
    """Editors' YAML support understands draft-07."""
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_walk() -> None:
    """The walk below really reaches every corner."""
    assert {"version", "input.test.tone", "input.files|1.loop", f"{_GROUP}.video|1.bitrate"} <= LEAVES.keys()
    assert {f"{_TARGET}.record|0", f"{_TARGET}.record|1.segment", f"{_TARGET}.key"} <= LEAVES.keys()
    assert len(LEAVES) == 64


@pytest.mark.parametrize("path", LEAVES)
def test_leaf(path: str) -> None:
    """Every leaf says what it is, and what must restart when it changes."""
    leaf = LEAVES[path]
    assert leaf.get("description", "").endswith(".")
    assert leaf.get("x-apply") in ("live", "target", "group", "input", "runner")


def _expected_apply(path: str) -> str:
    if path in ("description", "position"):
        return "live"
    # What targets inherit: only those that follow it restart.
    if path.startswith(_TARGET) or path in (f"{_GROUP}.container", f"{_GROUP}.sender", "sender"):
        return "target"
    return next((kind for kind in ("input", "group") if path.startswith(kind)), "runner")


@pytest.mark.parametrize("path", LEAVES)
def test_apply(path: str) -> None:
    """A change restarts the smallest thing that it belongs to."""
    assert _expected_apply(path) == LEAVES[path]["x-apply"]


@pytest.mark.parametrize("path", LEAVES)
def test_default(path: str) -> None:
    """A default is itself a valid value."""
    if "default" in LEAVES[path]:
        leaf = {**LEAVES[path], "definitions": SCHEMA["definitions"]}
        assert [] == [error.message for error in Draft7Validator(leaf).iter_errors(leaf["default"])]


def test_secrets() -> None:
    """The fields that are marked secret are those that are sealed; what is published to us has a key only."""
    marked = {path for path, leaf in LEAVES.items() if leaf.get("x-secret")}
    both = {f"{place}.{field}" for place in ("input.pull", _TARGET) for field in SECRET_FIELDS}
    assert both | {"input.rtmp.key"} == marked


def test_mappings_are_closed() -> None:
    """A mapping takes no key that the schema does not name, except names that the author chooses."""

    def objects(node: object) -> Iterator[Node]:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for child in node.values():
                yield from objects(child)
        elif isinstance(node, list):
            for child in node:
                yield from objects(child)

    assert [] == [node for node in objects(SCHEMA) if node.get("additionalProperties") in (None, True)]
