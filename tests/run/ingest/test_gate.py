"""Who may publish where, and which registrations cannot stand side by side."""

from __future__ import annotations

import pytest

from spiritstream.run.ingest.gate import Denied, Gate, Registration, digest_of

SALT = b"salt"
ADDRESS = "0.0.0.0:1935"
TLS = ("/etc/cert.pem", "/etc/key.pem")


def asks(
    profile: str, app: str = "live", key: str | None = "canary", *, open: bool = False, tls: bool = False
) -> Registration:
    """What a runner asks for."""
    digest = digest_of(SALT, key) if key else None
    certificate, private_key = TLS if tls else (None, None)
    return Registration(profile, app, digest, open, certificate, private_key)


def gate(*registrations: Registration, loopback: bool = False) -> Gate:
    """A gate with these registrations, held by 0, 1, 2 ..."""
    made = Gate(ADDRESS, SALT, loopback=loopback)
    for holder, wanted in enumerate(registrations):
        assert made.register(holder, wanted) is None
    return made


SHARED = (
    asks("a", "live", "one"),
    asks("b", "live", "two"),
    asks("c", "radio", "one"),
    asks("d", "free", None, open=True),
    asks("e", "free", "three"),
)
PUBLISHES = [
    ("live", "one", 0),
    ("live", "two", 1),
    ("radio", "one", 2),
    ("live", "three", Denied.KEY),
    ("live", "", Denied.KEY),
    ("live", "One", Denied.KEY),
    ("radio", "two", Denied.KEY),
    ("other", "one", Denied.APP),
    ("", "one", Denied.APP),
    ("free", "whatever", 3),
    ("free", "", 3),
    ("free", "three", 4),
]


@pytest.mark.parametrize(("app", "name", "expected"), PUBLISHES)
def test_a_publisher_belongs_to_whom_app_and_key_name(app: str, name: str, expected: int | Denied) -> None:
    """Every pair of app and key leads to its own profile, and no other pair to any."""
    assert expected == gate(*SHARED).find(app, name)


def test_who_has_left_is_not_found() -> None:
    """A key that nobody holds any more is wrong; the others stay."""
    shared = gate(*SHARED)
    shared.leave(1)
    shared.leave(99)
    assert Denied.KEY == shared.find("live", "two")
    assert 0 == shared.find("live", "one")
    assert 4 == len(shared)


CLASHES = [
    (
        "the same app and key",
        asks("a"),
        asks("b"),
        "profile a has app live at 0.0.0.0:1935 with the same key",
    ),
    ("both open", asks("a", key=None, open=True), asks("b", key=None, open=True), "belongs to profile a"),
    ("TLS for one", asks("a"), asks("b", "x", tls=True), "is plain RTMP for profile a, and RTMPS here"),
    ("TLS for the other", asks("a", tls=True), asks("b", "x"), "is RTMPS for profile a, and plain RTMP here"),
    (
        "another certificate",
        asks("a", tls=True),
        Registration("b", "x", b"1", False, "/other.pem", "/key.pem"),
        "has another certificate for profile a",
    ),
]


@pytest.mark.parametrize(
    ("first", "second", "message"), [c[1:] for c in CLASHES], ids=[c[0] for c in CLASHES]
)
def test_a_clash_is_refused_and_says_with_whom(
    first: Registration, second: Registration, message: str
) -> None:
    """The second one is told which profile stands in its way; the first keeps what it has."""
    shared = gate(first)
    refusal = shared.register(1, second)
    assert refusal is not None
    assert message in refusal.message
    assert refusal.advice
    assert 1 == len(shared)


def test_open_to_all_must_be_written_down() -> None:
    """Without a key and without `open`, only loopback will do."""
    wanted = asks("a", key=None)
    refusal = gate().register(0, wanted)
    assert refusal is not None
    assert "open: true" in refusal.advice
    assert gate(loopback=True).register(0, wanted) is None


def test_a_denial_interests_those_who_have_the_app() -> None:
    """A wrong key is told to the holders of that app, a wrong app to everybody."""
    shared = gate(*SHARED)
    assert [0, 1] == shared.concerned("live")
    assert [0, 1, 2, 3, 4] == shared.concerned("other")
    assert [0, 1, 2, 3, 4] == shared.concerned(None)


def test_a_digest_tells_nothing_of_the_key() -> None:
    """With another salt the same key looks different, and a registration never holds it."""
    assert digest_of(b"a", "canary") != digest_of(b"b", "canary")
    assert "canary" not in repr(asks("a"))


def test_a_key_may_have_a_query_of_its_own() -> None:
    """`key?x=1` is the key when it is declared so; a query that an encoder adds is no part of a key."""
    shared = gate(asks("a", key="key?x=1"), asks("b", key="plain"))
    assert 0 == shared.find("live", "key", "x=1")
    assert Denied.KEY == shared.find("live", "key", "x=2")
    assert Denied.KEY == shared.find("live", "key")
    assert 1 == shared.find("live", "plain", "bandwidth=9")


def test_a_name_that_is_no_text_is_a_wrong_one() -> None:
    """Whatever bytes a stranger sends, they are compared and do not match."""
    assert Denied.KEY == gate(asks("a", key="one")).find("live", "\udcff\udc00")
