"""A document against the profile's JSON Schema, in words of our own. Pure.

jsonschema finds what is wrong; its messages repeat the value, which may be a key, so none is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby, islice
from shlex import quote
from typing import Any

from spiritstream.config.address import either
from spiritstream.config.document import Document
from spiritstream.config.meant import ADD, ELSEWHERE, MEANT_KEYS, MEANT_VALUES
from spiritstream.config.places import Path, dotted, shown
from spiritstream.config.rules import Validator
from spiritstream.errors import Finding

MAX_FINDINGS = 100
CLEAR_TEXT = "a secret stands here in clear text"
_LONGEST_COMPARED = 40  # difflib takes quadratic time

_EXPECTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_FOUND = {
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
    type(None): "nothing",
}


def profile_validator(schema: Mapping[str, Any]) -> Validator:
    """The validator of a schema, to be made once and kept."""
    return Validator(schema)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is used of jsonschema's error: everything but its message."""

    path: Path
    keyword: str
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    of_name: bool
    branch: object
    """Which of a `oneOf` it belongs to."""
    at_root: bool
    """Whether it is about the whole value that the `oneOf` is about."""
    inner: tuple[_Fault, ...]


def _fault(error: Any) -> _Fault:
    return _Fault(
        path=tuple(error.absolute_path),
        keyword=error.validator,
        wanted=error.validator_value,
        value=error.instance,
        schema=error.schema,
        of_name="propertyNames" in error.absolute_schema_path,
        branch=error.relative_schema_path[0],
        at_root=not error.relative_path,
        inner=tuple(_fault(inner) for inner in error.context or ()),
    )


def schema_findings(document: Document, validator: Validator) -> list[Finding]:
    """Everything in which the document differs from the schema, sorted."""
    errors = validator.iter_errors(document.data)
    found = (finding for error in errors for finding in _findings(document, _fault(error)))
    return sorted(set(islice(found, MAX_FINDINGS)))


def _findings(document: Document, fault: _Fault) -> Iterator[Finding]:
    word = _bad_name if fault.of_name else _WORDS.get(fault.keyword, _other)
    return word(document, fault)


def _unknown_keys(document: Document, fault: _Fault) -> Iterator[Finding]:
    parent = dotted(fault.path)
    for key in _unknown(fault):
        near = nearest_key(key, fault.schema)
        message = f"unknown key {key!r}" if near or shown(key) else "unknown key"
        hint = f"did you mean {near!r}?" if near else "known here: " + ", ".join(fault.schema["properties"])
        hint = ELSEWHERE.get(fault.path, {}).get(key.lower(), hint)
        at_key = document.finding((*fault.path, key), message, hint, at_key=True)
        yield replace(at_key, path=parent)


def _unknown(fault: _Fault) -> list[str]:
    return [key for key in fault.value if key not in fault.schema["properties"]]


def nearest_key(key: str, schema: Mapping[str, Any]) -> str | None:
    """The known key of a mapping's schema that `key` was perhaps meant to be."""
    known = list(schema["properties"])
    if len(key) > _LONGEST_COMPARED:
        return None
    if (meant := MEANT_KEYS.get(key.lower())) in known:
        return meant
    near = get_close_matches(key.lower(), known, n=1, cutoff=0.65)
    return near[0] if near else None


def _missing(document: Document, fault: _Fault) -> Iterator[Finding]:
    # jsonschema names the missing key in its message only: each of its errors stands for all of them here.
    misspelt = {nearest_key(key, fault.schema) for key in _unknown(fault)}
    for key in fault.wanted:
        if key not in fault.value and key not in misspelt:
            yield document.finding(
                fault.path, f"'{key}' is missing", ADD.get(key, f"add '{key}:'"), at_key=True
            )


def _type(document: Document, fault: _Fault) -> Iterator[Finding]:
    found = _FOUND[type(fault.value)]
    hint = ""
    if fault.value is None:
        hint = "write a value, or remove the line"
    elif found == "a number" and "string" in fault.wanted:
        hint = "put it in quotes"
    yield document.finding(fault.path, f"expected {expected_form(fault.schema)}, found {found}", hint)


def expected_form(schema: Mapping[str, Any]) -> str:
    """What is written for a value of a schema, in words."""
    kind = schema.get("type")
    return str(schema.get("x-expected") or _EXPECTED.get(str(kind), "another value"))


def _form(document: Document, fault: _Fault) -> Iterator[Finding]:
    yield document.finding(fault.path, f"expected {expected_form(fault.schema)}")


