"""PyYAML's complaints in words of our own: its messages quote the text, which may be a key. Pure."""

from __future__ import annotations

import re

import yaml

# What YAML itself calls not printable, plus DEL and the C1 controls (but not NEL, a line break).
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# By the beginning of PyYAML's `problem`, which quotes at the end if at all.
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("found character '\\t'", "a tab stands where a value or key should", "indent with spaces"),
    ("found character", "this character cannot start a value", "put the value in quotes"),
    (
        "mapping values are not allowed",
        "a ':' stands where no key can be",
        "check the indentation, and put a text that contains ': ' in quotes",
    ),
    ("could not find expected ':'", "this key has no ':'", "write 'key: value' on one line"),
    ("expected <block end>", "this does not belong to the block above", "check the indentation and brackets"),
    ("expected ',' or ']'", "a '[' is not closed, or a comma is missing", "check the brackets"),
    ("expected ',' or '}'", "a '{' is not closed, or a comma is missing", "check the brackets"),
    (
        "expected the node content",
        "a value is missing here",
        "check the brackets, commas and '|', and put an address such as \"[::1]:1935\" in quotes",
    ),
    ("found unexpected end of stream", "a quote is opened here and never closed", "close the quote"),
    ("found unexpected document separator", "a quote is not closed before '---'", "close the quote"),
    ("found unknown escape", "an unknown escape", "double the backslash, or use single quotes"),
    ("expected escape sequence", "a broken escape", "double the backslash, or use single quotes"),
    ("expected '<document start>'", "text stands behind the end of the profile", "remove it"),
    ("found undefined tag handle", "a YAML tag is not allowed", "put a value that starts with '!' in quotes"),
)
# These name the place where the thing began; the others, where it went wrong.
_AT_CONTEXT = ("found unexpected end of stream", "found unexpected document separator")


def control_character(text: str) -> int | None:
    """The index of the first control character (or half of a surrogate pair) in `text`."""
    found = _CONTROL.search(text)
    return found.start() if found else None


def syntax_words(error: Exception, here: yaml.Mark) -> tuple[yaml.Mark, str, str]:
    """Where a syntax error is, what it is, and what to do; `here` is how far the scanner came."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return here, "this is not valid YAML", "check for broken escapes and directives"
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark or here
    if error.context_mark and problem.startswith(_AT_CONTEXT):
        mark = error.context_mark
    for beginning, message, hint in _WORDS:
        if problem.startswith(beginning):
            return mark, message, hint
    return mark, "this is not valid YAML", "check the indentation, quotes and brackets"
