"""`spiritstream keys`: the pair of keys that seals and opens."""

from __future__ import annotations

import json
from pathlib import Path

import click

from spiritstream.cli.keystatus import status
from spiritstream.cli.options import IDENTITY_OPTION as IDENTITY_OPTION
from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.cli.passwd import passwd
from spiritstream.cli.rotate import rotate
from spiritstream.cli.settings import Environment

_JSON_VERSION = 1


@click.group("keys", short_help="The identity that opens sealed values.")
def command() -> None:
    """Make, show, protect and replace the keys that seal and open secrets."""


@command.command()
@IDENTITY_OPTION
def init(identity: Path | None) -> None:
    """Make a new identity, and print its recipient."""
    from spiritstream.config.identity import Identity, new_identity_path, save_identity

    path = new_identity_path(identity, Environment())
    made = Identity.create()
    save_identity(made, path)
    click.echo(f"identity: {path}")
    click.echo(f"recipient: {made.recipient}")
    click.echo(
        "Keep a copy of the identity's file in a safe place, outside of git: without it nothing opens.\n"
        "The recipient is public: whoever has it can seal a key for this server and read none.\n"
        "For all who seal in a repository, its .spiritstream.yaml can name it:\n"
        f"  version: 1\n  recipient: {made.recipient}",
        err=True,
    )


@command.command()
@IDENTITY_OPTION
def recipient(identity: Path | None) -> None:
    """Print the recipient, the public half: it is all that is needed to seal."""
    from spiritstream.config.identity import find_identity
    from spiritstream.config.keyfile import read_identity

    click.echo(read_identity(find_identity(identity, Environment())).recipient)


@command.command()
@IDENTITY_OPTION
@OUTPUT_OPTION
def show(identity: Path | None, output: str) -> None:
    """Show which identity is used here, and why; never the identity itself."""
    from spiritstream.config.identity import locate_identity
    from spiritstream.config.keyfile import read_identity

    found = locate_identity(identity, Environment())
    file = read_identity(found.path)
    previous = file.previous.fingerprint if file.previous else None
    if output == "json":
        data = {
            "version": _JSON_VERSION,
            "recipient": str(file.recipient),
            "fingerprint": file.recipient.fingerprint,
            "identity": str(found.path),
            "rule": found.rule.name.lower(),
            "passphrase": file.protected,
            "previous": previous,
        }
        click.echo(json.dumps(data, indent=2))
        return
    click.echo(f"recipient: {file.recipient}")
    click.echo(f"fingerprint: {file.recipient.fingerprint}")
    click.echo(f"identity: {found.path}")
    click.echo(f"found by: {found.rule}")
    click.echo(f"passphrase: {'yes' if file.protected else 'no'}")
    if previous:
        click.echo(f"previous: {previous} (until `spiritstream keys rotate --finish PATH...`)")


command.add_command(passwd)
command.add_command(status)
command.add_command(rotate)
