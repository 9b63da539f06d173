"""Readings of a source, opened: the last one, and the one before it, which it is compared with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from spiritstream.control.opening import Opened, Opening, inherited_from
from spiritstream.control.source import Entry, Reading, Source, together
from spiritstream.control.world import View, Wanted
from spiritstream.secret import Secret

PROOF_S = 1.0
"""Two readings are two only when so much time lies between them: one fault shall not be seen twice."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading, opened, with the bytes it was opened from."""

    view: View
    revision: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    common: Entry | None = None


NOTHING_YET = Seen(View({}, complete=False, problem="it was not read yet"))


class Reader:
    """Looks at a source when told to. `now` is the last look; `before` is what `decide` compares it with."""

    def __init__(
        self, source: Source, opening: Opening, clock: Callable[[], float], *, by_commit: bool = False
    ) -> None:
        """`by_commit`: a profile's revision is its source's, and not its own file's digest."""
        self.now = NOTHING_YET
        self.before: View | None = None
        self.secrets: set[Secret] = set()
        """Every secret that was opened, for scrubbing the log."""
        self._source = source
        self._opening = opening
        self._clock = clock
        self._by_commit = by_commit
        self._taken = float("-inf")
        self._opened: dict[tuple[str, str], Opened] = {}

    async def look(self, *, anew: bool = False) -> None:
        """Read the source. Files that are as they were are not opened again, unless `anew`."""
        reading = self._with_common(await self._source.read())
        kept = {} if anew else self._opened
        self._opened = await asyncio.to_thread(self._open_all, reading, kept)
        for key, opened in self._opened.items():
            if opened.profile is not None and opened is not kept.get(key):
                self.secrets.update(opened.profile.secrets())
        self._turn(Seen(self._view(reading), reading.revision, reading.entries, reading.common))

    def _with_common(self, reading: Reading) -> Reading:
        """A common file that cannot be read says nothing: what it said last holds."""
        if reading.common is None or not reading.common.problem or self.now.common is None:
            return reading
        return replace(reading, common=self.now.common)

    def _turn(self, seen: Seen) -> None:
        taken = self._clock()
        # A look soon after the last one takes its place: it is no second proof of anything.
        if taken - self._taken >= PROOF_S and self.now is not NOTHING_YET:
            self.before = self.now.view
            self._taken = taken
        elif self.now is NOTHING_YET or seen.view.digests() != self.now.view.digests():
            # The one whose place it takes said otherwise: what was read before that proves nothing of it.
            self.before = None
            self._taken = taken
        self.now = seen

    def _open_all(
        self, reading: Reading, kept: Mapping[tuple[str, str], Opened]
    ) -> dict[tuple[str, str], Opened]:
        found = {}
        for entry in reading.entries.values():
            key = (entry.file, meant_digest(entry, reading.common))
            old = kept.get(key)
            found[key] = old if old and old.lasting else self._opening(entry, reading.common)
        return found

    def wanted(self, entry: Entry) -> Wanted:
        """What a file of this source would come to that it does not hold. Waits for the disk."""
        common = self.now.common
        return self._wanted(entry, meant_digest(entry, common), self._opening(entry, common), "")

    def _wanted(self, entry: Entry, digest: str, opened: Opened, commit: str) -> Wanted:
        revision = commit if self._by_commit else digest
        return Wanted(opened.name, entry.file, digest, opened.profile, opened.findings, revision)

    def _view(self, reading: Reading) -> View:
        files = {}
        for file, entry in reading.entries.items():
            digest = meant_digest(entry, reading.common)
            files[file] = self._wanted(entry, digest, self._opened[file, digest], reading.revision)
        return View(files, reading.complete, together([*filter(None, [reading.problem]), *_wrong(reading)]))


def _wrong(reading: Reading) -> list[str]:
    """What is wrong in the common file, each on one line; that it cannot be read is said already."""
    if reading.common is None or reading.common.problem:
        return []
    common = inherited_from(reading.common)
    findings = common.findings if common else ()
    return [str(finding).replace("\n  hint: ", " - ") for finding in findings]


def meant_digest(entry: Entry, common: Entry | None) -> str:
    """What tells one meaning of a file from another: its bytes, and what it inherits."""
    return f"{entry.digest}+{common.digest}" if common else entry.digest
