"""A target's sender is started, whatever else this machine waits for."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.hub import Hub
from spiritstream.model.profile import Address, Group, Target
from spiritstream.run.target import TargetUnit
from spiritstream.run.unit import Tools


class _Ready:
    """All that a start asks of a hub."""

    ready = True
    converted: frozenset[str] = frozenset()

    def codecs(self) -> dict[str, str]:
        return {"video": "h264", "audio": "aac"}


async def test_recordings_whose_disk_hangs_hold_up_no_other_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait in the loop's few threads for a folder: what is sent somewhere needs none of these."""
    free = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(threads := ThreadPoolExecutor(1))
    hung = threads.submit(free.wait, 60)

    def spawned(*_: object, **__: object) -> None:
        raise SpiritError("it would begin")

    monkeypatch.setattr("spiritstream.run.target.spawn", spawned)
    tools = Tools(Ffmpeg(Path("ffmpeg"), (6, 0), "6.0", "PATH"), time.monotonic, time.time, lambda: 0.0)
    wanted = Target("t", Address("rtmp://a.example/app"))
    unit = TargetUnit("groups.g.targets.t", wanted, Group("g", (wanted,)), cast(Hub, _Ready()), tools)
    try:
        async with asyncio.timeout(20):
            with pytest.raises(SpiritError, match="it would begin"):
                await unit.once()
        assert not hung.done()
    finally:
        free.set()
