"""The JSON Schema of `.spiritstream.yaml` itself: for editors, and one source with the profile's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from spiritstream.config.commonfile import common_schema
from spiritstream.config.data import data_folder

Node = dict[str, Any]


def read(name: str) -> Any:
    """A schema as its file has it."""
    return json.loads((data_folder("schemas") / name).read_text())


SCHEMA, PROFILE = read("common.schema.json"), read("profile.schema.json")


def _nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    for key, child in node.get("properties", {}).items():
        yield f"{path}.{key}" if path else key, child
        yield from _nodes(child, f"{path}.{key}" if path else key)


WRITTEN, NODES = dict(_nodes(SCHEMA)), dict(_nodes(common_schema()))
LEAVES = [path for path, node in NODES.items() if "properties" not in node]
DEFAULTS = [path for path in LEAVES if path.startswith("defaults.")]


def test_is_draft_07() -> None:
    """Editors' YAML support understands draft-07."""
    Draft7Validator.check_schema(SCHEMA)
    assert "http://json-schema.org/draft-07/schema#" == SCHEMA["$schema"] == common_schema()["$schema"]


@pytest.mark.parametrize("path", NODES)
def test_description(path: str) -> None:
    """Every value and every mapping says what it is."""
    assert NODES[path]["description"].endswith(".")


@pytest.mark.parametrize("path", DEFAULTS)
def test_one_source(path: str) -> None:
    """Each default is the profile's own entry of that name, and nothing of it is written twice."""
    assert ["$ref"] == list(WRITTEN[path])
    reference = WRITTEN[path]["$ref"]
    assert reference.startswith("profile.schema.json#/")
    assert path.rpartition(".")[2] == reference.rpartition("/")[2]
    node = PROFILE
    for part in reference.partition("#/")[2].split("/"):
        node = node[int(part)] if isinstance(node, list) else node[part]
    assert (node["description"], node["x-apply"]) == (NODES[path]["description"], NODES[path]["x-apply"])


def test_everything_is_resolved() -> None:
    """No reference is left: what checks a file needs no other one."""
    assert "$ref" not in json.dumps(common_schema())


def test_mappings_are_closed() -> None:
    """A mapping takes no key that the schema does not name."""
    mappings = [common_schema(), *(node for node in NODES.values() if "properties" in node)]
    assert [False] * len(mappings) == [node["additionalProperties"] for node in mappings]


def keys(*path: str | int) -> set[str]:
    """The keys of one of the profile's mappings."""
    node: Any = PROFILE["definitions"]
    for part in path:
        node = node[part]
    return set(node["properties"])


@pytest.mark.parametrize(
    ("place", "there", "without"),
    [
        ("input.rtmp", keys("input", "properties", "rtmp"), {"key", "open", "tls"}),
        ("groups", keys("group"), {"enabled", "targets"}),
        ("groups.video", keys("video", "oneOf", 1), {"for"}),
        ("groups.audio", keys("audio", "oneOf", 1), {"for"}),
        (
            "targets",
            keys("target"),
            {"enabled", "platform", "server", "url", "key", "username", "password", "passphrase", "record"},
        ),
    ],
)
def test_what_has_no_default(place: str, there: set[str], without: set[str]) -> None:
    """Whoever gives a profile a new field decides here whether it has a default."""
    assert there - without == set(NODES[f"defaults.{place}"]["properties"])


@pytest.mark.parametrize("path", DEFAULTS)
def test_default_of_a_default(path: str) -> None:
    """What holds where nothing is written is itself a right default."""
    if "default" in NODES[path]:
        assert [] == list(Draft7Validator(NODES[path]).iter_errors(NODES[path]["default"]))
