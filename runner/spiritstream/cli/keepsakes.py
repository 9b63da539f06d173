"""What the controller keeps in the state folder: to be exported without a secret, or removed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from spiritstream.config.commonfile import common_of
from spiritstream.config.load import check_data
from spiritstream.config.registry import Known
from spiritstream.config.shelf import Shelf
from spiritstream.control.runnerlock import holder, no_runner
from spiritstream.control.state import Kept, State, written
from spiritstream.errors import BusyError, SpiritError

FOLDER = "state/spiritstream"
"""The archive's folder: it is laid out as ~/.local, so that it can be unpacked there."""


def exported_state(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The files of an archive by their names in it, the last good copies and the orders by hand; what is not.

    What is left out comes with the reason. Copies are sealed as their profiles were; logs and git's own
    copy of a repository are of this machine.
    """
    copies, orders = State(folder).load()
    files, left = {}, []
    for kept in copies:
        if _holds_clear_text(kept):
            left.append(f"the last good copy of '{kept.name}' (it is not valid by this version's rules)")
        else:
            # What was looked at, and not the file: a controller may be at work on that.
            files[f"{FOLDER}/profiles/{kept.name}.json"] = written(kept)
    if orders:
        files[f"{FOLDER}/overrides.json"] = (folder / "overrides.json").read_bytes()
    return files, left


def _holds_clear_text(kept: Kept) -> bool:
    """Only what is valid is certain to hold none."""
    common = None if kept.common is None else common_of(kept.common, "")
    known = None if kept.platforms is None else Known(Shelf(kept.platforms))
    findings = check_data(kept.data, kept.file, kept.folder, common=common, platforms=known).findings
    return bool(findings or (common is not None and common.findings))


def kept_paths(folder: Path) -> list[Path]:
    """What a clearing removes: all but the locks, which are somebody's as long as they have them."""
    patterns = ("profiles/*", "overrides.json*", "logs/*", "controller.log*", "git")
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it.

    Raises:
        SpiritError: it cannot be.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise SpiritError(f"{path} cannot be removed: {error.strerror or 'unknown reason'}") from None


@contextlib.contextmanager
def nothing_runs(state: Path, runtime: Path) -> Iterator[None]:
    """Nobody is on air, and nobody who has been before can come up, as long as the context lasts.

    Raises:
        BusyError: a controller or a runner is there.
    """
    with contextlib.ExitStack() as stack:
        for lock in (runtime / "controller.lock", state / "controller.lock"):
            _hold(stack, lock, "a controller")
        for lock in sorted((state / "runners").glob("*.lock")):
            _hold(stack, lock, f"the runner of '{lock.stem}'")
        yield


def _hold(stack: contextlib.ExitStack, lock: Path, who: str) -> None:
    # One that was never made is nobody's, and need not be made.
    if lock.exists() and not stack.enter_context(no_runner(lock)):
        pid = holder(lock)
        raise BusyError(
            f"{who} is there{f' (pid {pid})' if pid else ''}; nothing was removed",
            "end everything first: `spiritstream down`",
        )
