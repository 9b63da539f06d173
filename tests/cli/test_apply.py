"""`plan`, `apply` and `wait`, against a controller that answers as a test says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spiritstream.cli.awaiting import lacking
from spiritstream.cli.overview import Override, Overview, Show
from spiritstream.errors import ExitCode
from spiritstream.model.changes import Action, Change, Scope
from spiritstream.model.lifecycle import Order, State
from spiritstream.wire import to_data
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import (
    CONTROLLER,
    Asked,
    error,
    in_turn,
    peer,
    profile_data,
    runner_status,
    status_data,
    unit,
)
from tests.cli.places import controller_at, home

__all__ = ["home", "spiritstream"]

TEXT = """\
version: 1
name: show
input: {test: {}}
groups: {source: {targets: {youtube: {platform: youtube, key: {env: KEY}}}}}
"""
CHANGE = Change(Action.RESTART, Scope.TARGET, "groups.source.targets.youtube", "key changed", (12,))
PLANNED = {
    "profiles": [{"name": "show", "file": "show.yaml", "revision": "r1", "changes": [to_data(CHANGE)]}]
}
NOTHING = {"profiles": [{"name": "show", "file": "show.yaml", "revision": "r1", "changes": []}]}
STARTING = profile_data(runner=to_data(runner_status(youtube=State.STARTING, cause=None)))
FAILED = profile_data(runner=to_data(runner_status(youtube=State.FAILED)))


@pytest.fixture
def file(home: Path) -> Path:
    """A valid profile in a folder of the person's own."""
    path = home / "show.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def folder(home: Path) -> Path:
    """The controller's folder."""
    path = home / "profiles"
    path.mkdir()
    return path


def calls(asked: Asked) -> list[str]:
    """What was asked, apart from looks at the status."""
    return [call for call, _ in asked if call != "status"]


# plan


def test_plan(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """The changes are printed with their causes and processes, and end with 3; nothing else is asked."""
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED) as asked:
        said = spiritstream("plan", file)
    assert (ExitCode.PENDING, "") == (said.code, said.err)
    assert ["show (show.yaml)", "  restart show/source/youtube: key changed (ends pid 12)"] == (
        said.out.splitlines()
    )
    assert [("plan", {"files": {"show.yaml": TEXT}})] == asked[1:]


def test_plan_of_nothing(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """Without a change nothing is printed but that, to stderr, and it ends with 0."""
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=NOTHING):
        assert (ExitCode.DONE, "", "nothing would change\n") == spiritstream("plan", file)
        assert (ExitCode.DONE, "", "nothing would change\n") == spiritstream("plan")


def test_plan_without_controller(home: Path, spiritstream: Spiritstream) -> None:
    """Without a controller and a file there is nothing to plan."""
    said = spiritstream("plan")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "no controller runs, so there is only what you name\n  hint: name a FILE" in said.err


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_invalid(home: Path, spiritstream: Spiritstream, file: Path, command: str) -> None:
    """Everything that is wrong in all files is said at once, with its place; nobody is asked."""
    file.write_text(TEXT.replace("youtube: {p", "youtube: {q"))
    other = home / "other.yaml"
    other.write_text("version: 2\n")
    with peer(controller_at(home), CONTROLLER) as asked:
        said = spiritstream(command, file, other)
    assert (ExitCode.INVALID, "", []) == (*said[:2], asked)
    assert {str(file), str(other)} == {line.split(":")[0] for line in said.err.splitlines() if line[0] == "/"}


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_same_name(home: Path, spiritstream: Spiritstream, file: Path, command: str) -> None:
    """Two profiles of one name cannot both be applied."""
    other = home / "other.yaml"
    other.write_text(TEXT)
    said = spiritstream(command, file, other)
    assert (ExitCode.INVALID, "") == said[:2]
    assert f"{other}:2:7: name: another of these profiles has this name" in said.err


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_git(home: Path, spiritstream: Spiritstream, file: Path, command: str) -> None:
    """What comes from git is changed in git: refused, with the way to go, and nothing is asked."""
    data = status_data(profile_data(), kind="git", source="https://git.example/shows")
    with peer(controller_at(home), CONTROLLER, status=data) as asked:
        said = spiritstream(command, file)
    assert (ExitCode.GUARDED, "", []) == (*said[:2], calls(asked))
    assert "from git (https://git.example/shows); nothing was changed\n  hint: commit" in said.err


# apply


