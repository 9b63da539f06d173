"""The ffmpegs that these tests run, and small media for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.ffmpeg.find import Ffmpeg, find_ffmpeg
from tests.live.ffmpegs import ffmpegs
from tests.live.media import MediaLibrary


@pytest.fixture(params=["system", "embedded"])
def tool(request: pytest.FixtureRequest) -> Ffmpeg:
    """Each ffmpeg in turn: Debian's old one and the embedded new one must both work."""
    path = ffmpegs().get(request.param)
    if path is None:
        pytest.skip(f"the {request.param} ffmpeg is missing")
    return find_ffmpeg(path, {})


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> MediaLibrary:
    """Media, made once."""
    path = next(iter(ffmpegs().values()), None)
    if path is None:
        pytest.skip("no ffmpeg at all")
    return MediaLibrary(tmp_path_factory.mktemp("media"), path)


@pytest.fixture(scope="session")
def show(library: MediaLibrary) -> Path:
    """Six seconds of what a runner carries: H.264 and AAC in FLV."""
    return library.h264(6, 500, size="640x360")
