"""GStreamer's rtmp2sink as a publisher: an RTMP client that shares no code with ffmpeg, nginx or us.

async with gst_publishing(file, server.url() + "/KEY", sent=tmp_path / "sent.flv") as gst:
    assert 0 == await gst.wait()     # at the end of the file, in real time
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

from tests.live.processes import quietly

_PACKAGES = "gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
# The media is neither decoded nor encoded. What flvmux makes goes to the server, and to a file: it is not
# quite what was read, as flvmux writes codec headers of its own.
_PIPELINE = (
    "flvmux name=mux streamable=true ! tee name=both"
    " both. ! queue ! rtmp2sink name=out"
    " both. ! queue ! filesink name=copy"
    " filesrc name=in ! flvdemux name=demux"
    " demux.video ! queue ! h264parse ! mux.video"
    " demux.audio ! queue ! aacparse ! mux.audio"
)


@cache
def missing() -> str:
    """What keeps this machine from publishing with GStreamer; empty if nothing does."""
    if not shutil.which("gst-launch-1.0") or not shutil.which("gst-inspect-1.0"):
        return f"GStreamer is missing (apt-get install {_PACKAGES})"
    elements = ("rtmp2sink", "h264parse", "flvmux")
    found = (
        subprocess.run(["gst-inspect-1.0", "--exists", element], timeout=60, check=False).returncode == 0
        for element in elements
    )
    return "" if all(found) else f"GStreamer lacks one of {elements} (apt-get install {_PACKAGES})"


@contextlib.asynccontextmanager
async def gst_publishing(path: Path, url: str, *, sent: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Publishes an H.264 and AAC file once, at its own speed; `sent` becomes what was sent, as FLV.

    Certificates are not checked: it knows no other authorities than the system's.
    """
    settings = {
        "filesrc name=in": f"location={path}",
        "rtmp2sink name=out": f"location={url}" + (" tls-validation-flags=0" if "rtmps:" in url else ""),
        "filesink name=copy": f"location={sent}",
    }
    pipeline = _PIPELINE
    for element, setting in settings.items():
        pipeline = pipeline.replace(element, f"{element} {setting}")
    async with quietly("gst-launch-1.0", "--quiet", "--eos-on-shutdown", *pipeline.split()) as process:
        yield process
