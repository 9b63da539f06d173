"""An address becomes what an RTMP server is asked for, and redirects never carry a key astray."""

from __future__ import annotations

import pytest

from spiritstream.model.profile import Address
from spiritstream.run.native.endpoint import Endpoint, endpoint, redirected
from spiritstream.secret import Secret

K = Secret("KEY")


@pytest.mark.parametrize(
    ("address", "host", "port", "tls", "tc_url", "app", "name"),
    [
        (Address("rtmp://host/live", K), "host", 1935, False, "rtmp://host/live", "live", "KEY"),
        (Address("rtmp://host/live/", K), "host", 1935, False, "rtmp://host/live", "live", "KEY"),
        (Address("rtmps://host/app", K), "host", 443, True, "rtmps://host/app", "app", "KEY"),
        (Address("RTMPS://Host:4443/a", K), "host", 4443, True, "RTMPS://Host:4443/a", "a", "KEY"),
        (Address("rtmp://h:1/v2/pub", K), "h", 1, False, "rtmp://h:1/v2/pub", "v2/pub", "KEY"),
        (Address("rtmp://h/a/b/c", K), "h", 1935, False, "rtmp://h/a/b/c", "a/b/c", "KEY"),
        (Address("rtmp://h", K), "h", 1935, False, "rtmp://h/", "", "KEY"),
        (Address("rtmp://[::1]:1936/live", K), "::1", 1936, False, "rtmp://[::1]:1936/live", "live", "KEY"),
        (
            Address("rtmp://h/live", Secret("k?a=b&c=/d")),
            "h",
            1935,
            False,
            "rtmp://h/live",
            "live",
            "k?a=b&c=/d",
        ),
        (Address("rtmp://h/live?x=1", K), "h", 1935, False, "rtmp://h/live?x=1", "live?x=1", "KEY"),
        (Address("rtmp://h/live/{stream_key}", K), "h", 1935, False, "rtmp://h/live", "live", "KEY"),
        (Address("rtmp://h/a/x_{stream_key}?b=1", K), "h", 1935, False, "rtmp://h/a", "a", "x_KEY?b=1"),
        (Address("rtmp://h/a/s?k={stream_key}&y", K), "h", 1935, False, "rtmp://h/a", "a", "s?k=KEY&y"),
        (Address("rtmp://h/{stream_key}", K), "h", 1935, False, "rtmp://h/", "", "KEY"),
        (Address("rtmp://h/live/public"), "h", 1935, False, "rtmp://h/live", "live", "public"),
        (Address("rtmp://h/live"), "h", 1935, False, "rtmp://h/live", "live", ""),
    ],
)
def test_endpoint(
    address: Address, host: str, port: int, tls: bool, tc_url: str, app: str, name: str
) -> None:
    """Host, port, application and stream name; the key is in the name alone."""
    found = endpoint(address)
    assert (host, port, tls, tc_url, app) == (found.host, found.port, found.tls, found.tc_url, found.app)
    assert name == found.name.reveal()
    assert "KEY" not in repr(found)


PLAIN = Endpoint("rtmp://a.example", "live", K)
SEALED = Endpoint("rtmps://a.example", "live", K)


@pytest.mark.parametrize(
    ("here", "url", "root", "app"),
    [
        # On the same host: to another port, another application, or into TLS.
        (PLAIN, "rtmp://a.example:1936/live", "rtmp://a.example:1936", "live"),
        (PLAIN, "rtmp://A.example/edge/x", "rtmp://a.example", "edge/x"),
        (PLAIN, "rtmps://a.example", "rtmps://a.example", "live"),
        # To another host: only where both names are verified.
        (SEALED, "rtmps://b.example/live", "rtmps://b.example", "live"),
        (SEALED, "rtmps://[2001:db8::1]:444/live", "rtmps://[2001:db8::1]:444", "live"),
    ],
)
def test_followed(here: Endpoint, url: str, root: str, app: str) -> None:
    """A redirect that cannot lead a key astray is followed, under the same name."""
    assert Endpoint(root, app, K) == redirected(here, url)


@pytest.mark.parametrize(
    ("here", "url"),
    [
        (PLAIN, "rtmp://b.example/live"),
        (PLAIN, "rtmps://b.example/live"),  # whoever stands in between can have a certificate, too
        (SEALED, "rtmp://a.example/live"),
        (SEALED, "rtmp://b.example/live"),
        (SEALED, "rtmps://user@b.example/live"),
        (SEALED, "https://a.example/live"),
        (SEALED, "rtmps:///live"),
        (SEALED, "rtmps://b.example:99999/live"),
        (SEALED, "rtmps://[::1/live"),
        (SEALED, "live"),
        (SEALED, ""),
    ],
)
def test_not_followed(here: Endpoint, url: str) -> None:
    """Any other is not."""
    assert redirected(here, url) is None
