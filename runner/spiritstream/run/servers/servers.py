"""Settles where a target connects: looked up, measured, or as the profile has it.

It takes 6 s at most, and with a disk that hangs 2 more: asking and measuring are bounded, and whoever waits
for another's question has the answer with them.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from spiritstream.model.profile import Address, Target
from spiritstream.model.servers import LOOKED_UP, Candidate, Lookup, LookupForm, ServerChoice
from spiritstream.model.status import Cause
from spiritstream.run.servers.answers import Answers, Fetch, Listed
from spiritstream.run.servers.fetching import fetch as ask
from spiritstream.run.servers.measuring import ALL_S, TimeOf, connect_time_s
from spiritstream.run.servers.nearest import Near, Nearest
from spiritstream.run.servers.readers import Given
from spiritstream.run.servers.settled import Settled, UnansweredError
from spiritstream.run.servers.urls import query_of, question_parts, shown, usable
from spiritstream.secret import Secret

# The cause's code where an address is only given for the key, and no key may be shown.
NEEDS_KEY = "needs-key"
# A child that is ending may still name what it was given; keys that were given last month nobody names.
_MOST_LEARNT = 100
_LEFT_OUT_SHOWN = 3


class Servers:
    """One runner's knowledge of servers, shared by its targets."""

    def __init__(
        self,
        cache: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        fetch: Fetch | None = None,
        time_of: TimeOf = connect_time_s,
    ) -> None:
        """`cache` is the folder for lists. Tests give other clocks, certificates, answers and distances."""
        self._answers = Answers(cache, fetch or partial(ask, tls=tls), clock, wall)
        self._nearest = Nearest(clock, time_of)
        self._learnt: deque[Secret] = deque(maxlen=_MOST_LEARNT)

    def learnt(self) -> Iterable[Secret]:
        """The secrets that platforms gave us, the last ones: what must not be seen in a log."""
        return tuple(self._learnt)

    async def settle(self, target: Target, *, with_key: bool = True) -> Settled | Cause:
        """Where `target`, which is no recording, is to connect now; or why nowhere.

        `with_key=False` asks nothing for which the key has to be shown.
        """
        address, choice = target.address, target.server
        assert address is not None
        if choice is None:
            return Settled(address, address.redacted())
        if choice.lookup is not None and choice.lookup.form is not LookupForm.INGESTS:
            return await self._given(choice, choice.lookup, address, with_key=with_key)
        listed = Listed()
        if choice.lookup is not None:
            listed = await self._listed(choice.lookup, address, with_key=with_key)
        return await self._of_list(choice, listed, address)

    def failed(self, target: Target, settled: Settled, *, server_at_fault: bool) -> None:
        """A connection did not come about: what was given for it is of no use, and perhaps the server."""
        choice = target.server
        if choice is None or target.address is None:
            return
        if settled.given and choice.lookup is not None:
            self._answers.forget(choice.lookup, target.address.key)
        elif settled.measured and server_at_fault:
            self._nearest.failed(settled.address.url)

    # An address that is given for a key.

    async def _given(
        self, choice: ServerChoice, lookup: Lookup, address: Address, *, with_key: bool
    ) -> Settled | Cause:
        try:
            if lookup.sends_key and not with_key:
                raise UnansweredError("it would show the key")
            given = await self._answers.address(lookup, address.key, rest=has_fallback(address))
            if not usable(given.url, tls=_sealed(address)):
                raise UnansweredError("the answer is not rtmps://, as it is here")
        except UnansweredError as error:
            if not has_fallback(address):
                return _nowhere(lookup, error, with_key=with_key)
            return await self._of_list(choice, Listed(why=error.reason), address)
        return self._by(given, lookup, address)

    def _by(self, given: Given, lookup: Lookup, address: Address) -> Settled:
        found = replace(address, url=given.url, key=given.key or address.key)
        if given.username is not None:
            found = replace(found, username=given.username, password=given.password)
        hidden = query_of(found)
        new = [*found.secrets(), *hidden]
        self._learnt.extend(secret for secret in new if secret not in self._learnt)
        return Settled(
            found,
            shown(found),
            f"looked up at {_host(lookup)}",
            hidden=(*address.secrets(), *hidden),
            given=True,
        )

    # A server of a list.

    async def _listed(self, lookup: Lookup, address: Address, *, with_key: bool) -> Listed:
        if lookup.sends_key and not with_key:
            return Listed(why="it would show the key")
        return await self._answers.servers(lookup, address.key)

    async def _of_list(self, choice: ServerChoice, listed: Listed, address: Address) -> Settled:
        tls = _sealed(address)
        known = [found for row in listed.rows if (found := row.candidate(tls=tls))]
        note = _note(listed)
        if choice.auto:
            shipped = [one for one in choice.candidates if _fits(one, tls=tls)]
            near = await self._nearest.choose(known or shipped, all_s=ALL_S)
            if near is not None:
                said = f"{near.candidate.name} ({_near(near)}){note}"
                return replace(_at(address, near.candidate, said), measured=True)
            return _fallback(address, "the platform's usual server: no server answered" + note)
        if choice.name and not known:
            return _fallback(address, choice.name.strip() + (note or "; shipped list"))
        if choice.name:
            if (found := _named(choice.name, known)) is not None:
                return _at(address, found, f"{found.name} (looked up){note}")
            return _fallback(address, f"{choice.name.strip()}; shipped list: it is not in the looked-up one")
        if known:
            return _at(address, known[0], f"{known[0].name} (looked up, the first of {len(known)}){note}")
        return _fallback(address, "the platform's usual server" + note)


