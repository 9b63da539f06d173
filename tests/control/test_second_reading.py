"""The controller where something fails beside it: the disk, the identity, a runner that hangs, a reading."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spiritstream.config.registry import Known
from spiritstream.control import opening, undone
from spiritstream.control.fleet import Fleet
from spiritstream.control.holding import beside_unknown, with_deleted, without_orders
from spiritstream.control.memory import Memory
from spiritstream.control.opening import Opened, ProfileOpener
from spiritstream.control.override import Override, Overrides, targets_on_air, with_order
from spiritstream.control.reader import NOTHING_YET, Seen
from spiritstream.control.runners import RunnerInfo
from spiritstream.control.source import Entry, Reading
from spiritstream.control.state import Kept, State
from spiritstream.control.undone import NotDoneError
from spiritstream.control.world import Decision, Running, View
from spiritstream.errors import KeyMissingError, PeerError
from spiritstream.model.lifecycle import Order
from spiritstream.wire import PROTOCOL
from tests.control.stage import PretendHands, PretendSource, Stage
from tests.control.wishes import profile, wanted

A, B = profile("a"), profile("b")
COPY = Kept("a", "a.yaml", Path("/"), "r", b"0")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An empty one."""
    made = Stage()
    yield made
    made.close()


def on_air(stage: Stage) -> None:
    """Bring both shows on air."""
    stage.write("a.yaml", A)
    stage.write("b.yaml", B)
    stage.begin()
    stage.wait(3)


def ordered(path: str) -> Callable[[Overrides], Overrides]:
    """The change that stops something."""
    return lambda before: with_order(before, Override(path, Order.STOPPED, 1.0))


def opened(entry: Entry, common: Entry | None, known: Known) -> Opened:
    """Everything is the same show."""
    return Opened("a", A)


def no_identity(entry: Entry, common: Entry | None, known: Known) -> Opened:
    """As without an identity."""
    return Opened("a", None, ("no identity",), lasting=False)


async def test_orders_that_come_at_once_all_hold(tmp_path: Path) -> None:
    """In memory and on disk."""
    memory = Memory(State(tmp_path))
    await memory.load(opened)
    await asyncio.gather(*(memory.order(ordered(name)) for name in "abc"))
    assert {"a", "b", "c"} == memory.overrides.keys() == State(tmp_path).load()[1].keys()


async def test_an_order_beside_one_that_runs_out_holds(tmp_path: Path) -> None:
    """Whichever of them is first."""
    memory = Memory(State(tmp_path))
    await memory.load(opened)
    await memory.order(lambda _: {"b": Override("b", Order.STOPPED, 1.0, 2.0)})
    _, over = await asyncio.gather(memory.order(ordered("a")), memory.expire(3.0))
    assert ({"a"}, {"b"}) == (set(memory.overrides), set(over))


@pytest.mark.parametrize("text", ["{", '{"version": 2, "overrides": []}', '{"version": 1}'])
async def test_orders_that_cannot_be_read_are_not_none(tmp_path: Path, text: str) -> None:
    """It is said, and the file is kept beside when an order replaces it; never over one kept before."""
    (tmp_path / "overrides.json").write_text(text)
    (tmp_path / "overrides.json.bad").write_text("older")
    memory = Memory(State(tmp_path))
    await memory.load(opened)
    assert str(tmp_path / "overrides.json") in memory.unreadable
    await memory.order(ordered("a"))
    assert ("", "older") == (memory.unreadable, (tmp_path / "overrides.json.bad").read_text())
    assert text == (tmp_path / "overrides.json.bad.2").read_text()
    assert {"a"} == State(tmp_path).load()[1].keys()


async def test_orders_are_known_again_once_their_file_is_mended_or_removed(tmp_path: Path) -> None:
    """Without a restart."""
    (tmp_path / "overrides.json").write_text("{")
    memory = Memory(State(tmp_path))
    await memory.load(opened)
    (tmp_path / "overrides.json").unlink()
    await memory.look(opened)
    assert ("", {}) == (memory.unreadable, memory.overrides)


def test_without_the_orders_nothing_goes_on_air_or_off() -> None:
    """But what is on air may be edited, and what is gone ends."""
    more = profile("b", "a", "b", "c")
    decided = Decision(
        {"a": wanted(A), "b": wanted(B), "d": wanted(profile("d"))},
        (("a", wanted(A)), ("b", wanted(B)), ("c", wanted(profile("c")))),
        (("d", "nothing of it is wanted live"), ("e", "its profile is gone")),
    )
    running = {"a": Running(None, targets_on_air(A)), "b": Running(None, targets_on_air(more))}
    found = without_orders(decided, running, "why")
    assert (["a"], ["e"]) == ([name for name, _ in found.applies], [name for name, _ in found.stops])
    assert (("b", "why"), ("c", "why"), ("d", "why")) == found.held


