"""The settings' JSON Schema itself: a contract for editors, for the environment and for the code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from spiritstream.config.data import data_folder
from spiritstream.config.declared import declared, find_declared
from spiritstream.config.settings import known_settings
from spiritstream.errors import UsageError

SCHEMA: dict[str, Any] = json.loads((data_folder("schemas") / "settings.schema.json").read_text())
Node = dict[str, Any]


def _nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    for key, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{key}" if path else key)
        yield f"{path}.{key}" if path else key, child


NODES = dict(_nodes(SCHEMA))
LEAVES = {path: node for path, node in NODES.items() if "properties" not in node and path != "version"}


def test_is_draft_07() -> None:
    """Editors' YAML support understands draft-07."""
    Draft7Validator.check_schema(SCHEMA)
    assert "http://json-schema.org/draft-07/schema#" == SCHEMA["$schema"]


@pytest.mark.parametrize("path", NODES)
def test_description(path: str) -> None:
    """Every value and every mapping says what it is."""
    assert NODES[path]["description"].endswith(".")


@pytest.mark.parametrize("path", LEAVES)
def test_leaf(path: str) -> None:
    """Every setting says which variable sets it, and what holds without it; a default is a valid value."""
    leaf = LEAVES[path]
    assert leaf["x-env"].startswith("SPIRITSTREAM_")
    assert ("default" in leaf) != ("x-default" in leaf)
    if "default" in leaf:
        whole = {**leaf, "definitions": SCHEMA["definitions"]}
        assert [] == list(Draft7Validator(whole).iter_errors(leaf["default"]))


def test_variables_are_different() -> None:
    """No variable sets two settings."""
    assert len(LEAVES) == len({leaf["x-env"] for leaf in LEAVES.values()})


def test_mappings_are_closed() -> None:
    """A mapping takes no key that the schema does not name."""
    mappings = [SCHEMA, *(node for node in NODES.values() if "properties" in node)]
    assert [False] * len(mappings) == [node["additionalProperties"] for node in mappings]


def test_declared() -> None:
    """The code knows every setting of the schema, in its order."""
    known = declared(SCHEMA)
    assert sorted(LEAVES) == sorted(known)
    days = known["log.keep.days"]
    assert ("SPIRITSTREAM_LOG_KEEP_DAYS", 30, True, False) == (
        days.variable,
        days.default,
        days.is_number,
        days.is_list,
    )
    assert ["program", "path", "path"] == [known[name].place for name in ("ffmpeg", "profiles", "folders")]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("ffmpg", "did you mean ffmpeg?"),
        ("FFMPEG", "did you mean ffmpeg?"),
        ("ffmpegPath", "did you mean ffmpeg?"),
        ("logRetentionDays", "did you mean log.keep.days?"),
        ("level", "did you mean log.level?"),
        ("log.days", "did you mean log.keep.days?"),
        ("SPIRITSTREAM_IDENTITY", "did you mean identity?"),
        ("log.keep", "it holds log.keep.days, log.keep.megabytes"),
        ("qqqq", f"known are {', '.join(LEAVES)}"),
    ],
)
def test_unknown_name(wrong: str, hint: str) -> None:
    """A name that is no setting's is answered with the one that was perhaps meant."""
    with pytest.raises(UsageError) as caught:
        find_declared(wrong, known_settings())
    assert (f"'{wrong}' is no setting", hint) == (caught.value.message, caught.value.hint)


def test_unknown_name_is_not_repeated() -> None:
    """What looks like a key that was pasted into the wrong place is not shown."""
    with pytest.raises(UsageError) as caught:
        find_declared("live-4711-canary-0815", known_settings())
    assert "canary" not in str(caught.value)
