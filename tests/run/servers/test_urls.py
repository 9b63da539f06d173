"""Which addresses of others are used, and what of them is shown."""

from __future__ import annotations

import pytest

from spiritstream.model.profile import Address
from spiritstream.run.servers.urls import (
    endpoint_of,
    query_of,
    question_parts,
    shown,
    usable,
    without_key,
)
from spiritstream.secret import Secret

# The address, and whether it may be used at all, and where RTMPS is a must.
ADDRESSES = {
    "rtmp": ("rtmp://live-fra.twitch.tv/app", True, False),
    "rtmps": ("rtmps://a.example:443/app/", True, True),
    "no app": ("rtmp://a.example", True, False),
    "two segments, a query": ("rtmps://a.example/v2/pub?backup=1", True, True),
    "an address": ("rtmp://192.0.2.1:1936/live", True, False),
    "IPv6": ("rtmps://[2001:db8::1]:443/live", True, True),
    "brackets around nothing": ("rtmps://[::::]/live", False, False),
    "brackets around IPv4": ("rtmps://[192.0.2.1]/live", False, False),
    "a place for the key": ("rtmp://a.example/live/{stream_key}?x=1", True, False),
    "a key instead of a host": ("rtmp://{stream_key}/live", False, False),
    "a key instead of a port": ("rtmp://a.example:{stream_key}/live", False, False),
    "another protocol": ("https://a.example/live", False, False),
    "a file": ("file:///etc/passwd", False, False),
    "none": ("a.example/live", False, False),
    "upper case": ("RTMP://a.example/live", False, False),
    "a login": ("rtmp://user:password@a.example/live", False, False),
    "an empty login": ("rtmp://@a.example/live", False, False),
    "no host": ("rtmp:///live", False, False),
    "an option for a host": ("rtmp://-y/live", False, False),
    "a space": ("rtmp://a.example/li ve", False, False),
    "a line's end": ("rtmp://a.example/live\n", False, False),
    "a control character": ("rtmp://a.example/\x1b[2J", False, False),
    "a backslash": ("rtmp://a.example\\@b.example/live", False, False),
    "another alphabet": ("rtmp://\u0430.example/live", False, False),
    "what turns text around": ("rtmp://a.example/\u202eevil", False, False),
    "a fragment": ("rtmp://a.example#@b.example/live", False, False),
    "a pipe": ("rtmp://a.example/live|tee:b", False, False),
    "port 0": ("rtmp://a.example:0/live", False, False),
    "a port that is none": ("rtmp://a.example:65536/live", False, False),
    "no port": ("rtmp://a.example:/live", False, False),
    "too long": ("rtmp://a.example/" + "a" * 500, False, False),
    "empty": ("", False, False),
}


@pytest.mark.parametrize(("url", "good", "sealed"), ADDRESSES.values(), ids=ADDRESSES)
def test_usable(url: str, good: bool, sealed: bool) -> None:
    """Only what is plainly an RTMP address; where the key was to be sealed, only RTMPS."""
    assert (good, sealed) == (usable(url), usable(url, tls=True))


@pytest.mark.parametrize("found", [None, 7, True, b"rtmp://a.example/live", ["rtmp://a.example/live"], {}])
def test_only_text_is_an_address(found: object) -> None:
    """Whatever else stands there is none."""
    assert not usable(found)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("rtmp://a.example/app", ("a.example", 1935)),
        ("rtmps://A.example./app", ("a.example", 443)),
        ("rtmp://a.example:443/app", ("a.example", 443)),
        ("rtmps://[2001:db8::1]/app", ("2001:db8::1", 443)),
        ("rtmp://a.example:1936/{stream_key}", ("a.example", 1936)),
    ],
)
def test_endpoints(url: str, endpoint: tuple[str, int]) -> None:
    """Where a connection is made: the protocol's own port unless one is written."""
    assert endpoint == endpoint_of(url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example/ingests", ("a.example", 443, "/ingests")),
        ("https://a.example:8443/x?id={stream_key}", ("a.example", 8443, "/x?id={stream_key}")),
        ("https://[::1]:8443/", ("::1", 8443, "/")),
        ("https://a.example", ("a.example", 443, "/")),
        ("http://a.example/ingests", None),
        ("https://user:password@a.example/ingests", None),
        ("https://a.example/in gests", None),
        ("https://a.example/\r\nHost: b.example", None),
        ("https://a.example:99999/", None),
        ("ftp://a.example/", None),
    ],
)
def test_questions(url: str, parts: tuple[str, int, str] | None) -> None:
    """Only https:// is asked, and nobody's login is sent along."""
    assert parts == question_parts(url)


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("rtmp://a.example/app/{stream_key}", "rtmp://a.example/app"),
        ("rtmp://a.example/app", "rtmp://a.example/app"),
        ("rtmp://a.example/app/{stream_key}?x=1", "rtmp://a.example/app/{stream_key}?x=1"),
        (None, None),
        (7, 7),
    ],
)
def test_without_key(template: object, url: object) -> None:
    """The key is sent as the stream's name; only at the end its place is cut off."""
    assert url == without_key(template)


def test_what_was_given_for_a_key_shows_no_query() -> None:
    """Nobody knows what a query says that somebody gave for a key: it is masked, and a secret."""
    address = Address("rtmp://a.example/live?token=canary", Secret("canary-key"))
    assert "rtmp://a.example/live?***" == shown(address)
    assert (Secret("token=canary"),) == query_of(address)
    plain = Address("rtmp://a.example/live", Secret("canary-key"))
    assert ("rtmp://a.example/live/***", ()) == (shown(plain), query_of(plain))
