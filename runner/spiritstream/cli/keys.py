"""`spiritstream keys`: the pair of keys that seals and opens."""

from __future__ import annotations

import os
from pathlib import Path

import click

IDENTITY_OPTION = click.option(
    "--identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The identity's file. Default: $SPIRITSTREAM_IDENTITY, the systemd credential, the config folder.",
)


@click.group("keys", short_help="The identity that opens sealed values.")
def command() -> None:
    """Make and show the keys that seal and open secrets."""


@command.command()
@IDENTITY_OPTION
def init(identity: Path | None) -> None:
    """Make a new identity, and print its recipient."""
    from spiritstream.config.identity import Identity, new_identity_path, save_identity

    path = new_identity_path(identity, os.environ)
    made = Identity.create()
    save_identity(made, path)
    click.echo(f"identity: {path}")
    click.echo(f"recipient: {made.recipient}")
    click.echo(
        "Keep a copy of the identity's file in a safe place, outside of git: without it nothing opens.\n"
        "The recipient is public: whoever has it can seal a key for this server and read none.",
        err=True,
    )


@command.command()
@IDENTITY_OPTION
def recipient(identity: Path | None) -> None:
    """Print the recipient, the public half: it is all that is needed to seal."""
    from spiritstream.config.identity import find_identity, load_identity

    click.echo(load_identity(find_identity(identity, os.environ)).recipient)
