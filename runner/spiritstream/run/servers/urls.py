"""Which addresses are used of those that others hand us, and what of them may be shown. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from spiritstream.model.profile import KEY_PLACEHOLDER, Address
from spiritstream.model.servers import LOOKED_UP
from spiritstream.secret import MASK, Secret

Endpoint = tuple[str, int]

_PORTS = {"rtmp": 1935, "rtmps": 443}
_LONGEST = 500
# Narrow on purpose: in no text that passes could another program see another host than we do.
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])"
_PORT = r"(?::(?P<port>[0-9]{1,5}))?"
_URL = re.compile(rf"(?P<scheme>rtmps?)://{_HOST}{_PORT}(?:/[!$-;=?-\[\]_a-z~]*)?", re.ASCII)
_QUESTION = re.compile(rf"https://{_HOST}{_PORT}(?P<path>/[!$-;=?-\[\]_a-z~{{}}]*)?", re.ASCII)


def usable(url: object, *, tls: bool = False) -> bool:
    """Whether a key may be taken there: RTMP or RTMPS (`tls`: only that), a good host, nothing hidden."""
    if not isinstance(url, str) or len(url) > _LONGEST or url == LOOKED_UP:
        return False
    found = _URL.fullmatch(url.replace(KEY_PLACEHOLDER, "key"))
    if found is None or KEY_PLACEHOLDER in _host_of(url) or not _is_host(found["host"]):
        return False
    return _good_port(found["port"]) and (found["scheme"] == "rtmps" or not tls)


def _host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _is_host(host: str) -> bool:
    """What stands in brackets is an IPv6 address, or it is no host."""
    if not host.startswith("["):
        return True
    try:
        IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _good_port(port: str | None) -> bool:
    return port is None or 0 < int(port) < 65536


def endpoint_of(url: str) -> Endpoint:
    """The host and port that a usable address leads to."""
    parts = urlsplit(url)
    return (parts.hostname or "").rstrip("."), parts.port or _PORTS[parts.scheme]


def question_parts(url: str) -> tuple[str, int, str] | None:
    """Host, port and path of an address that is asked; `None` where it is not a good https:// one."""
    found = _QUESTION.fullmatch(url)
    if found is None or not _good_port(found["port"]):
        return None
    return found["host"].strip("[]"), int(found["port"] or 443), found["path"] or "/"


def without_key(template: object) -> object:
    """A listed address without the `/{stream_key}` at its end."""
    return template.removesuffix(f"/{KEY_PLACEHOLDER}") if isinstance(template, str) else template


def query_of(address: Address) -> tuple[Secret, ...]:
    """The query of an address that was given for a key, as a secret: nobody knows what it says."""
    query = address.url.partition("?")[2]
    return (Secret(query),) if query else ()


def shown(address: Address) -> str:
    """The address as it may be shown where it was given for a key: without its query, too."""
    url, mark, _ = address.redacted().partition("?")
    return url + (f"{mark}{MASK}" if mark else "")
