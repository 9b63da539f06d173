"""The identity's file: made once, opened, replaced whole or not at all; readable by its owner alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from spiritstream.config.identityfile import (
    Locked,
    UnknownVersionError,
    locked_text,
    parse_identity_file,
    plain_text,
)
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.passphrase import NONCE_BYTES, SALT_BYTES
from spiritstream.config.private import read_private
from spiritstream.config.rewrite import (
    Original,
    clear_drafts,
    draft_for,
    replace_original,
    sync_folder,
    write_new,
)
from spiritstream.config.unlock import Ask, asking
from spiritstream.errors import BusyError, ExitCode, KeyMissingError, SpiritError
from spiritstream.secret import Secret

_MAX_BYTES = 4096


class IdentityExistsError(SpiritError):
    """There is an identity already: what was sealed for it would be lost with it."""

    exit_code = ExitCode.GUARDED


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """An identity's file as it was read; whether what is in it opens is not known yet."""

    path: Path
    original: Original
    content: Keyring | Locked

    @property
    def protected(self) -> bool:
        """Whether a passphrase is needed."""
        return isinstance(self.content, Locked)

    @property
    def recipient(self) -> Recipient:
        """The public half of the current identity."""
        return self.content.recipient if isinstance(self.content, Locked) else self.content.current.recipient

    @property
    def previous(self) -> Recipient | None:
        """The public half of the identity before, while a rotation is not finished."""
        before = self.content.previous
        return before.recipient if isinstance(before, Identity) else before


@dataclass(frozen=True, slots=True)
class OpenIdentity:
    """An identity's file, opened; `passphrase` is the one that did it, if it took one."""

    file: IdentityFile
    ring: Keyring
    passphrase: Secret | None = None


def save_identity(identity: Identity, path: Path) -> None:
    """Write a new identity: whole or not at all, private from its first byte, never over another.

    Raises:
        IdentityExistsError: there is a file already; it is left as it is.
    """
    text = plain_text(Keyring(identity))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_in_place(text.encode(), path)
    except OSError as error:
        reason = _reason(error)
        raise SpiritError(
            f"{path} cannot be written: {reason}", "name another file: --identity FILE"
        ) from None


def load_identity(path: Path, ask: Ask | None = None) -> Identity:
    """The current identity in a file; as `load_keyring`."""
    return load_keyring(path, ask).current


def load_keyring(path: Path, ask: Ask | None = None) -> Keyring:
    """The identities in a file; as `open_identity`."""
    return open_identity(read_identity(path), ask).ring


def read_identity(path: Path) -> IdentityFile:
    """An identity's file, not opened.

    Raises:
        KeyMissingError: it cannot be read, others can read it too, or it holds no identity.
    """
    try:
        afterwards = "make a new one and replace all keys"
        original = read_private(path, "the identity", _MAX_BYTES, afterwards)
    except OSError as error:
        raise KeyMissingError(
            f"the identity {path} cannot be read: {_reason(error)}", "name another one with --identity FILE"
        ) from None
    return IdentityFile(path, original, _parse(path, original.data))


def open_identity(file: IdentityFile, ask: Ask | None = None) -> OpenIdentity:
    """What is in the file; `ask` is called if that takes a passphrase.

    Raises:
        KeyMissingError: the passphrase is missing or wrong.
    """
    if isinstance(file.content, Keyring):
        return OpenIdentity(file, file.content)
    passphrase = (ask or asking({}))()
    ring = file.content.unlock(passphrase)
    if ring is None:
        raise KeyMissingError(
            f"this passphrase does not open the identity {file.path}",
            "try again, or restore it from its copy",
        )
    return OpenIdentity(file, ring, passphrase)


def replace_identity(file: IdentityFile, ring: Keyring, passphrase: Secret | None) -> None:
    """Put other identities, or another protection, in the file's place.

    The old file is there, whole, until the new one was read back and opened.

    Raises:
        BusyError: the file was changed since it was read.
        SpiritError: it cannot be written; it is as it was.
    """
    if passphrase is None:
        text = plain_text(ring)
    else:
        text = locked_text(ring, passphrase, token_bytes(SALT_BYTES), token_bytes(NONCE_BYTES))

    def prove(draft: Path) -> None:
        content = _parse(draft, draft.read_bytes())
        opened = content.unlock(passphrase) if isinstance(content, Locked) and passphrase else content
        if not isinstance(opened, Keyring) or _halves(opened) != _halves(ring):
            raise SpiritError(
                f"the new {file.path} did not prove to open; the old one is as it was", "please report it"
            )

    replace_original(file.original, text.encode(), prove)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """One at a time: who changes an identity, and what is sealed for it, holds its folder.

    Raises:
        BusyError: somebody else does.
        KeyMissingError: there is no such folder.
    """
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise KeyMissingError(f"the identity {path} cannot be read: {_reason(error)}") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(
            f"somebody is changing the identity {path} already", "wait until that has ended"
        ) from None
    finally:
        os.close(folder)


def _parse(path: Path, data: bytes) -> Keyring | Locked:
    try:
        content = parse_identity_file(data.decode("utf-8", "replace"))
    except UnknownVersionError:
        raise KeyMissingError(
            f"the identity {path} is of a version that is not known here", "use the spiritstream that made it"
        ) from None
    except KeyMissingError as error:
        raise KeyMissingError(f"the identity {path}: {error.message}", error.hint) from None
    if content is None:
        raise KeyMissingError(
            f"{path} is no identity: it is damaged, or another kind of file",
            "restore it from its copy; `spiritstream keys init --identity FILE` makes a new one, which "
            "opens nothing that was sealed before",
        )
    return content


def _halves(ring: Keyring) -> tuple[Recipient, Recipient | None]:
    return ring.current.recipient, ring.previous.recipient if ring.previous else None


def _put_in_place(data: bytes, path: Path) -> None:
    clear_drafts(path)
    draft = draft_for(path)
    write_new(draft, data)
    try:
        # Unlike a rename, a link never replaces what is there.
        path.hardlink_to(draft)
    except FileExistsError:
        raise IdentityExistsError(
            f"{path} exists already and is left as it is",
            "use it, or name another file with --identity FILE; what was sealed for it needs it",
        ) from None
    finally:
        draft.unlink()
    sync_folder(path.parent)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
