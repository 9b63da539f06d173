"""Making a new file: whole or not at all, for nobody else's eyes, and never over another."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

from spiritstream.config.rewrite import sync_folder, write_new
from spiritstream.errors import ExitCode, SpiritError


class ExistsError(SpiritError):
    """There is a file already; it is left as it is."""

    exit_code = ExitCode.GUARDED


def create_file(path: Path, data: bytes) -> None:
    """Write a new file with mode 0600, and the folder it is in with 0700 if that is missing.

    Raises:
        ExistsError: there is a file already.
        SpiritError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{token_hex(4)}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            write_new(draft, data)
            _name(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpiritError(f"{path} cannot be written: {reason}", "name a folder that is yours") from None


def _name(draft: Path, path: Path) -> None:
    """Give the draft its name; unlike a rename, a link never replaces what is there."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise ExistsError(f"{path} exists already and is left as it is", "name another file") from None
