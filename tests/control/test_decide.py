"""What is decided from two readings and a look at what runs: the safety rules, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.control.decide import decide
from spiritstream.control.override import Override, targets_on_air
from spiritstream.control.world import Decision, Running, View, Wanted, World
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Address, Group, Profile, Target, Video
from spiritstream.model.uplink import CHANGE
from spiritstream.secret import Secret
from tests.control.wishes import paths, profile, target, view, wanted

A, B, C, D = (profile(name) for name in ("a", "b", "c", "d"))


def running(*shows: Profile) -> dict[str, Running]:
    """Runners that carry out exactly these."""
    return {show.name: Running(show, targets_on_air(show)) for show in shows}


def accepted(*files: Wanted) -> dict[str, Wanted]:
    """These files in force."""
    return {one.name: one for one in files}


def steady(*shows: Profile) -> World:
    """Everything runs as it is written, and was read twice."""
    files = [wanted(show) for show in shows]
    return World(view(*files), view(*files), accepted(*files), running(*shows))


def reads(world: World, *files: Wanted, complete: bool = True, twice: bool = False) -> World:
    """The same world after the source has become this."""
    now = view(*files, complete=complete, problem="" if complete else "the folder is gone")
    return replace(world, now=now, before=now if twice else world.now)


def names(pairs: tuple[tuple[str, object], ...]) -> list[str]:
    """The names in a part of a decision."""
    return [name for name, _ in pairs]


def why(decision: Decision, name: str) -> str:
    """Why a profile is held."""
    return dict(decision.held)[name]


def test_what_is_wanted_and_does_not_run_is_started_by_one_reading() -> None:
    """Starting needs no more proof than a valid file."""
    decision = decide(World(view(wanted(A), wanted(B))))
    assert ["a", "b"] == names(decision.applies)
    assert ((), ()) == (decision.stops, decision.held)


def test_twice_changes_nothing() -> None:
    """Where everything is as it is written, there is nothing to do, and nothing is held."""
    decision = decide(steady(A, B))
    assert ((), (), ()) == (decision.applies, decision.stops, decision.held)


@pytest.mark.parametrize(
    "file",
    [wanted(A, text="# a comment"), wanted(A, "moved/to.yaml")],
    ids=["reformatted", "moved"],
)
def test_values_are_compared_not_texts(file: Wanted) -> None:
    """Another text of the same profile, or another place, is accepted, and nobody is told anything."""
    decision = decide(reads(steady(A), file))
    assert ((), (), ()) == (decision.applies, decision.stops, decision.held)
    assert file == decision.accepted["a"]


def test_a_profile_without_enabled_targets_has_no_runner() -> None:
    """With nothing wanted, nothing runs."""
    off = (replace(A, enabled=False), profile("b", target("x", enabled=False)))
    assert () == decide(World(view(*map(wanted, off)))).applies


class TestInvalid:
    """A file that is not valid changes nothing."""

    def test_starts_nothing(self) -> None:
        """A new one is only reported."""
        decision = decide(World(view(wanted(None, "a.yaml", name="a"), wanted(B))))
        assert ["b"] == names(decision.applies)
        assert "nothing is started" in why(decision, "a")

    @pytest.mark.parametrize("name", ["a", ""], ids=["says its name", "does not even say its name"])
    def test_leaves_what_runs(self, name: str) -> None:
        """The last good one stays in force, however often the bad one is read."""
        broken = wanted(None, "a.yaml", name=name)
        decision = decide(reads(steady(A, B), broken, wanted(B), twice=True))
        assert ((), ()) == (decision.applies, decision.stops)
        assert "last good" in why(decision, "a")
        assert wanted(A) == decision.accepted["a"]

    def test_after_a_reboot_the_last_good_one_is_started(self) -> None:
        """Nothing runs, the file is broken: what was good the last time goes on air."""
        decision = decide(World(view(wanted(None, "a.yaml", name="a")), accepted=accepted(wanted(A))))
        assert ["a"] == names(decision.applies)

    def test_one_bad_file_does_not_block_another(self) -> None:
        """What is valid beside it is applied."""
        more = profile("b", "a", "b", "c")
        decision = decide(reads(steady(A, B), wanted(None, "a.yaml", name=""), wanted(more)))
        assert ["b"] == names(decision.applies)


class TestStopping:
    """Stopping needs more proof than starting."""

    def test_needs_two_equal_complete_readings(self) -> None:
        """Gone once is not gone."""
        once = reads(steady(A, B, C), wanted(A), wanted(B))
        first = decide(once)
        assert ((), True) == (first.stops, first.again)
        assert ["c"] == names(decide(reads(once, wanted(A), wanted(B))).stops)

    @pytest.mark.parametrize(
        ("now", "before"),
        [
            (view(wanted(A), wanted(B), complete=False), view(wanted(A), wanted(B))),
            (view(wanted(A), wanted(B)), view(wanted(A), wanted(B), complete=False)),
            (view(wanted(A), wanted(B)), None),
            (view(wanted(A), wanted(B)), view(wanted(A), wanted(B, text="other"))),
            (view(wanted(A), wanted(B)), view(wanted(A), wanted(B), wanted(C))),
        ],
        ids=["torn now", "torn before", "read once", "changing", "only just gone"],
    )
    def test_is_not_proved_by_less(self, now: View, before: View | None) -> None:
        """Anything but two equal complete readings without it stops nothing, and says so."""
        decision = decide(replace(steady(A, B, C), now=now, before=before))
        assert ((), ()) == (decision.stops, decision.applies)
        assert "not found" in why(decision, "c")

    @pytest.mark.parametrize("complete", [True, False], ids=["empty", "unreadable"])
    def test_an_empty_or_unreadable_source_stops_nothing(self, complete: bool) -> None:
        """However often it is read."""
        decision = decide(reads(steady(A), complete=complete, twice=True))
        assert ((), complete) == (decision.stops, decision.guarded)

    def test_a_target_goes_only_after_the_same_text_was_read_twice(self) -> None:
        """Half of a file may be a valid profile with fewer targets."""
        fewer = wanted(profile("a", "a"), "a.yaml")
        once = reads(steady(A, B), fewer, wanted(B))
        assert ((), True) == (decide(once).applies, decide(once).again)
        assert ["a"] == names(decide(reads(once, fewer, wanted(B))).applies)

    def test_a_target_stays_while_the_source_is_not_whole(self) -> None:
        """What was torn elsewhere may be torn here: its file is read again when all of it can be."""
        torn = view(wanted(profile("a", "a"), "a.yaml"), complete=False, problem="b is unreadable")
        decision = decide(replace(steady(A), now=torn, before=torn))
        assert ((), False) == (decision.applies, decision.again)
        assert "b is unreadable" in why(decision, "a")

    def test_a_target_more_goes_on_air_at_once(self) -> None:
        """What takes nothing away needs no second look."""
        assert ["a"] == names(decide(reads(steady(A), wanted(profile("a", "a", "b", "c")))).applies)

    def test_a_disabled_profile_ends_without_a_confirmation(self) -> None:
        """`enabled: false` says so in so many words, also of all that is live."""
        off = wanted(replace(A, enabled=False), "a.yaml")
        decision = decide(reads(steady(A), off, twice=True))
        assert (["a"], False) == (names(decision.stops), decision.guarded)

    def test_a_broken_file_of_no_name_may_be_the_one_that_is_missed(self) -> None:
        """Renamed and half-written in one go: nothing stops until it is mended, or confirmed."""
        broken = wanted(None, "new.yaml", name="")
        world = reads(steady(A, B, C), wanted(A), wanted(B), broken, twice=True)
        assert ((), True) == (decide(world).stops, decide(world).guarded)
        assert "new.yaml" in why(decide(world), "c")
        assert ["c"] == names(decide(replace(world, confirmed=True)).stops)

    def test_a_broken_file_that_was_there_before_is_no_obstacle(self) -> None:
        """It stood beside the profile when that was last seen: it is another one."""
        broken = wanted(None, "draft.yaml", name="")
        world = reads(steady(A, B, C), wanted(A), wanted(B), broken, twice=True)
        assert ["c"] == names(decide(replace(world, beside={"c": frozenset({"draft.yaml"})})).stops)

    def test_what_is_gone_is_not_started_again(self) -> None:
        """Its runner has died, its file is missing: while that is being proved, nothing is started."""
        world = reads(replace(steady(A, B, C), running=running(A, B)), wanted(A), wanted(B))
        assert () == decide(world).applies


class TestAtFirst:
    """Nothing runs yet: after a reboot, or after `down`."""

    def test_a_smaller_file_is_what_is_started_after_a_second_look(self) -> None:
        """Not the last good one in between, and without a confirmation: nothing is lost that was live."""
        fewer = wanted(profile("a", "a"), "a.yaml")
        world = replace(reads(steady(A), fewer), running={}, before=None)
        first = decide(world)
        assert ((), True) == (first.applies, first.again)
        second = decide(replace(world, before=world.now))
        assert ([("a", fewer.profile)], False) == (
            [(name, one.profile) for name, one in second.applies],
            second.guarded,
        )

    def test_the_last_good_one_is_started_while_the_source_is_not_whole(self) -> None:
        """A torn file's fewer targets are not believed."""
        torn = view(wanted(profile("a", "a"), "a.yaml"), complete=False, problem="torn")
        ((_, told),) = decide(replace(steady(A), running={}, now=torn, before=torn)).applies
        assert A == told.profile

    def test_an_empty_source_is_no_order_to_stay_dark(self) -> None:
        """A folder that is not mounted yet: what was good the last time goes on air."""
        world = replace(reads(steady(A), twice=True), running={})
        assert ["a"] == names(decide(world).applies)


