"""Which platform of the registry an address belongs to, and where its key begins. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from spiritstream.config.choosing import AUTO, Listing, server_problem
from spiritstream.config.recognising import ServerLike
from spiritstream.model.profile import KEY_PLACEHOLDER

_PORTS = {"rtmp": 1935, "rtmps": 443}
# Of an application's name: `live`, `app1`, `live-bvc`, `ustreamVideo`.
_LONGEST_APP, _MOST_WORDS, _LONGEST_NUMBER = 24, 3, 4


class KnownPlatform(Listing, Protocol):
    """What is needed of a platform."""

    @property
    def aliases(self) -> Sequence[str]:
        """Its names elsewhere."""


Platforms = Sequence[KnownPlatform]


@dataclass(frozen=True, slots=True)
class _Place:
    """An address in comparable parts; `app` is its path with the query, without a slash at the end."""

    scheme: str
    host: str
    port: int
    app: str


def _place(url: str) -> _Place | None:
    match = re.fullmatch(r"(rtmps?)://([^/?:\[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(.*)", url, re.IGNORECASE)
    if not match:
        return None
    scheme = match[1].lower()
    port = int(match[3]) if match[3] else _PORTS[scheme]
    return _Place(scheme, match[2].lower().removesuffix("."), port, match[4].strip("/"))


@lru_cache(maxsize=4096)
def _listed_place(url: str) -> _Place | None:
    """As `_place`, remembered: only for the registry's addresses, which hold no secret."""
    return _place(url)


@dataclass(frozen=True, slots=True)
class Listed:
    """A platform, and what to write as its `server`: nothing for the default one, a name, or an address."""

    platform: KnownPlatform
    server: str


def listed(server: str, platforms: Platforms, service: str) -> Listed | None:
    """The platform and server of an address that the registry lists; `None` if it lists none such.

    Host and application decide; another scheme or port is kept as it is written. Where several platforms
    list it, it is the one that `service` names.
    """
    here = _place(server)
    same = [
        (platform, one)
        for platform in platforms
        for one in platform.servers
        if (there := _listed_place(one.url)) and here and (there.host, there.app) == (here.host, here.app)
    ]
    exact = [(platform, one) for platform, one in same if _listed_place(one.url) == here]
    found = _of_service(exact, service) or _of_service(same, service)
    if found is None:
        return None
    platform, one = found
    return Listed(platform, _choice(platform, one, server, _place(one.url) == here))


def settled_later(server: str, platforms: Platforms, service: str) -> Listed | None:
    """The platform of this name, if its server is found when a target connects: `auto`, or it is looked up.

    Where it is looked up with the key, other programs write no server, or the web page that they ask.
    """
    word = server.casefold()
    for platform in platforms if service else ():
        if not is_called(platform, service):
            continue
        if platform.lookup and not platform.servers:
            return Listed(platform, "") if word in ("", AUTO) or word.startswith("https:") else None
        return Listed(platform, AUTO) if word == AUTO and not server_problem(platform, AUTO) else None
    return None


def completed(server: str, platforms: Platforms, service: str) -> str:
    """An address without an application, as some dashboards show it, with its platform's; else empty."""
    here = _place(server)
    if here is None or here.app:
        return ""
    apps = {
        there.app
        for platform in platforms
        for one in platform.servers
        if (there := _listed_place(one.url)) and there.host == here.host
    }
    if len(apps) != 1 or not (app := apps.pop()):
        return ""
    whole = f"{server.rstrip('/')}/{app}"
    return whole if KEY_PLACEHOLDER not in app and listed(whole, platforms, service) else ""


def _of_service(
    found: list[tuple[KnownPlatform, ServerLike]], service: str
) -> tuple[KnownPlatform, ServerLike] | None:
    """The one that the program names; else the one there is, if it is only one platform's."""
    for platform, one in found:
        if service and is_called(platform, service):
            return platform, one
    own = [(platform, one) for platform, one in found if not platform.misaddressed]
    return own[0] if len({platform.id for platform, _ in own}) == 1 else None


def is_called(platform: KnownPlatform, name: str) -> bool:
    """Whether this is the platform's id, its name, or its name elsewhere."""
    labels = (platform.id, platform.name, *platform.aliases)
    return name.casefold() in (label.casefold() for label in labels)


def _choice(platform: KnownPlatform, one: ServerLike, server: str, exact: bool) -> str:
    if not exact:
        return server
    if not platform.misaddressed and _place(platform.server_url()) == _place(server):
        return ""
    named = [other for other in platform.servers if other.name.casefold() == one.name.casefold()]
    return one.name if named == [one] else server


def listed_splits(url: str, platforms: Platforms) -> Iterator[tuple[str, str]]:
    """Each listed server of a URL that also holds the key, with that key; the longest server first."""
    here = _place(url)
    found = []
    for one in (server for platform in platforms for server in platform.servers):
        there = _listed_place(one.url)
        if here is None or there is None or there.host != here.host:
            continue
        before, _, after = there.app.partition(KEY_PLACEHOLDER)
        before = before if KEY_PLACEHOLDER in there.app else f"{before}/".lstrip("/")
        key = here.app[len(before) : len(here.app) - len(after)]
        if key and here.app == f"{before}{key}{after}":
            exact = (there.scheme, there.port) == (here.scheme, here.port)
            server = one.url if exact else _root(url) + there.app
            found.append(((len(before) + len(after), exact), server, key))
    yield from ((server, key) for _, server, key in sorted(found, reverse=True))


def _root(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"


@dataclass(frozen=True, slots=True)
class Split:
    """A URL's server and key. `doubtful`: other programs may take more of the path for the application."""

    server: str
    key: str
    doubtful: bool = False


def split_url(url: str) -> Split:
    """A URL of a server that nobody knows, in two: all behind the first part of the path is the key.

    Only the first part is certain to be the application. ffmpeg takes two where there are three or more
    (libavformat/rtmpproto.c), but a key may hold a slash itself, and no part of it may stay in clear text.
    A query belongs to the key, except directly behind the application.
    """
    root = _root(url)
    path, mark, query = url[len(root) :].partition("?")
    app, slash, name = path.partition("/")
    if not slash:
        query, slash, key = query.partition("/")
        return Split(f"{root}{path}{mark}{query}", key) if slash else Split(url, "")
    first, more, _ = name.partition("/")
    return Split(root + app, name + mark + query, bool(more) and ":" not in first)  # as in app/mp4:name


def may_be_secret(app: str) -> bool:
    """Whether what stands for an application looks more like a key: long, or of mixed letters and digits."""
    words = re.findall(r"[A-Za-z]+|[0-9]+", app)
    digits = [word for word in words if word.isdigit()]
    return (
        len(app) > _LONGEST_APP
        or len(words) > _MOST_WORDS
        or len(digits) > 1
        or any(len(word) > _LONGEST_NUMBER for word in digits)
    )
