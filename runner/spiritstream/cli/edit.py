"""`spiritstream edit`: a profile in an editor with its keys readable, and sealed again afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.cli.settings import Environment
from spiritstream.errors import BusyError, ProfileError, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.config.common import Common
    from spiritstream.config.editing import Opened
    from spiritstream.config.keyring import Keyring
    from spiritstream.config.rewrite import Original
    from spiritstream.config.scratch import Scratch


class Desk:
    """One profile, opened for an editor."""

    def __init__(
        self, name: str, original: Original, opened: Opened, ring: Keyring, common: Common | None
    ) -> None:
        """`common` is what the profile inherits, and names whom new values are sealed for."""
        self.name = name
        self._common = common
        self._original = original
        self._opened = opened
        self._ring = ring

    def work(self, scratch: Scratch) -> bool:
        """Let the person edit until it is a profile; whether anything was changed.

        Raises:
            ProfileError: it is none, and nobody wants to go on. The original is as it was.
            BusyError: the original was changed meanwhile; it is left.
        """
        from spiritstream.cli.editor import run_editor
        from spiritstream.config.rewrite import write_new

        draft = scratch.path / self._original.path.name
        write_new(draft, self._opened.text)
        while True:
            run_editor(draft)
            edited = _read(draft)
            if edited == self._opened.text:
                return False
            try:
                data = self._sealed(edited)
                break
            except ProfileError as error:
                if not _once_more(error):
                    raise
        if data == self._original.data:
            return False
        self._put(data)
        return True

    def _sealed(self, edited: bytes) -> bytes:
        from spiritstream.config.editing import seal_again
        from spiritstream.config.load import check_text, document_leaves

        recipient = self._common.recipient if self._common else None
        data = seal_again(edited, self.name, self._opened, self._ring, document_leaves, recipient)
        if findings := check_text(data, self.name, self._original.path.parent, self._common):
            raise ProfileError(findings)
        return data

    def _put(self, data: bytes) -> None:
        from spiritstream.config.rewrite import replace_original

        try:
            replace_original(self._original, data)
        except SpiritError as error:
            kept = self._keep(data)
            raise type(error)(error.message, f"your edit is in {kept}, with its keys sealed") from None

    def _keep(self, data: bytes) -> Path:
        """The sealed edit beside the original: it is somebody's work."""
        from secrets import token_hex

        from spiritstream.config.rewrite import write_new

        path = self._original.path
        kept = path.with_name(f"{path.name}.{token_hex(4)}.edited")
        try:
            write_new(kept, data)
        except OSError:
            raise BusyError(f"{path} cannot be replaced, and your edit not be kept beside it") from None
        return kept


@click.command("edit", short_help="Edit a profile with its keys readable; they are sealed again.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@IDENTITY_OPTION
def command(file: Path, identity: Path | None) -> None:
    """Open a profile in $VISUAL or $EDITOR with its keys in clear text, and seal them again afterwards.

    The clear text is in memory, in a folder that nobody else can enter, and goes when the editor ends.
    What was not changed keeps its sealed text, so that git shows what was. New values are sealed for the
    recipient of the nearest .spiritstream.yaml, or for this identity's.
    """
    from spiritstream.cli.editor import editor_words, ended_in_order
    from spiritstream.config.scratch import scratch_folder

    editor_words(os.environ)
    desk = _desk(file, identity)
    with ended_in_order(), scratch_folder(os.environ) as scratch:
        if not scratch.in_memory:
            click.echo(f"No folder in memory here: the clear text is in {scratch.path} meanwhile.", err=True)
        changed = desk.work(scratch)
    click.echo(f"{file}: {'changed; its keys are sealed' if changed else 'not changed'}")


def _desk(file: Path, identity: Path | None) -> Desk:
    from spiritstream.cli.asking import asker
    from spiritstream.cli.recipients import stranger_to
    from spiritstream.config.common import COMMON
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.document import MAX_BYTES
    from spiritstream.config.editing import open_text
    from spiritstream.config.identity import find_identity, load_keyring
    from spiritstream.config.load import document_leaves
    from spiritstream.config.rewrite import read_original

    original = read_original(file, MAX_BYTES)
    if file.name == COMMON:
        raise UsageError(f"nothing in {file} is secret", "change it with any editor")
    common = common_for(file)
    if common and common.findings:
        raise ProfileError(list(common.findings))
    ring = load_keyring(find_identity(identity, Environment()), asker())
    if said := stranger_to(common, ring.current.recipient):
        click.echo(f"{file}: {said}", err=True)
    opened = open_text(original.data, str(file), ring, document_leaves)
    return Desk(str(file), original, opened, ring, common)


def _read(draft: Path) -> bytes:
    """What the editor left: a file, and no link to one."""
    from spiritstream.config.document import MAX_BYTES

    try:
        with os.fdopen(os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        raise SpiritError("the editor left no file behind; nothing was changed", "run it again") from None


def _once_more(error: ProfileError) -> bool:
    """Whether a person is there, who wants to mend what is wrong."""
    if not sys.stdin.isatty():
        return False
    click.echo(str(error), err=True)
    return click.confirm("Edit it again? (otherwise nothing is changed)", default=True, err=True)
