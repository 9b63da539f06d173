"""What a server's answer means to a person: from its code and its words to a cause. Pure.

Servers agree on codes only roughly: NetStream.Publish.BadName means a wrong key to one and a taken key to
the other, and the description tells which. So words come first, by the table that also reads what ffmpeg
repeats of them (`ffmpeg/causes/network.py`); then the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from spiritstream.ffmpeg.diagnose import explain
from spiritstream.model.status import Cause
from spiritstream.secret import Secret, scrub

_explained = partial(explain, kind="sender")

_LOGIN = re.compile(r"authmod=|AccessManager|need auth", re.IGNORECASE)
NEEDS_LOGIN = Cause(
    "auth",
    "The server wants a user name and a password, which the native sender does not send.",
    "Set `sender: ffmpeg` for this target, with `username` and a sealed `password`.",
    person=True,
)

_BAD_NAME = Cause(
    "key-rejected",
    "The server does not take this stream key: it is wrong, or somebody publishes with it already.",
    "Copy the stream key from the platform again and seal it; end any other program that sends with it.",
    person=True,
)

# A code in words that the shared table knows, for an answer whose own words say nothing.
_CODES = {
    "NetConnection.Connect.InvalidApp": "no such app",
    "NetConnection.Connect.AppShutdown": "the application is shut down",
    "NetConnection.Connect.Failed": "internal error",
}
# Words that only repeat the code, or nothing but that it did not work.
_SAYS_NOTHING = re.compile(
    r"(?:connection |stream |publish )?(?:rejected|refused|failed|denied|error|bad ?name|invalid)?\W*"
    r"|(?:Net\w+\.)\S*|_error",
    re.IGNORECASE,
)
_ENDED_CODES = ("NetConnection.Connect.Closed", "NetStream.Unpublish.Success", "close")


def refused(step: str, code: str, description: str, secrets: Iterable[Secret] = ()) -> Cause:
    """Why a server did not take us, from its answer at `step` (connect, createStream, publish)."""
    words = scrub(description, secrets).strip()
    if _LOGIN.search(words) or _LOGIN.search(code):
        return NEEDS_LOGIN
    if _SAYS_NOTHING.fullmatch(words):
        if code == "NetStream.Publish.BadName":
            return _BAD_NAME
        words = _CODES.get(code) or f"{scrub(code, secrets) or 'no'} at {step}"
    return _explained(f"[rtmp] Server error: {words}")


def ended(code: str, description: str, secrets: Iterable[Secret] = ()) -> Cause:
    """Why a server ended a stream that it had taken."""
    words = scrub(description, secrets).strip()
    if code in _ENDED_CODES or not words:
        return hung_up("publishing")
    return refused("publishing", code, words, secrets)


def hung_up(step: str) -> Cause:
    """The server closed the connection without a word, while `step` was under way."""
    if step == "handshake":
        return _explained("[rtmp] Cannot read RTMP handshake response")
    if step == "publishing":
        return _explained("Connection reset")
    return _explained("rtmp://server: Operation not permitted")


def elsewhere(host: str) -> Cause:
    """The server sends us to a place that a key is not taken to by itself."""
    return Cause(
        "redirected",
        f"The server sends us on to {host[:100] or 'another address'}, where the key is not taken by itself.",
        "If it is the right one, write it into this target's `url`, as rtmps:// where it can be.",
        person=True,
    )


def not_rtmp() -> Cause:
    """What came back is no RTMP."""
    return Cause(
        "not-rtmp",
        "The server does not speak RTMP at that port.",
        "Check host and port; with TLS the URL begins with rtmps://.",
        person=True,
    )


def silent() -> Cause:
    """The server stays silent."""
    return _explained("timed out")
