"""One place, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.destination import host_destination, is_destination


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("live.example.org", "live.example.org"),
        ("LIVE.Example.ORG", "live.example.org"),
        ("live.example.org.", "live.example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("under_score.example", "under_score.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("localhost", "localhost."),
        ("youtube", "youtube."),
        ("relay.", "relay."),
        ("[2001:DB8:0:0::1]", "[2001:db8::1]"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("::1", "[::1]"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", None),
        ("1:2", None),
        ("bücher.example", None),
        ("\u212a.example", None),  # the Kelvin sign, which lower() makes a k of
        ("a b", None),
        ("a..b", None),
        ("-a.example", None),
        ("a:b:c", None),
        ("", None),
        (".", None),
        ("a" * 64 + ".example", None),
        ("a." * 127 + "ab", None),
        ("evil\0.example", None),
    ],
)
def test_host_destination(host: str, expected: str | None) -> None:
    """A host has one destination, whatever its spelling, and never a platform's."""
    assert expected == host_destination(host)


@given(
    st.one_of(st.text(), st.ip_addresses().map(str), st.from_regex(r"[A-Z0-9a-z_.-]{1,30}", fullmatch=True))
)
def test_every_destination_is_one(host: str) -> None:
    """What is made of a host is a destination, and stays what it is."""
    destination = host_destination(host)
    if destination is not None:
        assert is_destination(destination)
        assert destination == host_destination(destination)


@given(st.ip_addresses(v=6))
def test_long_and_short_addresses_are_one_place(address: object) -> None:
    """An IPv6 address written out leads to the same destination as its short form."""
    exploded = address.exploded  # type: ignore[attr-defined]
    assert host_destination(str(address)) == host_destination(f"[{exploded.upper()}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("youtube", True),
        ("amazon-ivs", True),
        ("input", True),
        ("relay.", True),
        ("[::1]", True),
        ("YouTube", False),
        ("a.example.", False),
        ("[::0001]", False),
        ("[::ffff:102:304]", False),
        ("[]", False),
        ("::1", False),
        ("a\n", False),
        ("", False),
    ],
)
def test_is_destination(text: str, expected: bool) -> None:
    """Only the one spelling counts."""
    assert expected == is_destination(text)
