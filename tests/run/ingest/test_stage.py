"""Who publishes now: takeovers, gaps and silence, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import cast

from spiritstream.media.flv import Role, Tag
from spiritstream.media.hub import Hub
from spiritstream.model.profile import RtmpInput, Takeover
from spiritstream.run.ingest.publisher import Publisher
from spiritstream.run.ingest.stage import Stage
from tests.media.tags import group, headers
from tests.virtualtime import run_virtually

LOG = logging.LoggerAdapter(logging.getLogger("spiritstream.runner"), {"path": "input"})
HOLD_S = 15.0


class Guest:
    """A publisher without a connection."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.answer = ""
        self.media_at = self.now()
        self.looked = 0
        self._on_tags: Callable[[list[Tag]], None] = lambda _: None
        self._on_end: Callable[[str], None] = lambda _: None

    def now(self) -> float:
        """The virtual time."""
        return asyncio.get_running_loop().time()

    def accept(self, on_tags: Callable[[list[Tag]], None], on_end: Callable[[str], None]) -> None:
        """It may publish."""
        self._on_tags, self._on_end = on_tags, on_end
        self.answer = "accepted"
        self.media_at = self.now()

    async def refuse(self, description: str) -> None:
        """It may not."""
        self.answer = "refused"

    def close(self) -> None:
        """Its connection is closed."""
        self.answer = "closed"

    def look(self, now: float) -> None:
        """It is looked at."""
        self.looked += 1

    def sends(self, *tags: Tag) -> None:
        """Media arrives."""
        self.media_at = self.now()
        self._on_tags(list(tags))

    def leaves(self) -> None:
        """Its connection ends."""
        self._on_end("left")


class Sink:
    """What a target gets."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []

    def push(self, tags: Sequence[Tag]) -> None:
        """Take what comes."""
        self.tags += tags

    @property
    def times(self) -> list[int]:
        """Of the frames."""
        return [tag.time_ms for tag in self.tags if tag.role not in (Role.META, Role.HEADER)]


class Show:
    """A stage, its hub, and a target."""

    def __init__(self, takeover: Takeover = Takeover.WHEN_SILENT, hold_s: float = HOLD_S) -> None:
        clock = asyncio.get_running_loop().time
        self.hub = Hub(clock)
        self.sink = Sink()
        self.hub.attach(self.sink)
        wanted = RtmpInput("127.0.0.1", 1935, "live", takeover=takeover, hold_s=hold_s)
        self.stage = Stage(wanted, self.hub, clock, LOG)

    def comes(self, peer: str) -> Guest:
        """A publisher with the right key."""
        guest = Guest(peer)
        self.stage.arrived(cast(Publisher, guest))
        return guest

    async def passes(self, seconds: float, *sending: Guest) -> None:
        """Time, with a look twice a second; who sends does so before each."""
        for _ in range(round(seconds * 2)):
            await asyncio.sleep(0.5)
            for guest in sending:
                guest.sends(*group(int(guest.now() * 1000)))
            self.stage.look()


def test_the_first_one_publishes() -> None:
    """Nobody is there: it is let in at once."""

    async def main() -> None:
        show = Show()
        guest = show.comes("a")
        assert "accepted" == guest.answer
        guest.sends(*headers(), *group(0))
        assert show.hub.ready
        assert show.sink.tags

    run_virtually(main())


def test_reject_and_replace() -> None:
    """`reject` keeps the first one whatever it does, `replace` takes the second one at once."""

    async def main() -> None:
        show = Show(Takeover.REJECT)
        first = show.comes("a")
        await show.passes(20)
        second = show.comes("b")
        await asyncio.sleep(0)
        assert ("accepted", "refused") == (first.answer, second.answer)
        show = Show(Takeover.REPLACE)
        first, second = show.comes("a"), show.comes("b")
        assert ("closed", "accepted") == (first.answer, second.answer)
        assert show.stage.publisher is cast(Publisher, second)

    run_virtually(main())


def test_when_silent_keeps_one_that_lives() -> None:
    """The first one sends on: the second is refused within half a second of that."""

    async def main() -> None:
        show = Show()
        first = show.comes("a")
        await show.passes(2, first)
        second = show.comes("b")
        assert "" == second.answer
        await show.passes(1, first)
        assert ("accepted", "refused") == (first.answer, second.answer)

    run_virtually(main())


def test_when_silent_replaces_one_that_is_dead() -> None:
    """An encoder whose network broke comes back soon: it gets in once the old one is silent for 3 s."""

    async def main() -> None:
        show = Show()
        first = show.comes("a")
        await show.passes(2, first)
        await show.passes(1)
        second = show.comes("a")
        await show.passes(1.5)
        assert ("accepted", "") == (first.answer, second.answer)
        await show.passes(0.5)
        assert ("closed", "accepted") == (first.answer, second.answer)

    run_virtually(main())


def test_who_waits_gets_in_when_the_first_one_leaves() -> None:
    """It need not wait out the silence; a third one takes its place, as an encoder that tries again does."""

    async def main() -> None:
        show = Show()
        first = show.comes("a")
        second, third = show.comes("b"), show.comes("c")
        await asyncio.sleep(0)
        assert ("closed", "") == (second.answer, third.answer)
        first.leaves()
        assert "accepted" == third.answer

    run_virtually(main())


def test_a_takeover_goes_on_with_the_clock() -> None:
    """The second one's own clock begins at 0; what goes out only ever rises, and shows the pause."""

    async def main() -> None:
        show = Show(Takeover.REPLACE)
        first = show.comes("a")
        first.sends(*headers(), *group(5_000_000))
        await show.passes(2)
        show.comes("b").sends(*headers(), *group(0))
        pictures = [tag.time_ms for tag in show.sink.tags if tag.role in (Role.KEY, Role.FRAME)]
        assert sorted(set(pictures)) == pictures
        steps = [b - a for a, b in itertools.pairwise(pictures)]
        assert 1900 < max(steps) < 2200
        assert 0 == show.hub.ends

    run_virtually(main())


