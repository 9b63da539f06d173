"""`spiritstream keys rotate`: another identity, and every value sealed for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import IDENTITY_OPTION, PATHS
from spiritstream.cli.settings import Environment
from spiritstream.errors import ExitCode, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.config.keypair import Recipient
    from spiritstream.config.rotation import Rotated, Work


class NotOursError(SpiritError):
    """The identity is handed to us by somebody else, who would hand over the old one again."""

    exit_code = ExitCode.GUARDED


@click.command("rotate")
@click.argument("paths", nargs=-1, type=PATHS, metavar="PATH...")
@IDENTITY_OPTION
@click.option(
    "--finish", "end", is_flag=True, help="Forget the previous identity; nothing may need it any more."
)
def rotate(paths: tuple[Path, ...], identity: Path | None, end: bool) -> None:
    """Make a new identity, and seal every value in these profiles for it: all of them, or none.

    A .spiritstream.yaml of theirs that names the identity's recipient names the new one then.
    Until --finish the previous identity stays valid beside the new one. Killed at any moment, it is run
    again to go on. No stream restarts by it: what the values mean is the same.
    """
    from spiritstream.cli.asking import asker
    from spiritstream.cli.files import common_files, profiles_under
    from spiritstream.config.identity import Rule, locate_identity
    from spiritstream.config.load import document_leaves
    from spiritstream.config.rotation import finish
    from spiritstream.config.rotation import rotate as carry_out
    from spiritstream.config.unfinished import Slot, state_folder

    found = locate_identity(identity, Environment())
    if found.rule is Rule.CREDENTIAL:
        raise NotOursError(
            f"{found.path} is a systemd credential: it comes from somewhere else at every start",
            "rotate there, with --identity FILE, and hand over the new file",
        )
    slot = Slot.of(found.path, state_folder())
    if not paths and (end or slot.read() is None):
        raise UsageError("name the files or folders with profiles", "spiritstream keys rotate PATH...")
    files = profiles_under(paths)
    files += common_files(paths, files)
    if end:
        gone = finish(found.path, asker(), files, slot)
        click.echo(
            f"{found.path}: {f'{gone.fingerprint} is forgotten' if gone else 'there is nothing to finish'}"
        )
        return
    _report(found.path, carry_out(found.path, asker(), files, slot, document_leaves))


def _report_common(one: Work, recipient: Recipient) -> None:
    from spiritstream.config.commonfile import common_of

    if one.resealing.resealed:
        click.echo(f"{one.name}: names the new recipient")
    elif common_of(one.resealing.data, one.name).recipient not in (None, recipient):
        click.echo(f"{one.name}: names a recipient that is not ours, and is left as it is", err=True)


def _report(place: Path, done: Rotated) -> None:
    from spiritstream.config.common import COMMON

    if done.earlier:
        click.echo(f"{place}: a rotation that was interrupted is {done.earlier}")
    for one in done.work:
        if Path(one.name).name == COMMON:
            _report_common(one, done.recipient)
        elif one.resealing.resealed:
            click.echo(f"{one.name}: sealed again {', '.join(one.resealing.resealed)}")
        for line in one.resealing.left:
            said = "in a comment, a value is sealed for the previous identity, and is left as it is"
            click.echo(f"{one.name}:{line}:1: {said}", err=True)
    if not done.made:
        return
    click.echo(f"{place}: new identity\nrecipient: {done.recipient}")
    click.echo(
        "Keep a copy of the identity's file, and hand it to every server before it gets the new values.\n"
        "It holds the previous identity too; when nothing needs that any more:\n"
        "  spiritstream keys rotate --finish PATH...\n"
        "If the previous identity may have been read by others, replace the keys at their platforms: git "
        "still has what it opens.",
        err=True,
    )
