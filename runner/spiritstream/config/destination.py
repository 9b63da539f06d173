"""How a destination, the place that a sealed value is bound to, is spelled: in one way only. Pure.

- `youtube`: a platform's id; `input` for an ingest key.
- `live.example.org`, `192.0.2.1`: a host, in lower case, without the root's dot.
- `relay.`: a host without a dot gets one at its end, as DNS writes it, so that no host that somebody
  names in a repository passes for the platform of that name.
- `[2001:db8::1]`: an IPv6 address, shortest form, in brackets: its colons end nothing.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_MAX_NAME = 253  # DNS' own bound
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
FORM = rf"{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:]{{2,39}}\]"
_FORM = re.compile(FORM)


def host_destination(host: str) -> str | None:
    """The destination for a URL's host, with or without brackets; `None` if it can be none.

    Unicode names are refused: what they resolve to depends on who converts them.
    """
    if not host.isascii():
        return None
    name = host.lower().removeprefix("[").removesuffix("]")
    if ":" in name:
        return _ipv6_destination(name)
    name = name.removesuffix(".")
    name = name if "." in name else f"{name}."
    return name if is_destination(name) else None


def is_destination(text: str) -> bool:
    """Whether `text` is a destination in its one spelling."""
    if len(text) > _MAX_NAME or not _FORM.fullmatch(text):
        return False
    if text.startswith("["):
        return _ipv6_destination(text[1:-1]) == text
    return "." not in text.removesuffix(".") or not text.endswith(".")


def _ipv6_destination(name: str) -> str | None:
    try:
        address = IPv6Address(name)
    except AddressValueError:
        return None
    if address.scope_id:
        return None  # an interface's name means another place on each machine
    # A mapped address leads to the same place as the IPv4 address in it, and Pythons print it differently.
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else f"[{address.compressed}]"
