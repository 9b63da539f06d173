"""URLs in a profile: which are good, and which host they lead to. Pure.

The grammar is narrower than RFC 3986 on purpose: a secret is bound to the URL's host, so no text may
pass in which ffmpeg could see another host than we do (`\\`, a second `@`, `#` before the path, spaces).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv6Address
from urllib.parse import parse_qsl

from spiritstream.model.profile import KEY_PLACEHOLDER

TARGET_SCHEMES = ("rtmp", "rtmps", "srt")
SERVER_SCHEMES = ("rtmp", "rtmps")
PULL_SCHEMES = ("rtmp", "rtmps", "rtsp", "rtsps", "http", "https", "srt", "udp", "rtp", "tcp")
# What is meant where no port is written.
_PORTS = {"rtmp": "1935", "rtmps": "443"}
# Multicast is written `udp://@239.0.0.1:1234`, and `udp://@:1234` listens on every address.
_HOSTLESS = ("udp", "rtp")

_HOST = r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])"
_REST = r"(?P<rest>[/?][!#-;=?-\[\]_a-z~]*)?"
_URL = re.compile(rf"(?P<scheme>[a-z]+)://{_HOST}(:(?P<port>[0-9]{{1,5}}))?{_REST}", re.ASCII | re.IGNORECASE)
_DATAGRAM = re.compile(
    rf"(?P<scheme>udp|rtp)://@?{_HOST}?:(?P<port>[0-9]{{1,5}}){_REST}", re.ASCII | re.IGNORECASE
)
# Query parameters that hold a secret, and where it belongs instead.
_SECRET_PARAMETERS = {
    "passphrase": "passphrase",
    "streamid": "key",
    **dict.fromkeys(("password", "passwd", "pass", "pwd", "token", "access_token", "auth"), KEY_PLACEHOLDER),
    **dict.fromkeys(("key", "stream_key", "streamkey", "secret", "sig", "signature"), KEY_PLACEHOLDER),
}

Problem = tuple[str, str]
"""What is wrong, and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """A good URL's parts. `base` is all before `rest`, its path and query, as they are written."""

    scheme: str
    host: str
    base: str
    rest: str


def url_parts(url: str) -> Parts | None:
    """The parts of a URL; `None` if it is not a good one, or has no host. Scheme and host: in lower case."""
    match = _match(url)
    if match is None or not match["host"]:
        return None
    base = url[: match.start("rest")] if match["rest"] else url
    host = match["host"].lower().strip("[]").removesuffix(".")
    return Parts(match["scheme"].lower(), host, base, url[len(base) :])


def url_host(url: str) -> str | None:
    """The host that a URL leads to, in lower case; `None` if the URL is not a good one or has none."""
    match = _match(url)
    return match["host"].lower().strip("[]") if match and match["host"] else None


def with_plain_scheme(url: str) -> str:
    """The URL with its scheme in lower case, as ffmpeg wants it; nothing else is changed."""
    return url_scheme(url) + url[len(url_scheme(url)) :]


def url_scheme(url: str) -> str:
    """The scheme in lower case, also of a URL that is otherwise bad; empty if there is none."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def url_problem(url: str, schemes: tuple[str, ...]) -> Problem | None:
    """Why this URL cannot be used, without repeating it: it may hold a password."""
    if url != url.strip():
        return "white space stands around the URL", "remove it"
    scheme = url_scheme(url)
    if scheme not in schemes:
        return _scheme_problem(scheme, schemes)
    authority = re.split(r"[/?]", url[len(scheme) + 3 :], maxsplit=1)[0]
    if "@" in authority and not (scheme in _HOSTLESS and authority.startswith("@")):
        return "a user or password stands inside the URL", "move them to 'username:' and 'password:'"
    if not authority and scheme not in _HOSTLESS:
        return f"no host stands behind {scheme}://", f"write {scheme}://HOST/APP"
    match = _match(url)
    if match is None:
        return "this is not a URL that can be used", f"write {scheme}://host:port/path, in plain ASCII"
    if match["port"] and not 0 < int(match["port"]) < 65536:
        return "the port is not between 1 and 65535", ""
    return _parameter_problem(match["rest"] or "")


def same_place(url: str) -> str:
    """The URL in the one spelling in which two of the same destination are equal."""
    match = _match(url)
    if match is None:
        return url
    scheme, host = match["scheme"].lower(), (match["host"] or "").lower().removesuffix(".")
    rest = url[match.start("rest") :] if match["rest"] else ""
    port = (match["port"] or "").lstrip("0") or _PORTS.get(scheme, "")
    # With {stream_key} as the last part of the path it is where it would be without.
    return f"{scheme}://{host}:{port}{rest.removesuffix(f'/{KEY_PLACEHOLDER}').rstrip('/')}"


def _match(url: str) -> re.Match[str] | None:
    before, sign, _ = url.partition(KEY_PLACEHOLDER)
    if sign and not re.search(r"[/?]", before.partition("://")[2]):
        return None  # a key that is a host would be asked for in DNS
    public = url.replace(KEY_PLACEHOLDER, "KEY")
    match = _URL.fullmatch(public) or _DATAGRAM.fullmatch(public)
    return match if match and _is_host(match["host"]) else None


def _is_host(host: str | None) -> bool:
    """What stands in brackets is an IPv6 address, or it is no host: `urlsplit` would raise on it."""
    if not host or not host.startswith("["):
        return True
    try:
        IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _scheme_problem(scheme: str, schemes: tuple[str, ...]) -> Problem:
    if scheme in ("http", "https"):
        hint = (
            "write 'platform: NAME' with the stream key that the page shows, or the server that it shows: "
            "rtmps://HOST/APP"
        )
        return "this is the address of a web page, not of a server to send to", hint
    wanted = either([f"{s}://" for s in schemes])
    if near := get_close_matches(scheme, schemes, n=1):
        hint = f"did you mean {near[0]}://?"
    elif scheme == "srt":
        hint = "a server that takes SRT is a target of its own: write it as 'url:', without 'platform:'"
    else:
        hint = "" if scheme else f"put {wanted} before the host, as the platform says"
    return f"the URL must start with {wanted}", hint


def _parameter_problem(rest: str) -> Problem | None:
    for name, value in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        home = _SECRET_PARAMETERS.get(name.lower())
        if home is None or value == "KEY":
            continue
        if home == KEY_PLACEHOLDER:
            hint = f"write {KEY_PLACEHOLDER} in its place and put the value into 'key:'"
        else:
            hint = f"move it to '{home}:'"
        return f"'{name.lower()}=' puts a secret inside the URL", hint
    return None


def either(words: list[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
