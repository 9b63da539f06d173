"""Recipients and identities as text: one spelling each, and slips are found."""

from __future__ import annotations

import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.keypair import (
    FINGERPRINT_LENGTH,
    IDENTITY_PREFIX,
    RECIPIENT_PREFIX,
    Identity,
    Recipient,
    decode64,
    encode64,
    parse_identity,
    parse_recipient,
)
from spiritstream.errors import ExitCode, UsageError

ME = Identity.create()
RECIPIENT = str(ME.recipient)
IDENTITY = ME.text().reveal()


@given(st.binary(max_size=80))
def test_base64_is_read_back(data: bytes) -> None:
    """Any bytes come back, and their text has no padding."""
    assert data == decode64(encode64(data))
    assert "=" not in encode64(data)


@given(st.text(string.ascii_letters + string.digits + "-_+/= \n", max_size=12))
def test_base64_has_one_text(text: str) -> None:
    """A text is refused unless it is the very one that encoding its bytes gives."""
    data = decode64(text)
    assert data is None or encode64(data) == text


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA==", "A A", "AA\n", "+A", "ÄA"])
def test_base64_refuses(text: str) -> None:
    """Spare bits, padding, blanks, the other alphabet and impossible lengths are no base64 here."""
    assert decode64(text) is None


def test_halves_are_read_back() -> None:
    """Both halves come back from their text, and the identity has its recipient with it."""
    again = parse_identity(IDENTITY)
    assert again is not None
    assert ME.recipient == again.recipient == parse_recipient(RECIPIENT)
    assert RECIPIENT.startswith(RECIPIENT_PREFIX)
    assert IDENTITY.startswith(IDENTITY_PREFIX)


def test_fingerprint_is_short_and_its_own() -> None:
    """A fingerprint has a fixed length, is the same for both halves, and differs between pairs."""
    assert FINGERPRINT_LENGTH == len(ME.fingerprint)
    assert ME.fingerprint == ME.recipient.fingerprint
    assert Identity.create().fingerprint != ME.fingerprint


def test_fingerprints_never_change() -> None:
    """Sealed values name it: another way to reckon it would orphan them all."""
    assert "53f57a0eaee15adb" == Recipient(bytes(range(32))).fingerprint


@given(st.integers(0, len(RECIPIENT) - 1), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_mistyped_recipient_is_refused(index: int, char: str) -> None:
    """One wrong character never gives another recipient, for whom nobody could open."""
    typed = RECIPIENT[:index] + char + RECIPIENT[index + 1 :]
    if typed != RECIPIENT:
        with pytest.raises(UsageError):
            parse_recipient(typed)


@pytest.mark.parametrize(
    "text", ["", RECIPIENT[:-1], RECIPIENT + "A", " " + RECIPIENT, RECIPIENT_PREFIX, "age1qqqq", IDENTITY]
)
def test_what_is_no_recipient_is_refused_and_not_repeated(text: str) -> None:
    """An identity pasted in a recipient's place is not shown; the hint says where to get the right text."""
    with pytest.raises(UsageError) as caught:
        parse_recipient(text)
    assert IDENTITY not in "".join(traceback.format_exception(caught.value))
    assert "spiritstream keys recipient" in caught.value.hint
    assert ExitCode.USAGE == caught.value.exit_code


@given(st.text())
def test_parsing_an_identity_never_fails_otherwise(text: str) -> None:
    """Any text is an identity or `None`."""
    assert parse_identity(text) is None
    assert parse_identity(IDENTITY_PREFIX + text) is None


def test_an_identity_does_not_show_itself() -> None:
    """Its repr names the fingerprint alone, and its text is a secret."""
    assert f"Identity({ME.fingerprint})" == repr(ME) == str(ME)
    assert "***" == str(ME.text())
