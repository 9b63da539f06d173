"""Fixtures for tests on real parts. Each such test is also checked to leave no process behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.live import nginx
from tests.live.ffmpegs import ffmpegs
from tests.live.media import MediaLibrary
from tests.live.nginx import NginxRtmp, nginx_rtmp
from tests.live.processes import adopt_orphans
from tests.live.sinks import RtmpSink, rtmp_sink

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as live."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session", autouse=True)
def _orphans_are_ours() -> None:
    adopt_orphans()


@pytest.fixture(autouse=True)
def _process_guard(no_process_left: None) -> None:
    """Every test of this folder is checked."""


@pytest.fixture(params=["system", "embedded"])
def ffmpeg_path(request: pytest.FixtureRequest) -> str:
    """Each ffmpeg in turn: Debian's old one and the embedded new one must both work."""
    path = ffmpegs().get(request.param)
    if path is None:
        pytest.skip(f"the {request.param} ffmpeg is missing")
    return path


@pytest.fixture(scope="session")
def any_ffmpeg() -> str:
    """Some ffmpeg, for work beside the point of a test."""
    path = next(iter(ffmpegs().values()), None)
    if path is None:
        pytest.skip("no ffmpeg at all")
    return path


@pytest.fixture(scope="session")
def embedded_ffmpeg() -> str:
    """The ffmpeg that has libsrt and every software encoder."""
    path = ffmpegs().get("embedded")
    if path is None:
        pytest.skip("the embedded ffmpeg is missing (pip install 'spiritstream[ffmpeg]')")
    return path


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory, any_ffmpeg: str) -> MediaLibrary:
    """Small real media, made once."""
    return MediaLibrary(tmp_path_factory.mktemp("media"), any_ffmpeg)


@pytest.fixture
async def sink() -> AsyncIterator[RtmpSink]:
    """A well-behaved platform. Others: `async with rtmp_sink(stall_after=...)`."""
    async with rtmp_sink() as running:
        yield running


NginxMaker = Callable[..., AbstractAsyncContextManager[NginxRtmp]]


@pytest.fixture
def make_nginx(tmp_path: Path) -> NginxMaker:
    """`async with make_nginx(refuse_keys=...)`: a real platform, or a skip where it is missing."""
    if reason := nginx.missing():
        pytest.skip(reason)
    return partial(nginx_rtmp, tmp_path)


@pytest.fixture
async def platform(make_nginx: NginxMaker) -> AsyncIterator[NginxRtmp]:
    """A running nginx-rtmp that records."""
    async with make_nginx() as running:
        yield running
