"""A runner that hangs, on real parts: reported, and replaced when a person says so, never two at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.errors import ExitCode
from tests.live.media import MediaLibrary
from tests.live.processes import alive, until
from tests.live.program import Home, call
from tests.live.served import Served, serving
from tests.live.sinks import RtmpSink
from tests.live.test_control import KEY, show

BOUND_S = 60.0


@pytest.fixture
async def served(any_ffmpeg: str) -> AsyncIterator[Served]:
    """A place for controllers, of a name short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as folder:
        async with serving(Home(Path(folder), {"SHOW_KEY": KEY}), any_ffmpeg) as found:
            yield found


async def test_restart_and_down_end_a_runner_that_hangs(
    served: Served, media: MediaLibrary, sink: RtmpSink
) -> None:
    """It stays as it is until then; the new one's connection comes after the old one's end."""
    served.write("a.yaml", show("a", media.h264(seconds=5), sink, "one"))
    await served.begin()
    await served.live("a", "one")
    hung = served.runners()["a"]
    os.kill(hung, signal.SIGSTOP)
    found = await served.is_so("a", lambda one: bool(one["problem"]))
    assert f"pid {hung}," in found["problem"]
    assert "`spiritstream restart a` replaces it" in found["problem"]
    assert {"a": hung} == served.runners()
    said = await call(served.home, "restart", "a", within_s=BOUND_S)
    assert (ExitCode.DONE, b"a: restarted\n") == (said.code, said.out), said.err
    await served.live("a", "one")
    second = served.runners()["a"]
    assert (False, True) == (alive(hung), hung != second)
    first, then = sink.connections
    assert first.closed_at is not None and then.published_at is not None
    assert first.closed_at <= then.published_at
    os.kill(second, signal.SIGSTOP)
    said = await call(served.home, "down", within_s=BOUND_S)
    assert ExitCode.DONE == said.code, said.err
    await until(lambda: not served.runners(), "nothing is left", BOUND_S)
    assert served.process is not None
    await asyncio.wait_for(served.process.wait(), BOUND_S)
