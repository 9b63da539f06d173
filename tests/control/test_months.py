"""Months of a controller: whatever people and machines do to a source, its controller and its runners."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from spiritstream.control.override import Override, effective, targets_on_air, with_order
from spiritstream.control.report import Report
from spiritstream.model.changes import changes
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Profile
from tests.control.stage import Stage
from tests.control.wishes import profile, target

_NAMES = st.sampled_from("abcd")
_TARGETS = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True)
_FILES = st.sampled_from([f"{name}.yaml" for name in "abcdef"])
# A crash may fall between any two steps of what is done, and these take 10 ms each.
_MOMENTS = st.sampled_from([0.0, 0.005, 0.015, 0.025, 0.035, 0.05, 0.3, 1.5])
_REST_S = 130.0


class Months(RuleBasedStateMachine):
    """`Stage` notes what must never be.

    Two runners of a profile, two senders with one key, a runner told what no valid file said, something taken
    off the air without proof.
    """

    @initialize()
    def begin(self) -> None:
        """An empty stage with a controller."""
        self.stage = Stage()
        self.stage.begin()

    # Files.

    @rule(file=_FILES, name=_NAMES, sent_to=_TARGETS, enabled=st.booleans())
    def write(self, file: str, name: str, sent_to: list[str], enabled: bool) -> None:
        """A new file, or an edited one; perhaps with a name that another one has."""
        self.stage.write(file, profile(name, *sent_to, enabled=enabled))

    @rule(file=_FILES, name=_NAMES)
    def write_clashing(self, file: str, name: str) -> None:
        """A file whose key others have, too."""
        self.stage.write(file, profile(name, target("x", "canary-shared")))

    @rule(file=_FILES)
    def break_file(self, file: str) -> None:
        """Nonsense in a file."""
        self.stage.write(file, None)

    @rule(file=_FILES, name=_NAMES, seconds=st.sampled_from([0.02, 0.3, 0.9]), killed=st.booleans())
    def write_slowly(self, file: str, name: str, seconds: float, killed: bool) -> None:
        """A file whose first half is a valid profile, too, and less of one."""
        self.stage.write(file, profile(name, "x"))
        self.stage.wait(seconds)
        if killed:
            self.stage.kill()
            self.stage.begin()
        self.stage.write(file, profile(name, "x", "y", "z"))

    @precondition(lambda self: self.stage.files)
    @rule(data=st.data(), to=_FILES)
    def move(self, data: st.DataObject, to: str) -> None:
        """A file gets another name."""
        self.stage.move(data.draw(st.sampled_from(sorted(self.stage.files))), to)

    @precondition(lambda self: self.stage.files)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """A file is gone."""
        self.stage.remove(data.draw(st.sampled_from(sorted(self.stage.files))))

    @rule(readable=st.booleans())
    def blind(self, readable: bool) -> None:
        """The source is torn, or whole again."""
        self.stage.blind(readable)

    @rule(
        file=_FILES,
        name=_NAMES,
        sent_to=_TARGETS,
        gap_s=st.sampled_from([0.02, 0.3, 2.0]),
        told=st.booleans(),
    )
    def swap_root(self, file: str, name: str, sent_to: list[str], gap_s: float, told: bool) -> None:
        """The folder goes, and another one comes with one file changed. `told`: its emptiness looks whole."""
        before, readable = self.stage.files, self.stage.readable
        self.stage.files = {}
        self.stage.blind(readable and told)
        self.stage.wait(gap_s)
        self.stage.files = before
        self.stage.readable = readable
        self.stage.write(file, profile(name, *sent_to))

    @rule(halves=st.booleans(), killed=st.booleans(), late=st.booleans())
    def rotate(self, halves: bool, killed: bool, late: bool) -> None:
        """Every value is sealed anew: nothing restarts; what was held for another one's sake may move.

        `late`: the identity has the new key afterwards.
        """
        self.stage.wait(_REST_S)
        assert self.stage.controller is not None
        before, held = self._on_air(), dict(self.stage.controller.decision.held)
        self.stage.key += 1
        if not late:
            self.stage.keys.add(self.stage.key)
        files = sorted(self.stage.files)
        for some in (files[::2], files[1::2]) if halves else (files,):
            self.stage.reseal(some)
            self.stage.wait(1.5)
            if killed:
                self.stage.kill()
                self.stage.begin()
        self.stage.wait(5)
        self.stage.keys.add(self.stage.key)
        assert self.stage.controller is not None
        self.stage.controller.look(anew=True)
        self.stage.wait(5)
        assert {
            name: one for name, one in before.items() if name not in held
        }.items() <= self._on_air().items()

    # Processes.

    @precondition(lambda self: self.stage.alive)
    @rule(data=st.data())
    def kill_runner(self, data: st.DataObject) -> None:
        """A runner dies."""
        self.stage.die(data.draw(st.sampled_from(sorted(self.stage.alive))))

    @precondition(lambda self: self.stage.platform.senders)
    @rule(data=st.data())
    def kill_child(self, data: st.DataObject) -> None:
        """A sender dies: its runner sees to it, and its controller does nothing about it."""
        senders = sorted(self.stage.platform.senders, key=lambda one: one.key.reveal() if one.key else "")
        self.stage.kill_child(senders[data.draw(st.integers(0, len(senders) - 1))])

    @rule(gap_s=st.sampled_from([0.0, 0.05, 3.0]))
    def kill_controller(self, gap_s: float) -> None:
        """The controller dies, wherever it is, and comes back."""
        self.stage.kill()
        self.stage.wait(gap_s)
        self.stage.begin()

    # People.

    @rule(path=st.sampled_from(["a", "b/g", "b/g/x", "c/g/y"]), order=st.sampled_from(Order))
    def order(self, path: str, order: Order) -> None:
        """Somebody orders something by hand."""
        assert self.stage.controller is not None
        new = Override(path, order, 0.0)
        self.stage.wait(0.5)
        self.stage.ask(self.stage.controller.order(lambda before: with_order(before, new)))

    @rule()
    def confirm(self) -> None:
        """Somebody says that it is meant."""
        assert self.stage.controller is not None
        self.stage.wait(0.5)
        self.stage.confirmed = True
        self.stage.ask(self.stage.controller.confirm())

    @precondition(lambda self: self.stage.files)
    @rule(drawn=st.data())
    def delete(self, drawn: st.DataObject) -> None:
        """Somebody deletes a profile by the controller, which needs no second reading for it."""
        assert self.stage.controller is not None
        file = drawn.draw(st.sampled_from(sorted(self.stage.files)))
        name = next((show.name for show in self.stage.shows({file: self.stage.files[file]})), "")
        self.stage.wait(0.5)
        if name in self.stage.names(data for one, data in self.stage.files.items() if one != file):
            return  # refused: it has several files
        self.stage.deleted.add(name)
        with self.stage.controller.deleting(name):
            self.stage.remove(file)
            self.stage.controller.look()
            self.stage.ask(self.stage.controller.settled())
        self.stage.deleted.discard(name)

    @rule(seconds=_MOMENTS | st.just(20.0))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.stage.wait(seconds)

    # What must be so.

    @invariant()
    def nothing_is_wrong(self) -> None:
        """What must never be was not."""
        if hasattr(self, "stage"):
            assert [] == self.stage.faults
            assert [] == self.stage.secrets_shown()

    def _on_air(self) -> dict[str, tuple[int, Profile | None]]:
        """Each runner's process, and what it carries out."""
        return {name: (runner.pid, runner.profile) for name, runner in self.stage.alive.items()}

    @precondition(lambda self: self.stage.readable)
    @rule()
    def come_to_rest(self) -> None:
        """Left alone, every profile that is not held is on air exactly as it is written."""
        self.stage.wait(_REST_S)
        assert self.stage.controller is not None and self.stage.hands is not None
        held = {name for name, _ in self.stage.controller.decision.held}
        orders = {one.path: one for one in self.stage.disk.orders}
        wanted = {
            show.name: effective(show, orders)
            for show in self.stage.shows(self.stage.files)
            if show.name not in held and targets_on_air(effective(show, orders))
        }
        runs = {name: show for name, (_, show) in self._on_air().items() if name not in held}
        assert wanted.keys() == runs.keys()
        assert [] == [change for name, show in wanted.items() for change in changes(runs[name], show)]
        status = self.stage.ask(Report(self.stage.controller, self.stage.hands, None).status())
        assert "canary" not in repr(status)

    def teardown(self) -> None:
        """The end of it."""
        if hasattr(self, "stage"):
            self.stage.close()


TestMonths = pytest.mark.timeout(300)(Months.TestCase)
TestMonths.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
