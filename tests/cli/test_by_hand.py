"""`start`, `stop`, `restart`, `delete`, `down`, against a controller that answers as a test says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from spiritstream.errors import ExitCode
from spiritstream.wire import to_data
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import (
    CONTROLLER,
    RUNNER,
    error,
    peer,
    profile_data,
    runner_status,
    status_data,
)
from tests.cli.places import controller_at, home, sockets

__all__ = ["home", "spiritstream"]

PLACES = ["show", "show/source", "show/source/youtube"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("command", "done", "back"), [("stop", "stopped", "start"), ("start", "live", "stop")]
)
def test_order(
    home: Path, spiritstream: Spiritstream, command: str, place: str, done: str, back: str
) -> None:
    """An order goes to the controller with the path as it is written; the way back is said."""
    with peer(controller_at(home), CONTROLLER) as asked:
        said = spiritstream(command, place)
    assert [(command, {"path": place, "until": None})] == asked
    assert (ExitCode.DONE, f"{place}: {done} by hand\n") == said[:2]
    assert f"`spiritstream {back} {place}` takes it back" in said.err


def test_until(home: Path, spiritstream: Spiritstream) -> None:
    """`--until` goes along as a moment, and is repeated as one."""
    with peer(controller_at(home), CONTROLLER) as asked:
        said = spiritstream("stop", "show", "--until", "90m")
    ((_, args),) = asked
    assert 5390 < args["until"] - time.time() <= 5400
    assert "show: stopped by hand until " in said.out


def test_until_is_neither(home: Path, spiritstream: Spiritstream) -> None:
    """A wrong `--until` is a wrong use, and nothing is asked."""
    with peer(controller_at(home), CONTROLLER) as asked:
        said = spiritstream("stop", "show", "--until", "soon")
    assert (ExitCode.USAGE, "", []) == (*said[:2], asked)
    assert "neither a time nor a duration\n  hint: write it as 18:00, 30m" in said.err


@pytest.mark.parametrize(
    ("place", "paths"),
    [
        ("show", ["show"]),
        ("show/source", ["show/source", "show/source/youtube", "show/source/twitch"]),
        ("show/source/twitch", ["show/source/twitch"]),
        ("show/input", ["show/input"]),
        ("show/nope", ["show/nope"]),
    ],
)
def test_restart(home: Path, spiritstream: Spiritstream, place: str, paths: list[str]) -> None:
    """`restart` goes to the controller, for what stands at the place and below it."""
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data())) as asked:
        assert (ExitCode.DONE, f"{place}: restarted\n", "") == spiritstream("restart", place)
    assert [{"path": path} for path in paths] == [args for call, args in asked if call == "restart"]


STOPPED = {"path": "b/source", "order": "stopped", "until": None}
SHOWS = (
    profile_data("a"),
    profile_data("b", overrides=[STOPPED]),
    profile_data("c", order="stopped", runner=None),
)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        pytest.param("stop", ["a", "b"], id="stop: every show that is to be live"),
        pytest.param("start", ["b"], id="start: where something was stopped by hand, not what is disabled"),
        pytest.param("restart", ["a", "b"], id="restart: what is on air"),
    ],
)
def test_all(home: Path, spiritstream: Spiritstream, command: str, names: list[str]) -> None:
    """`--all` orders each show; the controller stays."""
    with peer(controller_at(home), CONTROLLER, status=status_data(*SHOWS)) as asked:
        said = spiritstream(command, "--all")
    assert ExitCode.DONE == said.code
    assert names == sorted(args["path"] for call, args in asked if call == command)
    assert names == sorted(line.split(":")[0] for line in said.out.splitlines())


def test_start_all_orders_nothing(home: Path, spiritstream: Spiritstream) -> None:
    """It takes back what was stopped, and has nothing that could end."""
    with peer(controller_at(home), CONTROLLER, status=status_data(*SHOWS)) as asked:
        spiritstream("start", "--all")
        assert ("start", {"path": "b", "back": True}) == asked[-1]
        before = len(asked)
        assert ExitCode.USAGE == spiritstream("start", "--all", "--until", "30m").code
        assert before == len(asked)


def test_all_but_one(home: Path, spiritstream: Spiritstream) -> None:
    """One show that refuses keeps none of the others; it is named, and its exit code is the command's."""
    refusal = error("its runner does not answer", "wait", ExitCode.BUSY)

    def stop(args: dict[str, object]) -> object:
        return refusal if args["path"] == "a" else {}

    with peer(controller_at(home), CONTROLLER, status=status_data(*SHOWS), stop=stop):
        said = spiritstream("stop", "--all")
    assert (ExitCode.BUSY, "b: stopped by hand\n") == said[:2]
    assert "a: its runner does not answer\n  hint: wait\n" in said.err


@pytest.mark.parametrize("command", ["stop", "start", "restart"])
@pytest.mark.parametrize("words", [[], ["show", "--all"]], ids=["neither", "both"])
def test_one_or_all(home: Path, spiritstream: Spiritstream, command: str, words: list[str]) -> None:
    """Without a place nothing is guessed."""
    with peer(controller_at(home), CONTROLLER) as asked:
        said = spiritstream(command, *words)
    assert (ExitCode.USAGE, "", []) == (*said[:2], asked)
    assert "one place, or --all" in said.err


