"""Where the passphrase of an identity comes from when nobody is there to type it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from spiritstream.config.private import read_private
from spiritstream.errors import KeyMissingError
from spiritstream.secret import Secret

PASSPHRASE_FILE = "SPIRITSTREAM_PASSPHRASE_FILE"
PASSPHRASE_CREDENTIAL = "spiritstream-passphrase"
_MAX_BYTES = 4096

Ask = Callable[[], Secret]
"""Gives the passphrase; raises KeyMissingError when it cannot be had."""


def find_passphrase(environ: Mapping[str, str]) -> Secret | None:
    """The passphrase in the file that the environment names, else in the systemd credential.

    Raises:
        KeyMissingError: the file cannot be read, others can read it too, or it holds none.
    """
    path = _place(environ)
    if path is None:
        return None
    try:
        data = read_private(path, "the passphrase's file", _MAX_BYTES, "change the passphrase").data
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeyMissingError(
            f"the passphrase's file {path} cannot be read: {reason}", f"correct {PASSPHRASE_FILE}"
        ) from None
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = ""
    if not text or "\n" in text:
        raise KeyMissingError(
            f"the passphrase's file {path} does not hold one line of text", "put the passphrase alone into it"
        )
    return Secret(text)


def asking(environ: Mapping[str, str], otherwise: Ask | None = None) -> Ask:
    """The passphrase by file or credential, or else by asking in some other way, if there is one."""

    def ask() -> Secret:
        if found := find_passphrase(environ):
            return found
        if otherwise:
            return otherwise()
        raise KeyMissingError(
            "the identity is protected by a passphrase, and there is nobody to ask for it",
            f"put it into a file of mode 600, and name that with {PASSPHRASE_FILE}; or hand it over as the "
            f"systemd credential {PASSPHRASE_CREDENTIAL}",
        )

    return ask


def _place(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get(PASSPHRASE_FILE):
        return Path(named)
    folder = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / PASSPHRASE_CREDENTIAL if folder else None
    return path if path and path.exists() else None
