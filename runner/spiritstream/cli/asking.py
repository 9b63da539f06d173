"""Asking a person for a passphrase, without showing it."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import TYPE_CHECKING

from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.config.unlock import Ask
    from spiritstream.secret import Secret

_MAX_LINE_BYTES = 4096 + len("\r\n")


def asker() -> Ask:
    """The identity's passphrase: from its file or credential, else from the person at the terminal."""
    from spiritstream.config.unlock import asking

    return asking(os.environ, ask_passphrase if sys.stdin.isatty() else None)


def ask_passphrase() -> Secret:
    """The passphrase that the person at the terminal types."""
    return _typed("Passphrase of the identity (not shown): ")


def new_passphrase() -> Secret:
    """A new passphrase: typed twice at a terminal, else one line of standard input.

    Raises:
        UsageError: the two differ, or it makes no passphrase.
    """
    from spiritstream.config.passphrase import check_passphrase

    if not sys.stdin.isatty():
        new = line_of_input()
    else:
        new = _typed("New passphrase (not shown): ")
        check_passphrase(new)
        if _typed("The same again: ") != new:
            raise UsageError("the two differ; nothing was changed", "try again")
    check_passphrase(new)
    return new


def line_of_input(what: str = "a passphrase") -> Secret:
    """The next line of standard input; `what` it is, for the error.

    Raises:
        UsageError: there is none, or it is no text.
    """
    from spiritstream.secret import Secret

    data = sys.stdin.buffer.readline(_MAX_LINE_BYTES + 1)
    if len(data) > _MAX_LINE_BYTES:
        raise UsageError(f"{what} on standard input is too long", "check what is piped in")
    if not data:
        raise UsageError(f"standard input ended before {what} came", "write one line for each")
    try:
        return Secret(data.decode().removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        raise UsageError(f"{what} on standard input is not UTF-8 text", "check what is piped in") from None


def ask_secret(prompt: str) -> Secret:
    """What the person at the terminal types, without showing it; empty if that is nothing."""
    return _typed(prompt)


def _typed(prompt: str) -> Secret:
    from spiritstream.secret import Secret

    return Secret(getpass(prompt))
