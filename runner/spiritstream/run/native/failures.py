"""What keeps a connection from coming about, or ends it: from an exception to a cause."""

from __future__ import annotations

import errno
import socket
import ssl
from functools import partial

from spiritstream.ffmpeg.diagnose import explain
from spiritstream.model.status import Cause

# OpenSSL's X509_V_ERR_* numbers (x509_vfy.h).
_EXPIRED, _NOT_YET = 10, 9
_OTHER_NAME = (62, 64)

_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})

_explained = partial(explain, kind="sender")

# Each step's silence, in words that the shared table knows.
_SILENCES = {
    "resolve": "Temporary failure in name resolution",
    "connect": "Connection to tcp://server failed: connection timed out",
}


def failure(error: OSError, *, step: str, host: str) -> Cause:
    """Why `step` (resolve, connect, tls, or what RTMP was at) failed. `host` may be shown."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, host)
    if isinstance(error, socket.gaierror):
        return _name(error, host)
    # Many servers without TLS do not mind our first words: they wait for more.
    if isinstance(error, ssl.SSLError) or step == "tls":
        return _explained("Cannot open connection tls://server")
    if isinstance(error, TimeoutError):
        return _explained(_SILENCES.get(step, "timed out"))
    if error.errno in _NO_WAY:
        return _explained("No route to host")
    if error.errno == errno.ECONNREFUSED:
        return _explained("Connection refused")
    if error.errno in _RESET:
        return _explained("Connection reset")
    # What else can befall a socket is rare, and its system's words hold no secret.
    return Cause("unknown", f"The connection failed: {error.strerror or type(error).__name__}.")


def _name(error: socket.gaierror, host: str) -> Cause:
    if error.errno == socket.EAI_AGAIN:
        return _explained("Temporary failure in name resolution")
    return _explained(f"Failed to resolve hostname {host}")


def _certificate(error: ssl.SSLCertVerificationError, host: str) -> Cause:
    """Which of its faults a certificate has; where it is not one of the usual, the shared words."""
    shared = _explained("certificate verification failed")
    if error.verify_code in (_EXPIRED, _NOT_YET):
        when = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        advice = "Check this machine's clock (`date`); if it is right, the server needs a new certificate."
        return Cause(shared.code, f"The server's TLS certificate {when}.", advice, person=True)
    if error.verify_code in _OTHER_NAME:
        message = f"The server's TLS certificate is for another name than {host}."
        return Cause(shared.code, message, "Correct the host name in the URL.", person=True)
    message = "The server's TLS certificate is signed by nobody whom this machine trusts."
    advice = (
        "Install ca-certificates here, or a valid certificate there; a private authority's certificate can "
        "be named by the environment's SSL_CERT_FILE."
    )
    return Cause(shared.code, message, advice, person=True)
