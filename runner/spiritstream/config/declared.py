"""The settings that there are, as their schema declares them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from spiritstream.config.document import Document
from spiritstream.config.places import Mark, Path, shown
from spiritstream.config.scalars import plain_scalar
from spiritstream.errors import UsageError

Value = str | int | tuple[str, ...] | None
"""A setting's value; `None` where nothing is set and there is no fixed default."""
_LONGEST_COMPARED = 60


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting: its dotted name, the variable that sets it, and what its values are."""

    name: str
    path: tuple[str, ...]
    variable: str
    description: str
    default: Value
    is_list: bool
    is_number: bool
    place: str
    """`path` where values are paths, `program` where they may be a program's name, else empty."""
    otherwise: str
    """What holds where nothing is set, in words; empty where the default says it."""
    elsewhere: str
    """What the SpiritStream application calls it; empty if it has none."""

    def from_words(self, words: Sequence[str]) -> object:
        """The value, as YAML would hold it, that words of a command line mean; it is not checked here.

        Raises:
            UsageError: there are too many words.
        """
        if self.is_list:
            return list(words)
        if len(words) != 1:
            raise UsageError(f"{self.name} has one value", "put a value with spaces in quotes")
        number = plain_scalar(words[0]) if self.is_number else words[0]
        return number if isinstance(number, int) and not isinstance(number, bool) else words[0]

    def from_variable(self, text: str) -> object:
        """The value that the text of an environment variable means."""
        return self.from_words([part.strip() for part in text.split(",")] if self.is_list else [text])


def declared(schema: Mapping[str, Any]) -> dict[str, Declared]:
    """Every setting of a schema by its name, in the schema's order."""
    return {one.name: one for one in _walk(schema, schema["definitions"], ())}


def _walk(node: Mapping[str, Any], definitions: Mapping[str, Any], at: Path) -> Iterator[Declared]:
    for key, found in node["properties"].items():
        child = _resolved(found, definitions)
        if child.get("type") == "object":
            yield from _walk(child, definitions, (*at, key))
        elif "x-env" in child:  # all but the format's version
            yield _declared((*at, key), child, definitions)


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A node with what its `allOf` says."""
    merged: dict[str, Any] = {}
    for part in node.get("allOf", ()):
        merged |= definitions[part["$ref"].rpartition("/")[2]]
    return merged | dict(node)


def _declared(path: Path, node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Declared:
    default = node.get("default")
    items = _resolved(node.get("items", {}), definitions)
    return Declared(
        name=".".join(map(str, path)),
        path=tuple(map(str, path)),
        variable=node["x-env"],
        description=node["description"],
        default=tuple(default) if isinstance(default, list) else default,
        is_list=node["type"] == "array",
        is_number=node["type"] == "integer",
        place=node.get("x-place", items.get("x-place", "")),
        otherwise=node.get("x-default", ""),
        elsewhere=node.get("x-spiritstream", ""),
    )


def find_declared(name: str, known: Mapping[str, Declared]) -> Declared:
    """The setting called `name`.

    Raises:
        UsageError: there is none; the hint names the nearest, or all.
    """
    if name in known:
        return known[name]
    called = f"'{name}' is no setting" if all(map(shown, name.split("."))) else "there is no such setting"
    raise UsageError(called, _hint(name, known))


def _hint(name: str, known: Mapping[str, Declared]) -> str:
    if below := [one for one in known if one.startswith(f"{name}.")]:
        return f"it holds {', '.join(below)}"
    if near := _nearest(name, known):
        return f"did you mean {near}?"
    return f"known are {', '.join(known)}"


def _nearest(name: str, known: Mapping[str, Declared]) -> str:
    """The setting that was perhaps meant: by SpiritStream's name, by its last word, by its spelling."""
    if len(name) > _LONGEST_COMPARED:
        return ""
    meant = {one.elsewhere.lower(): one.name for one in known.values() if one.elsewhere}
    meant |= {one.variable.lower(): one.name for one in known.values()}
    meant |= {one.path[-1]: one.name for one in known.values()}
    if exact := meant.get(name.lower()):
        return exact
    near = get_close_matches(name.lower(), {**meant, **dict.fromkeys(known)}, n=1, cutoff=0.65)
    return (meant.get(near[0]) or near[0]) if near else ""


def alone(setting: Declared, value: object, source: str) -> Document:
    """A document that holds nothing but one value, so that it is checked as a file's is."""
    data: object = value
    for key in reversed(setting.path):
        data = {key: data}
    assert isinstance(data, dict)
    return Document(source, "", {"version": 1, **data}, {(): Mark(1, 1, 0, 0)}, {})


def at(data: object, path: Sequence[str]) -> object:
    """What stands at `path`; `None` if nothing does."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
