"""Where a runner's sockets go on this machine, and what it may forget."""

from __future__ import annotations

import os
from pathlib import Path


def runtime_folder() -> Path:
    """Where sockets go: a folder that only we can enter, and that nobody else can have made before us.

    The user's runtime folder (XDG Base Directory Specification); for root without one, /run; else a
    folder in our state. Never a place below a world-writable /tmp.
    """
    if named := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(named) / "spiritstream"
    if os.geteuid() == 0 and Path("/run").is_dir():
        return Path("/run/spiritstream")
    import platformdirs

    return Path(platformdirs.user_state_dir("spiritstream", appauthor=False)) / "run"


def cache_folder() -> Path:
    """Where things go that can be had again: lists of servers. No secret is ever in it."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("spiritstream", appauthor=False))
