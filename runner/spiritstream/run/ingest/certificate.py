"""The listener's certificate: read again when its files change, kept when they cannot be used."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Certificate:
    """A certificate and its private key, for RTMPS."""

    def __init__(self, certificate: str, private_key: str, on_trouble: Callable[[str], None]) -> None:
        """`on_trouble` hears, once for each change, why changed files cannot be used.

        Raises:
            OSError, ssl.SSLError: the files cannot be used.
        """
        self._files = (certificate, private_key)
        self._on_trouble = on_trouble
        self._stamp = self._look()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """For a connection that is made now."""
        # Taken before the files are read: a change meanwhile is seen the next time.
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._context = self._load()
            except OSError as error:
                self._on_trouble(f"the changed certificate cannot be used, the old one stays: {why(error)}")
        return self._context

    def _look(self) -> _Stamp:
        return tuple(_stamp(Path(file)) for file in self._files)

    def _load(self) -> ssl.SSLContext:
        for file in self._files:
            Path(file).open("rb").close()  # OpenSSL does not say which of them it cannot read
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A key with a passphrase would make OpenSSL ask for it on a terminal.
        context.load_cert_chain(*self._files, password=lambda: "")
        return context


def why(error: OSError) -> str:
    """What is wrong with the files, without what is in them."""
    if isinstance(error, ssl.SSLError):
        return f"certificate and private key are no pair that TLS takes ({error.reason or 'unreadable'})"
    return f"{error.filename or 'a file'}: {error.strerror}"


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
