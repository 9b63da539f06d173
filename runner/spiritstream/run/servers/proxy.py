"""The proxy that the environment names for https:// (`https_proxy`, `all_proxy`, `no_proxy`)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from spiritstream.run.servers.settled import UnansweredError

_PORT = 80


@dataclass(frozen=True, slots=True)
class Proxy:
    """Whom to ask for a tunnel, and the login that it wants, if any."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def connect_request(self, host: str, port: int) -> bytes:
        """What asks it for a tunnel (RFC 9110, section 9.3.6)."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        login = f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""
        return f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{login}\r\n".encode()


def proxy_for(host: str) -> Proxy | None:
    """The proxy by which a host is asked; `None`: it is asked directly.

    Raises:
        UnansweredError: a proxy is named that cannot be used.
    """
    # Here, as whoever looks nothing up needs none of it.
    from urllib.request import getproxies_environment, proxy_bypass

    named = getproxies_environment()
    url = named.get("https") or named.get("all")
    return _read(url) if url and not proxy_bypass(host) else None


def _read(url: str) -> Proxy:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme.lower() != "http":
        raise UnansweredError("the environment names a proxy that is not an http:// one", person=True)
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    basic = base64.b64encode(login.encode()).decode() if parts.username else ""
    return Proxy(host, port or _PORT, f"Basic {basic}" if basic else "")
