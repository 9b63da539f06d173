"""What happens when in a soak. Everything is a call at its time; most calls arrange their next one."""

from __future__ import annotations

import random
import sched
import time
from collections.abc import Callable

from tests.bench.served import Served
from tests.bench.show import Show
from tests.soak.faults import Lots, Visits, World, faults_of_children, faults_of_native
from tests.soak.publisher import Publisher
from tests.soak.report import Fault
from tests.soak.samples import Sample, take_sample
from tests.soak.shows import Soaked

_SAMPLE_S = 2.0
_FAULT_S = (45.0, 75.0)
_STALL_EVERY_S, _STALL_FOR_S = 60.0, 20.0
_STALLING = "stalling"


class Course:
    """One show's way through its faults; `samples` and `faults` fill up."""

    def __init__(
        self,
        show: Show,
        platforms: Served,
        soaked: Soaked,
        publisher: Publisher | None,
        draw: random.Random,
    ) -> None:
        self._show = show
        self._platforms = platforms
        self._publisher = publisher
        self._draw = draw
        self._calls = sched.scheduler(time.monotonic, time.sleep)
        self._stalling = list(soaked.urls).index(_STALLING)
        world = World(show, platforms, soaked, draw, self._after)
        known = (
            faults_of_native(world, Visits(publisher, draw, self._after))
            if publisher
            else faults_of_children(world)
        )
        self._lots = Lots(known, draw)
        self.began = time.monotonic()
        self.samples: list[Sample] = []
        self.faults: list[Fault] = []

    def run(self, seconds: float) -> None:
        """Until `seconds` have passed."""
        self._show.call("status")  # its socket is there: it has begun
        if self._publisher:
            self._publisher.begin()
        self._sample()
        self._after(_STALL_FOR_S, self._stall)
        self._after(self._draw.uniform(*_FAULT_S) / 2, self._fault)
        self._calls.enterabs(self.began + seconds, -1, self._finish)
        self._calls.run()

    def _after(self, seconds: float, call: Callable[[], object]) -> None:
        self._calls.enter(seconds, 0, call)

    def _finish(self) -> None:
        for event in self._calls.queue:
            self._calls.cancel(event)

    def _sample(self) -> None:
        self.samples.append(take_sample(self._show.pid, time.monotonic() - self.began))
        if self._publisher:
            self._publisher.keep()
        self._after(_SAMPLE_S, self._sample)

    def _stall(self) -> None:
        self._platforms.tell("pause", self._stalling)
        self._after(_STALL_FOR_S, lambda: self._platforms.tell("resume", self._stalling))
        self._after(_STALL_EVERY_S, self._stall)

    def _fault(self) -> None:
        at_s = time.monotonic() - self.began
        self.faults.append(Fault(at_s, self._lots.one()))
        self._after(self._draw.uniform(*_FAULT_S), self._fault)