def _enum(document: Document, fault: _Fault) -> Iterator[Finding]:
    if isinstance(fault.value, bool) or type(fault.value) not in {type(value) for value in fault.wanted}:
        return  # of another type: said already
    allowed = [str(value) for value in fault.wanted]
    near = _nearest_value(fault.value, allowed)
    yield document.finding(fault.path, f"expected {either(allowed)}", f"did you mean {near}?" if near else "")


def _nearest_value(value: object, allowed: list[str]) -> str | None:
    text = str(value).lower()
    if len(text) > _LONGEST_COMPARED:
        return None
    if (meant := MEANT_VALUES.get(text)) in allowed:
        return meant
    near = get_close_matches(text, allowed, n=1)
    return near[0] if near else None


def _range(document: Document, fault: _Fault) -> Iterator[Finding]:
    low, high = fault.schema["minimum"], fault.schema.get("maximum")
    said = f"from {low} to {high}" if high is not None else f"at least {low}"
    yield document.finding(fault.path, f"must be {said}")


def _length(document: Document, fault: _Fault) -> Iterator[Finding]:
    if fault.keyword == "maxLength":
        yield document.finding(fault.path, f"longer than {fault.wanted} characters")
    else:
        yield document.finding(fault.path, "must not be empty", f"write {expected_form(fault.schema)}")


def _bad_name(document: Document, fault: _Fault) -> Iterator[Finding]:
    message = f"expected a name of {fault.schema['x-expected']}"
    yield document.finding((*fault.path, fault.value), message, at_key=True)


def _one_of(document: Document, fault: _Fault) -> Iterator[Finding]:
    if fault.schema.get("x-secret"):
        yield _secret(document, fault)
    elif "x-choice" in fault.schema:
        yield from _choice(document, fault)
    else:
        yield from _branch(document, fault)


def _secret(document: Document, fault: _Fault) -> Finding:
    if isinstance(fault.value, str | int | float) and not isinstance(fault.value, bool):
        return document.finding(fault.path, CLEAR_TEXT, f"run: spiritstream seal {quote(document.file)}")
    found = "" if isinstance(fault.value, dict) else f", found {_FOUND[type(fault.value)]}"
    return document.finding(fault.path, f"expected {expected_form(fault.schema)}{found}")


def _choice(document: Document, fault: _Fault) -> Iterator[Finding]:
    """Not exactly one of the keys of which there must be one."""
    choice: list[str] = fault.schema["x-choice"]
    if not isinstance(fault.value, dict):
        return  # a type error already
    present = [key for key in fault.value if key in choice]
    if len(present) > 1:
        message = f"exactly one of {either(choice)} is allowed, and {present[0]} stands here already"
        yield document.finding((*fault.path, present[1]), message, "remove one of the two", at_key=True)
    elif not any(_is_meant(key, fault, choice) for key in _unknown(fault)):
        yield document.finding(fault.path, f"one of {either(choice)} is missing", at_key=True)


def _any_of(document: Document, fault: _Fault) -> Iterator[Finding]:
    """None of the keys of which at least one is needed: the first stands for them."""
    wanted = [key for branch in fault.wanted for key in branch["required"]]
    if isinstance(fault.value, dict) and not any(_is_meant(key, fault, wanted) for key in _unknown(fault)):
        message, hint = f"'{wanted[0]}' is missing", ADD.get(wanted[0], f"add '{wanted[0]}:'")
        yield document.finding(fault.path, message, hint, at_key=True)


def _is_meant(key: str, fault: _Fault, choice: list[str]) -> bool:
    """Whether an unknown key stands for one of a choice, as the finding about it says."""
    return key.lower() in ELSEWHERE.get(fault.path, {}) or nearest_key(key, fault.schema) in choice


def _branch(document: Document, fault: _Fault) -> Iterator[Finding]:
    """What is wrong by the one branch whose type fits; if none fits, what all of them expect."""
    for _, branch in groupby(fault.inner, key=lambda inner: inner.branch):
        inners = list(branch)
        if not any(inner.at_root and inner.keyword in ("type", "enum") for inner in inners):
            for inner in inners:
                yield from _findings(document, inner)
            return
    said = "" if isinstance(fault.value, str) else f", found {_FOUND[type(fault.value)]}"
    yield document.finding(fault.path, f"expected {expected_form(fault.schema)}{said}")


def _other(document: Document, fault: _Fault) -> Iterator[Finding]:
    yield document.finding(fault.path, "this value is not allowed here")


_WORDS: dict[str, Callable[[Document, _Fault], Iterator[Finding]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing,
    "type": _type,
    "const": _form,
    "pattern": _form,
    "enum": _enum,
    "minimum": _range,
    "maximum": _range,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _length,
    "oneOf": _one_of,
    "anyOf": _any_of,
}
