"""`spiritstream keys passwd`: the passphrase that protects the identity's file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.cli.settings import Environment
from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.config.unlock import Ask


@click.command("passwd")
@IDENTITY_OPTION
@click.option("--remove", is_flag=True, help="Take the passphrase away.")
def passwd(identity: Path | None, remove: bool) -> None:
    """Set, change or remove the passphrase of the identity.

    Asked for at the terminal, the new one twice. Else standard input has the old one, if there is one, in
    its first line, and the new one in the next; an old one in $SPIRITSTREAM_PASSPHRASE_FILE needs no line.
    """
    from spiritstream.cli.asking import new_passphrase
    from spiritstream.config.identity import find_identity
    from spiritstream.config.keyfile import holding, open_identity, read_identity, replace_identity

    place = find_identity(identity, Environment())
    with holding(place):
        file = read_identity(place)
        if remove and not file.protected:
            raise UsageError(f"the identity {place} has no passphrase")
        key = open_identity(file, _old())
        new = None if remove else new_passphrase()
        replace_identity(file, key.ring, new)
    done = "removed" if remove else "changed" if file.protected else "set"
    click.echo(f"{place}: passphrase {done}")
    if not remove:
        click.echo("A copy of the file that was made before still opens without this passphrase.", err=True)


def _old() -> Ask:
    from spiritstream.cli.asking import ask_passphrase, line_of_input
    from spiritstream.config.unlock import asking

    return asking(os.environ, ask_passphrase if sys.stdin.isatty() else line_of_input)
