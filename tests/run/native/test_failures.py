"""What keeps a connection from coming about becomes the same cause as through ffmpeg."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from spiritstream.ffmpeg.diagnose import diagnose
from spiritstream.run.native.failures import failure


def os_error(number: int) -> OSError:
    """What the kernel raises."""
    return OSError(number, "text")


def certificate(code: int) -> ssl.SSLCertVerificationError:
    """A certificate that was not accepted."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


# The error, the step it came at; the cause's code, and a line that ffmpeg prints for the same trouble.
SHARED: list[tuple[OSError, str, str, str]] = [
    (
        os_error(errno.ECONNREFUSED),
        "connect",
        "refused",
        "Connection to tcp://h:1 failed: Connection refused",
    ),
    (os_error(errno.ENETUNREACH), "connect", "unreachable", "Network is unreachable"),
    (os_error(errno.EHOSTUNREACH), "connect", "unreachable", "No route to host"),
    (os_error(errno.ECONNRESET), "publishing", "reset", "Connection reset by peer"),
    (os_error(errno.EPIPE), "publishing", "reset", "Broken pipe"),
    (os_error(errno.ETIMEDOUT), "publishing", "timeout", "Operation timed out"),
    (TimeoutError(), "connect", "timeout", "Connection to tcp://h:1 failed: Connection timed out"),
    (TimeoutError(), "tls", "tls", "Cannot open connection tls://h:443"),
    (TimeoutError(), "resolve", "unreachable", "Temporary failure in name resolution"),
    (
        socket.gaierror(socket.EAI_NONAME, "text"),
        "resolve",
        "unknown-host",
        "Failed to resolve hostname a.example: Name or service not known",
    ),
    (
        socket.gaierror(socket.EAI_AGAIN, "text"),
        "resolve",
        "unreachable",
        "Temporary failure in name resolution",
    ),
    (ssl.SSLError(1, "wrong version number"), "tls", "tls", "Cannot open connection tls://h:443"),
    (os_error(errno.ECONNRESET), "tls", "tls", "Cannot open connection tls://h:443"),
]


@pytest.mark.parametrize(("error", "step", "code", "line"), SHARED)
def test_shared_words(error: OSError, step: str, code: str, line: str) -> None:
    """A person reads the same, whichever sender met the trouble."""
    cause = failure(error, step=step, host="a.example")
    assert code == cause.code
    assert diagnose([line], kind="sender", returncode=1) == cause


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10, "has expired"),
        (9, "is not valid yet"),
        (62, "another name than a.example"),
        (64, "another name than a.example"),
        (18, "nobody whom this machine trusts"),
        (19, "nobody whom this machine trusts"),
        (20, "nobody whom this machine trusts"),
    ],
)
def test_certificates(code: int, words: str) -> None:
    """Which of its faults a certificate has is told, and it needs a person."""
    cause = failure(certificate(code), step="tls", host="a.example")
    assert ("tls", True) == (cause.code, cause.person)
    assert words in cause.message
    assert cause.advice


def test_anything_else() -> None:
    """What is rare is told in the system's words."""
    cause = failure(OSError(errno.EMFILE, "Too many open files"), step="connect", host="a.example")
    assert ("unknown", "The connection failed: Too many open files.") == (cause.code, cause.message)
