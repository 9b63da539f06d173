"""The platforms that are known at one place: the shipped ones, this user's own, and those beside profiles.

Own platforms are files in the form of the shipped ones. One in `platforms/` of the config folder adds a
platform, or takes the place of the shipped one of its id; a shipped id is found before another's name.
One in a `platforms/` beside profiles (`shelf.py`) only adds.

Two rules keep keys where they belong:

- The keys of an own platform are sealed for the host that they are sent to, never for its id. A key that
  was sealed for the shipped `twitch` does not open where an own `twitch.yaml` sends it elsewhere.
- What stands beside profiles comes from whoever may edit the repository. None of its names is that of
  another platform, or looks like it: `platform: twitch` would still read as Twitch to the person who seals
  the next key. To override one is for the config folder, which is its owner's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

from spiritstream.config.data import data_folder
from spiritstream.config.hosts import platforms_at
from spiritstream.config.likeness import likeness
from spiritstream.config.ownfile import Entry, OwnPlatformError, own_entry
from spiritstream.config.platforms import (
    Platform,
    UnknownPlatformError,
    find_platform,
    platform_ids,
    read_facts,
    shipped_labels,
)
from spiritstream.config.recognising import has_address_at
from spiritstream.config.shelf import (
    EMPTY,
    FOLDER,
    PlatformFile,
    Shelf,
    beside_shelf,
    config_platforms,
    config_shelf,
)
from spiritstream.errors import Finding

__all__ = ["Entry", "Known", "OwnPlatformError", "finder", "known_platform"]

_LONGEST_COMPARED = 100
_NOT_READ = "not read"


class Known:
    """What is known at one place and one moment; called with a name, it finds the platform."""

    def __init__(self, config: Shelf = EMPTY, beside: Callable[[], Shelf] = lambda: EMPTY) -> None:
        """`beside` is asked only when a name is neither a shipped one's nor one of the config folder's."""
        self.config = config
        self._ask = beside
        self._leads: dict[str, PlatformFile | None] = {}
        self._entries: dict[str, Entry | tuple[Finding, ...]] = {}

    def __call__(self, name: str) -> Platform:
        """The platform of this id, name or alias, whatever its case; the config folder's win.

        An id opens one file; only another name, or one beside profiles, makes all of them be read.

        Raises:
            UnknownPlatformError: there is none; the error names the nearest.
            OwnPlatformError: its own file is not valid.
        """
        if unread := self._unread(name):
            raise OwnPlatformError(unread, "whether it has a file of your own is not known")
        file = self._file(name)
        return self._shipped(_folded(name)) if file is None else self._own(file).platform

    def entry(self, name: str) -> Entry:
        """As a call, with everything that its file says. Raises what a call does."""
        if (file := self._file(name)) and not self._unread(name):
            return self._own(file)
        platform, folder = self(name), data_folder("platforms")
        return Entry(platform, read_facts(folder, platform.id), folder / f"{platform.id}.yaml")

    def at(self, host: str) -> tuple[Platform, ...]:
        """The platforms with an address at this host, in lower case; none that stands beside profiles."""
        config = self.config.files
        found = [one for one in platforms_at(host) if one.id not in config]
        own = [entry.platform for file in config.values() if isinstance(entry := self._checked(file), Entry)]
        return (*found, *(one for one in own if has_address_at(one, host)))

    def ids(self) -> tuple[str, ...]:
        """Every platform's id, sorted, from the file names alone."""
        return tuple(sorted({*platform_ids(), *self.config.files, *self._beside.files}))

    def findings(self) -> list[Finding]:
        """What is wrong with own platforms' files and their folders."""
        return [*self._findings(self.config), *self.beside_findings()]

    def beside_findings(self) -> list[Finding]:
        """What is wrong with those beside the profiles, and their folder."""
        return self._findings(self._beside)

    def _findings(self, shelf: Shelf) -> list[Finding]:
        found = list(shelf.faults)
        for file in shelf.files.values():
            entry = self._checked(file)
            found += entry if isinstance(entry, tuple) else ()
        return found

    def meaning(self, asked: str) -> str:
        """What tells whether a name, or `://HOST`, leads to the same later: empty without an own file."""
        return _NOT_READ if self._unread(asked) else ";".join(map(self.state, self._led(asked)))

    def used(self, asked: Iterable[str]) -> dict[str, PlatformFile]:
        """The own files that these names, or `://HOST`, lead to, by their ids."""
        return {file.id: file for one in asked for file in self._led(one)}

    def is_like(self, config: Shelf, beside: Shelf) -> bool:
        """Whether it was made of these shelves."""
        return (self.config.digest, self._beside.digest) == (config.digest, beside.digest)

    @cached_property
    def _beside(self) -> Shelf:
        return self._ask()

    def state(self, file: PlatformFile) -> str:
        """What tells whether an own file says the same thing later, and whether that holds."""
        is_good = isinstance(self._checked(file), Entry)
        return f"{file.id}:{file.digest}{'' if is_good else ':not valid'}"

    def _unread(self, name: str) -> list[Finding]:
        """Why the config folder may hold a platform of this name that was not read: then there is no other.

        The shipped one would get the keys that are meant for the own one.
        """
        if not self.config.faults:
            return []
        wanted = _folded(name)
        wholly = [one for one in self.config.faults if Path(one.file).name == FOLDER]
        misnamed = [one for one in self.config.faults if _folded(Path(one.file).stem) == wanted]
        return wholly or ([] if wanted in self.config.files else misnamed)

    def _led(self, asked: str) -> list[PlatformFile]:
        if not asked.startswith("://"):
            file = self._file(asked)
            return [file] if file else []
        config, host = self.config.files, asked.removeprefix("://")
        instead = {one.id for one in platforms_at(host)} | {one.id for one in self.at(host)}
        return [config[id] for id in sorted(instead & config.keys())]

    def _file(self, name: str) -> PlatformFile | None:
        """The own file that a name leads to, be it valid or not; `None`: a shipped one, or none at all."""
        wanted = _folded(name)
        if wanted not in self._leads:
            self._leads[wanted] = self._lead(wanted)
        return self._leads[wanted]

    def _lead(self, wanted: str) -> PlatformFile | None:
        config = self.config.files
        if wanted in config:
            return config[wanted]
        if wanted in platform_ids_set():
            return None
        if file := self._called(wanted, config):
            return file
        if wanted in (labels := shipped_labels()):
            return config.get(labels[wanted])
        beside = self._beside.files
        return beside[wanted] if wanted in beside else self._called(wanted, beside)

    def _called(self, wanted: str, files: Mapping[str, PlatformFile]) -> PlatformFile | None:
        """The file of a platform with this name or alias."""
        for file in files.values():
            entry = self._checked(file)
            if isinstance(entry, Entry) and wanted in map(_folded, _names(entry.platform)):
                return file
        return None

    def _own(self, file: PlatformFile) -> Entry:
        found = self._checked(file)
        if isinstance(found, Entry):
            return found
        raise OwnPlatformError(found)

    def _checked(self, file: PlatformFile) -> Entry | tuple[Finding, ...]:
        if file.file not in self._entries:
            self._entries[file.file] = self._check(file)
        return self._entries[file.file]

    def _check(self, file: PlatformFile) -> Entry | tuple[Finding, ...]:
        found = own_entry(file)
        if self.config.files.get(file.id) is file:
            return found
        if shown := self._taken.get(likeness(file.id)):
            return (_refusal(file, Finding(file.file, 1, 1, "", f"the file's name is that of {shown}")),)
        if isinstance(found, tuple):
            return found
        refused = [
            _refusal(file, found.document.finding(at, f"this is, or looks like, the name of {shown}"))
            for at, label in _placed_names(found.platform)
            if (shown := self._taken.get(likeness(label)))
        ]
        return tuple(refused) or replace(found, beside=True)

    @cached_property
    def _taken(self) -> Mapping[str, str]:
        """How the names look that no platform beside profiles may have, with whose they are."""
        taken = dict(_shipped_likenesses())
        for file in self.config.files.values():
            entry = own_entry(file)
            names = (file.id, *(_names(entry.platform) if isinstance(entry, Entry) else ()))
            taken |= {likeness(name): f"{file.id} in the config folder" for name in names}
        return taken

    def _shipped(self, wanted: str) -> Platform:
        try:
            return find_platform(wanted)
        except UnknownPlatformError as error:
            own = [*self.config.files, *self._beside.files]
            near = get_close_matches(wanted[:_LONGEST_COMPARED], own, n=1)
            hint = error.hint
            if near:
                hint = f"did you mean {near[0]}? {hint.partition('? ')[2] or hint}"
            # A whole folder that is not read may hold the one that is meant.
            for fault in (*self.config.faults, *self._beside.faults):
                hint += f"; {fault.file}: {fault.message}"
            raise UnknownPlatformError(error.message, hint, near[0] if near else error.nearest) from None


