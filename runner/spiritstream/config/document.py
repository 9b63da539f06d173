"""YAML text to data, with a position for every value and key: strict, bounded, quoting nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml
from yaml import events as ev

from spiritstream.config.places import Mark, Path, dotted
from spiritstream.config.quick import read_quickly
from spiritstream.config.tree import TreeBuilder
from spiritstream.config.yamlwords import control_character, syntax_words
from spiritstream.errors import Finding, ProfileError

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its text, its data, and for each path the value's mark and its key's mark."""

    file: str
    text: str = field(repr=False)
    data: object = field(repr=False)
    marks: Mapping[Path, Mark]
    keys: Mapping[Path, Mark]

    def finding(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> Finding:
        """A finding about the value at `path` (or, with `at_key`, about its key)."""
        mark = self._mark(path, at_key)
        return Finding(self.file, mark.line, mark.column, dotted(path), message, hint)

    def _mark(self, path: Path, at_key: bool) -> Mark:
        first, second = (self.keys, self.marks) if at_key else (self.marks, self.keys)
        for length in range(len(path), -1, -1):
            if mark := first.get(path[:length]) or second.get(path[:length]):
                return mark
        return Mark(1, 1, 0, 0)


def parse_document(text: bytes | str, file: str) -> Document:
    """The document of a YAML file.

    Raises:
        ProfileError: with everything that is wrong with the YAML itself.
    """
    document, findings = read_document(text, file)
    if findings or document is None:
        raise ProfileError(findings)
    return document


def read_document(text: bytes | str, file: str) -> tuple[Document | None, list[Finding]]:
    """As `parse_document`, but with what could be read beside what is wrong with it.

    The document is `None` only beside at least one finding.
    """
    try:
        decoded = _decoded(text, file)
        parts = read_quickly(decoded)
        return (Document(file, decoded, *parts), []) if parts else read_thoroughly(decoded, file)
    except ProfileError as error:
        return None, error.findings


def _refused(file: str, line: int, column: int, message: str, hint: str) -> ProfileError:
    return ProfileError([Finding(file, line, column, "", message, hint)])


def _decoded(text: bytes | str, file: str) -> str:
    """The text, with everything refused that must not even be scanned."""
    if len(text) > MAX_BYTES:
        raise _refused(file, 1, 1, "the file is larger than 1 MiB", "a profile has a few kilobytes")
    decoded = _utf8(text, file) if isinstance(text, bytes) else text
    if decoded.startswith("\ufeff"):
        raise _refused(file, 1, 1, "the file starts with a byte order mark", "save it as UTF-8 without BOM")
    if (index := control_character(decoded)) is not None:
        line, column = _line_column(decoded[:index])
        raise _refused(file, line, column, "a control character stands here", "delete it")
    return decoded


def _utf8(text: bytes, file: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line, column = _line_column(text[: error.start].decode())
        raise _refused(file, line, column, "the file is not UTF-8 text", "save it as UTF-8") from None


def _line_column(before: str) -> tuple[int, int]:
    """Line and column of what follows this text."""
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def read_thoroughly(text: str, file: str) -> tuple[Document | None, list[Finding]]:
    """As `read_document`, for a text without control characters; never by way of `quick.py`."""
    builder = TreeBuilder(file, text)
    complete = False
    try:
        for event in _events(text, file):
            builder.feed(event)
        complete = True
    except ProfileError as error:
        builder.findings += error.findings
    if complete and builder.root is None and not builder.findings:
        builder.findings.append(Finding(file, 1, 1, "", "the file is empty", "start with 'version: 1'"))
    document = Document(file, text, builder.root, builder.marks, builder.keys) if complete else None
    return document, sorted(set(builder.findings))


def _events(text: str, file: str) -> Iterator[ev.Event]:
    """PyYAML's events; its errors, which may quote the text, are put in our own words."""
    loader = yaml.SafeLoader(text)
    try:
        while (event := loader.get_event()) is not None:  # type: ignore[no-untyped-call]
            yield event
    # ValueError and OverflowError: escapes such as "\UFFFFFFFF", and a %YAML version of 5000 digits.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark, message, hint = syntax_words(error, loader.get_mark())
        raise _refused(file, mark.line + 1, mark.column + 1, message, hint) from None
    finally:
        loader.dispose()
