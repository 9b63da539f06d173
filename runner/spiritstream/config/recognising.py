"""A platform's address as its dashboard shows it: whose it is, what is missing in it, a key in it. Pure.

No text made here repeats what follows a platform's own path: people paste addresses that hold their key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from spiritstream.config.address import (
    SERVER_SCHEMES,
    Parts,
    Problem,
    either,
    same_place,
    url_host,
    url_parts,
    url_scheme,
    with_plain_scheme,
)
from spiritstream.errors import SpiritError
from spiritstream.model.profile import KEY_PLACEHOLDER


class ServerLike(Protocol):
    """What is needed of a server."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def backup(self) -> bool:
        """Whether it is a backup ingest."""


class Addressed(Protocol):
    """What is needed of a platform to know its addresses."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """As people write it."""

    @property
    def own(self) -> bool:
        """Whether it is the user's own: its keys are sealed for its servers' hosts."""

    @property
    def servers(self) -> Sequence[ServerLike]:
        """Its servers."""

    @property
    def other_urls(self) -> tuple[str, ...]:
        """Addresses that it is recognised by, besides its servers."""

    @property
    def misaddressed(self) -> bool:
        """Whether its listed servers are somebody else's."""

    @property
    def warning(self) -> str:
        """Why it may not work; empty without a doubt."""

    @property
    def address_doubted(self) -> bool:
        """Whether it may not work because of its listed servers alone."""

    def server_url(self, choice: str | None = None) -> str:
        """The address of a server by its name, of a written one, or of the first."""


P = TypeVar("P", bound=Addressed)
At = Callable[[str], Sequence[P]]
"""From a host, in lower case, to the platforms that perhaps have an address there."""


@dataclass(frozen=True, slots=True)
class Recognised(Generic[P]):
    """Whose an address is: mostly one platform's. `url` is complete; `added` is what was missing in it."""

    platforms: tuple[P, ...]
    url: str
    added: str = ""

    @property
    def platform(self) -> P | None:
        """Its platform, if it can only be one's."""
        return self.platforms[0] if len(self.platforms) == 1 else None


def recognised(url: str, at: At[P]) -> Recognised[P] | None:
    """Whose address this is; `None` if it is nobody's that is known."""
    parts = url_parts(url)
    if parts is None or parts.scheme not in SERVER_SCHEMES:
        return None
    found = [platform for platform in at(parts.host) if has_address_at(platform, parts.host)]
    if not found:
        return None
    # One that only has the other's backup is not who is meant.
    found = [one for one in found if any(not server.backup for server in one.servers)] or found
    paths = [path for platform in found for path in _paths_at(platform, parts.host)]
    added = (_only(paths) or "") if parts.rest in ("", "/") else ""
    return Recognised(tuple(found), parts.base + added if added else url, added)


def platform_of(url: str, at: At[P]) -> P | None:
    """The platform whose address this is; `None` if it is nobody's, or may be several ones'."""
    known = recognised(url, at)
    return known.platform if known else None


def doubt_of(platform: Addressed, server: object) -> str:
    """Why a target at what is written as `server` may not work: where its listed servers are what is doubted,
    nothing is said against another address.
    """
    host = url_host(server) if isinstance(server, str) else None
    if platform.address_doubted and host and host not in {url_host(one.url) for one in platform.servers}:
        return ""
    return platform.warning


def completed(url: str, platform: Addressed) -> str:
    """The address of a platform's server; without a path it gets the platform's, exactly as listed."""
    parts = url_parts(url)
    if parts is None or parts.rest not in ("", "/"):
        return url
    path = _only(listed_paths(platform, parts.host))
    return parts.base + path if path else url


def listed_paths(platform: Addressed, host: str) -> tuple[str, ...]:
    """The paths under which a platform takes a key at a host; of a host that is not listed, at its others."""
    here = _paths_at(platform, host)
    if here or platform.warning or platform.misaddressed:
        return here
    return tuple(path for _, path in _places(server.url for server in platform.servers if not server.backup))


def has_address_at(platform: Addressed, host: str) -> bool:
    """Whether one of its addresses is at this host, which is in lower case."""
    return bool(_paths_at(platform, host))


def _paths_at(platform: Addressed, host: str) -> tuple[str, ...]:
    if platform.misaddressed:
        return ()
    listed = tuple(path for at, path in _places(one.url for one in platform.servers) if at == host)
    return listed or tuple(path for at, path in _places(platform.other_urls) if at == host)


