"""What platforms may object to, wherever it is said; it never keeps anything from being done."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import spiritstream as package
from spiritstream.cli import foreground
from spiritstream.cli.foreground import Foreground
from spiritstream.cli.opening import Opened
from spiritstream.cli.overview import Overview, Show, as_data, is_as_ordered, reasons
from spiritstream.cli.plans import Plan, plan_data, plan_id, plan_lines, warning_lines
from spiritstream.cli.statustext import warning_lines as status_lines
from spiritstream.errors import ExitCode
from spiritstream.model.profile import Profile, TestInput
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import BEGAN, CONTROLLER, peer, profile_data, status_data
from tests.cli.places import controller_at, home

__all__ = ["home", "spiritstream"]

TEXT = """\
version: 1
name: show
enabled: false
input: {rtmp: {}}
groups:
  g:
    video: {codec: h264, bitrate: 9M}
    targets:
      t: {platform: twitch, key: {env: KEY}}
"""
MESSAGE = (
    "groups.g.video.bitrate: Twitch takes at most 6000 kbit/s of video, and this is 9000 kbit/s "
    "(OBS Studio's service list, 2026-08): target t"
)
HINT = "  hint: lower it to 6000k"


@pytest.fixture
def file(home: Path) -> Path:
    """A valid profile that asks more of Twitch than it takes."""
    path = home / "show.yaml"
    path.write_text(TEXT)
    return path


def said_of(path: Path | str) -> str:
    """The warning of this file."""
    return f"{path}:7:35: {MESSAGE}\n{HINT}"


# validate


def test_validate(spiritstream: Spiritstream, file: Path) -> None:
    """A warning is printed to stderr, and the profile is good all the same."""
    said = spiritstream("validate", file)
    assert (ExitCode.DONE, f"warning: {said_of(file)}\n") == (said.code, said.err)
    assert said.out.startswith("ok: ")


@pytest.mark.parametrize("output", ["text", "json", "github", "sarif"])
def test_validate_strict(spiritstream: Spiritstream, file: Path, output: str) -> None:
    """With --strict a warning ends it with 4, in every form; it is still called a warning."""
    relaxed = spiritstream("validate", "--output", output, file)
    strict = spiritstream("validate", "--strict", "--output", output, file)
    assert (ExitCode.DONE, ExitCode.INVALID) == (relaxed.code, strict.code)
    assert relaxed.err == strict.err
    assert strict.out == ("" if output == "text" else relaxed.out)
    assert "warning" in strict.out + strict.err


def test_validate_strict_of_good_ones(spiritstream: Spiritstream, file: Path) -> None:
    """Without a warning, --strict changes nothing."""
    file.write_text(TEXT.replace("9M", "6M"))
    assert spiritstream("validate", file) == spiritstream("validate", "--strict", file)
    assert ExitCode.DONE == spiritstream("validate", "--strict", file).code


# plan, apply


PLAN = Plan("show", "show.yaml", digest="d", base="r")
WARNED = replace(PLAN, warnings=(said_of("show.yaml"),))


def test_a_plan_is_what_it_is() -> None:
    """Warnings are no part of a plan: not of its id, its lines, or of whether anything would change."""
    assert plan_id([PLAN]) == plan_id([WARNED])
    assert WARNED.is_empty
    assert [] == list(plan_lines([WARNED]))
    assert [said_of("show.yaml")] == plan_data([WARNED])["profiles"][0]["warnings"]


def test_warning_lines() -> None:
    """Each is said once, with its hint below it, and nothing in it steers a terminal."""
    steering = replace(WARNED, name="other", warnings=("a\x1b[2J\n  hint: b\x07",))
    expected = [f"warning: show.yaml:7:35: {MESSAGE}", HINT, "warning: a[2J", "  hint: b"]
    assert expected == list(warning_lines([WARNED, WARNED, steering]))


@pytest.mark.parametrize(("command", "code"), [("plan", ExitCode.DONE), ("apply", ExitCode.DONE)])
def test_of_the_controller(
    home: Path, spiritstream: Spiritstream, file: Path, command: str, code: ExitCode
) -> None:
    """What the controller warns of is printed to stderr, and the exit code is the usual one."""
    (home / "profiles").mkdir()
    data = status_data(profile_data(order="stopped", runner=None), folder=str(home / "profiles"))
    planned: dict[str, Any] = {"name": "show", "file": "show.yaml", "revision": "r1", "changes": []}
    plan = {"profiles": [{**planned, "warnings": [said_of("show.yaml")]}]}
    with peer(controller_at(home), CONTROLLER, status=data, plan=plan):
        said = spiritstream(command, file)
    assert code == said.code
    assert f"warning: {said_of('show.yaml')}\n" in said.err
    assert "warning" not in said.out


def test_plan_alone(spiritstream: Spiritstream, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a controller the file itself is held against the limits."""
    monkeypatch.setenv("KEY", "canary")
    said = spiritstream("plan", file)
    assert f"warning: {said_of(file)}\n" in said.err
    data = json.loads(spiritstream("plan", "--output", "json", file).out)
    assert [[said_of(file)]] == [one["warnings"] for one in data["profiles"]]


