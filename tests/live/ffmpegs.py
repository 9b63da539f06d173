"""The ffmpegs that this machine has."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def ffmpegs() -> dict[str, str]:
    """Paths: `system`'s, which is Debian's package in CI, and the `embedded` one of imageio-ffmpeg."""
    found = {}
    if system := shutil.which("ffmpeg"):
        found["system"] = system
    try:
        import imageio_ffmpeg
    except ImportError:
        return found
    found["embedded"] = imageio_ffmpeg.get_ffmpeg_exe()
    return found


def version(path: str) -> str:
    """What an ffmpeg calls its version."""
    said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20).stdout
    return said.removeprefix("ffmpeg version ").partition(" ")[0]
