"""The identity's file: made once, readable by its owner alone, found in the same order everywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

import platformdirs

from spiritstream.config.keypair import Identity as Identity
from spiritstream.config.keypair import Recipient, parse_identity, parse_recipient
from spiritstream.config.rewrite import sync_folder, write_new
from spiritstream.errors import ExitCode, KeyMissingError, SpiritError

ENVIRONMENT = "SPIRITSTREAM_IDENTITY"
RECIPIENT_ENVIRONMENT = "SPIRITSTREAM_RECIPIENT"
CREDENTIAL = "spiritstream-identity"
# Room for a protected form later: `version 2 ...`, with what it takes to open it.
_VERSION_LINE = "spiritstream-identity version 1"
_MAX_BYTES = 4096
_HEAD = """\
# The identity of a spiritstream server: it opens what was sealed for its recipient.
# Keep a copy in a safe place, and never in a repository. The recipient below may be public.
"""


class IdentityExistsError(SpiritError):
    """There is an identity already: what was sealed for it would be lost with it."""

    exit_code = ExitCode.GUARDED


def default_path() -> Path:
    """Where the identity is when nothing else is said."""
    return Path(platformdirs.user_config_dir("spiritstream", appauthor=False)) / "identity"


def new_identity_path(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """Where a new identity goes: to the flag's place, the environment's, or the config folder."""
    named = flag or _from_environment(environ)
    return named or default_path()


def find_identity(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """The identity's file: flag, environment, systemd credential, config folder, in this order.

    Raises:
        KeyMissingError: naming every place that was looked at. A place that was named by flag or
            environment is not replaced by another one.
    """
    if named := flag or _from_environment(environ):
        places = [named]
    else:
        folder = environ.get("CREDENTIALS_DIRECTORY")
        places = [Path(folder) / CREDENTIAL] if folder else []
        places.append(default_path())
    for place in places:
        if _is_there(place):
            return place
    raise KeyMissingError(
        f"no identity: there is no {' and no '.join(str(place) for place in places)}",
        f"name its file with --identity FILE or {ENVIRONMENT}, or make one: `spiritstream keys init`",
    )


def save_identity(identity: Identity, path: Path) -> None:
    """Write a new identity: whole or not at all, private from its first byte, never over another.

    Raises:
        IdentityExistsError: there is a file already; it is left as it is.
    """
    text = f"{_HEAD}# recipient: {identity.recipient}\n{_VERSION_LINE}\n{identity.text().reveal()}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_in_place(text.encode(), path)
    except OSError as error:
        reason = _reason(error)
        raise SpiritError(
            f"{path} cannot be written: {reason}", "name another file: --identity FILE"
        ) from None


def load_identity(path: Path) -> Identity:
    """The identity in a file.

    Raises:
        KeyMissingError: it cannot be read, others can read it too, or it holds no identity.
    """
    try:
        text = _read_private(path)
    except OSError as error:
        raise KeyMissingError(
            f"the identity {path} cannot be read: {_reason(error)}", "name another one with --identity FILE"
        ) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and lines[0].startswith("spiritstream-identity ") and lines[0] != _VERSION_LINE:
        raise KeyMissingError(
            f"the identity {path} is of a version that is not known here", "use the spiritstream that made it"
        )
    identity = parse_identity(lines[1]) if len(lines) == 2 and lines[0] == _VERSION_LINE else None
    if identity is None:
        raise KeyMissingError(
            f"{path} is no identity: it is damaged, or another kind of file",
            "restore it from its copy; `spiritstream keys init --identity FILE` makes a new one, which "
            "opens nothing that was sealed before",
        )
    return identity


def keys_for_sealing(
    recipient: str | None, identity: Path | None, environ: Mapping[str, str]
) -> tuple[Recipient, Identity | None]:
    """Whom to seal for, and the identity that can prove it, if it is at hand.

    The recipient comes from the flag, the environment, or the identity, in this order.

    Raises:
        KeyMissingError: there is neither, or the identity that was named is another recipient's.
    """
    text = recipient or environ.get(RECIPIENT_ENVIRONMENT)
    if not text:
        mine = _own_identity(identity, environ)
        return mine.recipient, mine
    wanted = parse_recipient(text.strip())
    try:
        path = find_identity(identity, environ)
    except KeyMissingError:
        if identity:
            raise
        return wanted, None
    mine = load_identity(path)
    if identity and mine.recipient != wanted:
        raise KeyMissingError(
            f"the identity {path} ({mine.fingerprint}) does not open what is sealed for {wanted.fingerprint}",
            "leave out one of identity and recipient, or name two that belong together",
        )
    return wanted, mine if mine.recipient == wanted else None


def exposed_to(mode: int, owner: int, us: int) -> bool:
    """Whether others than we, root, and whom root chose could read or change a file with this mode.

    systemd and Kubernetes hand a service its credential as a file of root's that its group may read.
    """
    handed_by_root = owner == 0 and us != 0
    return bool(mode & (0o037 if handed_by_root else 0o077))


def _own_identity(flag: Path | None, environ: Mapping[str, str]) -> Identity:
    try:
        return load_identity(find_identity(flag, environ))
    except KeyMissingError as error:
        enough = f"a recipient is enough to seal: --recipient TEXT or {RECIPIENT_ENVIRONMENT}"
        raise KeyMissingError(error.message, f"{error.hint}; {enough}") from None


def _from_environment(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(ENVIRONMENT)
    return Path(named) if named else None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # there, or hidden from us: reading it will say why


def _put_in_place(data: bytes, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{token_hex(4)}.new")
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


def _read_private(path: Path) -> str:
    """The file's text; the open file is asked for its mode, so that it cannot be swapped in between."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if exposed_to(stat.S_IMODE(status.st_mode), status.st_uid, os.geteuid()):
            raise KeyMissingError(
                f"the identity {path} can be read or changed by other users",
                f"run `chmod 600 {path}`; if others may have read it, make a new one and replace all keys",
            )
        return file.read(_MAX_BYTES).decode("utf-8", "replace")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
