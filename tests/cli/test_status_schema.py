"""The schema of `status --output json`: what is printed is as it says, and everything in it is explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from spiritstream.cli.overview import Controller, Override, Overview, Show, as_data
from spiritstream.config.data import data_folder
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Incoming, Progress, Status, TcpFigures
from spiritstream.wire import to_data
from tests.cli.peers import BEGAN, REFUSED, runner_status, unit

SCHEMA: dict[str, Any] = json.loads((data_folder("schemas") / "status.schema.json").read_text())
EVERY_STATE = tuple(unit(f"groups.g.targets.{state}", state, cause=REFUSED) for state in State)
FULL = unit(
    "input",
    incoming=Incoming(1.0, "h264", "aac", "1x1", 30.0, 2.0, 1, 2.0, 3.0, "high", 2),
    tcp=TcpFigures(1.0, 2, 3),
    progress=Progress(1, 2.0, 3.0, 4.0, 5, 6.0, 7, 8),
    live_since=BEGAN,
    cause=REFUSED,
    pid=1,
    next_retry=BEGAN,
    server="the nearest",
    warnings=("too much",),
)


HELD = ("progress", "incoming", "tcp", "cause")


@pytest.mark.parametrize(
    "overview",
    [
        pytest.param(Overview(BEGAN), id="nothing"),
        pytest.param(Overview(BEGAN, shows=(Show("a", runner=runner_status()), Show("b"))), id="runners"),
        pytest.param(
            Overview(
                BEGAN,
                Controller("/srv", "folder", 1, "0.1", "/srv", "gone", ("x.yaml:1:1: bad",)),
                (
                    Show("a", "a.yaml", runner=Status("a", 1, "0.1", BEGAN, "", (FULL, *EVERY_STATE), "no")),
                    Show("b", overrides=(Override("b", Order.STOPPED, BEGAN), Override("b/c", Order.LIVE))),
                    Show(
                        "c",
                        valid=False,
                        findings=("c.yaml:1:1: bad",),
                        warnings=("w",),
                        held="it is",
                        drift=("d",),
                    ),
                ),
            ),
            id="everything",
        ),
    ],
)
def test_is_as_the_schema_says(overview: Overview) -> None:
    """What is printed is valid."""
    jsonschema.validate(json.loads(json.dumps(as_data(overview))), SCHEMA)


def test_every_field_is_named_and_always_there() -> None:
    """A unit's fields, and those of what it holds, are the schema's, one by one."""
    units = SCHEMA["properties"]["profiles"]["items"]["properties"]["runner"]["properties"]["units"]["items"]
    told = to_data(FULL)
    for schema, data in ((units, told), *((units["properties"][name], told[name]) for name in HELD)):
        assert list(data) == list(schema["properties"]) == schema["required"]
        assert None not in data.values()


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of the schema that describes a value."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


def test_everything_is_described() -> None:
    """Each value says what it means, and no other field can slip in."""
    found = list(nodes(SCHEMA))
    assert [] == [path for path, node in found if not node.get("description")]
    assert [] == [path for path, node in found if "properties" in node and node["additionalProperties"]]