def has_fallback(address: Address) -> bool:
    """Whether there is an address without a look-up."""
    return address.url != LOOKED_UP


def _sealed(address: Address) -> bool:
    """Whether the fallback is RTMPS: then nothing else may take its place."""
    return address.scheme == "rtmps"


def _fits(candidate: Candidate, *, tls: bool) -> bool:
    return usable(candidate.url, tls=tls)


def _named(name: str, known: Sequence[Candidate]) -> Candidate | None:
    wanted = name.strip().casefold()
    return next((one for one in known if one.name.strip().casefold() == wanted), None)


def _at(address: Address, candidate: Candidate, said: str) -> Settled:
    found = replace(address, url=candidate.url)
    return Settled(found, found.redacted(), said)


def _fallback(address: Address, said: str) -> Settled:
    return Settled(address, address.redacted(), said)


def _note(listed: Listed) -> str:
    if not listed.why:
        return ""
    which = "kept list" if listed.rows else "shipped list"
    return f"; {which}: the look-up failed ({listed.why})"


def _near(near: Near) -> str:
    time_ms = f"{near.time_s * 1000:.0f} ms" if near.time_s >= 0.001 else "<1 ms"
    names = ", ".join(near.left_out[:_LEFT_OUT_SHOWN])
    more = f" and {len(near.left_out) - _LEFT_OUT_SHOWN} more" if len(near.left_out) > _LEFT_OUT_SHOWN else ""
    left_out = f"; without {names}{more}, which just failed" if names else ""
    return f"{time_ms}, the nearest of {near.among}{left_out}"


def _nowhere(lookup: Lookup, error: UnansweredError, *, with_key: bool) -> Cause:
    """There is no fixed address to fall back on."""
    host = _host(lookup)
    if not with_key:
        return Cause(NEEDS_KEY, f"its address is only given for the key, by {host}")
    advice = "It is asked again by itself; if it stays so, look whether this machine reaches it by HTTPS."
    if error.person:
        advice = "Copy the stream key from the platform again and seal it; if it is right, ask the platform."
    return Cause(
        "lookup-failed",
        f"The server's address is looked up at {host}, and that failed: {error.reason}.",
        advice,
        person=error.person,
    )


def _host(lookup: Lookup) -> str:
    parts = question_parts(lookup.url)
    return parts[0] if parts else "a bad address"
