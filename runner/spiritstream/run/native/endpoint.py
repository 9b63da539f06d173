"""Where a stream is published, in the parts that RTMP sends; and which redirects are followed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from spiritstream.ffmpeg.address import app_and_name, public_root
from spiritstream.model.profile import Address
from spiritstream.secret import Secret

_PORTS = {"rtmp": 1935, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server and stream. The URL with the key in it is never built."""

    root: str
    """Scheme, host, and the port if one is written: `rtmps://host:443`."""
    app: str
    name: Secret = field(repr=False)

    @property
    def scheme(self) -> str:
        """`rtmp` or `rtmps`."""
        return urlsplit(self.root).scheme.lower()

    @property
    def tls(self) -> bool:
        """Whether the connection is sealed, and the server's name verified."""
        return self.scheme == "rtmps"

    @property
    def host(self) -> str:
        """The host, an IPv6 address without its brackets."""
        return urlsplit(self.root).hostname or ""

    @property
    def port(self) -> int:
        """The port that is written, else the scheme's own."""
        return urlsplit(self.root).port or _PORTS[self.scheme]

    @property
    def tc_url(self) -> str:
        """What the server is told of the address it was called by: all of it but the key."""
        return f"{self.root}/{self.app}"


def endpoint(address: Address) -> Endpoint:
    """The parts of an RTMP address, as `ffmpeg` would read and send them."""
    app, name = app_and_name(address)
    return Endpoint(public_root(address), app, name)


def redirected(here: Endpoint, url: str) -> Endpoint | None:
    """Where a server's redirect leads; `None` when it is not followed.

    A key goes to the host that the profile names. It follows a redirect to another one only from a server
    whose own name was verified by TLS (so that it was really this server that said so) to one whose name
    will be. On the same host it follows to another port or application, and never from RTMPS back to RTMP.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _PORTS or not host or parts.username is not None:
        return None
    if scheme != "rtmps" and (here.tls or host != here.host):
        return None
    if host != here.host and not here.tls:
        return None
    where = f"[{host}]" if ":" in host else host
    root = f"{scheme}://{where}" + (f":{port}" if port else "")
    app = url.partition("://")[2].partition("/")[2].rstrip("/")
    return replace(here, root=root, app=app or here.app)
