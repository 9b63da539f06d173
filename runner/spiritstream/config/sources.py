"""Where a secret comes from: a sealed value, a variable, a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from spiritstream.config.document import Document
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.reach import LeavesError, Reach
from spiritstream.config.within import normal
from spiritstream.errors import Finding, KeyMissingError, SpiritError, TamperedError
from spiritstream.secret import Secret

MAX_SECRET_BYTES = 4096
# A stream key pasted in place of a name or a path looks unlike those that people choose: it is not repeated.
_USUAL_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,39}", re.ASCII)
_USUAL_PATH = re.compile(r"\.{0,2}/.*", re.DOTALL)


def sealed_findings(document: Document, leaves: list[SecretLeaf]) -> list[Finding]:
    """Sealed values that cannot open whatever the identity: malformed, or sealed for another place."""
    found = []
    for leaf in leaves:
        if isinstance(leaf.value, str) and leaf.value.startswith("sealed:"):
            # Here, as it brings cryptography along, which a profile without sealed values does not need.
            from spiritstream.config.seal import check_moved, parse_sealed

            try:
                sealed = parse_sealed(leaf.value)
                if leaf.destination is not None:
                    check_moved(sealed, leaf.destination)
            except TamperedError as error:
                found.append(document.finding(leaf.at, error.message, error.hint))
    return found


def reveal(
    leaf: SecretLeaf,
    file: str,
    opener: Callable[[str, str, str], Secret] | None,
    environ: Mapping[str, str],
    folder: Path,
    reach: Reach | None = None,
) -> Secret:
    """The secret that a leaf names; the errors say where the leaf stands."""
    try:
        if isinstance(leaf.value, dict):
            return _named(leaf.value, environ, folder, reach)
        return _opened(leaf, opener)
    except SpiritError as error:
        where = f"{file}:{leaf.line}:{leaf.column}: {leaf.path}: "
        raise type(error)(where + error.message, error.hint) from None


def _opened(leaf: SecretLeaf, opener: Callable[[str, str, str], Secret] | None) -> Secret:
    if opener is None:
        raise KeyMissingError(
            "this sealed value needs an identity, and there is none", "name it with --identity FILE"
        )
    if leaf.destination is None:
        raise KeyMissingError(
            "where this secret goes cannot be told", "give the URL a host that can be looked up"
        )
    return opener(str(leaf.value), leaf.destination, leaf.field)


def _named(value: dict[str, object], environ: Mapping[str, str], folder: Path, reach: Reach | None) -> Secret:
    if "env" in value:
        return _variable(str(value["env"]), environ)
    return _file(str(value["file"]), folder, reach)


def _variable(name: str, environ: Mapping[str, str]) -> Secret:
    text = environ.get(name)
    called = "this environment variable"
    if _USUAL_VARIABLE.fullmatch(name):
        called = f"the environment variable {name}"
    if not text:
        raise KeyMissingError(f"{called} is {'not set' if text is None else 'empty'}", "set it to the secret")
    return _secret(text, called)


def _file(named: str, folder: Path, reach: Reach | None) -> Secret:
    path = folder / named
    called = f"the file {path}" if _USUAL_PATH.fullmatch(named) else "this file, in the profile's folder,"
    try:
        raw = _bytes(path, reach)
    except LeavesError:
        message, hint = "this file leads outside what may be read", "put the file itself there"
        raise KeyMissingError(message, hint) from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "no such path").lower()
        raise KeyMissingError(f"{called} cannot be read: {why}", "create it, or correct the path") from None
    if len(raw) > MAX_SECRET_BYTES:
        raise KeyMissingError(f"{called} is too large for a secret", "put the secret alone into it")
    try:
        text = re.sub(r"\r?\n\Z", "", raw.decode())
    except UnicodeDecodeError:
        raise KeyMissingError(f"{called} is not UTF-8 text", "put the secret alone into it") from None
    if not text:
        raise KeyMissingError(f"{called} is empty", "put the secret into it")
    return _secret(text, called)


def _bytes(path: Path, reach: Reach | None) -> bytes:
    if reach is not None:
        return reach.read(normal(Path("/"), str(path)), MAX_SECRET_BYTES + 1)
    with path.open("rb") as stream:
        return stream.read(MAX_SECRET_BYTES + 1)


def _secret(text: str, source: str) -> Secret:
    if not text.isprintable() or text != text.strip():
        raise KeyMissingError(
            f"{source} holds more than a secret: a line break, a control character or spaces around it",
            "put the secret alone into it",
        )
    return Secret(text)