class TestGuard:
    """More than half of what is live is not lost without a word."""

    def test_refuses_and_says_how(self) -> None:
        """Three of four are gone: none is stopped."""
        decision = decide(reads(steady(A, B, C, D), wanted(A), twice=True))
        assert ((), True) == (decision.stops, decision.guarded)
        assert "6 of 8" in why(decision, "b")
        assert "--confirm" in why(decision, "b")

    def test_half_is_not_more_than_half(self) -> None:
        """Two of four are stopped."""
        decision = decide(reads(steady(A, B, C, D), wanted(A), wanted(B), twice=True))
        assert ["c", "d"] == names(decision.stops)

    def test_a_confirmation_lets_it_happen(self) -> None:
        """Also an empty source, which is never taken for an order otherwise."""
        world = replace(reads(steady(A, B), twice=True), confirmed=True)
        assert ["a", "b"] == names(decide(world).stops)

    def test_counts_targets_that_vanish_from_a_file(self) -> None:
        """Three of four targets of the only show."""
        show = profile("a", "a", "b", "c", "d")
        decision = decide(reads(steady(show), wanted(profile("a", "a"), "a.yaml"), twice=True))
        assert ((), True) == (decision.applies, decision.guarded)

    def test_is_not_passed_one_after_the_other(self) -> None:
        """One of the two that are missed turns up in a moment's disorder: the other one waits for it."""
        fewer, other = wanted(profile("b", "z"), "b.yaml"), wanted(A, text="edited meanwhile")
        once = reads(steady(A, B, C), wanted(A), fewer)
        decision = decide(reads(once, other, fewer))
        assert ((), (), True, False) == (
            decision.applies,
            decision.stops,
            decision.again,
            decision.guarded,
        )
        assert "with others" in why(decision, "b")
        decision = decide(reads(once, wanted(A), fewer))
        assert ((), (), True) == (decision.applies, decision.stops, decision.guarded)

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_what_was_refused_counts_on(self, steps: int) -> None:
        """Nor when a file that was refused cannot be read for a while, nor when nothing can be judged."""
        fewer, broken = wanted(profile("b", "z"), "b.yaml"), wanted(None, "c.yaml", name="c")
        world = reads(steady(A, B, C), wanted(A), fewer, wanted(profile("c", "z"), "c.yaml"), twice=True)
        decision = decide(world)
        assert ((), True) == (decision.applies, decision.guarded)
        for _ in range(steps):
            world = replace(reads(world, wanted(A), fewer, broken), losses=decision.losses)
            decision = decide(world)
            assert ((), ()) == (decision.applies, decision.stops)
        assert "4 of 6" in why(decision, "b")
        back = reads(replace(world, losses=decision.losses), wanted(A), fewer, wanted(C), twice=True)
        assert (["b"], {}) == (names(decide(back).applies), decide(back).losses)
        meant = replace(world, losses=decision.losses, confirmed=True)
        assert (["b"], {}) == (names(decide(meant).applies), decide(meant).losses)

    def test_what_waits_for_a_person_counts(self) -> None:
        """One that may be in a file that is not valid, and another: the way to go is said of both."""
        files = wanted(A), wanted(profile("b", "z"), "b.yaml"), wanted(None, "new.yaml", name="")
        decision = decide(reads(steady(A, B, C), *files, twice=True))
        assert ((), (), False) == (decision.applies, decision.stops, decision.again)
        assert "4 of 6" in why(decision, "b")
        assert all("--confirm" in reason for _, reason in decision.held)

    def test_what_was_only_just_seen_counts_on(self) -> None:
        """Also a loss that was not proved before its file could not be read."""
        fewer, broken = wanted(profile("b", "z"), "b.yaml"), wanted(None, "c.yaml", name="c")
        world = reads(steady(A, B, C), wanted(A), fewer, wanted(profile("c", "z"), "c.yaml"))
        world = replace(reads(world, wanted(A), fewer, broken), losses=decide(world).losses)
        assert ((), True) == (decide(world).applies, decide(world).guarded)

    def test_what_was_refused_is_not_forgotten_while_nothing_is_read(self) -> None:
        """A torn reading in between proves nothing, and takes nothing back."""
        world = reads(steady(A, B, C), wanted(A), twice=True)
        world = replace(reads(world, complete=False), losses=decide(world).losses)
        assert {"b", "c"} == decide(world).losses.keys()

    def test_holds_only_what_would_be_lost(self) -> None:
        """A new show beside it goes on air."""
        decision = decide(reads(steady(A, B, C), wanted(D), twice=True))
        assert (["d"], ()) == (names(decision.applies), decision.stops)


