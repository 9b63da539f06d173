"""What a measurement is given."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.live.media import MediaLibrary

BITRATE_KBPS = 6000
KEYFRAME_S = 2.0
GROUP_BYTES = int(KEYFRAME_S * (BITRATE_KBPS + 160) * 1000 / 8)


@dataclass(frozen=True, slots=True)
class Lab:
    """The ffmpegs, and how thoroughly to measure with them."""

    ffmpeg: str
    version: str
    ffmpegs: dict[str, str]
    """All that take part, by what they call their version; `ffmpeg` is one of them."""
    library: MediaLibrary
    folder: Path
    seconds: float
    """Of one window in which processor time is counted."""
    rounds: int
    stall_s: float
    """How long a target does not read."""

    def media(self, seconds: float) -> Path:
        """720p30 H.264 at 6 Mbit/s with a keyframe each two seconds, and AAC at 160 kbit/s."""
        return self.library.h264(seconds, BITRATE_KBPS, keyframe_s=KEYFRAME_S)

    def room(self) -> Path:
        """A new folder, short enough for a socket's path."""
        return Path(tempfile.mkdtemp(dir=self.folder))