def finder(folder: Path | None = None) -> Known:
    """What profiles in `folder` know, as it is on disk; without one, the shipped and the config folder's."""
    if folder is None:
        return Known(config_shelf())
    return Known(config_shelf(), lambda: beside_shelf(folder))


def known_platform(name: str) -> Platform:
    """As `finder`, for one name, by the shipped and the config folder's platforms."""
    return finder()(name)


def _refusal(file: PlatformFile, finding: Finding) -> Finding:
    place = config_platforms() / f"{file.id}.yaml"
    hint = f"what stands beside profiles only adds: give it another name; to override one, make it {place}"
    return replace(finding, hint=hint)


def _folded(name: str) -> str:
    return name.strip().casefold()


def _names(platform: Platform) -> tuple[str, ...]:
    return (platform.name, *platform.aliases)


def _placed_names(platform: Platform) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("name",), platform.name
    for index, alias in enumerate(platform.aliases):
        yield ("aliases", index), alias


@lru_cache(maxsize=1)
def platform_ids_set() -> frozenset[str]:
    """The shipped platforms' ids, which stay as they are as long as the program runs."""
    return frozenset(platform_ids())


@lru_cache(maxsize=1)
def _shipped_likenesses() -> Mapping[str, str]:
    return {likeness(label): f"the platform {id}" for label, id in shipped_labels().items()}
