"""`spiritstream status`: what it shows of a controller and of runners, its JSON, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import spiritstream as package
from spiritstream.cli.overview import Override, Overview, Show
from spiritstream.cli.statustext import facts, remarks
from spiritstream.errors import ExitCode
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Incoming, Status, TcpFigures
from spiritstream.wire import to_data
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import (
    BEGAN,
    CONTROLLER,
    RUNNER,
    error,
    peer,
    profile_data,
    runner_status,
    status_data,
    unit,
)
from tests.cli.places import controller_at, home, sockets

__all__ = ["home", "spiritstream"]

FAILED = runner_status(youtube=State.FAILED)
OFF: dict[str, Any] = {"order": "stopped", "runner": None}


def test_nothing(home: Path, spiritstream: Spiritstream) -> None:
    """With nothing on air it says so, and that is no failure; as JSON, too."""
    assert (ExitCode.DONE, "Nothing is on air.\n", "") == spiritstream("status", "--exit-code")
    data = json.loads(spiritstream("status", "--output", "json").out)
    assert (1, None, True, []) == tuple(data[k] for k in ("version", "controller", "as_ordered", "profiles"))


def test_of_a_runner(home: Path, spiritstream: Spiritstream) -> None:
    """Without a controller, runners are asked: state, figures, and for what is not live all that helps."""
    with peer(sockets(home) / "show.sock", RUNNER, status=to_data(FAILED)):
        said = spiritstream("status")
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert "show · ffmpeg 5.1.9" in said.out
    assert "controller" not in said.out
    (line,) = [line for line in said.out.splitlines() if line.startswith("show/source/youtube: failed for")]
    assert "The platform refused the key (Copy it anew)" in line


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        pytest.param(profile_data(), 0, id="all live"),
        pytest.param(profile_data(runner=None, order="stopped"), 0, id="disabled"),
        pytest.param(profile_data(runner=to_data(FAILED)), 3, id="a target is not live"),
        pytest.param(profile_data(revision_wanted="r2"), 3, id="an edit is not applied"),
        pytest.param(profile_data(held="clash"), 3, id="held"),
        pytest.param(profile_data(valid=False, findings=["bad"]), 3, id="invalid, the last good one runs"),
        pytest.param(
            profile_data(overrides=[{"path": "show", "order": "stopped"}], **OFF), 3, id="stopped by hand"
        ),
    ],
)
def test_exit_code(home: Path, spiritstream: Spiritstream, profile: dict[str, Any], code: int) -> None:
    """`--exit-code` ends with 3 when something is not as ordered; without it a status is no failure."""
    with peer(controller_at(home), CONTROLLER, status=status_data(profile)):
        assert code == spiritstream("status", "--exit-code").code
        assert code == spiritstream("status", "show", "--exit-code").code
        assert 0 == spiritstream("status").code


def test_of_a_controller(home: Path, spiritstream: Spiritstream) -> None:
    """It says where profiles come from, revisions, orders by hand, and shortens what is off."""
    off = [profile_data(f"off{n:03}", **OFF) for n in range(500)]
    stopped = {"path": "show/source/twitch", "order": "stopped", "until": None}
    show = profile_data(revision_wanted="c0ffee", overrides=[stopped])
    data = status_data(show, *off, problem="the folder vanished")
    with peer(controller_at(home), CONTROLLER, status=data):
        said = spiritstream("status").out
    for text in (
        f"controller: pid {os.getpid()}, reads /srv/profiles",
        "the source: the folder vanished",
        "show.yaml, revision wanted c0ffee, applied r1",
        "drift: show/source/twitch is stopped by hand, until somebody takes it back",
        "(`spiritstream start show/source/twitch`)",
        "off, as ordered: off000, off001,",
        "and 488 more",
    ):
        assert text in said
    assert "off100" not in said


@pytest.mark.parametrize(
    ("undeclared", "more"),
    [
        ([], ""),
        (["a/g/t"], "; 1 target passes on what arrives, which is not counted"),
        (["a/g/t", "b/g/t"], "; 2 targets pass on what arrives, which is not counted"),
    ],
)
def test_uplink(home: Path, spiritstream: Spiritstream, undeclared: list[str], more: str) -> None:
    """Where the settings say what the line carries, it says how much of it is declared, and what is not."""
    line = {"bps": 20_000_000, "declared_bps": 14_400_000, "undeclared": undeclared}
    with peer(controller_at(home), CONTROLLER, status=status_data(uplink=line)):
        said = spiritstream("status").out
        assert line == json.loads(spiritstream("status", "--output", "json").out)["controller"]["uplink"]
    assert f"  uplink: 14.4M of 20M are declared{more}" in said.splitlines()


def test_one_profile(home: Path, spiritstream: Spiritstream) -> None:
    """With a name only that profile is shown."""
    data = status_data(profile_data("a"), profile_data("b"))
    with peer(controller_at(home), CONTROLLER, status=data):
        shown = json.loads(spiritstream("status", "b", "--output", "json").out)["profiles"]
    assert ["b"] == [one["name"] for one in shown]


def test_foreground_beside_controller(home: Path, spiritstream: Spiritstream) -> None:
    """A `spiritstream run` is shown also while a controller runs that knows nothing of it."""
    with (
        peer(controller_at(home), CONTROLLER, status=status_data(profile_data("other"))),
        peer(sockets(home) / "show.sock", RUNNER, status=to_data(FAILED)),
    ):
        shown = json.loads(spiritstream("status", "--output", "json").out)["profiles"]
    assert ["other", "show"] == [one["name"] for one in shown]


def test_left_by_its_controller(home: Path, spiritstream: Spiritstream) -> None:
    """A show whose controller has gone runs on, and status says that nobody keeps it, and what takes it over;
    a `spiritstream run` needs none."""
    live = runner_status(youtube=State.LIVE)
    with peer(sockets(home) / "show.sock", {**RUNNER, "managed": True}, status=to_data(live)):
        left = spiritstream("status", "--exit-code")
    assert (ExitCode.PENDING, True) == (
        left.code,
        "no controller runs: the show goes on as it is" in left.out,
    )
    with peer(sockets(home) / "show.sock", {**RUNNER, "managed": False}, status=to_data(live)):
        own = spiritstream("status", "--exit-code")
    assert (ExitCode.DONE, False) == (own.code, "no controller runs" in own.out)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("shwo", "did you mean 'show'?"), ("zzz", "there is: another, show")],
)
def test_unknown_name(home: Path, spiritstream: Spiritstream, name: str, hint: str) -> None:
    """A name that is not known is a wrong use; the nearest, or what there is, is named."""
    data = status_data(profile_data("another"), profile_data("show"))
    with peer(controller_at(home), CONTROLLER, status=data):
        said = spiritstream("status", name)
    assert (ExitCode.USAGE, "") == said[:2]
    assert f"spiritstream: the controller has no profile called '{name}'\n  hint: {hint}\n" == said.err


def test_unknown_name_without_controller(home: Path, spiritstream: Spiritstream) -> None:
    """Without a controller what is not on air is not known; the way to put it there is named."""
    said = spiritstream("status", "show")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "nothing called 'show' is on air\n  hint: nothing is: `spiritstream apply FILE`" in said.err


@pytest.mark.parametrize("name", ["LIVE_canary", "a/b", "", "../x"])
def test_no_name(home: Path, spiritstream: Spiritstream, name: str) -> None:
    """What can be no name is refused and not repeated: it may be a key."""
    said = spiritstream("status", name)
    assert (ExitCode.USAGE, "") == said[:2]
    assert "it is written NAME" in said.err
    assert "canary" not in said.err


@pytest.mark.parametrize(
    ("hello", "status", "message"),
    [
        pytest.param({**RUNNER, "protocol": 99, "version": "9"}, {}, "is of version 9", id="newer"),
        pytest.param(RUNNER, {"odd": 1}, "no Status that this version knows", id="odd"),
        pytest.param(RUNNER, None, "has left the conversation", id="leaves"),
        pytest.param(RUNNER, error("it is ending"), "", id="fails"),
    ],
)
def test_runner_that_cannot_be_asked(
    home: Path, spiritstream: Spiritstream, hello: dict[str, Any], status: Any, message: str
) -> None:
    """A runner that does not answer as it should is told of, and hides no other one."""
    with (
        peer(sockets(home) / "odd.sock", hello, status=status),
        peer(sockets(home) / "show.sock", RUNNER, status=to_data(FAILED)),
    ):
        said = spiritstream("status", "--exit-code")
    assert (ExitCode.PENDING, "") == (said.code, said.err)
    assert "show · ffmpeg" in said.out
    assert any(line.startswith("odd: ") and message in line for line in said.out.splitlines())


def test_controller_of_another_version(home: Path, spiritstream: Spiritstream) -> None:
    """A controller that speaks otherwise is a failure, with what to do."""
    with peer(controller_at(home), {**CONTROLLER, "protocol": 99}):
        said = spiritstream("status")
    assert (ExitCode.UNEXPECTED, "") == said[:2]
    assert "speaks otherwise\n  hint: restart it" in said.err


def test_left_behind(home: Path, spiritstream: Spiritstream) -> None:
    """The socket of a runner that was killed is nothing on air, nor is a listener's."""
    import socket

    sockets(home).mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(sockets(home) / "show.sock"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(sockets(home) / "_ingest-localhost-1935.sock"))
        listener.listen()
        assert "Nothing is on air.\n" == spiritstream("status").out


