"""What a controller keeps on disk: the last good copy of each profile, sealed as it was; orders by hand."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spiritstream.config.places import NAME
from spiritstream.config.reach import whole_paths
from spiritstream.config.rewrite import clear_drafts, draft_for, sync_folder, write_new
from spiritstream.config.shelf import PlatformFile
from spiritstream.control.override import Override
from spiritstream.control.runnerlock import TRY_S, holder, locked
from spiritstream.errors import BusyError, SpiritError
from spiritstream.model.lifecycle import Order

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """The last good copy of a profile: its file's bytes, and the defaults it inherited at the time.

    `platforms` are the own platforms that it used, by their ids; `None`: nobody noted them yet.
    """

    name: str
    file: str
    folder: Path
    revision: str
    data: bytes = field(repr=False)
    common: bytes | None = field(default=None, repr=False)
    platforms: Mapping[str, PlatformFile] | None = None


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Be the one controller, for as long as the context lasts; `path` is the lock's.

    Raises:
        BusyError: there is one already.
        SpiritError: the lock cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SpiritError(f"{path} cannot be made: {error.strerror or 'unknown reason'}") from None
    try:
        _lock(descriptor, path)
        yield
    finally:
        # The file stays: were it removed, two could hold locks of one name.
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    if not locked(descriptor, TRY_S):
        pid = holder(path)
        raise BusyError(
            f"a controller runs already{f', pid {pid}' if pid else ''} ({path})",
            "`spiritstream status` shows it, `spiritstream down` ends it",
        )
    with contextlib.suppress(OSError):  # a full disk: it is ours, though nobody can read whose
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


class State:
    """The state folder. Every method waits for the disk; OSError as the system says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._profiles = folder / "profiles"
        self._overrides = folder / "overrides.json"
        self.unreadable = ""
        """Why the orders by hand that are there are not known, and what to do; empty when they are."""

    def prepare(self) -> None:
        """Make the folders, for nobody else's eyes, and clear away what a crash left."""
        for folder in (self.folder, self._profiles):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        clear_drafts(self._overrides)
        for draft in self._profiles.glob(".*.tmp"):
            draft.unlink(missing_ok=True)

    def load(self) -> tuple[list[Kept], dict[str, Override]]:
        """Everything. What cannot be read is as if it were not there: the source is asked all the same.

        Orders by hand that cannot be read are not the same as none: then `unreadable` says so.
        """
        kept = (_read(path, _kept) for path in sorted(self._profiles.glob("*.json")))
        return [one for one in kept if one is not None], self.load_overrides()

    def copy(self, name: str) -> Kept | None:
        """One profile's last good copy; `None` if there is none that can be read."""
        found: Kept | None = _read(self._place(name), _kept)
        return found

    def files_named(self) -> set[str] | None:
        """The files, by their whole paths, that the last good copies name; `None` when one cannot be read."""
        kept = [_read(path, _kept) for path in self._profiles.glob("*.json")]
        if None in kept:
            return None
        return {path for one in kept for path in whole_paths(one.data, one.file, one.folder)}

    def load_overrides(self) -> dict[str, Override]:
        """The orders by hand; none when they cannot be read, and then `unreadable` says why."""
        self.unreadable = ""
        try:
            data = self._overrides.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.unreadable = self._why(error.strerror or type(error).__name__)
            return {}
        try:
            parsed = json.loads(data)
            if parsed["version"] == _VERSION:
                return _overrides(parsed)
            reason = "another version of spiritstream wrote it"
        except (ValueError, KeyError, TypeError, AttributeError):
            reason = "it is damaged"
        self.unreadable = self._why(reason)
        return {}

    def _why(self, reason: str) -> str:
        return (
            f"{self._overrides}: the orders by hand cannot be read: {reason}; nothing is put on air or taken "
            "off it until you mend or remove that file, or give an order (`spiritstream start NAME`, "
            "`stop NAME`), which replaces them all"
        )

    def keep(self, kept: Kept) -> None:
        """Remember a profile's last good copy."""
        _write(self._place(kept.name), written(kept))

    def forget(self, name: str) -> None:
        """Remember a profile no more."""
        self._place(name).unlink(missing_ok=True)
        sync_folder(self._profiles)

    def keep_overrides(self, overrides: Iterable[Override]) -> None:
        """Remember these orders by hand, and no others. A file that could not be read is kept beside."""
        if self.unreadable:
            self._set_aside()
        listed = [
            {"path": one.path, "order": one.order.value, "since": one.since, "until": one.until}
            for one in overrides
        ]
        _write(self._overrides, _text({"version": _VERSION, "overrides": listed}))

    def _set_aside(self) -> None:
        bad = self._overrides.with_name(f"{self._overrides.name}.bad")
        for number in itertools.count(2):
            if not os.path.lexists(bad):
                break
            bad = bad.with_name(f"{self._overrides.name}.bad.{number}")
        with contextlib.suppress(FileNotFoundError):
            self._overrides.rename(bad)
        self.unreadable = ""

    def _place(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("no profile has such a name")
        return self._profiles / f"{name}.json"


def written(kept: Kept) -> bytes:
    """A last good copy as it is written down."""
    data: dict[str, Any] = {
        "version": _VERSION,
        "name": kept.name,
        "file": kept.file,
        "folder": str(kept.folder),
        "revision": kept.revision,
        "data": base64.b64encode(kept.data).decode(),
        "common": None if kept.common is None else base64.b64encode(kept.common).decode(),
    }
    if kept.platforms is not None:
        data["platforms"] = {
            file.file: base64.b64encode(file.data).decode() for file in kept.platforms.values()
        }
    return _text(data)


def _text(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data).encode()


def _write(path: Path, data: bytes) -> None:
    draft = draft_for(path)
    try:
        write_new(draft, data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _read(path: Path, make: Any) -> Any:
    try:
        data = json.loads(path.read_bytes())
        return make(data) if data["version"] == _VERSION else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _kept(data: Mapping[str, Any]) -> Kept:
    return Kept(
        str(data["name"]),
        str(data["file"]),
        Path(data["folder"]),
        str(data["revision"]),
        base64.b64decode(data["data"], validate=True),
        None if data["common"] is None else base64.b64decode(data["common"], validate=True),
        _platforms(data.get("platforms")),
    )


def _platforms(listed: Mapping[str, str] | None) -> Mapping[str, PlatformFile] | None:
    if listed is None:
        return None
    files = [PlatformFile(file, base64.b64decode(data, validate=True)) for file, data in listed.items()]
    return {file.id: file for file in files}


def _overrides(data: Mapping[str, Any]) -> dict[str, Override]:
    listed = [
        Override(
            str(one["path"]),
            Order(one["order"]),
            float(one["since"]),
            None if one["until"] is None else float(one["until"]),
        )
        for one in data["overrides"]
    ]
    return {one.path: one for one in listed}
