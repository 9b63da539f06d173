"""A schema as a function says exactly what jsonschema says."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from spiritstream.config.commonfile import common_schema
from spiritstream.config.data import data_folder
from spiritstream.config.rules import UnknownKeywordError, Validator, fitting
from tests.bench.controller_profiles import idle_profile, live_profile


def _schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((data_folder("schemas") / name).read_text(encoding="utf-8"))
    return loaded


PROFILE = _schema("profile.schema.json")
OURS: dict[str, Any] = {
    "profile": PROFILE,
    "settings": _schema("settings.schema.json"),
    "common": common_schema(),
}
FITS = fitting(PROFILE)
THOROUGH = Draft7Validator(PROFILE)

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, -1, 1.0, 1.5, 10**30, "", "a", "ab", "a\n", "true", "1"),
    *([], [1], [1, "a"], ["a", "b", "c"], {}, {"a": 1}, {"a": "x"}, {"b": 1}, {"a": 1, "b": 2}, {"A": {}}),
    [True],
]
SCHEMAS: dict[str, Any] = {
    "nothing": {},
    "silent": {"description": "x", "default": 1, "x-any": {"type": "wrong"}},
    **{kind: {"type": kind} for kind in "string integer number boolean object array null".split()},
    "types": {"type": ["string", "integer"]},
    "const one": {"const": 1},
    "const true": {"const": True},
    "const text": {"const": "a"},
    "const null": {"const": None},
    "enum": {"enum": ["a", 0, None]},
    "pattern": {"pattern": "^a$"},
    "pattern, whole": {"pattern": "^a$(?!\\n)"},
    "minimum": {"minimum": 1},
    "maximum": {"maximum": 1},
    "lengths": {"minLength": 1, "maxLength": 1},
    "minItems": {"minItems": 1},
    "items": {"items": {"type": "string"}},
    "required": {"required": ["a"]},
    "properties": {"properties": {"a": {"type": "integer"}}},
    "closed": {"properties": {"a": {}}, "additionalProperties": False},
    "closed, of nothing": {"additionalProperties": False},
    "others": {"properties": {"a": {}}, "additionalProperties": {"type": "integer"}},
    "names": {"propertyNames": {"pattern": "^[a-z]$"}},
    "all": {"allOf": [{"minimum": 1}, {"maximum": 1}]},
    "some": {"anyOf": [{"required": ["a"]}, {"type": "integer"}, {"required": ["b", "c"]}]},
    "one": {"oneOf": [{"type": "integer"}, {"minimum": 1}, {"type": "string"}]},
    "reference": {"$ref": "#/definitions/d", "type": "array", "definitions": {"d": {"type": "string"}}},
    "recursive": {
        "$ref": "#/definitions/d",
        "definitions": {
            "d": {"type": ["object", "integer"], "additionalProperties": {"$ref": "#/definitions/d"}}
        },
    },
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_each_keyword(schema: dict[str, Any]) -> None:
    """Every keyword that is known, on values of every kind."""
    fits = fitting(schema)
    expected = [Draft7Validator(schema).is_valid(value) for value in VALUES]
    assert expected == [fits(value) for value in VALUES]


@pytest.mark.parametrize("schema", OURS.values(), ids=OURS)
def test_our_schemas_are_known(schema: dict[str, Any]) -> None:
    """Our schemas hold no keyword that would leave all the work to jsonschema."""
    fitting(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"multipleOf": 2},
        {"items": [{}]},
        {"enum": [[1]]},
        {"$ref": "other.json"},
        {"properties": {"a": {"not": {}}}},
        {"definitions": {"d": {"if": {}}}, "$ref": "#/definitions/d"},
    ],
    ids=["keyword", "items by place", "enum of lists", "another file", "inside", "in a definition"],
)
def test_other_schemas_are_refused(schema: dict[str, Any]) -> None:
    """What is not known is not guessed."""
    with pytest.raises(UnknownKeywordError):
        fitting(schema)


@pytest.mark.parametrize("schema", [{"multipleOf": 2}, {"minimum": 3}], ids=["not known", "known"])
def test_a_validator_finds_what_jsonschema_finds(schema: dict[str, Any]) -> None:
    """Whether its schema is known or not: the errors are jsonschema's, and there are none for what fits."""
    validator = Validator(schema)
    found = [[error.message for error in validator.iter_errors(value)] for value in (1, 4)]
    expected = [[error.message for error in Draft7Validator(schema).iter_errors(value)] for value in (1, 4)]
    assert expected == found
    assert (True, False) == (bool(found[0]), bool(found[1]))


def test_good_profiles_fit() -> None:
    """Profiles as people write them."""
    texts = [idle_profile(number, lambda *_: "sealed:v1:x") for number in range(12)]
    texts.append(live_profile("live", "a.flv", ["rtmp://127.0.0.1/live"], lambda *_: "sealed:v1:x"))
    assert [True] * 13 == [FITS(yaml.safe_load(text)) for text in texts]


_ODD = st.sampled_from(
    [
        *VALUES,
        "copy",
        "h264",
        "auto",
        "1280x720",
        "3000k",
        "2s",
        30,
        29.97,
        "sealed:v1:x",
        {"env": "K"},
        {"env": 1},
    ]
).map(copy.deepcopy)  # a later step may change what an earlier one put there


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, child in children for place in _places(child, (*path, key)))]


@given(st.data())
def test_profiles_with_odd_values(data: st.DataObject) -> None:
    """A profile in which values and keys are replaced, added and left out: both say the same of it."""
    document: Any = {
        "whole": yaml.safe_load(idle_profile(data.draw(st.integers(0, 11)), lambda *_: "sealed:v1:x"))
    }
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(_places(document)[1:]))
        node = document
        for key in way:
            node = node[key]
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                node[last] = data.draw(_ODD)
            case "remove" if way:
                del node[last]
            case _ if isinstance(node[last], dict):
                node[last][data.draw(st.sampled_from(["codec", "url", "platform", "key", "odd", "Odd!"]))] = (
                    data.draw(_ODD)
                )
    assert THOROUGH.is_valid(document["whole"]) == FITS(document["whole"])
