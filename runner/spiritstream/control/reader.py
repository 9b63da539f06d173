"""Readings of a source, opened: the last one, and the one before it, which it is compared with."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from spiritstream.config.registry import Known
from spiritstream.config.shelf import PlatformFile, Shelf
from spiritstream.control.opening import Opened, Opening, inherited_from
from spiritstream.control.ownfiles import OwnFiles
from spiritstream.control.source import Entry, Reading, Source, together
from spiritstream.control.world import View, Wanted
from spiritstream.errors import Finding
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
    known: Known = field(default_factory=Known)
    """The platforms that were known."""
    used: Mapping[str, Mapping[str, PlatformFile]] = field(default_factory=dict)
    """The own platforms' files that files of the source use, by those and by their ids."""


NOTHING_YET = Seen(View({}, complete=False, problem="it was not read yet"))


class Reader:
    """Looks at a source when told to. `now` is the last look; `before` is what `decide` compares it with."""

    def __init__(
        self,
        source: Source,
        opening: Opening,
        clock: Callable[[], float],
        *,
        by_commit: bool = False,
        own: OwnFiles | None = None,
    ) -> None:
        """`by_commit`: a profile's revision is its source's, and not its own file's digest.

        `own` are the config folder's platforms.
        """
        self.now = NOTHING_YET
        self.before: View | None = None
        self.secrets: set[Secret] = set()
        """Every secret that was opened, for scrubbing the log."""
        self._source = source
        self._opening = opening
        self._clock = clock
        self._by_commit = by_commit
        self._own = own or OwnFiles()
        self._taken = float("-inf")
        self._opened: dict[tuple[str, str], Opened] = {}

    async def look(self, *, anew: bool = False) -> None:
        """Read the source. Files that are as they were are not opened again, unless `anew`."""
        reading = self._with_common(await self._source.read())
        known = await asyncio.to_thread(self._known, reading.platforms)
        kept = {} if anew else self._opened
        self._opened = await asyncio.to_thread(self._open_all, reading, known, kept)
        for key, opened in self._opened.items():
            if opened.profile is not None and opened is not kept.get(key):
                self.secrets.update(opened.profile.secrets())
        used = await asyncio.to_thread(self._used, reading, known)
        view = await asyncio.to_thread(self._view, reading, known)
        self._turn(Seen(view, reading.revision, reading.entries, reading.common, known, used))

    async def is_outdated(self) -> bool:
        """Whether the config folder's platforms are other ones than when the source was read last."""
        shelf = await asyncio.to_thread(self._own.look)
        return shelf.digest != self.now.known.config.digest

    def _known(self, beside: Shelf) -> Known:
        config = self._own.look()
        known = self.now.known
        return known if known.is_like(config, beside) else Known(config, lambda: beside)

    def _used(self, reading: Reading, known: Known) -> dict[str, dict[str, PlatformFile]]:
        found = {}
        for entry in reading.entries.values():
            asked = self._opened[self._key(entry, reading)].platforms
            if any(asked.values()):
                found[entry.file] = known.used(asked)
        return found

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
        self, reading: Reading, known: Known, kept: Mapping[tuple[str, str], Opened]
    ) -> dict[tuple[str, str], Opened]:
        found = {}
        for entry in reading.entries.values():
            key = self._key(entry, reading)
            old = kept.get(key)
            if old is None or not old.lasting or not _still_meant(old, known):
                old = self._opening(entry, reading.common, known)
            found[key] = old
        return found

    def _key(self, entry: Entry, reading: Reading) -> tuple[str, str]:
        return entry.file, meant_digest(entry, reading.common)

    def wanted(self, entry: Entry) -> Wanted:
        """What a file of this source would come to that it does not hold. Waits for the disk."""
        common = self.now.common
        opened = self._opening(entry, common, self.now.known)
        return self._wanted(entry, meant_digest(entry, common, opened.platforms.values()), opened, "")

    def _wanted(self, entry: Entry, digest: str, opened: Opened, commit: str) -> Wanted:
        revision = commit if self._by_commit else digest
        return Wanted(
            opened.name, entry.file, digest, opened.profile, opened.findings, revision, opened.warnings
        )

    def _view(self, reading: Reading, known: Known) -> View:
        files = {}
        for file, entry in reading.entries.items():
            opened = self._opened[self._key(entry, reading)]
            digest = meant_digest(entry, reading.common, opened.platforms.values())
            files[file] = self._wanted(entry, digest, opened, reading.revision)
        wrong = [*_wrong(reading), *map(_on_one_line, known.findings())]
        return View(files, reading.complete, together([*filter(None, [reading.problem]), *wrong]))


def _still_meant(opened: Opened, known: Known) -> bool:
    """Whether the platforms that a file names are what they were when it was opened."""
    return all(known.meaning(name) == meaning for name, meaning in opened.platforms.items())


def _wrong(reading: Reading) -> list[str]:
    """What is wrong in the common file, each on one line; that it cannot be read is said already."""
    if reading.common is None or reading.common.problem:
        return []
    common = inherited_from(reading.common)
    findings = common.findings if common else ()
    return [_on_one_line(finding) for finding in findings]


def _on_one_line(finding: Finding) -> str:
    return str(finding).replace("\n  hint: ", " - ")


def meant_digest(entry: Entry, common: Entry | None, platforms: Iterable[str] = ()) -> str:
    """What tells one meaning of a file from another: its bytes, what it inherits, and own platforms.

    `platforms` is what the names of platforms in it led to: states of own files, `;` between them.
    """
    digest = f"{entry.digest}+{common.digest}" if common else entry.digest
    own = sorted({state for meaning in platforms for state in meaning.split(";") if state})
    return f"{digest}+{hashlib.sha256(repr(own).encode()).hexdigest()}" if own else digest
