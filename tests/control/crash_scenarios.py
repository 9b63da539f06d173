"""What is done to a controller while it is killed: a few steps each, and all of them once in full.

`python -m tests.control.crash_scenarios FOLDER NAME` plays the scenario without a kill, then once for each
side effect that was seen, with a kill before it. Prints a JSON object for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.control.crash_sink import CANARY
from tests.control.crash_stage import World, prepare, text_of
from tests.live.processes import adopt_orphans, kill

AT_ONCE = 6
# Sealed once, before the forks: each time that a value is sealed it reads otherwise.
A, A_MORE = text_of("a", "x", "y"), text_of("a", "x", "y", "z")
B, B_OFF = text_of("b", "x"), text_of("b", "x", more="enabled: false\n")
C, C_LESS, C_BROKEN = text_of("c", "x", "y"), text_of("c", "y"), b"version: 1\nname: c\n"
D, D_MORE = text_of("d", "x"), text_of("d", "x", "y")


class Scenario(NamedTuple):
    """What is so before effects count, and what is done from then on."""

    before: Callable[[World], None]
    acts: Callable[[World], None]
    anew: bool = False
    """Whether a kill may cost a connection more: shows are ended in it, and whatever is wanted comes back."""


def nothing(world: World) -> None:
    """No controller yet."""
    world.save("a.yaml", A)
    world.save("b.yaml", B)


def three(world: World) -> None:
    """Three shows on air."""
    nothing(world)
    world.save("c.yaml", C)
    world.begin()
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y")
    world.rest()


def first_start(world: World) -> None:
    """The first controller, and nothing in its folders."""
    world.begin()
    world.on_air("a/x", "a/y", "b/x")


def edits(world: World) -> None:
    """A target more, a broken file, another target less."""
    world.save("a.yaml", A_MORE)
    world.on_air("a/x", "a/y", "a/z", "b/x", "c/x", "c/y")
    world.save("c.yaml", C_BROKEN)
    world.ask("look")
    world.save("c.yaml", C_LESS)
    world.on_air("a/x", "a/y", "a/z", "b/x", "c/y")


def orders(world: World) -> None:
    """By hand: a target for good, a show for a while, which is over in the end."""
    world.ask("stop", path="a/g/x")
    world.on_air("a/y", "b/x", "c/x", "c/y")
    world.ask("stop", path="c", until=time.time() + 1000)
    world.on_air("a/y", "b/x")
    world.shared.ahead_s = 2000
    world.ask("look")
    world.on_air("a/y", "b/x", "c/x", "c/y")
    world.ask("start", path="a")
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y")


def files(world: World) -> None:
    """A profile put, put again, and another deleted."""
    world.ask("put", file="d.yaml", data=D.decode())
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y", "d/x")
    world.ask("put", file="d.yaml", data=D_MORE.decode())
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y", "d/x", "d/y")
    world.ask("delete", name="c", done=2)
    world.on_air("a/x", "a/y", "b/x", "d/x", "d/y")


def ends(world: World) -> None:
    """A runner that is killed; a file that is gone, one that is disabled, one under another name."""
    kill(world.runner("a"))
    world.until(lambda: world.sink.ever.get(f"{CANARY}-a-y") == 2, lambda: "its runner is not there again")
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y")
    (world.home / "profiles" / "b.yaml").rename(world.home / "profiles" / "other.yaml")
    world.ask("look")
    (world.home / "profiles" / "c.yaml").unlink()
    world.on_air("a/x", "a/y", "b/x")
    world.save("other.yaml", B_OFF)
    world.on_air("a/x", "a/y")


def again(world: World) -> None:
    """A show that is restarted, and everything ended; then the next controller."""
    world.ask("restart", path="a", again=False)
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y")
    world.end()
    world.begin()
    world.on_air("a/x", "a/y", "b/x", "c/x", "c/y")


SCENARIOS = {
    "first_start": Scenario(nothing, first_start),
    "edits": Scenario(three, edits),
    "orders": Scenario(three, orders),
    "files": Scenario(three, files),
    "ends": Scenario(three, ends),
    "again": Scenario(three, again, anew=True),
}


def play(home: Path, scenario: Scenario, kill_at: str | None) -> dict[str, Any]:
    """One run of it: everything that is there in the end."""
    world = World(home, kill_at)
    try:
        scenario.before(world)
        world.shared.counts = True
        scenario.acts(world)
        world.ask("look")
        world.shared.counts = False
        found = world.rest()
        found["secrets"] = world.secrets_shown()
        found["down"] = world.down()
        found["ever"] = dict(sorted(world.sink.ever.items()))
        found["faults"] = world.sink.faults
        return {"killed": world.kills, "found": found, "effects": (home / "effects").read_text().splitlines()}
    except Exception as error:
        error.add_note(world.said())
        raise
    finally:
        world.close()


def _too_long(*_: object) -> None:
    raise TimeoutError("it takes too long altogether")


def _forked(folder: Path, scenario: Scenario, kill_at: str | None, number: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(200)
    adopt_orphans()
    home = folder / str(number)
    try:
        began = time.monotonic()
        result = {"at": kill_at, **play(home, scenario, kill_at)}
        result["seconds"] = time.monotonic() - began
    except Exception:
        result = {"at": kill_at, "failed": traceback.format_exc()}
    (folder / f"{number}.json").write_text(json.dumps(result))
    os._exit(0)


def run(folder: Path, scenario: Scenario) -> None:
    """All of it, a few at a time."""
    prepare()
    os.waitpid(_forked(folder, scenario, None, 0), 0)
    first = json.loads((folder / "0.json").read_text())
    print(json.dumps(first), flush=True)
    waiting = list(enumerate(first.get("effects", ()), 1))
    running: dict[int, int] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number, label = waiting.pop(0)
            running[_forked(folder, scenario, label, number)] = number
        pid, _ = os.wait()
        number = running.pop(pid)
        print((folder / f"{number}.json").read_text(), flush=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), SCENARIOS[sys.argv[2]])
