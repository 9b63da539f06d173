"""A schema as a person reads it: each field by its dotted path, and everything that is said of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from spiritstream.config.places import shown
from spiritstream.config.schema import expected_form, nearest_key
from spiritstream.errors import UsageError

Node = Mapping[str, Any]
NAME = "NAME"
"""What stands in a path for a name that its author chooses."""
_LONGEST_COMPARED = 100
_WORDS = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True, slots=True)
class Field:
    """One place of a document. `forms` are the ways to write it, where there are several."""

    path: tuple[str, ...]
    node: Node
    required: bool = False
    inherited: Node | None = None
    """The node that says what this one leaves out: the field that it is a part of."""

    @property
    def dotted(self) -> str:
        """Its path, such as `groups.NAME.video.keyframe`; empty for the document itself."""
        return ".".join(self.path)

    @property
    def description(self) -> str:
        """What it is."""
        said = (form["description"] for form in (self.node, *self.forms) if "description" in form)
        return next(said, "")

    @property
    def forms(self) -> list[Node]:
        """Its alternatives; none of a choice between keys, which is said by `expected`."""
        forms = [_merged(form) for form in self.node.get("oneOf", ())]
        return [form for form in forms if form.keys() - {"required"}]

    @property
    def expected(self) -> str:
        """What is written there, in words; empty where the list of values says it all."""
        if "x-expected" in self.node or not self.forms:
            return "" if self.values else expected_form(self.node)
        return " or ".join(dict.fromkeys(expected_form(form) for form in self.forms))

    @property
    def values(self) -> list[str]:
        """The only values that are allowed, if they can be listed."""
        return [_text(value) for value in self.node.get("enum", ())]

    @property
    def range(self) -> str:
        """The lowest and the highest value, in words; empty where there is none."""
        if said := self.node.get("x-range"):
            return str(said)
        low, high = self.node.get("minimum"), self.node.get("maximum")
        if low is None or "string" in self.node.get("type", ()):
            return ""
        return f"from {low} to {high}" if high is not None else f"at least {low}"

    @property
    def default(self) -> str | None:
        """What holds where it is left out; `None` where the description says it, or nothing does."""
        if "default" in self.node:
            return _text(self.node["default"])
        return self.node.get("x-default")

    @property
    def examples(self) -> list[str]:
        """Values as they may be written."""
        return [_text(value) for value in self.node.get("examples", ())]

    @property
    def restarts(self) -> str | None:
        """`x-apply`: the smallest thing that must restart when it changes."""
        found = [form["x-apply"] for form in (self.node, *self.forms) if "x-apply" in form]
        return found[0] if found else (self.inherited or {}).get("x-apply")

    @property
    def secret(self) -> bool:
        """Whether it is one that never stands in clear text."""
        return bool(self.node.get("x-secret"))

    @property
    def fields(self) -> list[Field]:
        """What stands below it, whatever its form."""
        found: dict[str, Field] = {}
        for form in (self.node, *self.forms):
            # What a list holds has the list's own path: nobody calls a server by its number.
            for node in (form, _merged(form.get("items") or {})):
                required = node.get("required", ())
                for key, child in node.get("properties", {}).items():
                    found.setdefault(key, self._child(key, child, key in required))
                if isinstance(named := node.get("additionalProperties"), Mapping):
                    found.setdefault(NAME, self._child(NAME, named, False))
        return list(found.values())

    def _child(self, name: str, node: Node, required: bool) -> Field:
        above = self.node if self.restarts is None else {"x-apply": self.restarts}
        return Field((*self.path, name), _merged(node), required, above)


def _merged(node: Node) -> dict[str, Any]:
    """A node with what its `allOf` says; its own words win."""
    merged: dict[str, Any] = {}
    for part in node.get("allOf", ()):
        merged |= _merged(part)
    return merged | {key: value for key, value in node.items() if key != "allOf"}


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return _WORDS[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in value.items()) + "}"
    return '""' if value == "" else str(value)


def every_field(schema: Node) -> Iterator[Field]:
    """The document itself and all below it, each before what it holds. `schema` holds no `$ref`."""
    yield from _below(Field((), _merged(schema)))


def _below(field: Field) -> Iterator[Field]:
    yield field
    for child in field.fields:
        yield from _below(child)


def find_field(schema: Node, path: str) -> Field:
    """The field at a dotted path. Names that the author chooses may stand in it, or be left out.

    The end of a path is enough where only one path ends so.

    Raises:
        UsageError: there is none; the hint says which one was perhaps meant.
    """
    words = [word.partition("[")[0] for word in path.strip().strip(".").split(".") if word]
    found = _descend(Field((), _merged(schema)), words)
    if found:
        return found
    every = {field.dotted: field for field in every_field(schema)}
    ends = [dotted for dotted in every if _ends_with(dotted, words)]
    if len(ends) == 1:
        return every[ends[0]]
    raise UsageError(_unknown(words), _hint(words, ends, schema, every))


def _descend(field: Field, words: Sequence[str]) -> Field | None:
    if not words:
        return field
    known = {child.path[-1]: child for child in field.fields}
    named = known.pop(NAME, None)
    first, rest = words[0], words[1:]
    if first in known and (found := _descend(known[first], rest)):
        return found
    if named is None:
        return None
    # `groups.targets.key`: the name is left out. A name may also be called as a field is.
    return _descend(named, words) or _descend(named, rest)


def _ends_with(dotted: str, words: Sequence[str]) -> bool:
    parts = [part for part in dotted.split(".") if part != NAME]
    return bool(words) and parts[-len(words) :] == list(words)


def _unknown(words: Sequence[str]) -> str:
    if words and all(map(shown, words)):
        return f"there is no field {'.'.join(words)}"
    return "there is no such field"


def _hint(words: Sequence[str], ends: Sequence[str], schema: Node, every: Mapping[str, Field]) -> str:
    if ends:
        return f"which one: {', '.join(ends)}?"
    if near := _nearest(words, schema, every):
        return f"did you mean {near}?"
    return f"at the top are {', '.join(child.dotted for child in every[''].fields)}"


def _nearest(words: Sequence[str], schema: Node, every: Mapping[str, Field]) -> str:
    """By the part of the path that is known, and the word for what was meant; else by the spelling."""
    for length in range(len(words) - 1, -1, -1):
        parent = _descend(Field((), _merged(schema)), words[:length])
        if parent is None:
            continue
        for child in parent.fields:
            below = {each.path[-1]: each for each in (parent, *parent.fields, *child.fields) if each.path}
            if near := nearest_key(words[length], {"properties": below}):
                return below[near].dotted
        break
    text = ".".join(words)[:_LONGEST_COMPARED]
    plain = {dotted.replace(f".{NAME}", ""): dotted for dotted in every}
    close = get_close_matches(text, plain, n=1) or get_close_matches(words[-1] if words else "", plain, n=1)
    return plain[close[0]] if close else ""
