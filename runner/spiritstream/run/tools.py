"""What every unit works with, and the tick that all of them wake by."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.run.places import cache_folder, runtime_folder

TICK_S = 0.5


@dataclass(frozen=True, slots=True)
class Tools:
    """What every unit works with. Tests give other clocks and dice."""

    ffmpeg: Ffmpeg
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    draw: Callable[[], float] = random.random
    runtime: Path = field(default_factory=runtime_folder)
    """Where sockets between processes of this user go."""
    cache: Path = field(default_factory=cache_folder)
    """What can be had again, such as lists of servers; no secret is in it."""
    show: str = ""
    """The show's name, for commands that are told to a person; known from its first profile on."""


def until_tick() -> float:
    """To the next full tick, which is the same for all units: they wake together, at the price of one."""
    rest_s = TICK_S - asyncio.get_running_loop().time() % TICK_S
    return rest_s if rest_s > TICK_S / 10 else rest_s + TICK_S
