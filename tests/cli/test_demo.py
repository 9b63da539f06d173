"""`spiritstream demo` as a person starts it, with real ffmpegs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live.ffmpegs import ffmpegs
from tests.live.processes import adopt_orphans, alive, descendants, kill, until

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("no_process_left"), pytest.mark.timeout(120)]

LIVE = "all 3 targets are live"
ENDED = re.compile(r"^(youtube|twitch|kick) +(\w+) +([\d.]+) MB +(\d+) +(\d+) +([\d.]+) s +(\d+)$", re.M)


class Demo:
    """A running demo, and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.said = ""

    async def until_said(self, text: str) -> None:
        """Wait for `text` in the log."""
        assert self.process.stderr is not None
        while text not in self.said:
            line = await asyncio.wait_for(self.process.stderr.readline(), 60)
            assert line, f"it ended without saying {text!r}:\n{self.said}"
            self.said += line.decode()

    async def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code and the output."""
        out, rest = await asyncio.wait_for(self.process.communicate(), 90)
        self.said += rest.decode()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()


async def start(folder: Path, ffmpeg: str, *arguments: str) -> Demo:
    """Start a demo that has nothing but `folder` to leave something in."""
    for name in ("tmp", "home", "run"):
        (folder / name).mkdir()
    places = {"TMPDIR": "tmp", "HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "home"}
    environment = {name: str(folder / place) for name, place in places.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "spiritstream", "demo", *arguments),
        env=os.environ | environment | {"SPIRITSTREAM_FFMPEG": ffmpeg},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    return Demo(process, folder)


@pytest.fixture(params=["system", "embedded"])
async def demo(request: pytest.FixtureRequest, short_folder: Path) -> AsyncIterator[Demo]:
    """A short demo in plain lines, with each ffmpeg in turn."""
    async for started in _demo(request.param, short_folder):
        yield started


@pytest.fixture
async def any_demo(short_folder: Path) -> AsyncIterator[Demo]:
    """The same with some ffmpeg."""
    async for started in _demo(next(iter(ffmpegs()), "system"), short_folder):
        yield started


async def _demo(name: str, folder: Path) -> AsyncIterator[Demo]:
    path = ffmpegs().get(name)
    if path is None:
        pytest.skip(f"the {name} ffmpeg is missing")
    adopt_orphans()
    started = await start(folder, path, "--seconds", "12", "--log", "plain")
    yield started
    if started.process.returncode is None:
        kill(started.process.pid)
        await started.process.wait()


def left_in(folder: Path) -> list[str]:
    """Everything but the folders that the demo was given."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.parent != folder]


async def test_faults_and_recovery(demo: Demo) -> None:
    """It says what it will show, breaks a sender and a platform, sees both come back, and counts it up."""
    code, out = await demo.end()
    assert 0 == code, demo.said
    assert out.startswith("You will see ")
    told = [
        LIVE,
        "killing the sender of 'twitch' (pid ",
        "'twitch' is back",
        "taking the platform 'youtube' down for 2 s",
        "the platform 'youtube' is up again",
        "'youtube' is back",
    ]
    places = [demo.said.find(f"demo: {text}") for text in told]
    assert -1 not in places, demo.said
    assert sorted(places) == places
    ends = {name: figures for name, *figures in ENDED.findall(out)}
    assert {"youtube", "twitch", "kick"} == set(ends), out
    assert {"live"} == {figures[0] for figures in ends.values()}
    assert all(int(figures[2]) > 50 for figures in ends.values()), "frames received"
    restarts = {name: int(figures[5]) for name, figures in ends.items()}
    assert restarts["twitch"] >= 1
    assert restarts["youtube"] >= 1
    assert 0 == restarts["kick"]
    assert [] == left_in(demo.folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted(any_demo: Demo, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it in order at any time: a summary, exit 0, and nothing is left."""
    await any_demo.until_said(LIVE)
    os.killpg(any_demo.process.pid, number)  # as a terminal does
    code, out = await any_demo.end()
    assert 0 == code, any_demo.said
    assert 3 == len(ENDED.findall(out)), out
    assert "Traceback" not in any_demo.said
    assert [] == left_in(any_demo.folder)


async def test_interrupted_while_starting(any_demo: Demo) -> None:
    """Nor is anything left when it is ended before anything is on air."""
    await until(lambda: left_in(any_demo.folder) != [], "the demo makes its files")
    any_demo.process.terminate()
    code, _ = await any_demo.end()
    assert 0 == code, any_demo.said
    assert "Traceback" not in any_demo.said
    assert [] == left_in(any_demo.folder)


async def test_killed(any_demo: Demo) -> None:
    """When the demo is killed by force, none of its ffmpegs outlives it for more than 5 seconds."""
    await any_demo.until_said(LIVE)
    children = [process.pid for process in descendants(any_demo.process.pid)]
    kill(any_demo.process.pid)
    assert len(children) >= 8  # input, encoder, and for each target a sender and a platform
    await until(lambda: not any(map(alive, children)), "every child of the demo is gone", 5)
