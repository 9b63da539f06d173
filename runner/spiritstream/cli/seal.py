"""`spiritstream seal`: clear-text secrets become sealed values, in place or from stdin."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.errors import SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.cli.recipients import Recipients
    from spiritstream.config.keypair import Identity, Recipient
    from spiritstream.config.sealing import Sealing

_MAX_STDIN_BYTES = 64 * 1024


@click.command("seal", short_help="Encrypt the clear-text keys in a profile, in place.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--recipient",
    metavar="TEXT",
    help="Default: $SPIRITSTREAM_RECIPIENT, the nearest .spiritstream.yaml's, the identity's own.",
)
@IDENTITY_OPTION
@click.option("--value", is_flag=True, help="Read one secret from stdin and print it sealed.")
@click.option("--destination", metavar="NAME", help="With --value: the platform's id, or the URL's host.")
@click.option("--field", metavar="NAME", help="With --value: key (the default), password or passphrase.")
def command(
    files: tuple[Path, ...],
    recipient: str | None,
    identity: Path | None,
    value: bool,
    destination: str | None,
    field: str | None,
) -> None:
    """Seal every clear-text secret in profiles; nothing else in a file changes.

    A sealed value opens with the server's identity only, and only for the destination it stands at.
    Where a .spiritstream.yaml names the recipient, sealing needs no identity: anybody can do it.
    """
    from spiritstream.cli.recipients import Recipients

    _check_usage(bool(files), value, destination, field)
    recipients = Recipients(recipient, identity)
    if value:
        _seal_value(recipients, destination or "", field or "key")
    else:
        _seal_files(files, recipients)


def _check_usage(files: bool, value: bool, destination: str | None, field: str | None) -> None:
    if value and (files or not destination):
        raise UsageError("--value seals one secret from stdin", "give it --destination NAME, and no files")
    if not value and not files:
        raise UsageError("there is no file to seal", "spiritstream seal FILE...")
    if not value and (destination or field):
        raise UsageError("--destination and --field belong to --value", "in a file, both are known")


def _seal_value(recipients: Recipients, destination: str, field: str) -> None:
    from spiritstream.config.leaves import SECRET_FIELDS
    from spiritstream.config.seal import seal
    from spiritstream.secret import Secret

    if field not in SECRET_FIELDS:
        raise UsageError("this field cannot be sealed", f"--field is one of {', '.join(SECRET_FIELDS)}")
    keys = recipients.of(Path("stdin"))
    click.echo(seal(keys.recipient, destination, field, Secret(_read_value(destination, field))))
    if keys.stranger:
        click.echo(keys.stranger, err=True)


def _read_value(destination: str, field: str) -> str:
    if sys.stdin.isatty():
        return getpass(f"{field} for {destination} (not shown): ")
    data = sys.stdin.buffer.read(_MAX_STDIN_BYTES)
    try:
        # `echo KEY | …` ends the line; nothing else is taken away.
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError("the value on stdin is not UTF-8 text", "check what is piped in") from None


def _seal_files(files: tuple[Path, ...], recipients: Recipients) -> None:
    """Each file for itself: what is wrong with one keeps no other from being sealed."""
    failed: list[SpiritError] = []
    for path in dict.fromkeys(files):
        try:
            keys = recipients.of(path)
            _report(path, _seal_file(path, keys.recipient, keys.identity), keys.stranger)
        except SpiritError as error:
            failed.append(error)
    for other in failed[1:]:
        click.echo(f"spiritstream: {other}", err=True)
    if failed:
        raise failed[0]


def _seal_file(path: Path, recipient: Recipient, identity: Identity | None) -> Sealing:
    from spiritstream.config.document import MAX_BYTES
    from spiritstream.config.load import document_leaves
    from spiritstream.config.rewrite import read_original, replace_original
    from spiritstream.config.sealing import seal_text

    original = read_original(path, MAX_BYTES)
    sealing = seal_text(original.data, str(path), recipient, identity, document_leaves)
    if sealing.sealed:
        replace_original(original, sealing.data)
    return sealing


def _report(path: Path, sealing: Sealing, stranger: str) -> None:
    for place in sealing.left:
        click.echo(f"{path}: {place} is no text and is left as it is", err=True)
    if not sealing.sealed:
        click.echo(f"{path}: nothing to seal")
        return
    click.echo(f"{path}: sealed {', '.join(sealing.sealed)}")
    if stranger:
        click.echo(f"{path}: {stranger}", err=True)
    elif not sealing.proved:
        click.echo(
            f"{path}: the identity is not at hand, so it was not proved that the new values open; "
            "the text was proved to be the same profile",
            err=True,
        )
    click.echo(
        "If a key was ever committed in clear text, git still has it: replace it at its platform.", err=True
    )
