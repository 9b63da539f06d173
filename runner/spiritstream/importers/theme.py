"""SpiritStream's themes (JSON with comments) as the text of one of ours. Pure.

What SpiritStream takes, trailing commas included, which its own themes have. A token that is missing is not
made up: a page would then mix two themes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spiritstream.config.document import parse_document
from spiritstream.config.themes import ID, Checker
from spiritstream.importers.jsontext import Node, parse_json
from spiritstream.importers.names import remark
from spiritstream.importers.values import UnreadableError

_TEMPLATE, _DEPRECATED = "theme-template.jsonc", ".deprecated"
_SHOWN = 5
_TOKEN = re.compile(r"--[A-Za-z0-9_-]{1,62}")
_STRING = r'"(?:\\.|[^"\\\n])*"'
_COMMENTS = re.compile(rf"{_STRING}|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_COMMAS = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")


@dataclass(frozen=True, slots=True)
class ThemeText:
    """The text of `themes/ID.yaml`."""

    id: str
    text: str


def is_skipped(name: str) -> bool:
    """Whether a file among themes is none of them by its name."""
    return name == _TEMPLATE or _DEPRECATED in name


def plain_json(text: str) -> str:
    """JSON without comments and trailing commas; strings, and the lines' numbers, stay as they are."""
    text = _COMMENTS.sub(lambda found: _kept(found[0]), text)
    return _COMMAS.sub(lambda found: _kept(found[0]), text)


def _kept(text: str) -> str:
    return text if text.startswith('"') else "\n" * text.count("\n") or " "


def parse_jsonc(text: str, file: str) -> Any:
    """The data of JSON with comments.

    Raises:
        UnreadableError: it is damaged.
    """
    return parse_json(plain_json(text).encode(), file)


def read_theme(data: Any, file: str, checker: Checker) -> ThemeText:
    """A theme's JSON as the text of ours.

    Raises:
        UnreadableError: something in it is missing, of another kind, or could leave its declaration.
    """
    node = Node(data, file)
    id, name, mode = (node.text(key) for key in ("id", "name", "mode"))
    if not ID.fullmatch(id):
        node.fail("id", "expected up to 64 lower-case letters, digits, '-' and '_'")
    if not name.isprintable():
        node.fail("name", "expected a name of one line")
    tokens = _tokens(node.node("tokens"))
    lines = [
        f"# Imported from SpiritStream's {remark(file.rpartition('/')[2], ())}",
        "version: 1",
        f"name: {_quoted(name)}",
        f"mode: {_quoted(mode)}",
        "tokens:" if tokens else "tokens: {}",
        *(f"  {_quoted(token)}: {_quoted(value)}" for token, value in tokens.items()),
        "",
    ]
    text = "\n".join(lines)
    if findings := checker.findings(parse_document(text, file)):
        said = [f"{one.path}: {one.message}" for one in findings[:_SHOWN]]
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        raise UnreadableError(
            f"{file}: {'; '.join(said)}{more}", "correct the theme, or take it from where it is complete"
        )
    return ThemeText(id, text)


def _tokens(node: Node) -> Mapping[str, str]:
    """The tokens, as far as they can be written and named at all."""
    if not all(_TOKEN.fullmatch(name) for name in node.data):
        node.fail("", "the name of a token is no CSS custom property, such as --text-muted")
    found = {name: node.text(name).strip() for name in node.data}
    for name, value in found.items():
        if not (value.isascii() and value.isprintable()):
            node.fail(name, "only ASCII can stand in a value")
    return found


def _quoted(text: str) -> str:
    """As YAML reads it back: the text is printable, so JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)
