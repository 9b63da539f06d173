"""What happens to a show in a soak, as the world would do it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Sequence

from tests.bench.served import Served
from tests.bench.show import KEY, Show
from tests.live.processes import descendants, kill
from tests.soak.publisher import Publisher
from tests.soak.shows import ADDED, UNDISTURBED, Soaked

_DOWN_S = 3.0
# Within what the input holds its targets for.
_AWAY_S = (2.0, 9.0)
_VISIT_S = 5.0
_LISTENER = "spiritstream.run.ingest.listener"

After = Callable[[float, Callable[[], object]], object]


class World:
    """What can be done to a show, each in a call that says what it did."""

    def __init__(
        self, show: Show, platforms: Served, soaked: Soaked, draw: random.Random, after: After
    ) -> None:
        """`after` calls something after some seconds."""
        self._show = show
        self._platforms = platforms
        self._soaked = soaked
        self._names = list(soaked.urls)
        self._draw = draw
        self._after = after
        self._with_added = False

    def kill_sender(self) -> str:
        """The process that carries a target dies."""
        name = self._somebody()
        return self._kill(name, f"sender of '{name}' killed")

    def kill_encoder(self) -> str:
        """The process that encodes dies."""
        return self._kill("small", "encoder killed")

    def kill_input(self) -> str:
        """The process that reads the input dies."""
        return self._kill("input", "input child killed")

    def kill_listener(self) -> str:
        """The process that accepts publishers dies."""
        found = [process for process in descendants() if _LISTENER in process.argv]
        for process in found:
            kill(process.pid)
        return "listener killed" if found else "(there was no listener to kill)"

    def cut(self) -> str:
        """A platform drops its connections."""
        name = self._somebody()
        self._platforms.tell("cut", self._names.index(name))
        return f"connection of '{name}' cut"

    def restart_platform(self) -> str:
        """A platform is gone for a moment."""
        name = self._somebody()
        number = self._names.index(name)
        self._platforms.tell("stop", number)
        self._after(_DOWN_S, lambda: self._platforms.tell("start", number))
        return f"platform of '{name}' down for {_DOWN_S:g} s"

    def read_again(self) -> str:
        """Somebody asks for the profile to be read."""
        os.kill(self._show.pid, signal.SIGHUP)
        return "SIGHUP"

    def edit(self) -> str:
        """A target is added to the file, or removed again."""
        self._with_added = not self._with_added
        # As editors save: a new file under the old name.
        new = self._show.profile.with_suffix(".new")
        new.write_text(self._soaked.text(with_added=self._with_added))
        new.replace(self._show.profile)
        return "target added in the file" if self._with_added else "target removed from the file"

    def _kill(self, unit: str, done: str) -> str:
        pid = self._show.pids().get(unit)
        if pid is None:
            return f"({unit} had no process to kill)"
        os.kill(pid, signal.SIGKILL)
        return done

    def _somebody(self) -> str:
        """One of the targets that are on air, but not the one that is to stay undisturbed."""
        return self._draw.choice([name for name in self._names if name not in (UNDISTURBED, ADDED)])


class Visits:
    """What a publisher does, and who else comes to its door."""

    def __init__(self, publisher: Publisher, draw: random.Random, after: After) -> None:
        self._publisher = publisher
        self._draw = draw
        self._after = after

    def leave(self) -> str:
        """The publisher says goodbye and returns."""
        return self._go("leaves", killed=False)

    def die(self) -> str:
        """The publisher is gone without a word and returns."""
        return self._go("is killed", killed=True)

    def stranger(self) -> str:
        """Somebody without the key tries."""
        return self._visit("no-key-of-ours", "a stranger tries to publish")

    def rival(self) -> str:
        """Somebody with the key tries while the publisher is there."""
        return self._visit(KEY, "a second publisher comes")

    def _go(self, how: str, *, killed: bool) -> str:
        away_s = self._draw.uniform(*_AWAY_S)
        self._publisher.leave(killed=killed)
        self._after(away_s, self._publisher.begin)
        return f"publisher {how}, and returns"

    def _visit(self, key: str, done: str) -> str:
        self._publisher.visit(key)
        self._after(_VISIT_S, self._publisher.see_off)
        return done


class Lots:
    """One fault at a time, drawn by lot; all have their turn before one has its second."""

    def __init__(self, known: Sequence[Callable[[], str]], draw: random.Random) -> None:
        self._known = known
        self._draw = draw
        self._due: list[Callable[[], str]] = []

    def one(self) -> str:
        """Do one of them; what it did."""
        if not self._due:
            self._due = self._draw.sample(self._known, len(self._known))
        return self._due.pop()()


def faults_of_children(world: World) -> list[Callable[[], str]]:
    """What can happen when ffmpegs carry the input and the targets."""
    return [
        world.kill_sender,
        world.kill_encoder,
        world.kill_input,
        world.restart_platform,
        world.read_again,
        world.edit,
        world.edit,
    ]


def faults_of_native(world: World, visits: Visits) -> list[Callable[[], str]]:
    """What can happen when the runner takes its publisher and carries the targets itself."""
    return [
        world.cut,
        world.kill_encoder,
        world.kill_listener,
        world.restart_platform,
        world.read_again,
        world.edit,
        world.edit,
        visits.leave,
        visits.die,
        visits.stranger,
        visits.rival,
    ]
