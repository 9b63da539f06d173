"""Sealed values: what opens, what does not, and which error says why."""

from __future__ import annotations

import string
import traceback
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spiritstream.config.keypair import Identity, encode64, parse_identity
from spiritstream.config.seal import (
    MAX_PLAINTEXT_BYTES,
    MalformedError,
    Sealed,
    is_sealed,
    open_sealed,
    parse_sealed,
    seal,
    unsealable,
)
from spiritstream.errors import ExitCode, KeyMissingError, MovedError, SpiritError, TamperedError, UsageError
from spiritstream.secret import Secret

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "seal").glob("*.txt"))
OUTCOMES: dict[type[SpiritError], str] = {
    KeyMissingError: "wrong-identity",
    TamperedError: "tampered",
    MovedError: "moved",
    MalformedError: "malformed",
}
CANARY = "canary-7f3a-key"
ME, STRANGER = Identity.create(), Identity.create()
SEALED = seal(ME.recipient, "youtube", "key", Secret(CANARY))

# What may be a key: text on one line, with nothing invisible at its ends.
valid_values = st.text(min_size=1, max_size=80).filter(lambda value: unsealable(value) is None)
destinations = st.sampled_from(
    ["youtube", "input", "relay.", "live.example.org", "192.0.2.7", "[2001:db8::1]"]
)
fields = st.sampled_from(["key", "password", "passphrase"])


class Vector(NamedTuple):
    """One file: its head, and the sealed text."""

    head: dict[str, str]
    text: str


def read_vector(path: Path) -> Vector:
    """A vector file: `name: value` lines, an empty line, the sealed text up to the last line break."""
    head, _, text = path.read_bytes().decode().partition("\n\n")
    return Vector(dict(line.split(": ", 1) for line in head.splitlines()), text[:-1])


def outcome(vector: Vector) -> tuple[str, Secret | None]:
    """What opening a vector comes to, by the exact class of its error."""
    identity = parse_identity(vector.head["identity"])
    assert identity is not None
    try:
        place = vector.head["destination"], vector.head["field"]
        return "ok", open_sealed(identity, vector.text, *place)
    except SpiritError as error:
        return OUTCOMES[type(error)], None


def test_there_are_vectors_of_every_outcome() -> None:
    """No outcome is without a vector: a folder that is empty or elsewhere does not pass in silence."""
    expected = {"ok", *OUTCOMES.values()}
    assert expected == {read_vector(path).head["expect"] for path in VECTORS}
    assert len(VECTORS) >= 50


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """A stored value has the outcome that its file names, and opens to the plaintext in it."""
    vector = read_vector(path)
    plaintext = vector.head.get("plaintext")
    expected = vector.head["expect"], Secret(plaintext) if plaintext else None
    assert expected == outcome(vector)


@given(valid_values, destinations, fields)
def test_opens_where_it_was_sealed_for(value: str, destination: str, field: str) -> None:
    """What is sealed for a place opens at that place, to the same value, whatever the value is."""
    text = seal(ME.recipient, destination, field, Secret(value))
    assert Secret(value) == open_sealed(ME, text, destination, field)
    assert text == str(parse_sealed(text))
    assert text.isascii() and is_sealed(text)


@given(destinations, fields, destinations, fields)
def test_opens_nowhere_else(destination: str, field: str, other: str, other_field: str) -> None:
    """A value does not open at another destination or field, whether its text is edited or not."""
    if (destination, field) == (other, other_field):
        return
    text = seal(ME.recipient, destination, field, Secret(CANARY))
    edited = str(Sealed(ME.fingerprint, other, parse_sealed(text).payload))
    for spelled in (text, edited):
        with pytest.raises(TamperedError):
            open_sealed(ME, spelled, other, other_field)


@given(st.integers(0, len(SEALED) - 1), st.sampled_from(string.printable + "é\0\ud800"))
@settings(max_examples=300)
def test_any_changed_character_is_noticed(index: int, char: str) -> None:
    """A sealed text with one other character opens to nothing at all."""
    changed = SEALED[:index] + char + SEALED[index + 1 :]
    if changed == SEALED:
        return
    with pytest.raises((KeyMissingError, TamperedError)):
        open_sealed(ME, changed, "youtube", "key")


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 5))
def test_any_missing_characters_are_noticed(index: int, count: int) -> None:
    """A sealed text with a part missing opens to nothing at all."""
    with pytest.raises((KeyMissingError, TamperedError)):
        open_sealed(ME, SEALED[:index] + SEALED[index + count :], "youtube", "key")


