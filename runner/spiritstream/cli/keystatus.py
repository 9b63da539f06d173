"""`spiritstream keys status`: for whom each value is sealed, and whether it opens here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import IDENTITY_OPTION, OUTPUT_OPTION, PATHS
from spiritstream.cli.settings import Environment
from spiritstream.errors import ExitCode, KeyMissingError, ProfileError

if TYPE_CHECKING:
    from spiritstream.config.common import Common
    from spiritstream.config.standing import AtHand, Value
    from spiritstream.errors import Finding

_JSON_VERSION = 1


@click.command("status")
@click.argument("paths", nargs=-1, required=True, type=PATHS, metavar="PATH...")
@IDENTITY_OPTION
@OUTPUT_OPTION
def status(paths: tuple[Path, ...], identity: Path | None, output: str) -> int:
    """Say of each secret in profiles for whom it is sealed, and whether it opens here.

    Exits with 4 if a file cannot be read, 6 if a value was changed or moved, 5 if one is sealed for
    another identity. What opens with the previous identity only is said, and is no failure; so is what is
    sealed for another recipient than the .spiritstream.yaml names.
    """
    from spiritstream.cli.files import collect
    from spiritstream.config.commonfile import common_for

    files, findings = collect(paths)
    keys = _at_hand(identity)
    values: list[Value] = []
    for path in files:
        try:
            values += _values(path, keys, common := common_for(path))
            findings += common.findings if common else ()
        except ProfileError as error:
            findings += error.findings
    findings = sorted(set(findings))
    if output == "json":
        click.echo(_json(keys, values, sorted(findings)))
    else:
        _print(values, sorted(findings))
    return int(_code(values, findings))


def _at_hand(identity: Path | None) -> AtHand:
    """The identities here. That none is there, or its passphrase is not, is no failure: less is said then."""
    from spiritstream.cli.asking import asker
    from spiritstream.config.identity import find_identity
    from spiritstream.config.keyfile import open_identity, read_identity
    from spiritstream.config.standing import AtHand
    from spiritstream.config.unlock import find_passphrase

    try:
        file = read_identity(find_identity(identity, Environment()))
    except KeyMissingError as error:
        if identity:
            raise
        click.echo(f"spiritstream: {error.message}; what opens is not tried", err=True)
        return AtHand()
    if file.protected and not sys.stdin.isatty() and find_passphrase(os.environ) is None:
        click.echo(
            f"spiritstream: {file.path} is protected by a passphrase; what opens is not tried", err=True
        )
        return AtHand(file.recipient, file.previous)
    return AtHand(file.recipient, file.previous, open_identity(file, asker()).ring)


def _values(path: Path, keys: AtHand, common: Common | None) -> list[Value]:
    from spiritstream.cli.files import label
    from spiritstream.config.document import parse_document
    from spiritstream.config.load import document_leaves, read_bounded, unreadable
    from spiritstream.config.standing import standings

    name = label(path)
    try:
        data = read_bounded(path)
    except OSError as error:
        raise ProfileError([unreadable(name, error)]) from None
    return standings(parse_document(data, name), document_leaves, keys, common)


def _code(values: Sequence[Value], findings: Sequence[Finding]) -> ExitCode:
    from spiritstream.config.standing import Standing

    found = {value.standing for value in values}
    if findings:
        return ExitCode.INVALID
    if Standing.BROKEN in found:
        return ExitCode.TAMPERED
    return ExitCode.KEY if Standing.OTHER in found else ExitCode.DONE


def _print(values: Sequence[Value], findings: Sequence[Finding]) -> None:
    from spiritstream.config.common import COMMON

    for finding in findings:
        click.echo(str(finding))
    for value in values:
        who = f", for {value.recipient}" if value.recipient else ""
        where = f", at {value.destination}" if value.destination else ""
        why = f": {value.reason}" if value.reason else ""
        place = f"{value.file}:{value.line}:{value.column}: {value.path}"
        click.echo(f"{place}: {value.standing}{who}{where}{why}")
        if value.meant_for:
            click.echo(f"{place}: {COMMON} names another recipient: {value.meant_for}")


def _json(keys: AtHand, values: Sequence[Value], findings: Sequence[Finding]) -> str:
    data = {
        "version": _JSON_VERSION,
        "recipient": keys.recipient.fingerprint if keys.recipient else None,
        "previous": keys.previous.fingerprint if keys.previous else None,
        "values": [asdict(value) | {"standing": value.standing.name.lower()} for value in values],
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(data, indent=2)
