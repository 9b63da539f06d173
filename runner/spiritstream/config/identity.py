"""Which identity it is: its file is found in the same order everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import platformdirs

from spiritstream.config.common import COMMON
from spiritstream.config.keyfile import IdentityExistsError as IdentityExistsError
from spiritstream.config.keyfile import IdentityFile, open_identity, read_identity
from spiritstream.config.keyfile import load_identity as load_identity
from spiritstream.config.keyfile import load_keyring as load_keyring
from spiritstream.config.keyfile import save_identity as save_identity
from spiritstream.config.keypair import Identity as Identity
from spiritstream.config.keypair import Recipient, parse_recipient
from spiritstream.config.private import exposed_to as exposed_to
from spiritstream.config.unlock import asking, find_passphrase
from spiritstream.errors import KeyMissingError

ENVIRONMENT = "SPIRITSTREAM_IDENTITY"
RECIPIENT_ENVIRONMENT = "SPIRITSTREAM_RECIPIENT"
CREDENTIAL = "spiritstream-identity"


class Rule(StrEnum):
    """How an identity's file was found; they are tried in this order."""

    FLAG = "the flag --identity"
    ENVIRONMENT = f"the environment variable {ENVIRONMENT}"
    CREDENTIAL = "the systemd credential"
    CONFIG = "the config folder"


@dataclass(frozen=True, slots=True)
class Found:
    """An identity's file, and by which rule it is the one."""

    path: Path
    rule: Rule


def default_path() -> Path:
    """Where the identity is when nothing else is said."""
    return Path(platformdirs.user_config_dir("spiritstream", appauthor=False)) / "identity"


def new_identity_path(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """Where a new identity goes: to the flag's place, the environment's, or the config folder."""
    named = flag or _from_environment(environ)
    return named or default_path()


def locate_identity(flag: Path | None, environ: Mapping[str, str]) -> Found:
    """The identity's file: flag, environment, systemd credential, config folder, in this order.

    Raises:
        KeyMissingError: naming every place that was looked at. A place that was named by flag or
            environment is not replaced by another one.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if flag:
        places = [Found(flag, Rule.FLAG)]
    elif named := _from_environment(environ):
        places = [Found(named, Rule.ENVIRONMENT)]
    else:
        places = [Found(Path(folder) / CREDENTIAL, Rule.CREDENTIAL)] if folder else []
        places.append(Found(default_path(), Rule.CONFIG))
    for place in places:
        if _is_there(place.path):
            return place
    raise KeyMissingError(
        f"no identity: there is no {' and no '.join(str(place.path) for place in places)}",
        f"name its file with --identity FILE or {ENVIRONMENT}, or make one: `spiritstream keys init`",
    )


def find_identity(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """As `locate_identity`: the file alone."""
    return locate_identity(flag, environ).path


def keys_for_sealing(
    recipient: str | None,
    identity: Path | None,
    environ: Mapping[str, str],
    inherited: Recipient | None = None,
) -> tuple[Recipient, Identity | None]:
    """Whom to seal for, and the identity that can prove it, if it is at hand.

    The recipient comes from the flag, the environment, the `.spiritstream.yaml` (which names `inherited`),
    or the identity, in this order.

    Raises:
        KeyMissingError: there is none, or the identity that was named is another recipient's.
    """
    text = recipient or environ.get(RECIPIENT_ENVIRONMENT)
    wanted = parse_recipient(text.strip()) if text else inherited
    if wanted is None:
        return _own_keys(identity, environ)
    try:
        path = find_identity(identity, environ)
    except KeyMissingError:
        if identity:
            raise
        return wanted, None
    file = read_identity(path)
    if identity and file.recipient != wanted:
        raise KeyMissingError(
            f"the identity {path} ({file.recipient.fingerprint}) does not open what is sealed for "
            f"{wanted.fingerprint}",
            "leave out one of identity and recipient, or name two that belong together"
            + ("" if text else f"; this recipient is the one that {COMMON} names"),
        )
    return wanted, _to_prove(file, environ) if file.recipient == wanted else None


def _own_keys(flag: Path | None, environ: Mapping[str, str]) -> tuple[Recipient, Identity | None]:
    try:
        file = read_identity(find_identity(flag, environ))
    except KeyMissingError as error:
        enough = f"a recipient is enough to seal: --recipient TEXT or {RECIPIENT_ENVIRONMENT}"
        raise KeyMissingError(error.message, f"{error.hint}; {enough}") from None
    return file.recipient, _to_prove(file, environ)


def _to_prove(file: IdentityFile, environ: Mapping[str, str]) -> Identity | None:
    """The identity, if it is to be had without asking: sealing needs none."""
    if file.protected and find_passphrase(environ) is None:
        return None
    return open_identity(file, asking(environ)).ring.current


def _from_environment(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(ENVIRONMENT)
    return Path(named) if named else None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # there, or hidden from us: reading it will say why
