"""Writing profiles into the folder that the controller reads: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from spiritstream.config.rewrite import clear_drafts, draft_for, sync_folder, write_new
from spiritstream.control.source import is_profile
from spiritstream.errors import SpiritError, UsageError


def put_file(folder: Path, file: str, data: bytes) -> None:
    """Let `file` in `folder` have these bytes.

    Raises:
        UsageError: it is no place for a profile there.
        SpiritError: it cannot be written; what was there is as it was.
    """
    path = _place(folder, file)
    draft = draft_for(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_drafts(path)
        write_new(draft, data, path.stat() if path.exists() else None)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SpiritError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}; nothing was changed"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def remove_file(folder: Path, file: str) -> None:
    """Remove a profile's file from `folder`.

    Raises:
        UsageError: it is no place for a profile there.
        SpiritError: it cannot be removed.
    """
    path = _place(folder, file)
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise SpiritError(f"{path} cannot be removed: {error.strerror or type(error).__name__}") from None


def _place(folder: Path, file: str) -> Path:
    """The file itself. A link to one inside the folder is followed, and stays; no other is."""
    wrong = UsageError(f"'{file[:80]}' is no place for a profile in {folder}", "name a .yaml file inside it")
    if not is_profile(file) or ".." in file.split("/") or not file.isprintable():
        raise wrong
    path = Path(os.path.realpath(folder / file))
    if not path.is_relative_to(os.path.realpath(folder)):
        raise wrong
    return path
