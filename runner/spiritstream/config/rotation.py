"""Rotating keys: a new identity, and every value sealed for it, all or nothing.

The order makes it safe to die anywhere: what is begun is noted; the identity's file gets the new identity,
with the previous one beside it; then one file after the other is replaced, each whole or not at all. So at
every moment each value is sealed for an identity that is in the file. Run again, a rotation that had
reached the identity's file goes on; one that had not is forgotten, as nothing was changed.

A `.spiritstream.yaml` among the files gets the new recipient, so that what is sealed from then on is too.

The previous identity stays until `finish`: another checkout, an unmerged branch or a server that has not
fetched yet still has values that were sealed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spiritstream.config.common import COMMON
from spiritstream.config.document import MAX_BYTES
from spiritstream.config.keyfile import (
    OpenIdentity,
    holding,
    open_identity,
    read_identity,
    replace_identity,
)
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.resealing import Resealing, mentions, named_on, reseal, together, with_recipient
from spiritstream.config.rewrite import Original, read_original, replace_original
from spiritstream.config.sealing import LeavesOf
from spiritstream.config.unfinished import Slot, Unfinished
from spiritstream.config.unlock import Ask
from spiritstream.errors import ExitCode, SpiritError


class GuardedError(SpiritError):
    """What was asked for would lose something."""

    exit_code = ExitCode.GUARDED


@dataclass(frozen=True, slots=True)
class Work:
    """One file: as it was, and as it is to be."""

    name: str
    original: Original
    resealing: Resealing


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of a rotation. `earlier` says how one that had been interrupted ended, if there was one."""

    recipient: Recipient
    made: bool
    earlier: str
    work: tuple[Work, ...]


FINISHED, ROLLED_BACK = "finished", "rolled back"


def rotate(place: Path, ask: Ask | None, files: Sequence[Path], slot: Slot, leaves_of: LeavesOf) -> Rotated:
    """Make a new identity at `place`, and seal every value in `files` for it; or go on with what was begun.

    Raises:
        BusyError: somebody else rotates, or edits one of the files: everything is as it was.
        GuardedError: a rotation is not finished, and nothing in these files belongs to it.
        SpiritError: a file cannot be read, or a value does not open: nothing was written.
    """
    with holding(place):
        key = open_identity(read_identity(place), ask)
        begun = slot.read()
        if begun and begun.new != key.ring.current.fingerprint:
            slot.clear()
            return _again(key, files, slot, leaves_of)
        there = [path for path in map(Path, begun.files if begun else ()) if path.exists()]
        return _rotate(key, [*files, *there], slot, leaves_of, begun)


def _again(key: OpenIdentity, files: Sequence[Path], slot: Slot, leaves_of: LeavesOf) -> Rotated:
    """After a rotation that had changed nothing yet."""
    if not files:
        return Rotated(key.ring.current.recipient, False, ROLLED_BACK, ())
    done = _rotate(key, files, slot, leaves_of, None)
    return Rotated(done.recipient, done.made, ROLLED_BACK, done.work)


def _rotate(
    key: OpenIdentity, files: Sequence[Path], slot: Slot, leaves_of: LeavesOf, begun: Unfinished | None
) -> Rotated:
    fresh = key.ring.previous is None and begun is None
    ring = Keyring(Identity.create(), key.ring.current) if fresh else key.ring
    work = _planned(files, ring, leaves_of)
    if not fresh and not begun and not any(one.resealing.resealed for one in work):
        raise GuardedError(
            "no new identity was made: the last rotation is not finished",
            "when every checkout and server has the new values: `spiritstream keys rotate --finish PATH...`",
        )
    # Not where links lead: a `.spiritstream.yaml` is known by its name.
    names = tuple(str(Path(one.name).absolute()) for one in work)
    slot.write(Unfinished(key.ring.current.fingerprint, ring.current.fingerprint, names))
    _carry_out(key, ring, work, slot, fresh=fresh, resumed=begun is not None)
    return Rotated(ring.current.recipient, fresh, FINISHED if begun else "", tuple(work))


def finish(place: Path, ask: Ask | None, files: Sequence[Path], slot: Slot) -> Recipient | None:
    """Forget the previous identity; gives its recipient, or `None` if there is none.

    Raises:
        GuardedError: something in `files`, be it in a comment, is sealed for it.
    """
    with holding(place):
        file = read_identity(place)
        if slot.read():
            raise GuardedError("a rotation was interrupted", "run `spiritstream keys rotate` first")
        previous = file.previous
        if previous is None:
            return None
        left = [one for path in files for one in _left(path, previous)]
        if left:
            raise GuardedError(
                "\n".join(["nothing was changed: what is sealed here would never open again", *left]),
                "run `spiritstream keys rotate PATH...`; in comments, seal it again or remove it",
            )
        key = open_identity(file, ask)
        replace_identity(file, Keyring(key.ring.current), key.passphrase)
        return previous


def _left(path: Path, previous: Recipient) -> list[str]:
    """What in a file still needs the previous identity."""
    data = _read(path).data
    left = [
        f"{path}:{line}:1: sealed for the previous identity" for line in mentions(data, previous.fingerprint)
    ]
    if path.name == COMMON and (line := named_on(data, str(path), previous)):
        left.append(f"{path}:{line}:1: has new values sealed for the previous identity")
    return left


def _planned(files: Sequence[Path], ring: Keyring, leaves_of: LeavesOf) -> list[Work]:
    """What is to be done, with everything read, opened and proved; nothing is written."""
    found: dict[Path, Work] = {}
    failed: list[SpiritError] = []
    for path in files:
        try:
            original = _read(path)
            if original.path not in found:
                if path.name == COMMON:
                    made = with_recipient(original.data, str(path), ring)
                else:
                    made = reseal(original.data, str(path), ring, leaves_of)
                found[original.path] = Work(str(path), original, made)
        except SpiritError as error:
            failed.append(error)
    if failed:
        raise together(failed)
    return list(found.values())


def _read(path: Path) -> Original:
    return read_original(path, MAX_BYTES)


def _carry_out(
    key: OpenIdentity, ring: Keyring, work: Sequence[Work], slot: Slot, *, fresh: bool, resumed: bool
) -> None:
    done: list[Work] = []
    try:
        if fresh:
            replace_identity(key.file, ring, key.passphrase)
        for one in work:
            if one.resealing.resealed:
                replace_original(one.original, one.resealing.data)
                done.append(one)
        slot.clear()
    except BaseException as error:
        back = _taken_back(key, done, fresh) and not resumed
        if back:
            slot.clear()
        if isinstance(error, SpiritError):
            said = "everything is as it was" if back else "run it again: it goes on where it was"
            error.hint = f"{error.hint}; {said}" if error.hint else said
        raise


def _taken_back(key: OpenIdentity, done: Sequence[Work], fresh: bool) -> bool:
    """Put back what was replaced; whether all of it is as it was. The new identity goes last."""
    with suppress(SpiritError, OSError):
        for one in reversed(done):
            now = _read(one.original.path)
            if now.data != one.resealing.data:
                return False
            replace_original(now, one.original.data)
        if fresh and (now := read_original(key.file.original.path, MAX_BYTES)).data != key.file.original.data:
            replace_original(now, key.file.original.data)
        return True
    return False