# status


def test_status_is_as_ordered() -> None:
    """A warning is no reason to look: everything is as ordered, and `warnings` says it all the same."""
    overview = Overview(BEGAN, shows=(Show("show", order=profile_order(), warnings=(said_of("f"),)),))
    assert ([], True) == (reasons(overview.shows[0]), is_as_ordered(overview))
    data = as_data(overview)
    assert (True, [said_of("f")]) == (data["as_ordered"], data["profiles"][0]["warnings"])


def profile_order() -> Any:
    """Of a profile that nobody wants on air."""
    from spiritstream.model.lifecycle import Order

    return Order.STOPPED


def test_status(home: Path, spiritstream: Spiritstream) -> None:
    """The text has one short line for each, beside the profile; the exit code is that of all being well."""
    data = status_data(profile_data(warnings=[said_of("show.yaml"), "show.yaml:9:1: more"]))
    with peer(controller_at(home), CONTROLLER, status=data):
        said = spiritstream("status", "--exit-code")
        told = json.loads(spiritstream("status", "--output", "json").out)
    assert 0 == said.code
    lines = [line for line in said.out.splitlines() if "warning" in line]
    assert f"warning: show.yaml:7:35: {MESSAGE}".startswith(lines[0])
    assert "warning: show.yaml:9:1: more" == lines[-1]
    assert "hint" not in said.out
    assert [said_of("show.yaml"), "show.yaml:9:1: more"] == told["profiles"][0]["warnings"]


def test_status_lines() -> None:
    """A line for each, without what could steer a terminal; none where nothing is to be warned of."""
    assert ["warning: a[2J"] == list(status_lines(Show("x", warnings=("a\x1b[2J\n  hint: b",))))
    assert [] == list(status_lines(Show("x")))


# run


def test_run(file: Path) -> None:
    """`run` says it once, at its start, in its log on stderr, and goes on: here to the end of nothing."""
    source = str(Path(package.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "spiritstream", "run", str(file)],
        env={**os.environ, "PYTHONPATH": source, "KEY": "canary"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    warned = [line for line in done.stderr.splitlines() if MESSAGE in line]
    assert (0, 1) == (done.returncode, len(warned))
    assert f" warning {file}:7:35: " in warned[0]
    assert warned[0].endswith(" - lower it to 6000k")
    assert "canary" not in done.stderr + done.stdout


class Applied:
    """Stands in for a runner: notes how often something is applied."""

    def __init__(self) -> None:
        self.count = 0
        self.error = ""

    async def apply(self, profile: Profile) -> tuple[object, ...]:
        """Notes it."""
        self.count += 1
        return ()


async def test_an_edit_says_what_is_new(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While it runs, a warning is said again only when it was gone; a new one at once."""
    given = iter([("a", "b"), ("a", "b"), ("b", "c"), (), ("a",)])

    async def open_file(path: Path, identity: Path | None) -> Opened:
        return Opened(Profile("show", TestInput()), next(given))

    monkeypatch.setattr(foreground, "open_file", open_file)
    show, runner = Foreground(Path("show.yaml")), Applied()
    keeping = asyncio.create_task(show._keep_current(runner))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        for count in range(1, 6):
            show._read_again()
            async with asyncio.timeout(20):
                while runner.count < count:
                    await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.wait([keeping])
    assert ["a", "b", "c", "a"] == [record.getMessage() for record in caplog.records]
