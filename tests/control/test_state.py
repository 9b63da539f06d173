"""The state folder: what is kept, whole or not at all, for nobody else's eyes; and the lock."""

from __future__ import annotations

import contextlib
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.control.override import Override
from spiritstream.control.state import Kept, State, only_one
from spiritstream.errors import BusyError
from spiritstream.model.lifecycle import Order

COPY = Kept("show", "shows/show.yaml", Path("/somewhere/shows"), "r1", b"name: \xff\n", b"defaults")
ORDER = Override("show/source", Order.STOPPED, 1.5, 99.0)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A new one."""
    made = State(tmp_path / "state")
    made.prepare()
    return made


def test_what_is_kept_is_there_again(state: State) -> None:
    """Byte for byte, also what is no text; a new copy takes an old one's place."""
    state.keep(replace(COPY, data=b"old"))
    state.keep(COPY)
    state.keep(replace(COPY, name="bare", common=None))
    state.keep_overrides([ORDER, replace(ORDER, path="other", until=None)])
    copies, orders = State(state.folder).load()
    assert [replace(COPY, name="bare", common=None), COPY] == copies
    assert {"show/source": ORDER, "other": replace(ORDER, path="other", until=None)} == orders


def test_what_is_forgotten_is_gone(state: State) -> None:
    """And forgetting what was never kept is nothing."""
    state.keep(COPY)
    state.forget("show")
    state.forget("show")
    assert [] == state.load()[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1}'])
def test_what_cannot_be_read_is_left_out(state: State, text: str) -> None:
    """A torn or a newer file hides no other one."""
    state.keep(COPY)
    (state.folder / "profiles" / "torn.json").write_text(text)
    (state.folder / "overrides.json").write_text(text)
    assert ([COPY], {}) == state.load()


def test_drafts_of_a_crash_are_cleared_away(state: State) -> None:
    """What was half written when it died."""
    drafts = [
        state.folder / ".overrides.json.0123abcd.tmp",
        state.folder / "profiles" / ".a.json.0123abcd.tmp",
    ]
    for draft in drafts:
        draft.touch()
    state.prepare()
    assert [] == [draft for draft in drafts if draft.exists()]


def test_is_for_nobody_else(state: State) -> None:
    """0700 and 0600."""
    state.keep(COPY)
    state.keep_overrides([ORDER])
    modes = [stat.S_IMODE(path.stat().st_mode) for path in [state.folder, *state.folder.rglob("*")]]
    assert {0o700, 0o600} == set(modes)


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "A"])
def test_only_names_become_files(state: State, name: str) -> None:
    """Nothing is written outside."""
    with pytest.raises(ValueError, match="no profile"):
        state.keep(replace(COPY, name=name))


def test_a_lock_that_is_let_go_of_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    """What a killed controller was about to start keeps its lock until it is another program."""
    lock = tmp_path / "lock"
    holding = contextlib.ExitStack()
    holding.enter_context(only_one(lock))
    letting_go = threading.Timer(0.1, holding.close)
    letting_go.start()
    with only_one(lock):
        letting_go.join()


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    """The second is refused, and may have it later."""
    lock = tmp_path / "new" / "lock"
    with only_one(lock), pytest.raises(BusyError, match="runs already"), only_one(lock):
        pass
    with only_one(lock):
        pass
