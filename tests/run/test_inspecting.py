"""A runner looks now and then at what its targets get, says what is new once, and harms nobody by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.flv import Tag
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event, Order
from spiritstream.model.limits import Limits
from spiritstream.model.profile import Address, Audio, Group, Profile, Target, TestInput, Video
from spiritstream.model.status import Cause
from spiritstream.run.group import EncodingGroup, PassthroughGroup
from spiritstream.run.inspecting import LOOK_S, Inspector
from spiritstream.run.rulings import LOOKS
from spiritstream.run.runner import Runner
from spiritstream.run.unit import Tools, Unit
from tests.media.tags import frame, headers, key, sound
from tests.virtualtime import run_virtually

FFMPEG = Ffmpeg(Path("/usr/bin/ffmpeg"), (5, 1), "5.1", "PATH")
LIMITS = Limits("Kick", "help.kick.com", keyframe_s=2.0, session_s=8 * 3600.0, session_source="kick.com/faq")
RARE_KEYFRAMES = (
    "what arrives: Kick wants a keyframe every 2 s, and one comes every 4 s (help.kick.com); "
    "set the keyframe interval to 2s at the source, or encode the video in groups.source"
)
MIDDAY = datetime(2026, 3, 1, 12).timestamp()
KICK = "groups.source.targets.kick"
OWN = "groups.source.targets.own"
WAIT_S = LOOK_S * (LOOKS + 1)


class Sent(Unit):
    """A target that a test moves from state to state."""

    async def once(self) -> Cause | None:
        """Nothing runs."""
        await self._interrupt.wait()
        return None

    def happens(self, *events: Event) -> None:
        """Move it on."""
        self.order = Order.LIVE
        for event in events:
            self._happened(event)

    def reconnects(self) -> None:
        """Its connection is lost, and another one made."""
        self.restarts += 1
        self.happens(Event.LOST, Event.START, Event.MEDIA)


class Stage:
    """A passthrough group with a target on a platform and one of its own, looked at on a virtual clock."""

    def __init__(self, limits: Limits | None = LIMITS) -> None:
        self.clock = asyncio.get_running_loop().time
        self.tools = Tools(FFMPEG, self.clock, lambda: MIDDAY + self.clock())
        self.hub = Hub(self.clock)
        self.profile = show(limits)
        self.kick, self.own = Sent(KICK, self.tools), Sent(OWN, self.tools)
        group = PassthroughGroup("groups.source", self.profile.groups[0], self.hub, self.tools)
        self.units: dict[str, Unit] = {"groups.source": group, KICK: self.kick, OWN: self.own}
        self.inspector = Inspector(self.tools, self.units)
        self.looking = asyncio.create_task(self.inspector.keep_looking(lambda: self.profile))

    def said(self) -> tuple[str, ...]:
        """What is said of the target on the platform; of the other nothing ever is."""
        assert () == self.inspector.warnings(OWN)
        return self.inspector.warnings(KICK)

    async def plays(self, seconds: float, keyframe_s: float) -> None:
        """A new source, for so long."""
        await play(self.hub, seconds, keyframe_s)


async def play(hub: Hub, seconds: float, keyframe_s: float) -> None:
    """25 frames a second, and as much sound."""
    hub.begin(hub.resume_ms(), audio=True, video=True)
    hub.publish(headers())
    count = int(keyframe_s * 25)
    for n in range(int(seconds * 25)):
        picture: Callable[[int], Tag] = frame if n % count else key
        hub.publish([picture(n * 40), sound(n * 40)])
        await asyncio.sleep(0.04)


def show(limits: Limits | None) -> Profile:
    """Two targets, one of them on a platform."""
    kick = Target("kick", Address("rtmp://127.0.0.1/app"), platform="kick", limits=limits)
    return Profile("show", TestInput(), (Group("source", (kick, Target("own", Address("rtmp://h/app")))),))


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """Level, path and text of what was logged."""
    return [(r.levelname, getattr(r, "path", ""), r.getMessage()) for r in caplog.records]


def test_a_breach_is_said_once_and_taken_back_once(caplog: pytest.LogCaptureFixture) -> None:
    """It stands in the status for as long as it holds, and in the log when it comes and when it goes."""
    caplog.set_level(logging.INFO, "spiritstream.runner")

    async def case() -> None:
        stage = Stage()
        await stage.plays(WAIT_S + 10, keyframe_s=4)
        assert (RARE_KEYFRAMES,) == stage.said()
        await stage.plays(60, keyframe_s=4)
        assert (RARE_KEYFRAMES,) == stage.said()
        assert [("WARNING", KICK, RARE_KEYFRAMES)] == lines(caplog)
        await stage.plays(WAIT_S + 10, keyframe_s=2)
        assert () == stage.said()
        assert [("INFO", KICK, f"no longer so: {RARE_KEYFRAMES}")] == lines(caplog)[1:]

    run_virtually(case())


def test_of_a_group_that_encodes_its_own_output_counts() -> None:
    """What arrives at the input may be as it likes: what the encoder really makes goes to the platform."""

    async def case() -> None:
        stage = Stage()
        (source,) = stage.profile.groups
        group = Group("small", source.targets[:1], Video("h264", 3_000_000), Audio("aac"))
        encoding = EncodingGroup("groups.small", group, stage.hub, stage.tools)
        small = "groups.small.targets.kick"
        stage.units |= {"groups.small": encoding, small: Sent(small, stage.tools)}
        stage.profile = replace(stage.profile, groups=(source, group))
        await asyncio.gather(stage.plays(40, keyframe_s=4), play(encoding.hub, 40, keyframe_s=2))
        assert ((RARE_KEYFRAMES,), ()) == (stage.said(), stage.inspector.warnings(small))
        await asyncio.gather(stage.plays(40, keyframe_s=2), play(encoding.hub, 40, keyframe_s=4))
        assert () == stage.said()
        (said,) = stage.inspector.warnings(small)
        assert said.startswith("what is encoded: Kick wants a keyframe every 2 s, and one comes every 4 s")

    run_virtually(case())


def test_without_a_platform_nothing_is_checked() -> None:
    """Who has no limits breaks none."""

    async def case() -> None:
        stage = Stage(limits=None)
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        assert () == stage.said()

    run_virtually(case())


def test_the_limits_are_those_that_the_runner_holds_now() -> None:
    """Other knowledge restarts nothing, and counts from the next look on."""

    async def case() -> None:
        stage = Stage(replace(LIMITS, keyframe_s=4.0))
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        assert () == stage.said()
        other = show(LIMITS)
        assert other == stage.profile
        stage.profile = other
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        assert (RARE_KEYFRAMES,) == stage.said()

    run_virtually(case())


def test_of_what_is_no_more_nothing_is_said() -> None:
    """A target that was taken off the air, or began anew with other values, begins without warnings."""

    async def case() -> None:
        stage = Stage()
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        stage.units[KICK] = Sent(KICK, stage.tools)
        await stage.plays(LOOK_S + 1, keyframe_s=4)
        assert () == stage.said()
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        assert (RARE_KEYFRAMES,) == stage.said()
        stage.profile = replace(stage.profile, enabled=False)
        await asyncio.sleep(LOOK_S + 1)
        assert () == stage.said()

    run_virtually(case())


def test_a_fault_in_looking_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and the next looks go on."""

    async def case() -> None:
        stage = Stage()
        whole, stage.hub.incoming = stage.hub.incoming, None  # type: ignore[method-assign, assignment]
        await asyncio.sleep(10 * LOOK_S)
        assert not stage.looking.done()
        stage.hub.incoming = whole  # type: ignore[method-assign]
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        assert (RARE_KEYFRAMES,) == stage.said()

    run_virtually(case())
    (fault,) = [text for level, _, text in lines(caplog) if level == "ERROR"]
    assert "what arrives could not be held against" in fault


