"""URLs in a profile: which are good, and which host they lead to. Pure.

The grammar is narrower than RFC 3986 on purpose: a secret is bound to the URL's host, so no text may
pass in which ffmpeg could see another host than we do (`\\`, a second `@`, `#` before the path, spaces).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from urllib.parse import parse_qsl

from spiritstream.model.profile import KEY_PLACEHOLDER

TARGET_SCHEMES = ("rtmp", "rtmps", "srt")
SERVER_SCHEMES = ("rtmp", "rtmps")
PULL_SCHEMES = ("rtmp", "rtmps", "rtsp", "rtsps", "http", "https", "srt", "udp", "rtp", "tcp")
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


def url_host(url: str) -> str | None:
    """The host that a URL leads to, in lower case; `None` if the URL is not a good one or has none."""
    match = _match(url)
    return match["host"].lower().strip("[]") if match and match["host"] else None


def url_scheme(url: str) -> str:
    """The scheme in lower case, also of a URL that is otherwise bad; empty if there is none."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def url_problem(url: str, schemes: tuple[str, ...]) -> Problem | None:
    """Why this URL cannot be used, without repeating it: it may hold a password."""
    scheme = url_scheme(url)
    if scheme not in schemes:
        return _scheme_problem(scheme, schemes)
    authority = re.split(r"[/?]", url[len(scheme) + 3 :], maxsplit=1)[0]
    if "@" in authority and not (scheme in _HOSTLESS and authority.startswith("@")):
        return "a user or password stands inside the URL", "move them to 'username:' and 'password:'"
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
    scheme, host, rest = match["scheme"].lower(), (match["host"] or "").lower(), match["rest"] or ""
    port = f":{match['port']}" if match["port"] else ""
    return f"{scheme}://{host}{port}{rest.rstrip('/')}"


def _match(url: str) -> re.Match[str] | None:
    public = url.replace(KEY_PLACEHOLDER, "KEY")
    return _URL.fullmatch(public) or _DATAGRAM.fullmatch(public)


def _scheme_problem(scheme: str, schemes: tuple[str, ...]) -> Problem:
    near = get_close_matches(scheme, schemes, n=1)
    hint = f"did you mean {near[0]}://?" if near else ""
    return "the URL must start with " + either([f"{s}://" for s in schemes]), hint


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
