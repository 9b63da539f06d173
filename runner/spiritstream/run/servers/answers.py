"""What platforms answered, remembered: lists for minutes and on disk, what came for a key for seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from spiritstream.model.servers import Lookup, LookupForm
from spiritstream.run.servers import keeping
from spiritstream.run.servers.disk import Disk
from spiritstream.run.servers.keeping import Kept
from spiritstream.run.servers.readers import Given, Row, read
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.secret import Secret

LIST_S, GIVEN_S = 3.0, 5.0
FRESH_S = 600.0
# SHOWROOM's key is good for 10 s, and OBS Studio trusts Nimo's answer for 2 s.
_FRESH_GIVEN_S = {LookupForm.NIMO: 2.0}
_FRESH_KEYED_S = 10.0
# A list so old helps less than the shipped one.
_OLDEST_S = 30 * 24 * 3600.0
# So long nobody is asked again who did not answer, where there is something to go on with.
_REST_S = 60.0
# A shorter secret may be a word of a host's name.
_LONG_SECRET = 8

_Question = tuple[str, Secret | None]


class Fetch(Protocol):
    """How a question is asked: `fetching.fetch`."""

    def __call__(self, lookup: Lookup, key: Secret | None, *, timeout_s: float) -> Awaitable[bytes]:
        """The answer's body; raises UnansweredError."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The servers that are known by a look-up: none where `why` says why not, old ones if it says so, too."""

    rows: tuple[Row, ...] = ()
    why: str = ""


class Answers:
    """One runner's. Targets that ask for the same at once share one question."""

    def __init__(
        self, folder: Path, fetch: Fetch, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._disk = Disk()
        self._fetch = fetch
        self._clock = clock
        self._wall = wall
        self._locks: dict[_Question, asyncio.Lock] = {}
        self._lists: dict[_Question, Kept] = {}
        self._resting: dict[_Question, tuple[float, str]] = {}
        self._given: dict[_Question, tuple[float, Given]] = {}

    async def servers(self, lookup: Lookup, key: Secret | None) -> Listed:
        """The present list: what is fresh, else what is answered now, else what is kept."""
        question = _question(lookup, key)
        async with self._lock(question):
            kept = self._lists.get(question) or await self._loaded(lookup)
            if kept is not None and self._is_fresh(kept, lookup):
                return Listed(kept.rows)
            try:
                rows: tuple[Row, ...] = await self._asked(lookup, key, LIST_S, rest=True)
            except UnansweredError as error:
                return Listed(self._old(kept), error.reason)
            self._lists[question] = fresh = Kept(rows, self._wall())
            await self._save(lookup, fresh)
            return Listed(rows)

    async def _loaded(self, lookup: Lookup) -> Kept | None:
        if lookup.sends_key:
            return None
        return await self._disk.ask(lookup.url, partial(keeping.load, self._folder, lookup.url))

    async def _save(self, lookup: Lookup, kept: Kept) -> None:
        if not lookup.sends_key:
            await self._disk.ask(lookup.url, partial(keeping.save, self._folder, lookup.url, kept))

    def _is_fresh(self, kept: Kept, lookup: Lookup) -> bool:
        return 0 <= self._wall() - kept.at < (_FRESH_KEYED_S if lookup.sends_key else FRESH_S)

    def _old(self, kept: Kept | None) -> tuple[Row, ...]:
        return kept.rows if kept is not None and self._wall() - kept.at < _OLDEST_S else ()

    async def _asked(self, lookup: Lookup, key: Secret | None, timeout_s: float, *, rest: bool) -> Any:
        """What is answered now, as its reader reads it; with `rest`, who just failed is not asked again."""
        question = _question(lookup, key)
        until, reason = self._resting.get(question, (0.0, ""))
        if rest and self._clock() < until:
            raise UnansweredError(reason)
        try:
            return read(lookup.form, await self._fetch(lookup, key, timeout_s=timeout_s))
        except UnansweredError as error:
            self._resting[question] = (self._clock() + _REST_S, error.reason)
            raise

    async def address(self, lookup: Lookup, key: Secret | None, *, rest: bool) -> Given:
        """The one address that is given for a key; `rest`: there is another one to go on with.

        Raises:
            UnansweredError: there is none.
        """
        question = _question(lookup, key)
        async with self._lock(question):
            until, given = self._given.get(question, (0.0, None))
            if given is None or self._clock() >= until:
                given = _without_secrets(await self._asked(lookup, key, GIVEN_S, rest=rest), key)
                good_s = _FRESH_GIVEN_S.get(lookup.form, _FRESH_KEYED_S)
                self._given[question] = self._clock() + good_s, given
            return given

    def forget(self, lookup: Lookup, key: Secret | None) -> None:
        """What was given for a key did not work: the next one asks anew."""
        self._given.pop(_question(lookup, key), None)

    def _lock(self, question: _Question) -> asyncio.Lock:
        return self._locks.setdefault(question, asyncio.Lock())


def _question(lookup: Lookup, key: Secret | None) -> _Question:
    return lookup.url, key if lookup.sends_key else None


def _without_secrets(given: Given, key: Secret | None) -> Given:
    """`given`, if its address can be shown: what is secret belongs into the fields for it.

    Raises:
        UnansweredError: the address repeats a key or a password.
    """
    secrets = (secret for secret in (key, given.key, given.password) if secret is not None)
    forms = [form for secret in secrets for form in secret.forms()]
    host, _, path = given.url.partition("://")[2].partition("?")[0].partition("/")
    in_host = (len(form) >= _LONG_SECRET and form.lower() in host.lower() for form in forms)
    if any(in_host) or any(form in path for form in forms):
        raise UnansweredError("the answer has a key inside its address")
    return given
