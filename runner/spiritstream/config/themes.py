"""A theme: the colours and measures of pages as CSS custom properties, checked against its schema. Pure.

A value is written into a page's style sheet as it is. The schema therefore lists what may stand in one, and
nothing on that list ends a declaration, opens a comment or fetches anything: no `;` `{` `}` `<` `@` `:` `\\`,
no function but those that compute colours, lengths and gradients, quotes and brackets only in pairs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spiritstream.config.document import Document
from spiritstream.config.schema import expected_form, profile_validator, schema_findings
from spiritstream.errors import Finding

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""A theme's id: no dot, no slash, so that it cannot leave its folder."""
FALLBACKS = {"--border-subtle": "--border-muted"}
"""What a token is where a theme leaves it out."""
_TOKENS = "tokens"
_LONGEST_LIST = 8


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that was found valid, with every token that pages may ask for."""

    id: str
    name: str
    mode: str
    tokens: Mapping[str, str]


class Checker:
    """The theme's schema, made ready once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        tokens, value = schema["properties"][_TOKENS], schema["definitions"]["value"]
        self.required: tuple[str, ...] = tuple(tokens["required"])
        self._name = re.compile(tokens["propertyNames"]["pattern"])
        self._expected_name = expected_form(tokens["propertyNames"])
        self._value = re.compile(value["pattern"])
        self._expected_value = expected_form(value)
        self._longest = value["maxLength"]
        # Tokens are looked at here: the many that are missing are one finding, and names are shown.
        rest = {key: tokens[key] for key in ("description", "x-expected", "type")}
        self._validator = profile_validator({**schema, "properties": {**schema["properties"], _TOKENS: rest}})

    def findings(self, document: Document) -> list[Finding]:
        """Everything that is wrong with a theme's file; no value is repeated."""
        found = document.data.get(_TOKENS) if isinstance(document.data, dict) else None
        tokens = found if isinstance(found, dict) else None
        return sorted({*schema_findings(document, self._validator), *self._of_tokens(document, tokens)})

    def _of_tokens(self, document: Document, tokens: Mapping[str, Any] | None) -> Iterator[Finding]:
        if tokens is None:
            return
        if missing := [name for name in self.required if name not in tokens]:
            more = f" and {len(missing) - _LONGEST_LIST} more" if len(missing) > _LONGEST_LIST else ""
            message = f"missing: {', '.join(missing[:_LONGEST_LIST])}{more}"
            yield document.finding((_TOKENS,), message, "spiritstream schema theme lists them", at_key=True)
        for name, value in tokens.items():
            if not self._name.search(name):
                finding = document.finding(
                    (_TOKENS, name), f"expected a name of {self._expected_name}", at_key=True
                )
                yield replace(finding, path=_TOKENS)
            elif not self.allows(value):
                finding = document.finding((_TOKENS, name), f"expected {self._expected_value}")
                yield replace(finding, path=f"{_TOKENS}.{name}")

    def allows(self, value: object) -> bool:
        """Whether this can be a token's value."""
        return isinstance(value, str) and len(value) <= self._longest and bool(self._value.search(value))


def parse_theme(id: str, data: Any) -> Theme:
    """The theme in a file's data, in which nothing is wrong."""
    tokens = dict(data[_TOKENS])
    for name, other in FALLBACKS.items():
        tokens.setdefault(name, tokens[other])
    return Theme(id, data["name"], data["mode"], tokens)


def bad_id(document: Document) -> Finding:
    """That a file's name is no theme's id."""
    finding = document.finding((), "the file's name, which is the theme's id, can be none")
    return replace(finding, hint="up to 64 lower-case letters, digits, '-' and '_': night-blue.yaml")