SESSION = "Kick ends a broadcast after 8 h, and this one"
HOUR_S = 3600


def test_a_session_that_ends_soon_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """From half an hour before, by the local clock; and that it is over when another connection is made."""
    caplog.set_level(logging.INFO, "spiritstream.runner")

    async def case() -> None:
        stage = Stage()
        stage.kick.happens(Event.START, Event.MEDIA)
        caplog.clear()
        await asyncio.sleep(7.4 * HOUR_S)
        assert () == stage.said()
        await asyncio.sleep(0.2 * HOUR_S)
        ends = f"{SESSION} ends at 20:00 (kick.com/faq); begin another broadcast before"
        assert (ends,) == stage.said()
        await asyncio.sleep(HOUR_S)
        past = f"{SESSION} was due to end at 20:00 (kick.com/faq); begin another broadcast"
        assert (past,) == stage.said()
        await asyncio.sleep(12 * HOUR_S)
        assert "at 2026-03-01 20:00" in stage.said()[0]
        assert [("WARNING", KICK, ends)] == lines(caplog)
        stage.kick.reconnects()
        await asyncio.sleep(LOOK_S + 1)
        assert () == stage.said()
        assert ("INFO", KICK) == lines(caplog)[-1][:2]

    run_virtually(case())


def test_a_silence_of_the_input_is_no_new_session() -> None:
    """The connection stands meanwhile, and the platform's clock goes on; that of a new connection begins."""

    async def case() -> None:
        stage = Stage()
        stage.kick.happens(Event.START, Event.MEDIA)
        await asyncio.sleep(7 * HOUR_S)
        stage.kick.happens(Event.STARVED)
        await asyncio.sleep(60)
        stage.kick.happens(Event.MEDIA)
        await asyncio.sleep(0.6 * HOUR_S)
        assert "ends at 20:00" in stage.said()[0]
        stage.kick.reconnects()
        await asyncio.sleep(7.4 * HOUR_S)
        assert () == stage.said()

    run_virtually(case())


def runner_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A runner whose units are the test's."""
    made = {**stage.units, "input": Sent("input", stage.tools)}
    monkeypatch.setattr(Runner, "_make", lambda self, path, wanted, profile: made[path])
    return Runner(stage.tools)


def test_a_runner_says_it_in_its_status_and_ends_looking_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the limits of the last edit, at their target; when the show ends nothing is left."""

    async def case() -> None:
        stage = Stage()
        runner = runner_of(stage, monkeypatch)
        await runner.apply(show(Limits("Kick", keyframe_s=60.0)))
        await runner.apply(stage.profile)
        await stage.plays(2 * WAIT_S, keyframe_s=4)
        told = {unit.path: unit.warnings for unit in runner.status().units if unit.warnings}
        assert {KICK: (RARE_KEYFRAMES,)} == told
        await runner.stop()
        stage.looking.cancel()
        await asyncio.sleep(0)
        assert {asyncio.current_task()} == asyncio.all_tasks()

    run_virtually(case())


def test_a_runner_without_platforms_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins to when an edit brings one."""

    def looks() -> bool:
        return "inspecting" in {task.get_name() for task in asyncio.all_tasks()}

    async def case() -> None:
        stage = Stage(limits=None)
        runner = runner_of(stage, monkeypatch)
        await runner.apply(stage.profile)
        assert not looks()
        await runner.apply(show(LIMITS))
        assert looks()
        await runner.stop()
        assert not looks()

    run_virtually(case())