def test_watch_needs_no_judge(home: Path, spiritstream: Spiritstream) -> None:
    """`--watch` never ends by itself, so it has no exit code to give."""
    said = spiritstream("status", "--watch", "--exit-code")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "leave out --watch" in said.err


def test_watch(home: Path) -> None:
    """`--watch --output json` gives an object a line, each second; ctrl-C ends it without a traceback."""
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    command = (sys.executable, "-m", "spiritstream", "status", "--watch", "--output", "json")
    with peer(sockets(home) / "show.sock", RUNNER, status=to_data(FAILED)):
        watching = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert watching.stdout
        lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
        watching.send_signal(2)
        _, err = watching.communicate(timeout=20)
    assert ["show"] == [one["name"] for one in lines[1]["profiles"]]
    assert lines[0]["time"] < lines[1]["time"]
    assert (130, "") == (watching.returncode, err.strip())


def test_figures(home: Path, spiritstream: Spiritstream) -> None:
    """What arrives is shown, the figures of the runner's own connections, and which server was given."""
    arrives = Incoming(6_000_000.0, "h264", "aac", "1920x1080", 30.0, 2.0)
    units = (
        unit("input", incoming=arrives),
        unit("groups.a"),
        unit("groups.a.targets.b", tcp=TcpFigures(24.0, 0, 0), restarts=7, server="Near (12 ms)"),
    )
    status = Status("show", 1, "0.1", BEGAN, "ffmpeg 9", units)
    with peer(sockets(home) / "show.sock", RUNNER, status=to_data(status)):
        said = spiritstream("status").out
    for text in ("input: h264 1920x1080 30 fps, keyframe 2.0 s, aac, 6000 kbit/s", "24 ms", "6000", "7"):
        assert text in said
    assert "b: server Near (12 ms)" in said


