"""What platforms may object to: kept beside a profile, told, and nothing decided by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.config.registry import Known
from spiritstream.control.opening import Opened, ProfileOpener
from spiritstream.control.planning import plan
from spiritstream.control.report import Report
from spiritstream.control.source import Entry
from spiritstream.control.world import Wanted
from spiritstream.model.lifecycle import Order
from tests.control.stage import Stage
from tests.control.wishes import profile

WARNING = "show.yaml:7:35: too much\n  hint: send less"
TEXT = b"""\
version: 1
name: show
input: {rtmp: {}}
groups:
  g:
    video: {codec: h264, bitrate: 9M, preset: ultrafast}
    targets:
      t: {platform: twitch, key: {env: KEY}}
"""


def test_opened() -> None:
    """A file's warnings are had with its profile, each with its place and what to do."""
    opened = ProfileOpener(None, {"KEY": "canary"})(Entry("show.yaml", TEXT, Path("/")))
    assert opened.profile is not None
    assert ((), True) == (opened.findings, opened.lasting)
    (warning,) = opened.warnings
    assert warning.startswith("show.yaml:6:35: groups.g.video.bitrate: Twitch takes at most 6000 kbit/s ")
    assert warning.endswith(": target t\n  hint: lower it to 6000k")


def test_refused() -> None:
    """What is refused is a finding, and there is no profile."""
    data = TEXT.replace(b"platform: twitch", b'platform: kick, server: "rtmp://a.example/app"')
    opened = ProfileOpener(None, {"KEY": "canary"})(Entry("show.yaml", data, Path("/")))
    assert (None, "show", ()) == (opened.profile, opened.name, opened.warnings)
    (finding,) = opened.findings
    assert finding.startswith("show.yaml:8:35: groups.g.targets.t.server: Kick takes rtmps only")


def test_nothing_is_told_from_it() -> None:
    """What a file came to is the same with other warnings."""
    wanted = Wanted("show", "show.yaml", "digest", profile("show"))
    assert wanted == replace(wanted, warnings=(WARNING,))


class Warned(Stage):
    """A stage on which every valid file has a warning."""

    def open(self, entry: Entry, common: Entry | None, known: Known) -> Opened:
        """As ever, and a warning."""
        opened = super().open(entry, common, known)
        return replace(opened, warnings=(WARNING,)) if opened.profile else opened


@pytest.fixture
def stage() -> Iterator[Warned]:
    """A stage with a show on air."""
    stage = Warned()
    try:
        stage.write("show.yaml", profile("show"))
        stage.begin()
        stage.wait(3)
        yield stage
        assert [] == stage.faults
    finally:
        stage.close()


def report(stage: Stage) -> dict[str, object]:
    """What the controller says of the show."""
    assert stage.controller is not None and stage.hands is not None
    said = stage.ask(Report(stage.controller, stage.hands, None).status())
    (one,) = [one for one in said["profiles"] if one["name"] == "show"]
    assert isinstance(one, dict)
    return one


def test_on_air_all_the_same(stage: Warned) -> None:
    """A profile with a warning is on air, held by nothing, and its warning is told."""
    assert {"show"} == set(stage.alive)
    told = report(stage)
    assert ([WARNING], [], "", True) == tuple(told[key] for key in ("warnings", "findings", "held", "valid"))
    assert Order.LIVE == told["order"]


def test_of_a_broken_file(stage: Warned) -> None:
    """While a file is broken, what is wrong with it is told, and no warning of what it said before."""
    stage.write("show.yaml", None)
    stage.wait(3)
    told = report(stage)
    assert ([], ["show.yaml: broken"]) == (told["warnings"], told["findings"])


def test_of_a_last_good_copy(stage: Warned) -> None:
    """A controller that starts without a file tells what its last good copy warns of."""
    stage.write("another.yaml", profile("another"))
    stage.wait(3)
    stage.kill()
    stage.blind(False)
    stage.begin()
    stage.wait(30)
    assert stage.controller is not None
    assert {"another.yaml"} == set(stage.controller.reader.now.view.files)
    assert [WARNING] == report(stage)["warnings"]


def test_in_a_plan(stage: Warned) -> None:
    """A plan tells the warnings of the files that it is about, and nothing would change by them."""
    assert stage.controller is not None
    text = stage.files["show.yaml"].decode()
    (told,) = stage.ask(plan(stage.controller, Path("/"), {"show.yaml": text}))["profiles"]
    assert ([], "", [], [WARNING]) == tuple(told[key] for key in ("changes", "held", "findings", "warnings"))
    # Nobody asks for a file: only what is to be done is told, and there is nothing to do.
    assert [] == stage.ask(plan(stage.controller, Path("/"), {}))["profiles"]
