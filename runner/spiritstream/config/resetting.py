"""Changing the settings' file: one entry in place, and only to what is valid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spiritstream.config.creating import create_file
from spiritstream.config.declared import Declared
from spiritstream.config.document import MAX_BYTES, Document, parse_document, read_document
from spiritstream.config.entries import drop_entry, put_entry
from spiritstream.config.rewrite import read_original, replace_original
from spiritstream.config.settings import checked_value, settings_findings
from spiritstream.errors import ProfileError

_VERSION = "version: 1\n"
_HEAD = """\
# The settings of spiritstream on this machine. `spiritstream config show` lists what there is;
# a flag wins over an environment variable, and that over this file. Nothing here is secret.
"""


def set_setting(path: Path, setting: Declared, words: list[str]) -> None:
    """Write the value that words of a command line mean; the file is made if there is none.

    Raises:
        UsageError: the value is not valid, or the file's layout is not understood.
        ProfileError: something else in the file is wrong; it is left as it is.
        BusyError: the file was changed meanwhile.
        SpiritError: it cannot be written.
    """
    value = checked_value(setting, setting.from_words(words), setting.name)
    if not path.exists():
        document = parse_document(_HEAD + _VERSION, str(path))
        create_file(path, put_entry(document, setting.path, value).encode())
    else:
        _rewrite(path, lambda document: put_entry(document, setting.path, value))


def unset_setting(path: Path, setting: Declared) -> bool:
    """Remove a setting from the file. Returns whether it was there.

    Raises:
        As `set_setting`.
    """
    return path.exists() and _rewrite(path, lambda document: drop_entry(document, setting.path))


def _rewrite(path: Path, changed: Callable[[Document], str]) -> bool:
    """Put the changed text in the file's place. Returns whether it differs."""
    original = read_original(path, MAX_BYTES)
    document = _editable(original.data, str(path))
    text = changed(document)
    # What is valid is the outcome: a wrong value can be set right by this.
    after, findings = read_document(text, str(path))
    findings += settings_findings(after) if after else []
    if findings:
        raise ProfileError(sorted(set(findings)))
    if text.encode() == original.data:
        return False
    replace_original(original, text.encode())
    return True


def _editable(data: bytes, file: str) -> Document:
    """The file's document, which must be a mapping, or nothing yet.

    Raises:
        ProfileError: it is neither.
    """
    document, findings = read_document(data, file)
    if document is not None and document.data is None:
        text = document.text
        gap = "" if not text or text.endswith("\n") else "\n"
        return parse_document(f"{text}{gap}{_VERSION}", file)
    if document is None or not isinstance(document.data, dict):
        raise ProfileError(findings or settings_findings(document) if document else findings)
    return document
