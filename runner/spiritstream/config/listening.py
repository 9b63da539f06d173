"""An input that publishers connect to: where it listens, who may publish, how long it waits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import TypeGuard

from spiritstream.config.document import Document
from spiritstream.config.places import Path
from spiritstream.config.values import parse_duration
from spiritstream.errors import Finding

DEFAULT_PORT = 1935  # RTMP's own: https://www.iana.org/assignments/service-names-port-numbers
DEFAULT_LISTEN = f"127.0.0.1:{DEFAULT_PORT}"
DEFAULT_HOLD = "15s"
_EVERYWHERE = "0.0.0.0"
_LONGEST_HOLD_S = 3600

_FORM = re.compile(
    r"(?P<alone>[0-9]{1,9})|(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^:\[\]/]+))?(?::(?P<port>[0-9]{1,9}))?",
    re.ASCII,
)


class ListenError(ValueError):
    """No address to listen on. `problem` says what is wrong and what to do, without repeating the text."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = message, hint


def parse_listen(value: str | int | float) -> tuple[str, int]:
    """Host and port of `0.0.0.0:1935`, `[::1]:1935`, `localhost`, `:1935`, `1935`.

    The host is an IP address in its one spelling, so that two texts for one address are equal; a port
    without a host means every address.

    Raises:
        ListenError: it is none of these.
    """
    text = value if isinstance(value, str) else str(int(value))
    if "://" in text:
        hint = "write the address alone, such as 0.0.0.0:1935; what follows its '/' belongs to 'app:'"
        raise ListenError("this is a URL, not an address to listen on", hint)
    match = _FORM.fullmatch(text)
    if match is None or not text:
        raise _unreadable(text)
    port = int(match["alone"] or match["port"] or DEFAULT_PORT)
    if not 0 < port < 65536:
        raise ListenError("the port is not between 1 and 65535", f"RTMP's usual port is {DEFAULT_PORT}")
    return _host(match), port


def _unreadable(text: str) -> ListenError:
    if text.count(":") > 1 and "[" not in text:
        return ListenError("an IPv6 address stands in brackets here", 'write it like "[::1]:1935", in quotes')
    hint = 'write it like 0.0.0.0:1935, "[::1]:1935" or 1935 (every address of this machine)'
    return ListenError("expected an address to listen on, as HOST:PORT", hint)


def _host(match: re.Match[str]) -> str:
    try:
        if match["v6"] is not None:
            return _ipv6(match["v6"])
        host = match["host"] or _EVERYWHERE
        return "127.0.0.1" if host.lower() == "localhost" else str(IPv4Address(host))
    except AddressValueError:
        raise ListenError(
            "the host must be localhost or an IP address of this machine",
            "0.0.0.0 is every address of this machine, 127.0.0.1 is for publishers on this machine only",
        ) from None


def _ipv6(text: str) -> str:
    address = IPv6Address(text)
    if address.scope_id:
        raise AddressValueError("an interface's name means another place on each machine")
    return str(address.ipv4_mapped or address)


def rtmp_findings(document: Document, path: Path, rtmp: dict[str, object]) -> Iterator[Finding]:
    """What is wrong with an `input.rtmp`, beyond its schema."""
    host = None
    listen = rtmp.get("listen", DEFAULT_LISTEN)
    if _is_readable(listen):
        try:
            host, _ = parse_listen(listen)
        except ListenError as error:
            yield document.finding((*path, "listen"), *error.problem)
    yield from _access(document, path, rtmp, host)
    if (hold := rtmp.get("hold")) is not None and not _is_hold(hold):
        yield document.finding((*path, "hold"), "must be from 0s to 1h")
    if isinstance(tls := rtmp.get("tls"), dict):
        for name, file in tls.items():
            if problem := _file_problem(file):
                yield document.finding((*path, "tls", name), *problem)


def _is_readable(listen: object) -> TypeGuard[str | int | float]:
    """Whether this is text or a whole number: what is neither is the schema's to find."""
    whole = isinstance(listen, int | float) and not isinstance(listen, bool) and int(listen) == listen
    return isinstance(listen, str) or whole


def _access(document: Document, path: Path, rtmp: dict[str, object], host: str | None) -> Iterator[Finding]:
    """Without a key only this machine may publish, unless it is written down that anybody may."""
    is_open, has_key = rtmp.get("open", False), "key" in rtmp
    if is_open is True and has_key:
        message = "'open: true' lets anybody publish, but there is a key"
        yield document.finding((*path, "open"), message, "remove one of the two", at_key=True)
    elif is_open is False and not has_key and host is not None and not ip_address(host).is_loopback:
        hint = (
            "add 'key:', which publishers then have to know, or 'open: true' if anybody may publish; "
            "with 'listen: 127.0.0.1' neither is needed"
        )
        message = "'key' is missing: anybody who reaches this address could publish"
        yield document.finding(path, message, hint, at_key=True)


def _is_hold(value: object) -> bool:
    """Whether this is a duration in range; another form is the schema's to find."""
    try:
        return parse_duration(value) <= _LONGEST_HOLD_S
    except ValueError:
        return not isinstance(value, int | float)


def _file_problem(text: object) -> tuple[str, str] | None:
    if not isinstance(text, str):
        return None
    if text.startswith("~"):
        return "'~' is not followed", "write the whole path"
    return ("this is a URL, not a file's path", "write the path alone") if "://" in text else None
