"""Where things are on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from spiritstream.run.places import runtime_folder

__all__ = ["controller_log", "controller_socket", "log_of", "runtime_folder", "socket_for", "state_folder"]


def socket_for(name: str) -> Path:
    """Where the runner of the profile `name` has its socket, unless told otherwise."""
    return runtime_folder() / f"{name}.sock"


def controller_socket() -> Path:
    """Where the controller has its socket: a name that no profile can have."""
    return runtime_folder() / "_controller.sock"


def state_folder() -> Path:
    """Where what outlives a reboot is kept; systemd says where for a service."""
    if named := os.environ.get("STATE_DIRECTORY"):
        return Path(named.split(":")[0])
    import platformdirs

    return Path(platformdirs.user_state_dir("spiritstream", appauthor=False))


def log_of(name: str) -> Path:
    """The log of the runner of the profile `name`, one JSON object a line; the older part is `….1`."""
    return state_folder() / "logs" / f"{name}.jsonl"


def controller_log() -> Path:
    """What a controller says that was started in the background."""
    return state_folder() / "controller.log"
