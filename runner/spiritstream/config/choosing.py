"""What a target's `server` means: its address, and how that is settled when it connects. Pure.

- left out: the platform's usual server; where none is listed, what a look-up with the key gives.
- `auto`: the nearest of its servers, or what a look-up gives. The listed servers of the preferred protocol
  are measured, never a backup: what is nearest is no reason to send a key in clear text.
- `backup`: the first backup ingest.
- a listed name: that server. Where the present servers are looked up without a key, it is the one that
  has this name then.
- an address: exactly that; one without a path gets the platform's.

The keys of a shipped platform are sealed for its id, and its file says where a look-up asks. Those of an
own one are bound to a host: so it is never looked up, and `auto` chooses only between ports of one host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from spiritstream.config.address import (
    SERVER_SCHEMES,
    Problem,
    same_place,
    url_problem,
    url_scheme,
    with_plain_scheme,
)
from spiritstream.config.leaves import host_of
from spiritstream.config.recognising import Addressed, ServerLike, completed, held_key_in_server
from spiritstream.errors import ExitCode, SpiritError
from spiritstream.model.servers import LOOKED_UP, Candidate, Lookup, ServerChoice

AUTO, BACKUP = "auto", "backup"
# Amazon IVS lists each server twice; in the looked-up list it stands once.
_PROTOCOL = re.compile(r" \(RTMPS?\)$")
_SCHEMELESS = re.compile(r"[\w.-]+\.[a-z]{2,}(:[0-9]+)?([/?]\S*)?", re.ASCII | re.IGNORECASE)


class Listing(Addressed, Protocol):
    """What is needed of a platform to choose its server."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols of its servers, the preferred one first."""

    @property
    def default_server(self) -> str:
        """The server that is taken when none is named; empty for the first."""

    @property
    def lookup(self) -> Lookup | None:
        """How the present servers are asked for; `None` if they are not."""


class ServerProblemError(SpiritError):
    """What is written as a server cannot be taken; nothing of it is repeated."""

    exit_code = ExitCode.INVALID


@dataclass(frozen=True, slots=True)
class Chosen:
    """A target's address, or the fallback of `choice`; and whether it is a backup ingest."""

    url: str
    choice: ServerChoice | None = None
    backup: bool = False


def chosen(platform: Listing, wanted: str | None = None) -> Chosen:
    """What a target of this platform gets for what is written as its `server`.

    Raises:
        SpiritError: it has no such server, or nothing to choose from; says what to write instead.
    """
    if _is_auto(platform, wanted):
        return _auto(platform)
    if wanted is None and not platform.servers and platform.lookup:
        return Chosen(LOOKED_UP, ServerChoice(lookup=platform.lookup))
    if wanted is not None and "://" in wanted:
        url = completed(platform.server_url(with_plain_scheme(wanted)), platform)
        return Chosen(url, backup=is_backup(platform, url))
    url = platform.server_url(wanted)
    return Chosen(url, _by_name(platform, wanted), is_backup(platform, url))


def _is_auto(platform: Listing, wanted: str | None) -> bool:
    """Where a server is called `Auto`, that is the server; `auto` is it only if there is no other to take."""
    word = (wanted or "").strip()
    if word.casefold() != AUTO:
        return False
    called = [server.name for server in platform.servers if server.name.casefold() == AUTO]
    return not called or (word not in called and len(candidates_of(platform)) > 1)


def _auto(platform: Listing) -> Chosen:
    if not platform.servers and platform.lookup:
        return Chosen(LOOKED_UP, ServerChoice(lookup=platform.lookup))
    usual = platform.server_url()
    candidates = candidates_of(platform)
    if len(candidates) < 2 and platform.lookup is None:
        raise _nothing_to_choose(platform)
    if platform.own and len({host_of(url) for url in (usual, *(one.url for one in candidates))}) > 1:
        raise ServerProblemError(
            f"{platform.name} is your own platform: its keys are bound to a host, and it has several",
            "name one of them: server: NAME",
        )
    return Chosen(usual, ServerChoice(auto=True, candidates=candidates, lookup=platform.lookup))


def candidates_of(platform: Listing) -> tuple[Candidate, ...]:
    """The listed servers that `auto` may take, each address once."""
    preferred = platform.protocols[0]
    able: dict[str, ServerLike] = {}
    for server in platform.servers:
        if not server.backup and url_scheme(server.url) == preferred:
            able.setdefault(same_place(server.url), server)
    return tuple(Candidate(server.name, server.url) for server in able.values())


def _nothing_to_choose(platform: Listing) -> ServerProblemError:
    primary = [server for server in platform.servers if not server.backup]
    over = f" over {platform.protocols[0]}" if len(primary) > 1 else ""
    what = "only one server" if primary else "no server but a backup"
    return ServerProblemError(
        f"{platform.name} has {what}{over}: there is nothing to choose from", "leave 'server' out"
    )


def _by_name(platform: Listing, wanted: str | None) -> ServerChoice | None:
    lookup, word = platform.lookup, (wanted or "").strip().casefold()
    if lookup is None or lookup.sends_key or word == platform.default_server.casefold():
        return None
    names = [server.name for server in platform.servers if server.name.casefold() == word]
    return ServerChoice(name=_PROTOCOL.sub("", names[0]), lookup=lookup) if names else None


def is_backup(platform: Addressed, url: str) -> bool:
    """Whether an address is one of the platform's backup ingests, however it is spelled."""
    place = same_place(url)
    return any(server.backup and same_place(server.url) == place for server in platform.servers)


def server_problem(platform: Listing, wanted: str | None) -> Problem | None:
    """What is wrong with what is written as `server`; no text repeats it."""
    if wanted is not None and "://" in wanted:
        problem = url_problem(wanted, SERVER_SCHEMES) or held_key_in_server(wanted, platform)
        if problem:
            return problem
    try:
        url = chosen(platform, wanted).url
    except SpiritError as error:
        if wanted is not None and "://" not in wanted and _SCHEMELESS.fullmatch(wanted.strip()):
            return "this is no server's name, and an address begins with rtmp:// or rtmps://", error.hint
        return error.message, error.hint
    if problem := url_problem(url, SERVER_SCHEMES):
        return f"the platform's server cannot be used: {problem[0]}", problem[1]
    return None


def check_server(platform: Listing, wanted: str | None) -> None:
    """Nothing, if this may be written as `server`.

    Raises:
        ServerProblemError: it may not; says what to write instead.
    """
    if problem := server_problem(platform, wanted):
        raise ServerProblemError(*problem)


def words_of(platform: Listing) -> dict[str, str]:
    """The words, besides names, that may be written as this platform's `server`, and what they take."""
    words = {AUTO: _auto_words(platform), BACKUP: "its first backup"}
    return {word: told for word, told in words.items() if told and server_problem(platform, word) is None}


def _auto_words(platform: Listing) -> str:
    if platform.lookup is None:
        return f"the nearest of {len(candidates_of(platform))}, measured when it connects"
    if platform.lookup.sends_key:
        return "what the platform names when it is asked with the key"
    return "the nearest of those that the platform names when it is asked"
