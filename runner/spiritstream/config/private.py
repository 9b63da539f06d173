"""Reading a file that nobody else may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from spiritstream.config.rewrite import Original
from spiritstream.errors import KeyMissingError


def exposed_to(mode: int, owner: int, us: int) -> bool:
    """Whether others than we, root, and whom root chose could read or change a file with this mode.

    systemd and Kubernetes hand a service its credential as a file of root's that its group may read.
    """
    handed_by_root = owner == 0 and us != 0
    return bool(mode & (0o037 if handed_by_root else 0o077))


def read_private(path: Path, called: str, max_bytes: int, afterwards: str) -> Original:
    """The file, up to `max_bytes`; the open file is asked for its mode, so that none is swapped in between.

    Raises:
        KeyMissingError: others can read or change it; names it as `called`, with what to do `afterwards`.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if exposed_to(stat.S_IMODE(status.st_mode), status.st_uid, os.geteuid()):
            raise KeyMissingError(
                f"{called} {path} can be read or changed by other users",
                f"run `chmod 600 {path}`; if others may have read it, {afterwards}",
            )
        return Original(path.resolve(), file.read(max_bytes), status)
