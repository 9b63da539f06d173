"""A show on air inside a test: a real runner, real children, and words to describe what is wanted.

async with on_air(profile(files(path), passthrough(to(sink, "KEY"))), ffmpeg_path) as runner:
    await live(runner, "a")
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from spiritstream.ffmpeg.find import find_ffmpeg
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import (
    Address,
    Audio,
    FilesInput,
    Group,
    Input,
    Profile,
    Record,
    Size,
    Target,
    Video,
)
from spiritstream.model.status import UnitStatus
from spiritstream.run.runner import Runner
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from tests.live.processes import until

SMALL = Video("h264", 400_000, encoder="software", size=Size(320, 180), preset="ultrafast", keyframe_s=1.0)
AAC = Audio("aac", 96_000, rate_hz=48_000, channels=2)


def target(name: str, url: str, key: str | None = None) -> Target:
    """A target called `name`, with its name in its key unless told otherwise."""
    return Target(name, Address(url, Secret(key or f"canary-{name}")))


def record(name: str, path: Path, segment_s: float | None = None) -> Target:
    """A target that records."""
    return Target(name, record=Record(str(path), segment_s))


def passthrough(*targets: Target, name: str = "source") -> Group:
    """A group that passes media as it is."""
    return Group(name, targets)


def encoding(
    *targets: Target, name: str = "small", video: Video | None = SMALL, audio: Audio | None = AAC
) -> Group:
    """A group that encodes."""
    return Group(name, targets, video, audio)


def files(*paths: Path, loop: bool = True) -> FilesInput:
    """A playlist."""
    return FilesInput(tuple(map(str, paths)), loop)


def profile(wanted: Input, *groups: Group) -> Profile:
    """A show."""
    return Profile("show", wanted, groups)


def tools(ffmpeg: str, draw: float = 0.0) -> Tools:
    """What the units work with, with dice that make every retry as quick as it can be (or less, up to 1)."""
    return Tools(find_ffmpeg(ffmpeg, os.environ), draw=lambda: draw)


@contextlib.asynccontextmanager
async def on_air(
    wanted: Profile, ffmpeg: str, *, start_ms: int = 0, draw: float = 0.0
) -> AsyncIterator[Runner]:
    """A runner that has applied `wanted`, and is stopped in order at the end."""
    runner = Runner(tools(ffmpeg, draw), start_ms=start_ms)
    try:
        await runner.apply(wanted)
        yield runner
    finally:
        await runner.stop()


def status(runner: Runner, name: str) -> UnitStatus:
    """The status of the unit whose path ends in `name`."""
    (unit,) = [unit for unit in runner.status().units if unit.path.split(".")[-1] == name]
    return unit


def pid(runner: Runner, name: str) -> int:
    """The process of a unit that runs."""
    found = status(runner, name).pid
    assert found is not None
    return found


async def in_state(runner: Runner, state: State, *names: str, timeout_s: float = 20) -> None:
    """Wait until the named units (all, without a name) are in a state."""

    def wanted() -> list[UnitStatus]:
        units = runner.status().units
        return [u for u in units if not names or u.path.split(".")[-1] in names]

    def there() -> bool:
        return bool(wanted()) and all(unit.state is state for unit in wanted())

    try:
        await until(there, f"{names or 'all'} {state}", timeout_s)
    except TimeoutError:
        seen = "; ".join(f"{u.path} is {u.state}: {u.cause.message if u.cause else '-'}" for u in wanted())
        raise TimeoutError(f"not {state} within {timeout_s} s: {seen}") from None


async def live(runner: Runner, *names: str, timeout_s: float = 20) -> None:
    """Wait until the named units are live."""
    await in_state(runner, State.LIVE, *names, timeout_s=timeout_s)


async def happens(
    runner: Runner, name: str, what: Callable[[UnitStatus], bool], timeout_s: float = 20
) -> UnitStatus:
    """Wait until a unit's status is as described."""
    await until(lambda: what(status(runner, name)), f"{name} as described", timeout_s)
    return status(runner, name)


def with_targets(wanted: Profile, group: str, *targets: Target) -> Profile:
    """The same show with other targets in one group."""
    groups = tuple(replace(g, targets=targets) if g.name == group else g for g in wanted.groups)
    return replace(wanted, groups=groups)


async def seconds(amount: float) -> None:
    """Let the show go on for so long, where its length is what is tested."""
    await asyncio.sleep(amount)
