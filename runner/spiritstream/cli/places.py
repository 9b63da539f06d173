"""Where things are on this machine."""

from __future__ import annotations

from pathlib import Path

from spiritstream.run.places import runtime_folder

__all__ = ["runtime_folder", "socket_for"]


def socket_for(name: str) -> Path:
    """Where the runner of the profile `name` has its socket, unless told otherwise."""
    return runtime_folder() / f"{name}.sock"