@given(
    st.one_of(
        st.text(), st.from_regex(r"sealed:v[0-9]:[0-9a-f]{16}:[a-z.\[\]:]{1,9}:[\w=+/-]*", fullmatch=True)
    )
)
@example("sealed:v1:" + "0" * 16 + ":youtube:" + encode64(bytes(49)))
@example("sealed:v1:" + "0" * 16 + ":" + "a." * 4000 + ":AAAA")
@example("sealed:v" + "9" * 10_000 + ":")
def test_parsing_never_fails_otherwise(text: str) -> None:
    """Any text either is a sealed value, and then spelled in its one way, or is refused by name."""
    try:
        sealed = parse_sealed(text)
    except MalformedError:
        return
    assert text == str(sealed)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        (" key", "white space"),
        ("key\n", "white space"),
        ("key\u00a0", "white space"),
        ("\ufeffkey", "white space"),
        ("key\u200b", "white space"),
        ("one\ntwo", "line break"),
        ("one\ttwo", "control character"),
        ("one\u2028two", "line break"),
        ("nul\0nul", "control character"),
        ("half\ud800pair", "control character"),
        ("k" * (MAX_PLAINTEXT_BYTES + 1), "longer than 4096 bytes"),
        ("é" * (MAX_PLAINTEXT_BYTES // 2 + 1), "longer than 4096 bytes"),
    ],
)
def test_refuses_what_can_be_no_key(value: str, reason: str) -> None:
    """What was surely pasted wrongly is not sealed; the reason is said without the value."""
    with pytest.raises(UsageError, match=reason) as caught:
        seal(ME.recipient, "youtube", "key", Secret(value))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("destination", "field"),
    [
        ("YouTube", "key"),
        ("", "key"),
        ("a b", "key"),
        ("2001:db8::1", "key"),
        ("youtube", ""),
        ("youtube", "a\0b"),
    ],
)
def test_refuses_a_place_that_is_none(destination: str, field: str) -> None:
    """A value is not sealed for a place at which it could never stand."""
    with pytest.raises(UsageError):
        seal(ME.recipient, destination, field, Secret(CANARY))


def test_sealing_twice_gives_two_texts() -> None:
    """Equal keys cannot be told by their sealed texts."""
    assert SEALED != seal(ME.recipient, "youtube", "key", Secret(CANARY))


def test_wrong_identity_is_named() -> None:
    """The message says for whom it was sealed, who tries, and how to name another identity; exit 5."""
    with pytest.raises(KeyMissingError) as caught:
        open_sealed(STRANGER, SEALED, "youtube", "key")
    assert ME.fingerprint in caught.value.message
    assert STRANGER.fingerprint in caught.value.message
    assert "--identity" in caught.value.hint
    assert ExitCode.KEY == caught.value.exit_code


def test_moved_is_named() -> None:
    """The message says what it was sealed for and where it stands; exit 6."""
    with pytest.raises(MovedError, match=r"sealed for youtube, but .* evil\.example") as caught:
        open_sealed(ME, SEALED, "evil.example", "key")
    assert ExitCode.TAMPERED == caught.value.exit_code


def test_tampered_is_named() -> None:
    """The message names the place and what may have happened, and claims no more than is known; exit 6."""
    with pytest.raises(
        TamperedError, match=r"as passphrase of youtube: .* altered, or .* other than passphrase"
    ) as caught:
        open_sealed(ME, SEALED, "youtube", "passphrase")
    assert ExitCode.TAMPERED == caught.value.exit_code


@pytest.mark.parametrize(
    ("text", "identity", "destination", "field"),
    [
        (SEALED, STRANGER, "youtube", "key"),
        (SEALED, ME, "twitch", "key"),
        (SEALED, ME, "youtube", "password"),
        (SEALED[:-1], ME, "youtube", "key"),
        (CANARY, ME, "youtube", "key"),
        ("sealed:" + CANARY, ME, "youtube", "key"),
    ],
)
def test_errors_tell_no_secret(text: str, identity: Identity, destination: str, field: str) -> None:
    """Neither the value nor what was taken for one is in an error or its traceback."""
    with pytest.raises(SpiritError) as caught:
        open_sealed(identity, text, destination, field)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.hint