class TestClashes:
    """Two files that cannot both be hold only themselves, and the running one wins."""

    def test_same_name(self) -> None:
        """Neither starts; a third does."""
        decision = decide(World(view(wanted(A, "1.yaml"), wanted(A, "2.yaml"), wanted(B))))
        assert ["b"] == names(decision.applies)
        assert "1.yaml and 2.yaml" in why(decision, "a")

    def test_same_name_as_one_that_runs(self) -> None:
        """The running one's own file is still followed."""
        edited = wanted(profile("a", "a", "b", "c"), "a.yaml")
        decision = decide(reads(steady(A), edited, wanted(profile("a", "z"), "copy.yaml"), twice=True))
        assert [("a", edited.file)] == [(name, one.file) for name, one in decision.applies]

    def same_key(self, name: str) -> Profile:
        """A show with the same key to the same destination as others made so."""
        return profile(name, target("t", "canary-shared"))

    def same_input(self, name: str) -> Profile:
        """A show that is published to with the same key."""
        return profile(name, listen="canary-publish")

    @pytest.mark.parametrize("kind", ["same_key", "same_input"])
    def test_same_destination_or_input(self, kind: str) -> None:
        """Neither starts when none runs; when one runs, the other waits."""
        one, other = (getattr(self, kind)(name) for name in ("one", "other"))
        assert ((), ["one", "other"]) == (
            (decision := decide(World(view(wanted(one), wanted(other))))).applies,
            names(decision.held),
        )
        later = decide(reads(steady(other), wanted(one), wanted(other)))
        assert ((), (), ["one"]) == (later.applies, later.stops, names(later.held))
        assert "other" in why(later, "one")

    def test_a_disabled_one_is_in_nobodys_way(self) -> None:
        """Only what is wanted live clashes."""
        off = replace(self.same_key("one"), enabled=False)
        assert ["other"] == names(decide(World(view(wanted(off), wanted(self.same_key("other"))))).applies)

    def test_the_other_follows_when_the_first_has_gone(self) -> None:
        """A key that moves from one show to another: it is never in two at once."""
        one, other = self.same_key("one"), self.same_key("other")
        world = reads(steady(replace(one), B), wanted(replace(one, enabled=False)), wanted(other), wanted(B))
        first = decide(reads(world, *world.now.files.values()))
        assert (["one"], []) == (names(first.stops), names(first.applies))
        after = replace(world, accepted=first.accepted, running=running(B))
        assert ["other"] == names(decide(after).applies)

    def test_no_secret_in_the_words(self) -> None:
        """What is shared is named, not shown."""
        decision = decide(World(view(wanted(self.same_key("one")), wanted(self.same_key("other")))))
        assert "canary" not in repr(decision.held)