def test_all_of_nothing(home: Path, spiritstream: Spiritstream) -> None:
    """Where nothing was stopped there is nothing to start, which is no failure."""
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data())):
        assert (ExitCode.DONE, "There is nothing to do.\n", "") == spiritstream("start", "--all")


@pytest.mark.parametrize("words", ["stop show", "start show", "restart show"])
def test_refused(home: Path, spiritstream: Spiritstream, words: str) -> None:
    """What the controller refuses is refused with its words and its exit code."""
    refusal = error("no such profile", "there is: a", ExitCode.USAGE)
    with peer(controller_at(home), CONTROLLER, stop=refusal, start=refusal, restart=refusal):
        said = spiritstream(*words.split())
    assert (ExitCode.USAGE, "", "spiritstream: no such profile\n  hint: there is: a\n") == said


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("start show", "no controller runs", "`spiritstream apply FILE` starts one"),
        ("delete show", "no controller runs", "remove its file"),
        ("stop show", "nothing called 'show' is on air", "`spiritstream apply FILE`"),
        ("restart show", "nothing called 'show' is on air", "`spiritstream apply FILE`"),
    ],
)
def test_without_controller(
    home: Path, spiritstream: Spiritstream, words: str, message: str, hint: str
) -> None:
    """Where nobody is to be ordered about, that is a wrong use, with the way to go."""
    said = spiritstream(*words.split())
    assert (ExitCode.USAGE, "") == said[:2]
    assert message in said.err
    assert f"hint: {hint}" in said.err or hint in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["stop", "show/source"],
            "a part of it is stopped in its file\n  hint: write `enabled: false` there",
        ),
        (["stop", "show", "--until", "30m"], "nobody would start it again\n  hint: stop it without --until"),
    ],
)
@pytest.mark.parametrize("controlled", [False, True], ids=["alone", "beside a controller"])
def test_foreground_is_ended_whole(
    home: Path, spiritstream: Spiritstream, words: list[str], message: str, controlled: bool
) -> None:
    """Of a `spiritstream run` no part is stopped, and nothing for a while: refused, with the way to go."""
    with peer(sockets(home) / "show.sock", RUNNER) as asked:
        if controlled:
            with peer(controller_at(home), CONTROLLER) as told:
                said = spiritstream(*words)
            assert [] == told
        else:
            said = spiritstream(*words)
    assert (ExitCode.USAGE, "", []) == (*said[:2], asked)
    assert message in said.err


def test_managed_runner_is_the_controllers(home: Path, spiritstream: Spiritstream) -> None:
    """A runner of the controller's is stopped by an order to the controller, never behind its back."""
    with (
        peer(controller_at(home), CONTROLLER) as told,
        peer(sockets(home) / "show.sock", {**RUNNER, "managed": True}) as asked,
    ):
        spiritstream("stop", "show")
    assert (["stop"], []) == ([call for call, _ in told], asked)


def test_delete(home: Path, spiritstream: Spiritstream) -> None:
    """`delete` removes the file where the controller reads it, and says which."""
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data())) as asked:
        assert (ExitCode.DONE, "show: removed (show.yaml)\n", "") == spiritstream("delete", "show")
    assert ("delete", {"name": "show", "confirm": True}) == asked[-1]


def test_delete_that_ends_nothing(home: Path, spiritstream: Spiritstream) -> None:
    """Where the controller keeps the show on air all the same, that is said, with the way to end it."""
    held = {"held": {"show": "its profile was not found, and stays in force"}, "guarded": False}
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data()), delete=held):
        said = spiritstream("delete", "show")
    assert (ExitCode.GUARDED, "show: removed (show.yaml)\n") == said[:2]
    assert "'show' is still on air: its profile was not found" in said.err
    assert "hint: `spiritstream stop show` ends it now" in said.err


def test_delete_unknown(home: Path, spiritstream: Spiritstream) -> None:
    """A profile that the controller has not is not deleted, and the nearest is named."""
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data())) as asked:
        said = spiritstream("delete", "shew")
    assert (ExitCode.USAGE, ["status"]) == (said.code, [call for call, _ in asked])
    assert "hint: did you mean 'show'?" in said.err


def test_delete_from_git(home: Path, spiritstream: Spiritstream) -> None:
    """A profile from git is removed in git: refused, and nothing is asked."""
    data = status_data(profile_data(), kind="git", source="ssh://git.example/shows")
    with peer(controller_at(home), CONTROLLER, status=data) as asked:
        said = spiritstream("delete", "show")
    assert (ExitCode.GUARDED, "", ["status"]) == (*said[:2], [call for call, _ in asked])
    assert "from git (ssh://git.example/shows)" in said.err
    assert "hint: remove show.yaml there, commit and push" in said.err


def test_down(home: Path, spiritstream: Spiritstream) -> None:
    """`down` ends the controller and every foreground show, waits for each, and says so."""
    with (
        peer(controller_at(home), CONTROLLER, down=None) as told,
        peer(sockets(home) / "show.sock", RUNNER, status=to_data(runner_status()), stop=None) as asked,
    ):
        said = spiritstream("down")
    assert (["down"], ["stop"]) == ([call for call, _ in told], [call for call, _ in asked])
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert "show: ended" in said.out


def test_down_with_nothing(home: Path, spiritstream: Spiritstream) -> None:
    """With nothing on air there is nothing to end, which is no failure."""
    assert (ExitCode.DONE, "Nothing is on air.\n", "") == spiritstream("down")
