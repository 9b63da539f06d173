"""How each secret stands, and how a profile is shown without any."""

from __future__ import annotations

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import document_leaves
from spiritstream.config.seal import seal
from spiritstream.config.showing import mark, shown, shown_anyway
from spiritstream.config.standing import AtHand, Standing, standings
from spiritstream.errors import ProfileError
from spiritstream.secret import Secret

ME, BEFORE, STRANGER = Identity.create(), Identity.create(), Identity.create()
CANARY = "canary-7f3a-key"


def sealed(identity: Identity, destination: str = "youtube") -> str:
    """A value that is sealed for somebody."""
    return seal(identity.recipient, destination, "key", Secret(CANARY))


def profile(value: str, platform: str = "youtube") -> bytes:
    """A profile with one secret."""
    return f"groups:\n  g:\n    targets:\n      t: {{platform: {platform}, key: {value}}}  # c\n".encode()


BOTH = AtHand(ME.recipient, BEFORE.recipient, Keyring(ME, BEFORE))
AWAY = AtHand(ME.recipient, BEFORE.recipient)
NOBODY = AtHand()
ALTERED = sealed(ME)[:-3] + "AAA"
VALUES = {
    "current": (sealed(ME), BOTH, Standing.OPENS, ME, ""),
    "previous": (sealed(BEFORE), BOTH, Standing.PREVIOUS, BEFORE, ""),
    "other": (sealed(STRANGER), BOTH, Standing.OTHER, STRANGER, ""),
    "locked away": (sealed(ME), AWAY, Standing.UNTRIED, ME, "not at hand"),
    "other, locked away": (sealed(STRANGER), AWAY, Standing.OTHER, STRANGER, ""),
    "no identity": (sealed(STRANGER), NOBODY, Standing.UNTRIED, STRANGER, "not at hand"),
    "moved": (sealed(ME, "twitch"), BOTH, Standing.BROKEN, ME, "sealed for twitch"),
    "altered": (ALTERED, BOTH, Standing.BROKEN, ME, "altered|canonical|not a whole"),
    "malformed": ("sealed:v1:x", BOTH, Standing.BROKEN, None, "not a whole"),
    "clear": (CANARY, BOTH, Standing.CLEAR, None, ""),
    "number": ("0123", BOTH, Standing.CLEAR, None, ""),
    "variable": ("{env: KEY}", BOTH, Standing.NAMED, None, ""),
}


@pytest.mark.parametrize(("text", "keys", "standing", "whose", "reason"), VALUES.values(), ids=VALUES)
def test_standing(text: str, keys: AtHand, standing: Standing, whose: Identity | None, reason: str) -> None:
    """Each value: what is known of it, for whom it is sealed, and why it does not open, if so."""
    if text is ALTERED and text == sealed(ME):
        pytest.fail("not altered")
    (value,) = standings(parse_document(profile(text), "f"), document_leaves, keys)
    if standing is Standing.BROKEN and whose and value.recipient is None:
        whose = None  # cut so that it is no canonical base64 any more
    assert (standing, whose.fingerprint if whose else None) == (value.standing, value.recipient)
    assert ("f", 4, "groups.g.targets.t.key") == (value.file, value.line, value.path)
    assert any(word in value.reason for word in reason.split("|"))
    assert not value.reason.startswith("f:")
    assert CANARY not in repr(value)


def test_a_destination_that_cannot_be_told() -> None:
    """It does not open, as nobody knows where."""
    (value,) = standings(parse_document(profile(sealed(ME), "yuotube"), "f"), document_leaves, BOTH)
    assert (Standing.BROKEN, None) == (value.standing, value.destination)


def test_marks() -> None:
    """A mark is short and says where its value goes; it is the same for the same value, and for no other."""
    one, other = sealed(ME), sealed(ME)
    assert mark(one) == mark(one) != mark(other)
    assert mark(one).startswith("sealed(youtube, ")
    assert len(mark(one)) == len("sealed(youtube, 01234567)")
    assert mark("sealed:v1:x").startswith("sealed(broken, ")


QUOTES = {"plain": "{}", "single": "'{}'", "double": '"{}"'}


@pytest.mark.parametrize("form", QUOTES.values(), ids=QUOTES)
def test_shown(form: str) -> None:
    """Everything but the sealed value stays, comments and quotes too; one in a comment gets its mark."""
    value = sealed(ME)
    data = profile(form.format(value)) + f"# key: {value}\n".encode()
    expected = data.decode().replace(value, mark(value))
    assert expected == shown(data, "f", document_leaves)
    assert expected == shown(b"\xef\xbb\xbf" + data, "f", document_leaves)


HIDDEN = {
    "clear": CANARY,
    "quoted": f'"{CANARY}"',
    "list": f"[{CANARY}]",
    "mapping": f"{{value: {CANARY}}}",
    "mapping of two": f"{{env: KEY, value: {CANARY}}}",
    "mapping of a list": f"{{env: [{CANARY}]}}",
    "folded": f'"{CANARY}\n           {CANARY}"',
    "almost sealed": f"sealed:{CANARY}",
    "sealed, folded": '"' + sealed(ME)[:40] + "\\\n          " + sealed(ME)[40:] + '"',
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_clear_text_is_not_shown(text: str) -> None:
    """A secret in clear text is hidden, however it is written; where it stands can be seen."""
    text = shown(profile(text), "f", document_leaves)
    assert CANARY not in text
    assert "sealed:v1" not in text
    assert "key: " in text
    assert text.endswith("}  # c\n")


@pytest.mark.parametrize("url", ["rtmp://{}@h.example/live", "srt://me:{}@h.example:9?mode=caller"])
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    """Such a profile is not valid, and shown all the same; the host can be seen."""
    data = b"groups: {g: {targets: {t: {url: '" + url.format(CANARY).encode() + b"'}}}}"
    text = shown(data, "f", document_leaves)
    assert CANARY not in text
    assert "@h.example" in text


def test_a_multicast_address_is_shown() -> None:
    """What stands before its `@` is nothing."""
    data = b"input: {pull: {url: 'udp://@239.0.0.1:1234'}}"
    assert data.decode() == shown(data, "f", document_leaves)


def test_a_variable_is_no_secret() -> None:
    """Where a secret comes from is shown."""
    assert profile("{env: KEY}").decode() == shown(profile("{env: KEY}"), "f", document_leaves)


@pytest.mark.parametrize(
    "data", [profile(CANARY) + b"key: [", b"", b"\xff" + profile(CANARY), b"x" * 2_000_000]
)
def test_what_cannot_be_read_is_not_shown(data: bytes) -> None:
    """Of what is no YAML, nothing is shown but where it breaks; two of them can be told apart."""
    with pytest.raises(ProfileError):
        shown(data, "f", document_leaves)
    text = shown_anyway(data, "f", document_leaves)
    assert CANARY not in text
    assert text.startswith("# line ")
    assert text != shown_anyway(data + b" ", "f", document_leaves) or len(data) > 1_000_000