class TestUplink:
    """Nothing new goes on air that the line cannot carry beside what is there."""

    def sending(self, name: str, mbit: int, position: int = 0) -> Profile:
        """A show that declares so much."""
        away = Target("t", Address("rtmp://live.example.org/app", Secret(f"canary-{name}")))
        encoded = Group("g", (away,), Video("h264", mbit * 1_000_000))
        return replace(profile(name, listen=f"canary-in-{name}"), groups=(encoded,), position=position)

    def with_line(self, world: World, mbit: int) -> World:
        """The same world at the end of such a line."""
        return replace(world, uplink_bps=mbit * 1_000_000)

    def test_nobody_counts(self) -> None:
        """Without a figure there is no limit."""
        assert ["a"] == names(decide(World(view(wanted(self.sending("a", 400))))).applies)

    def test_the_running_one_wins(self) -> None:
        """What would be too much beside it is held, with both figures and what to do; nothing is stopped."""
        a, b = self.sending("a", 6), self.sending("b", 5)
        decision = decide(self.with_line(reads(steady(b), wanted(a), wanted(b)), 10))
        assert ([], [], ["a"]) == (names(decision.applies), names(decision.stops), names(decision.held))
        assert "it would send 6M beside the 5M of other shows, and the uplink is 10M" in why(decision, "a")
        assert CHANGE in why(decision, "a")
        assert "a" not in decision.accepted

    def test_the_lower_position_goes_first(self) -> None:
        """Of several new ones that do not fit together."""
        shows = [self.sending("a", 6), self.sending("b", 6, position=-1), self.sending("c", 4)]
        decision = decide(self.with_line(World(view(*map(wanted, shows))), 10))
        assert (["b", "c"], ["a"]) == (names(decision.applies), names(decision.held))

    def test_an_edit_that_sends_more(self) -> None:
        """It is held; the show runs on as it was. One that sends less makes room at once."""
        a, b = self.sending("a", 5), self.sending("b", 5)
        more = decide(self.with_line(reads(steady(a, b), wanted(self.sending("a", 6)), wanted(b)), 10))
        assert ([], ["a"]) == (names(more.applies), names(more.held))
        assert a == more.accepted["a"].profile
        both = reads(steady(a, b), wanted(self.sending("a", 6)), wanted(self.sending("b", 4)))
        assert ["a", "b"] == names(decide(self.with_line(both, 10)).applies)

    def test_a_lower_line_stops_nothing(self) -> None:
        """What is on air stays, comes back when its runner died, and may be edited to send less."""
        a, b = self.sending("a", 6), self.sending("b", 6)
        world = self.with_line(steady(a, b), 10)
        assert ((), (), ()) == ((done := decide(world)).applies, done.stops, done.held)
        assert ["b"] == names(decide(replace(world, running=running(a))).applies)
        less = reads(world, wanted(self.sending("a", 5)), wanted(b))
        assert ["a"] == names(decide(less).applies)

    def test_room_that_is_made(self) -> None:
        """What was held goes on air when another has gone."""
        a, b = self.sending("a", 6), self.sending("b", 6)
        world = self.with_line(reads(steady(b, C), wanted(a), wanted(C), twice=True), 10)
        decision = decide(world)
        assert (["b"], ["a"]) == (names(decision.stops), names(decision.applies))

    @pytest.mark.parametrize("is_known", [True, False])
    def test_what_runs_and_nobody_remembers(self, is_known: bool) -> None:
        """The state folder was lost: what is on air has its room before all that is new, and is not held."""
        a, b, new = self.sending("a", 6), self.sending("b", 6), self.sending("new", 1, position=-1)
        told = running(a, b)
        if not is_known:
            told = {name: replace(one, profile=None) for name, one in told.items()}
        decision = decide(self.with_line(World(view(*map(wanted, (a, b, new))), running=told), 10))
        assert (["new"], []) == (names(decision.held), names(decision.stops))
        assert {"a", "b"} == decision.accepted.keys()