def test_a_controller_without_its_orders_starts_nothing_until_there_is_one(stage: Stage) -> None:
    """What somebody took off the air shall not come back because a file is damaged."""
    stage.write("a.yaml", A)
    stage.write("b.yaml", B)
    stage.disk.unreadable = "the orders cannot be read"
    stage.disk.load_overrides = dict  # type: ignore[method-assign]
    stage.begin()
    stage.wait(3)
    assert {} == stage.alive
    stage.disk.unreadable = ""
    assert stage.controller is not None
    stage.ask(stage.controller.order(ordered("a")))
    stage.wait(3)
    assert {"b"} == stage.alive.keys()


async def test_a_copy_that_does_not_open_stays_and_is_opened_later(tmp_path: Path) -> None:
    """An identity that is missing for a moment loses nothing."""
    state = State(tmp_path)
    state.prepare()
    state.keep(COPY)
    memory = Memory(State(tmp_path))
    await memory.load(no_identity)
    await memory.keep(memory.accepted, NOTHING_YET)
    assert ([COPY], {}) == (state.load()[0], dict(memory.accepted))
    await memory.look(opened)
    assert {"a"} == memory.accepted.keys()


async def test_a_copy_is_forgotten_when_its_profile_is_accepted_and_off(tmp_path: Path) -> None:
    """Also one that never opened."""
    state = State(tmp_path)
    state.prepare()
    state.keep(COPY)
    memory = Memory(State(tmp_path))
    await memory.load(lambda entry, common, known: Opened("", None, ("broken",)))
    off = wanted(replace(A, enabled=False))
    await memory.keep({"a": off}, Seen(View({"a.yaml": off}, complete=True)))
    assert [] == state.load()[0]


async def test_copies_are_loaded_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a problem to be told, and no reason to go off the air."""
    state = State(tmp_path)
    state.prepare()
    state.keep(COPY)

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "prepare", full)
    memory = Memory(state)
    await memory.load(opened)
    assert ({"a"}, True) == (set(memory.accepted), "No space" in memory.problem)


class Mute:
    """Hands whose one runner answers nothing."""

    on_gone: Callable[[str], None]

    def known(self) -> dict[str, RunnerInfo]:
        """The one."""
        return {"a": RunnerInfo("a", 1, "1", PROTOCOL, True)}

    async def find(self) -> list[RunnerInfo]:
        """As known."""
        return list(self.known().values())

    async def start(self, name: str) -> RunnerInfo:
        """Never."""
        raise AssertionError

    async def call(self, name: str, call: str, *, within_s: float = 0, **args: Any) -> Any:
        """No answer."""
        raise PeerError("it does not answer")

    async def end(self, name: str) -> None:
        """Nothing happens."""

    def let_go(self) -> None:
        """Nothing is held."""


async def test_a_runner_that_cannot_be_asked_has_on_air_what_it_should() -> None:
    """Otherwise the guard would let it go as if it were nothing."""
    fleet = Fleet(Mute(), lambda: None)
    await fleet.adopt({"a": A})
    assert {"a": Running(None, targets_on_air(A))} == fleet.running()
    assert {"a"} == fleet.unknown()


def test_nobody_takes_over_from_a_runner_that_is_not_known_yet() -> None:
    """It is told first; one that nobody is about to tell anything holds nobody up."""
    decided = Decision({}, (("a", wanted(A)), ("b", wanted(B))))
    running = {"a": Running(None, targets_on_air(A))}
    assert ["a"] == [name for name, _ in beside_unknown(decided, running, {"a"}).applies]
    assert decided == beside_unknown(decided, running, {"z"})
    told = {**running, "b": Running(B, targets_on_air(B))}
    assert decided == beside_unknown(decided, told, {"a"})


def test_a_fault_while_reading_proves_nothing_and_is_over_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading goes on, what is on air too."""
    on_air(stage)
    read = PretendSource.read

    async def fails(source: PretendSource) -> Reading:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(PretendSource, "read", fails)
    stage.remove("a.yaml")
    stage.wait(5)
    assert stage.controller is not None
    view = stage.controller.reader.now.view
    assert (False, True) == (view.complete, "RuntimeError" in view.problem)
    monkeypatch.setattr(PretendSource, "read", read)
    assert {"a", "b"} == stage.alive.keys()
    stage.wait(60)
    assert stage.controller.reader.now.view.complete


