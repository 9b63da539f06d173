"""What servers answer, and what it means: one vocabulary with what ffmpeg's lines are read by."""

from __future__ import annotations

import pytest

from spiritstream.ffmpeg.diagnose import diagnose
from spiritstream.run.native.answers import elsewhere, ended, hung_up, not_rtmp, refused, silent
from spiritstream.secret import Secret

BAD_NAME = "NetStream.Publish.BadName"
REJECTED = "NetConnection.Connect.Rejected"

# Step, code, description; the cause's code, whether it needs a person, and words of its message.
ANSWERS: list[tuple[str, str, str, str, bool, str]] = [
    # nginx-rtmp, SRS
    ("publish", BAD_NAME, "Already publishing", "already-publishing", False, "Already publishing"),
    ("publish", BAD_NAME, "Stream is busy", "already-publishing", False, "already publishes"),
    (
        "publish",
        "NetStream.Publish.Denied",
        "stream name already in use",
        "already-publishing",
        False,
        "in use",
    ),
    # A wrong key, as platforms word it
    ("publish", BAD_NAME, "Invalid stream key", "key-rejected", True, "Invalid stream key"),
    ("publish", "NetStream.Publish.Denied", "Permission denied", "key-rejected", True, "Permission denied"),
    (
        "publish",
        "NetStream.Publish.Failed",
        "Your stream key has expired",
        "key-rejected",
        True,
        "has expired",
    ),
    (
        "publish",
        "NetStream.Publish.Rejected",
        "Authentication failed",
        "key-rejected",
        True,
        "Authentication",
    ),
    # No words, or none that say anything
    ("publish", BAD_NAME, "", "key-rejected", True, "it is wrong, or somebody publishes"),
    ("publish", BAD_NAME, "NetStream.Publish.BadName", "key-rejected", True, "it is wrong, or somebody"),
    ("publish", BAD_NAME, "Publish rejected.", "key-rejected", True, "it is wrong, or somebody"),
    ("publish", "NetStream.Publish.Denied", "", "key-rejected", True, "NetStream.Publish.Denied at publish"),
    ("publish", "", "", "key-rejected", True, "no at publish"),
    # The application
    ("connect", "NetConnection.Connect.InvalidApp", "", "not-found", True, "no such app"),
    ("connect", REJECTED, "Application (lve) is not defined / unknown app", "not-found", True, "unknown app"),
    ("connect", REJECTED, "[ Server.Reject ] : no such application", "not-found", True, "no such app"),
    ("connect", REJECTED, "", "key-rejected", True, f"{REJECTED} at connect"),
    # Trouble of its own
    ("connect", "NetConnection.Connect.AppShutdown", "", "server-error", False, "is shut down"),
    ("connect", "NetConnection.Connect.Failed", "", "server-error", False, "internal error"),
    (
        "publish",
        "NetStream.Publish.Failed",
        "Server overloaded, try again later",
        "server-error",
        False,
        "overl",
    ),
    ("publish", "NetStream.Publish.Failed", "too many streams", "server-error", False, "too many"),
    # Logins, which are ffmpeg's to do
    ("connect", REJECTED, "[ AccessManager.Reject ] : [ authmod=adobe ] : ", "auth", True, "user name"),
    ("connect", REJECTED, "[ code=403 need auth; authmod=llnw ]", "auth", True, "user name"),
]


@pytest.mark.parametrize(("step", "code", "description", "expected", "person", "words"), ANSWERS)
def test_answers(step: str, code: str, description: str, expected: str, person: bool, words: str) -> None:
    """A refusal becomes a cause with advice; the server's own words are quoted where they say something."""
    cause = refused(step, code, description)
    assert (expected, person) == (cause.code, cause.person)
    assert words in cause.message
    assert cause.advice


@pytest.mark.parametrize(
    "words", ["Already publishing", "Invalid stream key", "no such app", "server is restarting"]
)
def test_the_same_as_through_ffmpeg(words: str) -> None:
    """A person reads the same, whichever sender met the server."""
    through_ffmpeg = diagnose([f"[rtmp @ 0x55d0] Server error: {words}"], kind="sender", returncode=1)
    assert through_ffmpeg == refused("publish", "NetStream.Publish.Failed", words)


def test_login_names_the_way() -> None:
    """A server that wants a login is for the other sender."""
    cause = refused("connect", REJECTED, "[ AccessManager.Reject ] : [ authmod=adobe ]")
    assert "sender: ffmpeg" in cause.advice


def test_no_key_in_a_cause() -> None:
    """A server may repeat the key, whole or without its query, in code or description: neither is shown."""
    secrets = (Secret("canary-key?x=1"), Secret("canary-key"))
    said = ["no stream canary-key", "no stream canary-key?x=1", "canary-key%3Fx%3D1 is unknown"]
    causes = [refused("publish", "NetStream.Publish.Denied", text, secrets) for text in said]
    causes += [refused("publish", "canary-key", "", secrets), ended("canary-key", "canary-key", secrets)]
    assert "canary" not in repr(causes)


@pytest.mark.parametrize(
    ("code", "description", "expected"),
    [
        ("NetStream.Unpublish.Success", "Stopped publishing", "reset"),
        ("NetConnection.Connect.Closed", "", "reset"),
        ("close", "", "reset"),
        ("NetStream.Publish.BadName", "Another publisher took over: already in use", "already-publishing"),
        ("NetConnection.Connect.AppShutdown", "", "reset"),
        ("NetStream.Publish.Denied", "This broadcast has ended", "key-rejected"),
    ],
)
def test_ended(code: str, description: str, expected: str) -> None:
    """A stream that was taken and is ended by the server says why, if the server does."""
    assert expected == ended(code, description).code


@pytest.mark.parametrize(
    ("step", "expected", "person"),
    [
        ("handshake", "reset", False),
        ("connect", "key-rejected", True),
        ("createStream", "key-rejected", True),
        ("publish", "key-rejected", True),
        ("publishing", "reset", False),
    ],
)
def test_hung_up(step: str, expected: str, person: bool) -> None:
    """A connection that just ends is a refusal while the stream is announced, and a loss afterwards."""
    cause = hung_up(step)
    assert (expected, person) == (cause.code, cause.person)


def test_the_others() -> None:
    """Silence heals by itself; what is no RTMP, or sends us elsewhere, needs a person."""
    assert ("timeout", False) == (silent().code, silent().person)
    assert ("not-rtmp", True) == (not_rtmp().code, not_rtmp().person)
    there = elsewhere("other.example")
    assert ("redirected", True) == (there.code, there.person)
    assert "other.example" in there.message