def test_apply(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """The changes are shown, the file is handed over, each target's steps are told, and the end."""
    before = status_data(STARTING, folder=str(folder))
    after = status_data(profile_data(), folder=str(folder))
    answers = {"status": in_turn(before, before, after), "plan": PLANNED}
    with peer(controller_at(home), CONTROLLER, **answers) as asked:
        said = spiritstream("apply", file)
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert ["plan", "put", "look"] == calls(asked)
    assert {"file": "show.yaml", "data": TEXT, "confirm": False} == dict(asked)["put"]
    assert [
        "show (show.yaml)",
        "  restart show/source/youtube: key changed (ends pid 12)",
        "show/input: live",
        "show/source/youtube: starting",
        "show/source/twitch: live",
        "show/source/youtube: live",
        "show: on air, 2 targets live",
    ] == said.out.splitlines()


def test_apply_again(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """Applied once more, nothing changes, and that is said."""
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=NOTHING):
        said = spiritstream("apply", file)
    assert (ExitCode.DONE, "nothing changes") == (said.code, said.out.splitlines()[0])


def test_not_live(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """What is not live in time is said exactly, with cause and advice, and ends with 7."""
    data = status_data(FAILED, folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED):
        said = spiritstream("apply", file, "--timeout", "0s")
    assert ExitCode.NOT_LIVE == said.code
    assert (
        "spiritstream: not everything is live after 0 s:\n"
        "  show/source/youtube: failed: The platform refused the key (Copy it anew)\n"
        "  hint: it is tried on; `spiritstream status` shows it" in said.err
    )


def test_no_wait(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """`--no-wait` hands over and returns."""
    data = status_data(FAILED, folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED) as asked:
        assert ExitCode.DONE == spiritstream("apply", file, "--no-wait").code
    assert ["plan", "put", "look"] == calls(asked)


@pytest.mark.parametrize(
    ("profile", "code", "text"),
    [
        pytest.param(
            profile_data(valid=False, findings=["show.yaml:4:1: key: KEY is not set\n  hint: set it"]),
            ExitCode.INVALID,
            "show.yaml:4:1: key: KEY is not set\n  hint: set it",
            id="the controller finds fault with it",
        ),
        pytest.param(
            profile_data(held="3 of 4 targets would be lost: confirm it: spiritstream apply --confirm"),
            ExitCode.GUARDED,
            "show: 3 of 4 targets would be lost: confirm it",
            id="held until somebody confirms it",
        ),
        pytest.param(
            profile_data(held="its port is taken by 'other': change one of the two"),
            ExitCode.NOT_LIVE,
            "show: its port is taken by 'other'",
            id="held for a clash",
        ),
    ],
)
def test_not_applied(
    home: Path,
    spiritstream: Spiritstream,
    file: Path,
    folder: Path,
    profile: dict[str, Any],
    code: ExitCode,
    text: str,
) -> None:
    """What the controller does not do is said at once, with why, and what runs runs on."""
    data = status_data(profile, folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED):
        said = spiritstream("apply", file, "--timeout", "0s")
    assert code == said.code
    assert text in said.err


def test_refused_by_the_controller(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """A file that the controller will not take is not waited for."""
    data = status_data(profile_data(), folder=str(folder))
    refusal = error("the disk is full; nothing was changed", "make room", 1)
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED, put=refusal) as asked:
        said = spiritstream("apply", file)
    assert (1, ["plan", "put"]) == (said.code, calls(asked))
    assert "the disk is full; nothing was changed\n  hint: make room" in said.err


def test_confirm(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """`--confirm` goes along; without a file it means what the source says now."""
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=NOTHING) as asked:
        assert ExitCode.DONE == spiritstream("apply", "--confirm").code
    assert ("look", {"confirm": True}) in asked
    assert "put" not in calls(asked)


def test_plan_id(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """With the id of a plan only that plan is carried out: not another text's, nor against another state."""
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED):
        planned = json.loads(spiritstream("plan", file, "--output", "json").out)
        assert ExitCode.DONE == spiritstream("apply", file, "--plan-id", planned["id"]).code
    for text, plan in ((TEXT + "# more\n", PLANNED), (TEXT, NOTHING)):
        file.write_text(text)
        with peer(controller_at(home), CONTROLLER, status=data, plan=plan) as asked:
            said = spiritstream("apply", file, "--plan-id", planned["id"])
        assert (ExitCode.GUARDED, "", ["plan"]) == (*said[:2], calls(asked))
        assert "is not what that plan said; nothing was changed\n  hint: look again" in said.err


# Where it is put.


def test_paths_are_written_whole(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """A relative path means in the controller's folder what it meant in the file's own."""
    file.write_text(TEXT.replace("{test: {}}", "{files: [a.mp4]}"))
    data = status_data(profile_data(), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED) as asked:
        said = spiritstream("apply", file)
    assert TEXT.replace("{test: {}}", f'{{files: ["{home}/a.mp4"]}}') == dict(asked)["put"]["data"]
    assert "show: its relative paths stand whole in the controller's copy (show.yaml)\n" == said.err


def test_in_the_folder(home: Path, spiritstream: Spiritstream, folder: Path) -> None:
    """A file that stands where the controller reads is looked at there, and its paths stay."""
    (folder / "sub").mkdir()
    file = folder / "sub" / "mine.yaml"
    file.write_text(TEXT.replace("{test: {}}", "{files: [a.mp4]}"))
    data = status_data(profile_data(file="sub/mine.yaml"), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=NOTHING) as asked:
        assert ExitCode.DONE == spiritstream("apply", file).code
    assert ["plan", "look"] == calls(asked)
    assert ["sub/mine.yaml"] == list(dict(asked)["plan"]["files"])


def test_known_under_another_file(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """A profile that has a file already is put into that one, so that there are never two of a name."""
    data = status_data(profile_data(file="old/friday.yml"), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data, plan=PLANNED) as asked:
        spiritstream("apply", file)
    assert "old/friday.yml" == dict(asked)["put"]["file"]


def test_another_profiles_file(home: Path, spiritstream: Spiritstream, file: Path, folder: Path) -> None:
    """Another profile's file is not written over."""
    data = status_data(profile_data("other", file="show.yaml"), folder=str(folder))
    with peer(controller_at(home), CONTROLLER, status=data) as asked:
        said = spiritstream("apply", file)
    assert (ExitCode.USAGE, []) == (said.code, calls(asked))
    assert f"another profile in {folder / 'show.yaml'}\n  hint: rename that file" in said.err


# wait


def test_wait(home: Path, spiritstream: Spiritstream) -> None:
    """`wait` returns as soon as everything of a profile is live; it may not be there at first."""
    looks = in_turn(status_data(), status_data(STARTING), status_data(profile_data()))
    with peer(controller_at(home), CONTROLLER, status=looks):
        said = spiritstream("wait", "show")
    assert (ExitCode.DONE, "") == (said.code, said.err)
    assert "show: on air, 2 targets live" == said.out.splitlines()[-1]


def test_wait_in_vain(home: Path, spiritstream: Spiritstream) -> None:
    """What is not there in time is said, and ends with 7; also where nothing at all runs."""
    for missing in (status_data(), None):
        with peer(controller_at(home), CONTROLLER, status=missing):
            said = spiritstream("wait", "show", "--timeout", "0s")
        assert (ExitCode.NOT_LIVE, "") == said[:2]
        assert "show: nothing of it is on air" in said.err
    assert ExitCode.NOT_LIVE == spiritstream("wait", "show", "--timeout", "0s").code


def test_wait_for_a_wrong_time(home: Path, spiritstream: Spiritstream) -> None:
    """A wrong `--timeout` is a wrong use."""
    said = spiritstream("wait", "show", "--timeout", "long")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "hint: write it as" in said.err


@pytest.mark.parametrize(
    ("show", "missing"),
    [
        pytest.param(Show("show", runner=runner_status()), [], id="all live"),
        pytest.param(Show("show", order=Order.STOPPED), [], id="disabled: nothing to wait for"),
        pytest.param(
            Show("show", order=Order.STOPPED, overrides=(Override("show", Order.STOPPED),)),
            [],
            id="stopped by hand: somebody's will",
        ),
        pytest.param(
            Show(
                "show",
                runner=runner_status(youtube=State.FAILED),
                overrides=(Override("show/source/twitch", Order.STOPPED),),
                drift=("-x",),
            ),
            ["show/source/youtube: failed: The platform refused the key (Copy it anew)"],
            id="something by hand, and something that fails",
        ),
        pytest.param(
            Show("show", runner=runner_status(youtube=State.WAITING, cause=None)),
            ["show/source/youtube: waiting"],
            id="waiting",
        ),
    ],
)
def test_lacking(show: Show, missing: list[str]) -> None:
    """Waiting is about what is ordered and not there, never about what somebody stopped."""
    assert missing == lacking(Overview(0.0, None, (show,)), ["show"])


def test_progress_is_of_targets(home: Path, spiritstream: Spiritstream) -> None:
    """Groups follow their targets: they have no line of their own."""
    status = to_data(runner_status())
    assert unit("groups.source").kind == "passthrough"
    with peer(controller_at(home), CONTROLLER, status=status_data(profile_data(runner=status))):
        said = spiritstream("wait", "show").out
    assert "show/source: " not in said