class TestRunners:
    """What is found running."""

    def test_one_that_died_is_started_again(self) -> None:
        """With the same profile."""
        decision = decide(replace(steady(A, B), running=running(B)))
        assert [("a", A)] == [(name, one.profile) for name, one in decision.applies]

    def test_one_that_died_while_the_source_is_unreadable(self) -> None:
        """What is in force does not need the source."""
        world = reads(replace(steady(A), running={}), complete=False)
        assert ["a"] == names(decide(world).applies)

    def test_one_whose_profile_is_not_known_is_told(self) -> None:
        """Being told what it does already changes nothing for it."""
        world = replace(steady(A), running={"a": Running(None, paths("a", "b"))})
        assert ["a"] == names(decide(world).applies)

    def test_one_that_nobody_remembers_is_stopped_by_proof_only(self) -> None:
        """The state folder was lost: what runs is compared with what is written."""
        world = World(view(wanted(A), wanted(B)), None, {}, running(A, B, C))
        assert () == decide(world).stops
        assert ["c"] == names(decide(replace(world, before=world.now)).stops)

    def test_a_foreign_one_is_left_alone(self) -> None:
        """Whether it is wanted or not, and whatever its file says."""
        strange = {name: Running(None, frozenset(), "it is of version 0") for name in ("a", "z")}
        decision = decide(replace(steady(A), running=strange, before=view(wanted(A))))
        assert ((), ()) == (decision.applies, decision.stops)
        assert "version 0" in why(decision, "a")
        gone = decide(reads(replace(steady(A, B), running=strange), wanted(B), twice=True))
        assert () == gone.stops


