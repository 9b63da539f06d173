"""A file of a source to a profile, its sealed values opened; or what is wrong with it, for a person."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from spiritstream.config.common import COMMON, Common
from spiritstream.config.commonfile import common_of
from spiritstream.config.identity import find_identity, load_keyring
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import Loaded, check_data, load_bytes
from spiritstream.config.platforms import Platform
from spiritstream.config.reach import Reach
from spiritstream.config.registry import Known, finder
from spiritstream.config.unlock import PASSPHRASE_FILE, asking
from spiritstream.control.source import Entry
from spiritstream.control.taking import Stamp, stamp_of
from spiritstream.errors import Finding, ProfileError, SpiritError
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret

log = logging.getLogger("spiritstream.controller")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file came to. `profile` is `None` when it cannot be used; its `name` may be known all the same.

    `lasting` is false when the reason lies outside the file, such as an identity that is not there yet.
    `warnings` are what its platforms may object to; they change nothing. `platforms` are the names that were
    looked for, with what each led to (`Known.meaning`): what it came to is so as long as they do.
    """

    name: str
    profile: Profile | None
    findings: tuple[str, ...] = ()
    lasting: bool = True
    warnings: tuple[str, ...] = ()
    platforms: Mapping[str, str] = field(default_factory=dict, compare=False)


Opening = Callable[[Entry, Entry | None, Known], Opened]
"""From a file, its source's common file and the platforms that are known there, to what it came to.

Waits for the disk; never raises.
"""


_WAITS = f"%s: its defaults are not known: {COMMON} is not valid"


def inherited_from(entry: Entry | None) -> Common | None:
    """What a source's common file says, if there is one."""
    if entry is None:
        return None
    if entry.problem:
        return Common(entry.file, findings=(Finding(entry.file, 1, 1, "", entry.problem),))
    return common_of(entry.data, entry.file)


class ProfileOpener:
    """Opens with this user's identity; callable from any thread."""

    def __init__(
        self,
        identity: Path | None,
        environ: Mapping[str, str],
        reach: Callable[[], Reach] | None = None,
    ) -> None:
        """`reach`: what files may use, which come from git; asked now, and whenever `forget` is called."""
        self._identity = identity
        self._environ = environ
        self._asked = reach
        self._reach = reach() if reach else None
        self._values: _Values | None = None
        self._lock = threading.Lock()

    def __call__(self, entry: Entry, common: Entry | None = None, known: Known | None = None) -> Opened:
        """What the file came to."""
        platforms = _Asked(known or finder())
        with self._lock:
            opened = self._guarded(entry, common, platforms)
        return replace(opened, platforms=platforms.meanings())

    def forget(self) -> None:
        """Read the identity anew, whether its file has changed or not; and what may be used."""
        with self._lock:
            self._values = None
            try:
                self._reach = self._asked() if self._asked else None
            except SpiritError as error:
                log.error("what profiles from git may use stays as it was: %s", error)

    def _guarded(self, entry: Entry, inherited: Entry | None, platforms: _Asked) -> Opened:
        try:
            common = inherited_from(inherited)
            if common is not None and common.findings:
                # What is wrong there is said once, and not by each of a thousand profiles.
                name = _name(entry, platforms)
                lasting = not (inherited and inherited.problem)
                return Opened(name, None, (_WAITS % entry.file,), lasting=lasting)
            return self._opened(entry, common, platforms)
        except ProfileError as error:
            name = _name(entry, platforms)
            findings = tuple(str(finding) for finding in error.findings)
            # What it may not use today, it may tomorrow.
            return Opened(name, None, findings, lasting=self._reach is None)
        except SpiritError as error:
            return Opened(_name(entry, platforms), None, (str(error),), lasting=False)
        except Exception as error:
            # A fault of ours in one file must not blind us to the others. It may pass, as a lack of memory.
            found = (f"{entry.file}: unexpected fault: {type(error).__name__}",)
            return Opened("", None, found, lasting=False)

    def _opened(self, entry: Entry, common: Common | None, platforms: _Asked) -> Opened:
        if self._values is None:
            self._values = _Values(self._identity, self._environ)
        try:
            loaded = self._load(entry, common, platforms, self._values)
        except ProfileError:
            raise
        except SpiritError:
            # The identity may have been exchanged since it was read, by a rotation of keys. Reading it can
            # cost a second of one core: never for each file that it does not open.
            if not self._values.is_outdated():
                raise
            self._values = _Values(self._identity, self._environ)
            loaded = self._load(entry, common, platforms, self._values)
        return Opened(loaded.profile.name, loaded.profile, warnings=tuple(map(str, loaded.warnings)))

    def _load(self, entry: Entry, common: Common | None, platforms: _Asked, values: _Values) -> Loaded:
        reach = replace(self._reach, refused=entry.refused) if self._reach else None
        data, folder = entry.data, entry.folder
        return load_bytes(
            data,
            entry.file,
            folder,
            values,
            self._environ,
            reach=reach,
            common=common,
            platforms=platforms,
        )


class _Asked:
    """The platforms that are known, and the names that a file asked for."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._asked: set[str] = set()

    def __call__(self, name: str) -> Platform:
        """The platform of a name."""
        self._asked.add(name)
        return self._known(name)

    def at(self, host: str) -> tuple[Platform, ...]:
        """The platforms at a host."""
        self._asked.add(f"://{host}")
        return self._known.at(host)

    def meanings(self) -> dict[str, str]:
        """What each name, or `://HOST`, that was asked for led to."""
        return {asked: self._known.meaning(asked) for asked in self._asked}


def _name(entry: Entry, platforms: _Asked) -> str:
    """A profile's name, if that can be told."""
    return check_data(entry.data, entry.file, entry.folder, platforms=platforms).name


class _Values:
    """Opens sealed values with the identity as it was at one moment; also that it cannot be had is kept."""

    def __init__(self, identity: Path | None, environ: Mapping[str, str]) -> None:
        self._identity = identity
        self._environ = environ
        self._stamps = self._look()
        self._ring: Keyring | None = None
        self._failure: SpiritError | None = None

    def __call__(self, text: str, destination: str, field: str) -> Secret:
        """The value that was sealed."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._ring is None:
            try:
                self._ring = load_keyring(find_identity(self._identity, self._environ), asking(self._environ))
            except SpiritError as error:
                self._failure = error
                raise
        return self._ring.open(text, destination, field)

    def is_outdated(self) -> bool:
        """Whether the identity's file, or its passphrase's, is another one by now."""
        return self._look() != self._stamps

    def _look(self) -> tuple[tuple[Path, Stamp | None], ...]:
        paths = []
        with contextlib.suppress(SpiritError):
            paths.append(find_identity(self._identity, self._environ))
        if named := self._environ.get(PASSPHRASE_FILE):
            paths.append(Path(named))
        return tuple((path, _stamp(path)) for path in paths)


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path.stat())
    except OSError:
        return None
