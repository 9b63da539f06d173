"""What a rotation has begun, in the state folder until it has ended: names and fingerprints, no secret."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from spiritstream.config.rewrite import clear_drafts, draft_for, sync_folder, write_new
from spiritstream.errors import SpiritError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A rotation from one recipient's fingerprint to another's, and the files that it seals anew."""

    old: str
    new: str
    files: tuple[str, ...]


def state_folder() -> Path:
    """Where what outlives a command is kept."""
    return Path(platformdirs.user_state_dir("spiritstream", appauthor=False))


@dataclass(frozen=True, slots=True)
class Slot:
    """The one place for the unfinished rotation of one identity's file."""

    path: Path

    @classmethod
    def of(cls, identity: Path, folder: Path) -> Slot:
        """The slot of an identity's file, in the state folder."""
        name = hashlib.sha256(str(identity.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return cls(folder / f"rotation-{name}.json")

    def read(self) -> Unfinished | None:
        """What was begun and has not ended, if anything.

        Raises:
            SpiritError: it cannot be read.
        """
        try:
            data = json.loads(self.path.read_bytes())
            if data.pop("version") != _VERSION:
                raise ValueError
            return Unfinished(data["old"], data["new"], tuple(data["files"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise SpiritError(
                f"{self.path}, where an unfinished rotation is kept, cannot be read",
                "remove it, and name all folders with profiles: `spiritstream keys rotate PATH...`",
            ) from None

    def write(self, unfinished: Unfinished) -> None:
        """Keep what is begun, before it is begun."""
        data = json.dumps({"version": _VERSION, **asdict(unfinished)}).encode()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            clear_drafts(self.path)
            draft = draft_for(self.path)
            write_new(draft, data)
            draft.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise SpiritError(
                f"{self.path} cannot be written: {error.strerror}; nothing was changed", "mend the folder"
            ) from None

    def clear(self) -> None:
        """It has ended."""
        if self.path.parent.is_dir():
            clear_drafts(self.path)
            self.path.unlink(missing_ok=True)
            sync_folder(self.path.parent)
