"""The controller's loop on a pretend source and pretend runners, on a clock that jumps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from spiritstream.control.override import Override, with_order
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Profile
from tests.control.stage import Stage
from tests.control.wishes import profile

A, B, C = (profile(name) for name in ("a", "b", "c"))


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An empty one, where nothing may have gone wrong in the end."""
    made = Stage()
    yield made
    made.close()
    assert [] == made.faults


def on_air(stage: Stage, *shows: Profile) -> None:
    """Bring these on air, each from a file of its name."""
    for show in shows:
        stage.write(f"{show.name}.yaml", show)
    stage.begin()
    stage.wait(3)


def carried_out(stage: Stage) -> dict[str, Profile | None]:
    """What each runner does."""
    return {name: runner.profile for name, runner in stage.alive.items()}


def pids(stage: Stage) -> dict[str, int]:
    """Each runner's process."""
    return {name: runner.pid for name, runner in stage.alive.items()}


def test_makes_a_folder_true(stage: Stage) -> None:
    """Every valid profile with something enabled has one runner, which is told it; the rest has none."""
    stage.write("off.yaml", replace(C, enabled=False))
    stage.write("broken.yaml", None)
    on_air(stage, A, B)
    assert {"a": A, "b": B} == carried_out(stage)


def test_an_edit_reaches_its_runner_within_a_moment(stage: Stage) -> None:
    """And nobody else's."""
    on_air(stage, A, B)
    before, more = stage.told, profile("a", "a", "b", "c")
    stage.write("a.yaml", more)
    stage.wait(0.1)
    assert {"a": more, "b": B} == carried_out(stage)
    assert before + 1 == stage.told


def test_a_runner_that_dies_is_there_again_within_a_second(stage: Stage) -> None:
    """With the same profile, in a new process."""
    on_air(stage, A, B)
    old = pids(stage)
    stage.die("a")
    stage.wait(1)
    assert {"a": A, "b": B} == carried_out(stage)
    assert (True, True) == (old["a"] != pids(stage)["a"], old["b"] == pids(stage)["b"])


def test_a_runner_that_dies_all_the_time_is_started_ever_more_seldom(stage: Stage) -> None:
    """Otherwise a broken one would take the whole machine."""
    on_air(stage, A)
    started = set()
    for _ in range(600):
        started |= {runner.pid for runner in stage.alive.values()}
        if "a" in stage.alive:
            stage.die("a")
        stage.wait(0.5)
    assert 5 < len(started) < 20


def test_a_killed_controller_changes_nothing_and_its_successor_takes_over(stage: Stage) -> None:
    """The runners are the same processes, and are told nothing."""
    on_air(stage, A, B)
    old, told = pids(stage), stage.told
    stage.kill()
    stage.wait(100)
    stage.begin()
    stage.wait(30)
    assert (old, told) == (pids(stage), stage.told)


def test_what_changed_while_no_controller_ran_is_done_by_the_next(stage: Stage) -> None:
    """Edited, removed (by proof), added."""
    on_air(stage, A, B, C)
    stage.kill()
    more = profile("a", "a", "b", "c")
    stage.write("a.yaml", more)
    stage.remove("b.yaml")
    stage.begin()
    stage.wait(5)
    assert {"a": more, "c": C} == carried_out(stage)


def test_after_a_reboot_the_last_good_copies_are_on_air(stage: Stage) -> None:
    """Nothing runs, and the source cannot be read, or is broken: what was good goes on air all the same."""
    on_air(stage, A, B)
    stage.reboot()
    stage.write("a.yaml", None)
    stage.blind(False)
    stage.begin()
    stage.wait(20)
    assert {"a": A, "b": B} == carried_out(stage)


def test_a_profile_that_is_gone_is_stopped_within_seconds(stage: Stage) -> None:
    """After a second reading, and for good."""
    on_air(stage, A, B)
    stage.remove("a.yaml")
    stage.wait(0.5)
    assert {"a", "b"} == stage.alive.keys()
    stage.wait(2)
    assert {"b"} == stage.alive.keys()
    assert {"b"} == stage.disk.copies.keys()


def test_what_was_read_before_it_came_is_no_proof_that_it_is_gone(stage: Stage) -> None:
    """A file that was not there, is, and is not again within a second is read once more like any other."""
    on_air(stage, A, B)
    stage.write("c.yaml", C)
    stage.wait(0.8)
    stage.remove("c.yaml")
    stage.wait(0.5)
    assert {"a", "b", "c"} == stage.alive.keys()
    stage.wait(2)
    assert {"a", "b"} == stage.alive.keys()


def test_a_mass_removal_waits_for_a_confirmation(stage: Stage) -> None:
    """And happens at once with it."""
    on_air(stage, A, B, C)
    for file in ("a.yaml", "b.yaml"):
        stage.remove(file)
    stage.wait(60)
    assert {"a", "b", "c"} == stage.alive.keys()
    assert stage.controller is not None
    assert stage.controller.decision.guarded
    stage.ask(stage.controller.confirm())
    assert {"c"} == stage.alive.keys()


def test_a_mass_removal_is_not_let_through_in_steps(stage: Stage) -> None:
    """What was refused stays refused while one of those files cannot be read."""
    on_air(stage, A, B, C)
    stage.write("a.yaml", profile("a", "z"))
    stage.write("b.yaml", profile("b", "z"))
    stage.wait(60)
    stage.write("b.yaml", None)
    stage.wait(60)
    assert stage.controller is not None
    assert {"a", "b"} == stage.controller.decision.losses.keys()
    assert A == stage.controller.memory.accepted["a"].profile
    stage.write("b.yaml", B)
    stage.wait(60)
    assert profile("a", "z") == stage.controller.memory.accepted["a"].profile


def test_an_order_by_hand_runs_out(stage: Stage) -> None:
    """Until then it stands above the file, also in the next controller."""
    on_air(stage, A, B)
    assert stage.controller is not None
    end = stage.loop.time() + 100
    order = Override("a", Order.STOPPED, stage.loop.time(), end)
    stage.ask(stage.controller.order(lambda before: with_order(before, order)))
    assert {"b"} == stage.alive.keys()
    stage.kill()
    stage.begin()
    stage.wait(50)
    assert {"b"} == stage.alive.keys()
    stage.wait(52)
    assert {"a": A, "b": B} == carried_out(stage)


def test_settled_means_done(stage: Stage) -> None:
    """Whoever asks for a look is answered when what it found is done, proofs included."""
    on_air(stage, A, B)
    stage.remove("a.yaml")
    assert stage.controller is not None
    stage.controller.look()
    decision = stage.ask(stage.controller.settled())
    assert ({"b"}, ()) == (set(stage.alive), decision.held)
