"""TLS as bytes in, bytes out: nothing here waits, and a half-written record is nobody's trouble.

`ssl.SSLSocket` wants a write that did not fit repeated with the very same bytes, and may want to read in
order to write. Between memory buffers neither can happen.
"""

from __future__ import annotations

import contextlib
import ssl
from functools import cache

_READ_BYTES = 256 * 1024


@cache
def client_tls() -> ssl.SSLContext:
    """How we connect to everybody: the system's trust store, the certificate and its name verified, TLS 1.2+.

    One for all connections, as each would hold its own copy of the trust store. OpenSSL looks at the
    environment's SSL_CERT_FILE and SSL_CERT_DIR when it is made.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # On from Python 3.13: it refuses certificates of private authorities that every other program takes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class TlsWire:
    """One connection's TLS."""

    def __init__(self, context: ssl.SSLContext, *, server_name: str | None) -> None:
        """`server_name` is whom we expect to reach (SNI, and verified); `None` when we are the server.

        Raises:
            ValueError: no certificate can be for such a name.
        """
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_name is None, server_hostname=server_name
        )
        self.ended = False
        self.failure: ssl.SSLError | None = None

    def shake(self) -> bool:
        """Go on with the handshake as far as it goes: `True` once it is done. Then send `outgoing()`.

        Raises:
            ssl.SSLError: it failed; `outgoing()` tells the peer why.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def arrived(self, data: bytes) -> None:
        """What the peer sent; empty: it closed the connection."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def outgoing(self) -> bytes:
        """What is to be sent to the peer now."""
        return self._outgoing.read()

    def sealed(self, data: bytes | memoryview) -> bytes:
        """`data` as it goes to the peer, with whatever else there is to send.

        Raises:
            ssl.SSLError: the connection is of no more use.
        """
        self._object.write(data)
        return self._outgoing.read()

    def opened(self) -> bytes:
        """What came from the peer. Sets `ended` when nothing more follows, and `failure` if it broke TLS."""
        parts = []
        try:
            while part := self._object.read(_READ_BYTES):
                parts.append(part)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # RTMP says itself where a message ends: a cut here is like one of a plain connection.
            self.ended = True
        except ssl.SSLError as error:
            # What came whole before it still counts.
            self.ended, self.failure = True, error
        return b"".join(parts)

    def farewell(self) -> bytes:
        """The word that nothing more follows from us."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()
        return self._outgoing.read()