def test_an_identity_is_read_once_however_many_files_it_does_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a new file of it, or a request, has it read again: that costs a second."""
    identity, loads = tmp_path / "identity", []

    def load(path: Path, ask: object) -> Any:
        loads.append(path)
        raise KeyMissingError("wrong passphrase")

    def load_bytes(data: bytes, file: str, folder: Path, values: Any, environ: object, **_: object) -> Any:
        return values("sealed", "", "")

    monkeypatch.setattr(opening, "load_keyring", load)
    monkeypatch.setattr(opening, "load_bytes", load_bytes)
    identity.write_text("one")
    opener, counts = ProfileOpener(identity, {}), []
    entry = Entry("a.yaml", b"name: a\n", tmp_path)
    for step in (lambda: None, lambda: identity.write_text("another"), opener.forget):
        step()
        assert [False] * 3 == [opener(entry).lasting for _ in range(3)]
        counts.append(len(loads))
    assert [1, 2, 3] == counts


def test_a_confirmation_is_for_one_reading(stage: Stage) -> None:
    """The same emptiness later is a new question."""
    on_air(stage)
    assert stage.controller is not None
    stage.ask(stage.controller.confirm())
    stage.write("c.yaml", profile("c"))
    stage.wait(3)
    stage.remove("c.yaml")
    stage.wait(3)
    assert not stage.controller.world().confirmed


def test_nobody_confirms_what_cannot_be_read(stage: Stage) -> None:
    """A source that is empty and torn, and then empty and whole, has not been confirmed."""
    on_air(stage)
    stage.files.clear()
    stage.blind(False)
    stage.wait(3)
    assert stage.controller is not None
    stage.ask(stage.controller.confirm())
    stage.blind(True)
    stage.wait(10)
    assert {"a", "b"} == stage.alive.keys()


def test_what_a_person_deleted_is_gone_even_from_an_empty_source() -> None:
    """And only once its file is."""
    decided = Decision({"a": wanted(A)}, held=(("a", "it was not found"),))
    running = {"a": Running(A, targets_on_air(A))}
    found = with_deleted(decided, {"a"}, (), running)
    assert ({}, (("a", "its profile was deleted"),), ()) == (found.accepted, found.stops, found.held)
    assert decided == with_deleted(decided, {"a"}, {"a"}, running)


def test_deleting_the_last_profile_ends_it(stage: Stage) -> None:
    """No confirmation is asked for what was said in so many words."""
    stage.write("a.yaml", A)
    stage.begin()
    stage.wait(3)
    assert stage.controller is not None
    with stage.controller.deleting("a"):
        stage.remove("a.yaml")
        stage.controller.look()
        stage.ask(stage.controller.settled())
    assert ({}, {}) == (stage.alive, stage.disk.copies)


def test_an_order_waits_for_its_own_show_only(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs is another's trouble."""
    on_air(stage)
    call = PretendHands.call

    async def slow(hands: PretendHands, name: str, what: str, *, within_s: float = 0, **args: Any) -> Any:
        if name == "b" and what == "apply":
            await asyncio.sleep(50)
        return await call(hands, name, what, within_s=within_s, **args)

    monkeypatch.setattr(PretendHands, "call", slow)
    stage.write("b.yaml", profile("b", "a", "b", "c"))
    stage.wait(1)
    assert stage.controller is not None
    before = stage.loop.time()
    stage.ask(stage.controller.order(ordered("a"), "a"))
    assert ({"b"}, True) == (set(stage.alive), stage.loop.time() - before < 5)


async def test_who_has_a_socket_and_is_not_known_is_silent(tmp_path: Path) -> None:
    """The controller's own socket and the listeners' are none of a runner's."""
    listening = []
    for name in ("a", "b", "_controller", "_ingest-1935"):
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(tmp_path / f"{name}.sock"))
        listening.append(one)
    found = await undone.silent(Mute(), tmp_path)
    for one in listening:
        one.close()
    assert {"b"} == found


def test_an_order_for_a_silent_runner_is_kept_and_not_said_to_be_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The answer is an error with the exit code for what is not live."""
    from spiritstream.control import server

    async def one(hands: Any, sockets: Path) -> frozenset[str]:
        return frozenset({"a"})

    on_air(stage)
    monkeypatch.setattr(server, "silent", one)
    assert stage.controller is not None and stage.hands is not None
    calls = server._Calls(stage.controller, stage.hands, None, tmp_path)
    with pytest.raises(NotDoneError, match=r"does not answer.*`spiritstream restart a`") as caught:
        stage.ask(calls._stop({"path": "a/g/a"}))
    assert (7, ["a/g/a"]) == (caught.value.exit_code, [one.path for one in stage.disk.orders])
    assert {"a", "b"} == stage.alive.keys()
    # All of it is another matter: nothing is wanted of it any more.
    stage.ask(calls._stop({"path": "a"}))
    assert {"b"} == stage.alive.keys()


def test_taking_back_a_stop_starts_nothing_that_the_file_has_disabled(stage: Stage, tmp_path: Path) -> None:
    """Nor does it end what was put on air by hand; an order to be live would do both."""
    from spiritstream.control import server

    on_air(stage)
    assert stage.controller is not None and stage.hands is not None
    calls = server._Calls(stage.controller, stage.hands, None, tmp_path)
    for path in ("a", "b/g/a"):
        stage.ask(calls._stop({"path": path}))
    stage.write("a.yaml", replace(A, enabled=False))
    stage.write("b.yaml", replace(B, enabled=False))
    stage.wait(3)
    stage.ask(calls._start({"path": "b/g/b"}))
    for path in ("a", "b"):
        assert {"override": None} == stage.ask(calls._start({"path": path, "back": True}))
    assert (["b/g/b"], {"b"}) == ([one.path for one in stage.disk.orders], set(stage.alive))
