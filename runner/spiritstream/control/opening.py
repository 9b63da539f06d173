"""A file of a source to a profile, its sealed values opened; or what is wrong with it, for a person."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spiritstream.config.identity import find_identity, load_keyring
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import check_data, load_data
from spiritstream.config.unlock import PASSPHRASE_FILE, asking
from spiritstream.control.source import Entry
from spiritstream.control.taking import Stamp, stamp_of
from spiritstream.errors import ProfileError, SpiritError
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file came to. `profile` is `None` when it cannot be used; its `name` may be known all the same.

    `lasting` is false when the reason lies outside the file, such as an identity that is not there yet.
    """

    name: str
    profile: Profile | None
    findings: tuple[str, ...] = ()
    lasting: bool = True


Opening = Callable[[Entry, Entry | None], Opened]
"""From a file, and its source's common file, to what it came to. Waits for the disk; never raises."""


class ProfileOpener:
    """Opens with this user's identity; callable from any thread."""

    def __init__(self, identity: Path | None, environ: Mapping[str, str]) -> None:
        self._identity = identity
        self._environ = environ
        self._values: _Values | None = None
        self._lock = threading.Lock()

    def __call__(self, entry: Entry, common: Entry | None = None) -> Opened:
        """What the file came to."""
        with self._lock:
            return self._guarded(entry)

    def forget(self) -> None:
        """Read the identity anew, whether its file has changed or not."""
        with self._lock:
            self._values = None

    def _guarded(self, entry: Entry) -> Opened:
        try:
            return self._opened(entry)
        except ProfileError as error:
            name = check_data(entry.data, entry.file, entry.folder).name
            return Opened(name, None, tuple(str(finding) for finding in error.findings))
        except SpiritError as error:
            name = check_data(entry.data, entry.file, entry.folder).name
            return Opened(name, None, (str(error),), lasting=False)
        except Exception as error:
            # A fault of ours in one file must not blind us to the others.
            return Opened("", None, (f"{entry.file}: unexpected fault: {type(error).__name__}",))

    def _opened(self, entry: Entry) -> Opened:
        if self._values is None:
            self._values = _Values(self._identity, self._environ)
        try:
            profile = self._load(entry, self._values)
        except ProfileError:
            raise
        except SpiritError:
            # The identity may have been exchanged since it was read, by a rotation of keys. Reading it can
            # cost a second of one core: never for each file that it does not open.
            if not self._values.is_outdated():
                raise
            self._values = _Values(self._identity, self._environ)
            profile = self._load(entry, self._values)
        return Opened(profile.name, profile)

    def _load(self, entry: Entry, values: _Values) -> Profile:
        return load_data(entry.data, entry.file, entry.folder, values, self._environ)


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
