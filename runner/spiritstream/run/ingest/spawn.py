"""Start a listener: a process of its own that outlives whoever starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import spiritstream
from spiritstream.run.ingest.lodging import Lodging

_MODULE = "spiritstream.run.ingest.listener"
# What it may know of our environment: never the variables that profiles take keys from.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONWARNINGS")


class Spawned:
    """A listener that we started. Whenever it ends, its exit status is taken."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ended = threading.Event()
        # Nobody waits for it in order: it may live longer than the loop, or than this process.
        threading.Thread(target=self._reap, name="listener", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether it is gone: another one serves the address, or it failed."""
        return self._ended.is_set()

    def _reap(self) -> None:
        self._process.wait()
        self._ended.set()


def spawn_listener(lodging: Lodging) -> Spawned:
    """Start the listener of an address. It is gone at once where there is one already.

    Raises:
        OSError: no process can be made.
    """
    process = subprocess.Popen(
        # -P: what lies in the current folder is no module of ours.
        [sys.executable, "-P", "-m", _MODULE, lodging.host, str(lodging.port), str(lodging.folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
    )
    return Spawned(process)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: ours[name] for name in _ENVIRONMENT if name in ours}
    return {**kept, "PYTHONPATH": str(Path(spiritstream.__file__).parents[1])}
