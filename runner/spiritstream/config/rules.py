"""A JSON Schema as one function that says whether a value fits; jsonschema says what is wrong. Pure.

Nearly every document fits, and jsonschema takes longer to say so than everything else that is done with it.
The function knows the keywords of our own schemas, by draft-07; a schema with any other is jsonschema's
alone. What does not fit always goes to jsonschema. tests/config/test_rules.py compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

Fits = Callable[[Any], bool]
Schema = Mapping[str, Any]

_SILENT = frozenset({"$schema", "definitions", "default", "description", "examples", "title"})
_MARKS = "x-"
_OF_OBJECTS = frozenset({"properties", "additionalProperties", "propertyNames", "required"})
_LOCAL = "#/definitions/"


class UnknownKeywordError(Exception):
    """A schema says something that is not known here."""


class Validator:
    """A schema, made ready once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        try:
            self._fits = fitting(schema)
        except UnknownKeywordError:
            self._fits = _none
        self._thorough: Any = None

    def iter_errors(self, value: object) -> Iterable[Any]:
        """jsonschema's errors; none at once when the value fits."""
        return () if self._fits(value) else self._errors(value)

    def _errors(self, value: object) -> Iterable[Any]:
        if self._thorough is None:
            from jsonschema import Draft7Validator  # here, as its import takes longer than most commands

            self._thorough = Draft7Validator(self._schema)
        return cast("Iterable[Any]", self._thorough.iter_errors(value))


def fitting(schema: Schema) -> Fits:
    """Whether a value is valid by a schema, as a function.

    Raises:
        UnknownKeywordError: the schema says more than is known here.
    """
    return _Compiler(schema.get("definitions", {})).fits(schema)


class _Compiler:
    """Makes functions of schemas that share their definitions."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._made: dict[str, Fits] = {}

    def fits(self, schema: Schema) -> Fits:
        """A schema's function."""
        if "$ref" in schema:  # draft-07: nothing beside it counts
            return self._definition(schema["$ref"])
        checks = [self._keyword(name, value) for name, value in schema.items() if not _is_silent(name)]
        if schema.keys() & _OF_OBJECTS:
            checks.append(self._object(schema))
        return _all(checks)

    def _definition(self, ref: str) -> Fits:
        name = ref.removeprefix(_LOCAL)
        if name not in self._definitions:
            raise UnknownKeywordError(ref)
        if name not in self._made:
            self._made[name] = lambda value: self._made[name](value)  # as long as it is being made
            self._made[name] = self.fits(self._definitions[name])
        return self._made[name]

    def _keyword(self, name: str, wanted: Any) -> Fits:
        match name:
            case "allOf":
                return _all([self.fits(part) for part in wanted])
            case "anyOf":
                return _some([self.fits(part) for part in wanted])
            case "oneOf":
                return _one([self.fits(part) for part in wanted])
            case "items" if isinstance(wanted, dict):
                return _each(self.fits(wanted))
            case _ if name in _SIMPLE:
                return _SIMPLE[name](wanted)
        raise UnknownKeywordError(name)

    def _object(self, schema: Schema) -> Fits:
        known = {name: self.fits(part) for name, part in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties", True)
        other = self.fits(more) if isinstance(more, dict) else _any if more else _none
        named = self.fits(schema["propertyNames"]) if "propertyNames" in schema else _any
        required = frozenset(schema.get("required", ()))

        def fits(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            if not required <= value.keys():
                return False
            return all(named(key) and known.get(key, other)(inner) for key, inner in value.items())

        return fits


def _is_silent(keyword: str) -> bool:
    return keyword in _SILENT or keyword in _OF_OBJECTS or keyword.startswith(_MARKS)


def _any(value: object) -> bool:
    return True


def _none(value: object) -> bool:
    return False


def _all(checks: list[Fits]) -> Fits:
    if len(checks) == 1:
        return checks[0]
    if not checks:
        return _any
    first, rest = checks[0], _all(checks[1:])
    return lambda value: first(value) and rest(value)


def _one(checks: list[Fits]) -> Fits:
    return lambda value: sum(check(value) for check in checks) == 1


def _some(checks: list[Fits]) -> Fits:
    return lambda value: any(check(value) for check in checks)


def _each(check: Fits) -> Fits:
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _type(wanted: str | list[str]) -> Fits:
    kinds = [_KINDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)]
    return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)


_KINDS: dict[str, Fits] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int or (isinstance(value, float) and value.is_integer()),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _enum(wanted: list[Any]) -> Fits:
    """As JSON compares: 1 and 1.0 are the same, 1 and true are not."""
    if not all(isinstance(one, str | int | float | None) for one in wanted):
        raise UnknownKeywordError("enum")
    known = frozenset((isinstance(one, bool), one) for one in wanted)
    return lambda value: not isinstance(value, dict | list) and (isinstance(value, bool), value) in known


def _pattern(wanted: str) -> Fits:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _at_least(wanted: float) -> Fits:
    return lambda value: not _KINDS["number"](value) or value >= wanted


def _at_most(wanted: float) -> Fits:
    return lambda value: not _KINDS["number"](value) or value <= wanted


def _shortest(wanted: int) -> Fits:
    return lambda value: not isinstance(value, str) or len(value) >= wanted


def _longest(wanted: int) -> Fits:
    return lambda value: not isinstance(value, str) or len(value) <= wanted


def _fewest(wanted: int) -> Fits:
    return lambda value: not isinstance(value, list) or len(value) >= wanted


_SIMPLE: dict[str, Callable[[Any], Fits]] = {
    "type": _type,
    "const": lambda wanted: _enum([wanted]),
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _at_least,
    "maximum": _at_most,
    "minLength": _shortest,
    "maxLength": _longest,
    "minItems": _fewest,
}
