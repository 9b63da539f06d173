"""An input says what arrives, as measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.hub import Hub
from spiritstream.model.profile import Address, FilesInput, Input, PullInput, TestInput
from spiritstream.run.carriage import Needs
from spiritstream.run.input import make_input
from spiritstream.run.unit import Tools, Unit
from tests.media.tags import group, headers

FFMPEG = Ffmpeg(Path("/usr/bin/ffmpeg"), (5, 1), "5.1", "PATH")
INPUTS: list[Input] = [TestInput(), FilesInput(("/a.mp4",)), PullInput(Address("rtmp://h/app"))]


def no_needs() -> Needs:
    """No group wants anything."""
    raise AssertionError("not asked")


def make(wanted: Input, hub: Hub) -> Unit:
    """Its unit, not started."""
    return make_input(wanted, hub, no_needs, Tools(FFMPEG), profile="show")


@pytest.mark.parametrize("wanted", INPUTS, ids=lambda value: type(value).__name__)
async def test_every_kind_of_input_says_what_arrives(wanted: Input) -> None:
    """Nothing before the first media; then codecs, and what was measured."""
    hub = Hub()
    unit = make(wanted, hub)
    assert unit.status().incoming is None
    hub.begin(0, audio=True, video=True)
    hub.publish([*headers(), *group(0)])
    incoming = unit.status().incoming
    assert incoming is not None
    assert ("h264", "aac", 0) == (incoming.video, incoming.audio, incoming.clock_faults)


async def test_faults_of_the_input_before_are_not_this_ones() -> None:
    """The hub goes on when a profile's input is changed for another."""
    hub = Hub()
    before = make(TestInput(), hub)
    hub.begin(0, audio=True, video=True)
    hub.publish([*headers(), *group(1_000_000), *group(0)])
    after = make(TestInput(), hub)
    hub.publish(group(500_000))
    faults = [unit.status().incoming for unit in (before, after)]
    assert [2, 1] == [incoming.clock_faults for incoming in faults if incoming]
