"""Misbehaving ffmpegs: tiny real programs that take any arguments.

A child is steered by its environment; `child` bakes that into a launcher, since whoever starts an ffmpeg
neither passes such variables on nor knows of them.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def child(folder: Path, name: str, **settings: object) -> Path:
    """A program in `folder` that behaves as `tests/children/NAME.py` does under `settings`.

    It also answers `-version` as ffmpeg does, so that it is taken for one.
    """
    program = Path(__file__).parent / f"{name}.py"
    if name not in NAMES:
        raise ValueError(f"no child is called {name}; there are {', '.join(NAMES)}")
    environment = " ".join(f"{key.upper()}={shlex.quote(str(value))}" for key, value in settings.items())
    # -I -S: starts in half the time, and whatever Python's variables say.
    command = shlex.join([sys.executable, "-I", "-S", str(program)])
    launcher = folder / f"ffmpeg-{name}"
    launcher.write_text(
        "#!/bin/sh\n"
        f'case "$1$2" in *-version*) echo "ffmpeg version 9.0.2-{name} Copyright"; exit 0;; esac\n'
        f'{environment} exec {command} "$@"\n'
    )
    launcher.chmod(0o755)
    return launcher