def _places(urls: Iterable[str]) -> Iterator[tuple[str, str]]:
    for url in urls:
        parts = _listed_parts(url)
        if parts and parts.scheme in SERVER_SCHEMES:
            yield parts.host, parts.rest


@lru_cache(maxsize=4096)
def _listed_parts(url: str) -> Parts | None:
    """As `url_parts`, remembered: only for listed addresses, which hold no secret."""
    return url_parts(url)


def _only(paths: Sequence[str]) -> str | None:
    """The path that all of them are; `None` if they differ, or the key stands in the middle of it."""
    same = len({path.rstrip("/") for path in paths}) == 1
    return paths[0] if same and KEY_PLACEHOLDER not in paths[0] else None


def key_after(url: str, paths: Sequence[str], *, has_key: bool) -> str | None:
    """The listed path that a stream key follows in this URL; `None` if there is none in it.

    By structure: these are all the paths that the platform has there, and what is longer holds the key.
    `has_key`: the key stands beside it, so that another path than the listed ones is believed.
    """
    parts = url_parts(url)
    if parts is None or not paths or KEY_PLACEHOLDER in parts.rest:
        return None
    rest = parts.rest.rstrip("/")
    # A key may also have been put in before the path's query.
    listed = {path.partition(KEY_PLACEHOLDER)[0].rstrip("/") for path in paths}
    known = sorted(listed | {path.partition("?")[0].rstrip("/") for path in listed}, key=len, reverse=True)
    if rest in known:
        return None
    for path in known:
        if rest.startswith(path) and _is_key(rest[len(path) :]):
            return path
    longer = rest.count("/") > max(path.count("/") for path in known)
    return known[0] if longer and not has_key else None


def _is_key(tail: str) -> bool:
    """Whether what follows a path is a key, and not parameters of the path."""
    name = tail.lstrip("/")
    if not name.startswith(("?", "&")):
        return tail.startswith("/")
    return "/" in name or "=" not in name


def held_key(url: str, known: Recognised[P], *, has_key: bool) -> Problem | None:
    """What is wrong with a recognised address that ends with its stream key."""
    parts = url_parts(url)
    host = parts.host if parts else ""
    paths = [path for platform in known.platforms for path in _paths_at(platform, host)]
    after = key_after(url, paths, has_key=has_key)
    if after is None:
        return None
    ids = either([f"platform: {platform.id}" for platform in known.platforms])
    return _held(f"write {ids} in place of url", after)


def held_key_in_server(url: str, platform: Addressed) -> Problem | None:
    """What is wrong with a `server` that ends with its stream key."""
    parts = url_parts(url)
    after = key_after(url, listed_paths(platform, parts.host), has_key=True) if parts else None
    return None if after is None else _held(f"end it with {after or 'its host'}", after)


def _held(what: str, after: str) -> Problem:
    hint = (
        f"{what}, and write what follows {after or 'the host'} in it as 'key:'; then run "
        "`spiritstream seal FILE`. Who could read this file may have the key: the platform makes a new one"
    )
    return "this address holds a stream key", hint


def note(known: Recognised[P], sealed: bool) -> Problem:
    """What to say of a `url` that is a platform's address; `sealed`: its key is, for the host."""
    names = either([platform.name for platform in known.platforms])
    missing = f", without its last part: {known.added} is added" if known.added else ""
    ids = either([f"platform: {platform.id}" for platform in known.platforms])
    hint = f"write {ids} in place of url"
    if (platform := known.platform) is None:
        return f"this is the address of {names}{missing}", f"{hint}, so that it is known what it takes"
    server = _server_words(platform, known.url)
    hint += f"{server}, so that its servers and what it takes are known"
    if sealed and not platform.own and server != _AS_SERVER:
        hint += (
            "; the key is sealed for the host: write it in clear text there, and run `spiritstream seal FILE`"
        )
    return f"this is {names}'s address{missing}", hint


_AS_SERVER = ", with this address as its server"


def _server_words(platform: Addressed, url: str) -> str:
    place = same_place(with_plain_scheme(url))
    if url_scheme(url) == "rtmp" and {url_scheme(one.url) for one in platform.servers} == {"rtmps"}:
        return ""  # in clear it is refused there, too
    try:
        if same_place(platform.server_url()) == place:
            return ""
    except SpiritError:
        return _AS_SERVER
    named = [server.name for server in platform.servers if same_place(server.url) == place]
    return f', with server: "{named[0]}"' if named else _AS_SERVER
