"""What to do, from two readings of what is wanted and a look at what runs. Pure; the safety rules are here.

First, for each name, which file is accepted: a new one, or the last good one, or none any more. Then the
difference between what is accepted, under the orders given by hand, and what runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from spiritstream.control.clash import Claim, claims, owners, words_for
from spiritstream.control.override import effective, targets_declared, targets_on_air
from spiritstream.control.uplink import beyond_uplink
from spiritstream.control.world import Decision, Wanted, World, named, nameless
from spiritstream.model.changes import changes
from spiritstream.model.profile import Profile

CONFIRM = "if it is meant, confirm it: spiritstream apply --confirm"


def decide(world: World) -> Decision:
    """The decision for one moment; carried out and asked again, it comes to rest."""
    return _Deciding(world).decision()


class _Deciding:
    def __init__(self, world: World) -> None:
        self._world = world
        self._named = named(world.now, world.accepted)
        self._accepted = dict(world.accepted)
        self._held: dict[str, str] = {}
        self._again = False
        self._unsure: set[str] = set()
        self._guarded = False
        self._doubtful: dict[str, frozenset[str]] = {}
        self._losses: dict[str, frozenset[str]] = {}

    def decision(self) -> Decision:
        candidates = dict(self._candidates())
        gone = self._gone()
        self._guard(candidates, gone)
        self._refuse_clashes(candidates)
        self._refuse_beyond_uplink(candidates, gone)
        self._accepted.update(candidates)
        for name in gone:
            self._accepted.pop(name, None)
        stops = [(name, reason) for name, reason in gone.items() if self._is_ours(name)]
        applies: list[tuple[str, Wanted]] = []
        owned = self._owned()
        for name, wanted in sorted(self._accepted.items()):
            self._act(name, wanted, owned, applies, stops)
        return Decision(
            self._accepted,
            tuple(applies),
            tuple(stops),
            tuple(sorted(self._held.items())),
            self._again,
            self._guarded,
            self._losses,
        )

    # Which files are accepted anew.

    def _candidates(self) -> Iterator[tuple[str, Wanted]]:
        for name, several in sorted(self._named.items()):
            wanted = self._only(name, several)
            if wanted is None:
                continue
            if wanted.profile is None:
                runs_on = name in self._accepted or name in self._world.running
                state = "the last good one stays in force" if runs_on else "nothing is started from it"
                self._held[name] = f"{wanted.file} is not valid: {state}"
            elif self._is_proved(name, wanted, wanted.profile):
                yield name, wanted

    def _only(self, name: str, several: list[Wanted]) -> Wanted | None:
        """The one file of that name; of several, the one whose profile is in force already."""
        if len(several) == 1:
            return several[0]
        files = " and ".join(sorted(wanted.file for wanted in several))
        self._held[name] = f"{files} have the same name: give one of them another"
        known = self._accepted.get(name)
        return next((wanted for wanted in several if known and wanted.file == known.file), None)

    def _is_proved(self, name: str, wanted: Wanted, profile: Profile) -> bool:
        """Taking targets off the air needs the same text in two readings: half a file may be valid, too."""
        in_force = self._in_force(name)
        losing = in_force and in_force - targets_on_air(effective(profile, self._world.overrides))
        if not losing:
            return True
        now, before = self._world.now, self._world.before
        obstacle = "the file is read once more before"
        if not now.complete:
            obstacle = now.problem or "what is wanted cannot be read as a whole"
        elif before and before.complete and before.digests().get(wanted.file) == wanted.digest:
            return True
        else:
            self._again = True
            self._unsure.add(name)
            self._doubtful[name] = self._lost(name, profile)
        self._held[name] = f"targets are to be taken off the air, and are not yet: {obstacle}"
        return False

    # Which profiles are gone.

    def _gone(self) -> dict[str, str]:
        # A runner that is not ours to order about is nobody's loss but its owner's.
        ours = {name for name, runner in self._world.running.items() if not runner.foreign}
        absent = sorted({*self._accepted, *ours} - set(self._named))
        found: dict[str, str] = {}
        for name in absent:
            if obstacle := self._obstacle(name):
                self._held[name] = f"its profile was not found, and stays in force: {obstacle}"
                if self._world.now.complete:
                    self._doubtful[name] = self._live(name)
            else:
                found[name] = "its profile is gone"
        return found

    def _obstacle(self, name: str) -> str:
        """Why the absence of a profile is no proof that it is gone; empty when it is."""
        world = self._world
        if not world.now.complete:
            return world.now.problem or "what is wanted cannot be read as a whole"
        if world.before is None or not world.before.complete or name in named(world.before, self._accepted):
            self._again = True
            return "what is wanted is read once more before"
        if world.now.digests() != world.before.digests():
            self._again = True
            return "what is wanted is changing"
        if world.confirmed:
            return ""
        if not world.now.files:
            self._guarded = True
            return f"nothing at all is wanted; {CONFIRM}"
        if strange := nameless(world.now, self._accepted) - world.beside.get(name, frozenset()):
            self._guarded = True
            return f"it may be in {sorted(strange)[0]}, which is not valid: mend that file; {CONFIRM}"
        return ""

    # The guard.

    def _live(self, name: str) -> frozenset[str]:
        """The targets that are on air, or are being put there."""
        doing = self._world.doing.get(name)
        runs = self._world.running[name].targets if name in self._world.running else frozenset()
        return runs | targets_on_air(doing) if doing else runs

    def _in_force(self, name: str) -> frozenset[str]:
        """The targets that are on air, or would be if its runner had not died."""
        if live := self._live(name):
            return live
        known = self._world.accepted.get(name)
        if known is None or known.profile is None:
            return frozenset()
        return targets_on_air(effective(known.profile, self._world.overrides))

    def _lost(self, name: str, profile: Profile) -> frozenset[str]:
        """What is on air and would not be any more. What is disabled in so many words is not lost."""
        live = self._live(name)
        return live - targets_declared(profile) if live else live

    def _guard(self, candidates: dict[str, Wanted], gone: dict[str, str]) -> None:
        """Refuse to lose more than half of what is on air, be it one after the other.

        A loss that was seen counts on until it is carried out or taken back, also when its file cannot be
        judged now; one that is not proved yet is waited for.
        """
        if self._world.confirmed:
            return
        lost = {name: self._live(name) for name in gone}
        for name, wanted in candidates.items():
            assert wanted.profile is not None
            lost[name] = self._lost(name, wanted.profile)
        before, judged = self._world.losses, lost.keys() | self._doubtful.keys()
        seen = {name: before[name] & self._live(name) for name in before.keys() - judged}
        self._losses = {**seen, **self._doubtful}
        lost = {name: targets for name, targets in lost.items() if targets}
        total = sum(len(self._live(name)) for name in {*self._world.accepted, *self._world.running})
        losing = _count({**(seen if self._again else self._losses), **lost})
        if not lost or 2 * _count({**self._losses, **lost}) <= total:
            return
        why = "with others that are not found it would be more than half of what is on air"
        if 2 * losing > total:
            self._guarded = True
            why = f"{losing} of {total} targets on air would be lost: refused; {CONFIRM}"
        self._losses.update(lost)
        for name in lost:
            self._held[name] = why
            candidates.pop(name, None)
            gone.pop(name, None)

    # Clashes.

    def _effective(self, wanted: Wanted) -> Profile:
        assert wanted.profile is not None
        return effective(wanted.profile, self._world.overrides)

    def _owned(self) -> dict[Claim, str]:
        """What is taken: by what runs, and by what would if its runner had not died."""
        world = self._world
        kept = {name: self._effective(wanted) for name, wanted in world.accepted.items()}
        runs = {name: profile for name, profile in kept.items() if name in world.running}
        told = {name: one.profile for name, one in world.running.items() if one.profile is not None}
        return {**owners(kept), **owners(runs), **owners(told), **owners(world.doing)}

    def _refuse_clashes(self, candidates: dict[str, Wanted]) -> None:
        owned = self._owned()
        new = {name: claims(self._effective(wanted)) for name, wanted in candidates.items()}
        wish: dict[Claim, list[str]] = {}
        for name, mine in new.items():
            for claim in mine:
                wish.setdefault(claim, []).append(name)
        for name, mine in new.items():
            shared = {claim: owned[claim] for claim in mine if owned.get(claim, name) != name}
            for claim in mine - owned.keys():
                shared.update((claim, other) for other in wish[claim] if other != name)
            if shared:
                self._held[name] = _clash(shared)
                del candidates[name]

    # The uplink.

    def _refuse_beyond_uplink(self, candidates: dict[str, Wanted], gone: Mapping[str, str]) -> None:
        if self._world.uplink_bps is None:
            return
        kept = {
            n: self._effective(one)
            for n, one in self._world.accepted.items()
            if n not in gone and one.profile
        }
        new = {name: self._effective(wanted) for name, wanted in candidates.items()}
        for name, runner in self._world.running.items():
            # What is on air has its room, also when nobody remembers that it was accepted.
            told = runner.profile or (new.get(name) if runner.targets else None)
            if told is not None and name not in gone:
                kept.setdefault(name, told)
        for name, reason in beyond_uplink(new, kept, self._world.uplink_bps).items():
            self._held[name] = reason
            del candidates[name]

    # The difference.

    def _act(
        self,
        name: str,
        wanted: Wanted,
        owned: Mapping[Claim, str],
        applies: list[tuple[str, Wanted]],
        stops: list[tuple[str, str]],
    ) -> None:
        profile, runner = self._effective(wanted), self._world.running.get(name)
        if runner is not None and runner.foreign:
            self._held[name] = f"its runner is kept as it is: {runner.foreign}"
        elif not targets_on_air(profile):
            if runner is not None:
                stops.append((name, "nothing of it is wanted live"))
        elif runner is None and (self._is_absent(name) or name in self._unsure):
            pass  # held, with the reason; what runs would run on, but nothing is started
        elif runner is None or runner.profile is None or changes(runner.profile, profile):
            shared = {claim: owned[claim] for claim in claims(profile) if owned.get(claim, name) != name}
            if shared:
                self._held[name] = _clash(shared)
            else:
                applies.append((name, _with(wanted, profile)))

    def _is_ours(self, name: str) -> bool:
        runner = self._world.running.get(name)
        return runner is not None and not runner.foreign

    def _is_absent(self, name: str) -> bool:
        now = self._world.now
        return now.complete and bool(now.files) and name not in self._named


def _with(wanted: Wanted, profile: Profile) -> Wanted:
    return replace(wanted, profile=profile)


def _count(targets: Mapping[str, frozenset[str]]) -> int:
    return sum(map(len, targets.values()))


def _clash(shared: Mapping[Claim, str]) -> str:
    others = ", ".join(sorted(set(shared.values())))
    return f"it has {words_for(shared)} in common with {others}: change one of the two, or disable it"