class TestOverrides:
    """Orders by hand stand above the file, and need no reading."""

    def ordered(self, path: str, order: Order) -> dict[str, Override]:
        """One order."""
        return {path: Override(path, order, 0.0)}

    def test_stops_at_once_even_while_the_source_is_unreadable(self) -> None:
        """It is a person's word, not a reading."""
        world = reads(steady(A, B), complete=False)
        decision = decide(replace(world, overrides=self.ordered("a", Order.STOPPED)))
        assert ["a"] == names(decision.stops)

    def test_stops_one_target(self) -> None:
        """The runner is told the rest."""
        decision = decide(replace(steady(A), overrides=self.ordered("a/g/b", Order.STOPPED)))
        ((_, told),) = decision.applies
        assert told.profile is not None
        assert paths("a") == targets_on_air(told.profile)

    def test_is_not_reverted_by_an_edit(self) -> None:
        """The file changes; what was stopped by hand stays stopped."""
        stopped = replace(steady(A), running={}, overrides=self.ordered("a", Order.STOPPED))
        assert () == decide(reads(stopped, wanted(profile("a", "a", "b", "c")))).applies

    def test_starts_what_is_disabled(self) -> None:
        """One target of a disabled show: that alone."""
        off = replace(A, enabled=False)
        decision = decide(replace(steady(off), running={}, overrides=self.ordered("a/g/b", Order.LIVE)))
        ((_, told),) = decision.applies
        assert told.profile is not None
        assert paths("b") == targets_on_air(told.profile)

    def test_a_started_one_may_not_clash(self) -> None:
        """An order by hand cannot take another show's key."""
        one, other = (profile(name, target("t", "canary-shared")) for name in ("one", "other"))
        off = replace(one, enabled=False)
        world = replace(steady(off, other), running=running(other))
        decision = decide(replace(world, overrides=self.ordered("one", Order.LIVE)))
        assert ((), ["one"]) == (decision.applies, names(decision.held))