def test_a_gap_shorter_than_hold_is_only_a_gap() -> None:
    """Whoever returns within the hold finds the targets where they were."""

    async def main() -> None:
        show = Show()
        first = show.comes("a")
        first.sends(*headers(), *group(0))
        first.leaves()
        await show.passes(HOLD_S - 1)
        assert (True, 0) == (show.hub.ready, show.hub.ends)
        show.comes("a").sends(*headers(), *group(0))
        await show.passes(5)
        assert 0 == show.hub.ends

    run_virtually(main())


def test_a_longer_gap_ends_the_targets_once() -> None:
    """After the hold the hub is dark: nobody starts from what is old. It is told once, and ends in time."""

    async def main() -> None:
        show = Show()
        first = show.comes("a")
        first.sends(*headers(), *group(0))
        first.leaves()
        await show.passes(HOLD_S + 60)
        assert (False, 1) == (show.hub.ready, show.hub.ends)
        show.comes("a").sends(*headers(), *group(0))
        assert (True, 1) == (show.hub.ready, show.hub.ends)
        assert 75_000 < show.sink.times[-1] < 77_000

    run_virtually(main())


def test_a_publisher_that_falls_silent_is_like_one_that_left() -> None:
    """Connected and silent for the hold: dark. Its next media goes on, with the headers of before."""

    async def main() -> None:
        show = Show()
        guest = show.comes("a")
        guest.sends(*headers(), *group(0))
        await show.passes(HOLD_S + 1)
        assert (False, 1) == (show.hub.ready, show.hub.ends)
        guest.sends(*group(16_000))
        assert show.hub.ready
        assert [Role.META, Role.HEADER, Role.HEADER, Role.KEY] == [t.role for t in show.sink.tags[-11:-7]]
        assert guest.looked

    run_virtually(main())


def test_closing_leaves_nobody() -> None:
    """Who publishes and who waits are both closed."""

    async def main() -> None:
        show = Show()
        first, second = show.comes("a"), show.comes("b")
        await show.stage.close()
        assert ("closed", "closed") == (first.answer, second.answer)

    run_virtually(main())


def test_a_hold_of_nothing_is_for_those_who_are_gone() -> None:
    """With `hold: 0s` a publisher that is here may pause for a moment; one that leaves ends it at once."""

    async def main() -> None:
        show = Show(hold_s=0)
        guest = show.comes("a")
        guest.sends(*headers(), *group(0))
        await show.passes(2, guest)
        await show.passes(2)
        assert 0 == show.hub.ends
        guest.leaves()
        await show.passes(0.5)
        assert 1 == show.hub.ends

    run_virtually(main())


def test_metadata_after_the_hold_reaches_everybody() -> None:
    """A publisher that was let in before the hold ended, and speaks after it: nothing of it is lost."""

    async def main() -> None:
        show = Show(hold_s=4)
        first = show.comes("a")
        first.sends(*headers(), *group(0))
        await show.passes(1, first)
        first.leaves()
        await show.passes(2)
        second = show.comes("b")
        await show.passes(3)
        assert 1 == show.hub.ends
        before = len(show.sink.tags)
        for tag in headers():
            second.sends(tag)
        second.sends(*group(0))
        roles = [tag.role for tag in show.sink.tags[before:] if tag.role in (Role.META, Role.HEADER)]
        assert [tag.role for tag in headers()] == roles

    run_virtually(main())


def test_a_stage_that_closes_leaves_no_refused_one_behind() -> None:
    """Whatever its goodbye has come to, its connection is closed."""

    async def main() -> None:
        show = Show(Takeover.REJECT)
        show.comes("a")
        second = show.comes("b")
        await show.stage.close()
        assert "closed" == second.answer

    run_virtually(main())
