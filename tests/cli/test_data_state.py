"""`spiritstream data` and what the controller keeps: exported sealed, removed only when nothing runs."""

from __future__ import annotations

import contextlib
import json
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from spiritstream.cli.places import controller_log, log_of, runtime_folder, state_folder
from spiritstream.config.load import check_data
from spiritstream.control.override import Override
from spiritstream.control.runnerlock import lock_of, only_runner
from spiritstream.control.state import Kept, State, only_one, written
from spiritstream.errors import ExitCode
from spiritstream.model.lifecycle import Order
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.test_data import CANARY, PROFILE, config, contents

__all__ = ["config", "spiritstream"]

COMMON = b"version: 1\n"
STATE_NAMES = ["state/spiritstream/overrides.json", "state/spiritstream/profiles/show.json"]


@pytest.fixture
def state(config: Path) -> State:
    """A state folder with a last good copy, an order by hand, and logs in it."""
    made = State(state_folder())
    made.prepare()
    made.keep(Kept("show", "show.yaml", config / "profiles", "r1", PROFILE.encode()))
    made.keep_overrides([Override("show/source/kick", Order.STOPPED, 1.0)])
    for path in (log_of("show"), controller_log(), made.folder / "git" / "copy" / "HEAD"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a line\n")
    return made


def test_export_with_state(state: State, spiritstream: Spiritstream, tmp_path: Path) -> None:
    """Copies and orders are in it byte for byte, sealed as they were; unpacked elsewhere they hold there."""
    archive = tmp_path / "out.tar.gz"
    said = spiritstream("data", "export", archive, "--with-state")
    assert ExitCode.DONE == said.code
    files = contents(archive)
    assert STATE_NAMES == [name for name in files if name.startswith("state/")]
    assert CANARY.encode() not in b"".join(files.values())
    other = State(tmp_path / "elsewhere")
    other.prepare()
    for name in STATE_NAMES:
        (other.folder / name.removeprefix("state/spiritstream/")).write_bytes(files[name])
    assert state.load() == other.load()


def test_export_says_what_is_not_in_it(state: State, spiritstream: Spiritstream, tmp_path: Path) -> None:
    """Without being asked for, the state stays here."""
    said = spiritstream("data", "export", tmp_path / "out.tar.gz")
    assert "(orders by hand, last good copies) is not in it: --with-state adds it" in said.err
    assert [] == [name for name in contents(tmp_path / "out.tar.gz") if name.startswith("state/")]


@pytest.mark.parametrize(
    ("data", "common"),
    [
        (PROFILE.encode().replace(b"{env: KICK_KEY}", CANARY.encode()), None),
        (PROFILE.encode(), COMMON + f"key: {CANARY}\n".encode()),
        (b"{", None),
    ],
    ids=["a key in clear text", "one in what it inherits", "what nobody can read"],
)
def test_no_clear_text_leaves_with_a_copy(
    state: State, spiritstream: Spiritstream, tmp_path: Path, data: bytes, common: bytes | None
) -> None:
    """A copy that is not valid, as another version may have kept it, is left out, and named."""
    state.keep(Kept("show", "show.yaml", tmp_path, "r1", data, common))
    said = spiritstream("data", "export", tmp_path / "out.tar.gz", "--with-state")
    assert ExitCode.DONE == said.code
    assert "left out: the last good copy of 'show'" in said.err
    assert ["state/spiritstream/overrides.json"] == [
        n for n in contents(tmp_path / "out.tar.gz") if "state" in n
    ]


def test_a_copy_that_a_controller_changes_meanwhile_is_exported_as_it_was_looked_at(
    state: State, spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the archive is what was found to be sealed; that it is gone by then is no trouble."""

    def and_gone(*args: Any, **more: Any) -> Any:
        state.forget("show")
        return check_data(*args, **more)

    monkeypatch.setattr("spiritstream.cli.keepsakes.check_data", and_gone)
    (before,), _ = state.load()
    said = spiritstream("data", "export", tmp_path / "out.tar.gz", "--with-state")
    assert ExitCode.DONE == said.code
    assert written(before) == contents(tmp_path / "out.tar.gz")[STATE_NAMES[1]]


def test_clear_removes_the_state(state: State, spiritstream: Spiritstream) -> None:
    """Copies, orders, logs and git's copies go, and are named; the locks stay."""
    with only_runner(lock_of(state.folder, "show"), "show"):
        pass
    said = spiritstream("data", "clear", "--yes")
    assert ExitCode.DONE == said.code
    for name in ("profiles/show.json", "overrides.json", "logs/show.jsonl", "controller.log", "git"):
        assert f"removed: {state.folder / name}" in said.out.splitlines()
    left = [path for path in state.folder.rglob("*") if not path.is_dir()]
    assert [lock_of(state.folder, "show")] == left
    assert ([], {}) == State(state.folder).load()


def _controller() -> AbstractContextManager[None]:
    return only_one(state_folder() / "controller.lock")


def _another_controller() -> AbstractContextManager[None]:
    return only_one(runtime_folder() / "controller.lock")


def _runner() -> AbstractContextManager[None]:
    return only_runner(lock_of(state_folder(), "show"), "show")


@pytest.mark.parametrize(
    ("running", "who"),
    [
        (_controller, "a controller is there"),
        (_another_controller, "a controller is there"),
        (_runner, "the runner of 'show' is there"),
    ],
)
def test_clear_is_refused_while_something_runs(
    state: State, config: Path, spiritstream: Spiritstream, running: object, who: str
) -> None:
    """It is named with its pid, and what to do; nothing is removed. Exit code 75."""
    before = sorted(path for folder in (config, state.folder) for path in folder.rglob("*.[yj]*"))
    assert callable(running)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running())
        said = spiritstream("data", "clear", "--yes")
    assert (ExitCode.BUSY, "") == said[:2]
    assert f"{who} (pid {os.getpid()}); nothing was removed" in said.err
    assert "hint: end everything first: `spiritstream down`" in said.err
    assert before == sorted(path for folder in (config, state.folder) for path in folder.rglob("*.[yj]*"))


def test_a_damaged_state_is_no_obstacle(state: State, spiritstream: Spiritstream, tmp_path: Path) -> None:
    """What cannot be read of it is not exported, and is removed."""
    (state.folder / "overrides.json").write_text("{")
    (state.folder / "profiles" / "show.json").write_text(json.dumps({"version": 9}))
    archive = tmp_path / "out.tar.gz"
    assert ExitCode.DONE == spiritstream("data", "export", archive, "--with-state").code
    assert [] == [name for name in contents(archive) if name.startswith("state/")]
    assert ExitCode.DONE == spiritstream("data", "clear", "--yes").code
    assert not (state.folder / "overrides.json").exists()