OBJECTIONS = ("what arrives: too much\x1b[2J (who says so)", "too rare")
WARNED = unit("groups.a.targets.b", warnings=OBJECTIONS, live_since=BEGAN)


def test_a_warning_is_shown_and_is_not_amiss(home: Path, spiritstream: Spiritstream) -> None:
    """It stands below the table; as the show is as ordered, the exit code says so."""
    status = Status("show", 1, "0.1", BEGAN, "ffmpeg 9", (unit("input"), unit("groups.a"), WARNED))
    with peer(sockets(home) / "show.sock", RUNNER, status=to_data(status)):
        said = spiritstream("status", "--exit-code")
        data = json.loads(spiritstream("status", "--output", "json").out)
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert "show/a/b: too rare" in said.out.splitlines()
    told = {one["path"]: one["warnings"] for one in data["profiles"][0]["runner"]["units"]}
    assert list(WARNED.warnings) == told["groups.a.targets.b"]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        pytest.param(
            Show("show", runner=FAILED),
            [
                "show/source/youtube: failed for 0:00:02; The platform refused the key (Copy it anew); "
                "again in 3 s"
            ],
            id="since when, the cause, the advice, when next",
        ),
        pytest.param(
            Show("show", runner=Status("show", 1, "0.1", BEGAN, "", (WARNED,))),
            ["show/a/b: what arrives: too much[2J (who says so)", "show/a/b: too rare"],
            id="what a platform may object to in what it gets",
        ),
        pytest.param(
            Show(
                "show",
                runner=Status(
                    "show", 1, "0.1", BEGAN, "", (unit("groups.a", State.STOPPING),), error="bad\x1b[2J file"
                ),
            ),
            ["show/a: stopping for 0:00:02", "show: bad[2J file"],
            id="nothing that could steer a terminal",
        ),
        pytest.param(
            Show("show", overrides=(Override("show", Order.STOPPED),)), [], id="by hand: said once, above"
        ),
    ],
)
def test_remarks(show: Show, expected: list[str]) -> None:
    """A line for everything that is not as ordered."""
    assert expected == list(remarks(show, BEGAN + 2))


def test_override_with_an_end() -> None:
    """An order by hand is drift, with its end and the way back."""
    show = Show("show", overrides=(Override("show/a", Order.LIVE, BEGAN + 90_000),))
    (line,) = facts(show, BEGAN)
    assert line.startswith("drift: show/a is live by hand, until 2023-11-")
    assert line.endswith("(`spiritstream stop show/a`)")


def test_overview_is_a_value() -> None:
    """An overview of nothing finds nobody."""
    assert Overview(0.0).of("show") is None
