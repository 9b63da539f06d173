"""`spiritstream data`: take away what this machine keeps, or remove it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.files import common_files, label, profiles_under
from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.cli.shelves import platform_files
from spiritstream.config.shelf import config_platforms
from spiritstream.errors import ExitCode, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.config.belongings import Clearing
    from spiritstream.config.settings import Settings


class NotAgreedError(SpiritError):
    """Nobody said yes."""

    exit_code = ExitCode.GUARDED


@click.group("data", short_help="Export, or clear, what this machine keeps.")
def command() -> None:
    """Export, or clear, what spiritstream keeps on this machine: its settings and its profiles."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-identity", is_flag=True, help="Also the identity, if a passphrase protects it.")
@click.option("--with-state", is_flag=True, help="Also orders by hand, and the last good copies of profiles.")
@IDENTITY_OPTION
def export(file: Path, with_identity: bool, with_state: bool, identity: Path | None) -> None:
    """Write settings, profiles, themes and platforms of your own to FILE, a tar.gz that only you can read.

    Sealed values stay sealed, and a profile with a secret in clear text is refused: the archive is of no
    use to whoever has no identity. Unpacked in the folder above the config folder, it is all back:
    tar xzf FILE -C ~/.config spiritstream; and, --with-state: tar xzf FILE -C ~/.local state
    """
    from spiritstream.cli.keepsakes import exported_state
    from spiritstream.cli.places import state_folder
    from spiritstream.cli.settings import Environment
    from spiritstream.config.archive import pack
    from spiritstream.config.belongings import exported
    from spiritstream.config.creating import create_file
    from spiritstream.config.identity import find_identity
    from spiritstream.config.settings import load_settings

    if identity and not with_identity:
        raise UsageError("--identity only says which one", "add --with-identity to export it")
    settings = load_settings(os.environ)
    place = find_identity(identity, Environment()) if with_identity else None
    files = exported(settings, _profiles(settings), place)
    state, left = exported_state(state_folder())
    files |= state if with_state else {}
    if not files:
        raise UsageError(f"there is nothing to export: no {settings.path}, no profile in {settings.profiles}")
    create_file(file, pack(files))
    for name in sorted(files):
        click.echo(label(Path(name)))
    if state and not with_state:
        what = "What the controller keeps (orders by hand, last good copies)"
        click.echo(f"{what} is not in it: --with-state adds it.", err=True)
    for one in left if with_state else ():
        click.echo(f"left out: {label(Path(one))}", err=True)
    if not with_identity:
        click.echo("The identity is not in it: without it the sealed values open nowhere else.", err=True)


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(yes: bool) -> None:
    """Remove the settings' file, the profiles in the profiles folder, themes and platforms of your own, and
    what the controller keeps: last good copies, orders by hand, logs. After asking, and only when nothing
    is on air.

    The identity stays, and so do recordings and whatever lies in a git work tree.
    """
    from spiritstream.cli.keepsakes import kept_paths, nothing_runs, remove
    from spiritstream.cli.places import runtime_folder, state_folder
    from spiritstream.config.belongings import clearing
    from spiritstream.config.settings import load_settings

    state, runtime = state_folder(), runtime_folder()
    with nothing_runs(state, runtime):
        settings = load_settings(os.environ)
        found = clearing(settings, _profiles(settings))
        found.removed.extend(kept_paths(state))
    for path, reason in found.left.items():
        click.echo(f"stays: {label(path)} ({reason})", err=True)
    if not found.removed:
        click.echo("There is nothing to remove.")
        return
    if not yes:
        _ask(found)
    with nothing_runs(state, runtime):
        for path in found.removed:
            remove(path)
            click.echo(f"removed: {label(path)}")


def _profiles(settings: Settings) -> list[Path]:
    """The profiles in their folder, then what they inherit and the platforms there; and the user's own."""
    own = platform_files([config_platforms()])
    if not settings.profiles.is_dir():
        return own
    inherited = [*common_files([settings.profiles], []), *platform_files([settings.profiles])]
    return [*profiles_under([settings.profiles]), *inherited, *own]


def _ask(found: Clearing) -> None:
    """Go on only with a yes."""
    for path in found.removed:
        click.echo(f"would be removed: {label(path)}", err=True)
    if not sys.stdin.isatty():
        raise NotAgreedError("nothing was removed: there is nobody to ask", "say so beforehand: --yes")
    if not click.confirm("Remove these for good?", err=True):
        raise NotAgreedError("nothing was removed")
