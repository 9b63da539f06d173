"""Where a target is to connect: every way to settle it, what is said of it, and what if nobody answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spiritstream.model.profile import Address, Target
from spiritstream.model.servers import LOOKED_UP, Candidate, Lookup, LookupForm, ServerChoice
from spiritstream.model.status import Cause
from spiritstream.run.servers import NEEDS_KEY, Servers, Settled
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.secret import Secret

KEY = Secret("canary-key")
USUAL = "rtmp://usual.example/app"
SHIPPED = tuple(Candidate(name.title(), f"rtmp://{name}.example/app") for name in ("far", "near", "gone"))
TIMES_S = {"far.example": 0.2, "near.example": 0.012, "listed.example": 0.0004, "sealed.example": 0.003}
LIST = Lookup("https://l.example/ingests", LookupForm.INGESTS)
NIMO = Lookup("https://l.example/?id={stream_key}", LookupForm.NIMO, True)
SHOWROOM = Lookup("https://l.example/?key={stream_key}", LookupForm.SHOWROOM, True)
DACAST = Lookup("https://l.example/{stream_key}", LookupForm.DACAST, True)
SLOW = UnansweredError("timed out")
UNKNOWN = UnansweredError("status 404", person=True)


def listing() -> dict[str, object]:
    """What a list's look-up answers."""
    return {
        "ingests": [
            {
                "name": name,
                "url_template": f"rtmp://{host}.example/app/{{stream_key}}",
                "url_template_secure": f"rtmps://{sealed}.example:443/app/{{stream_key}}",
            }
            for name, host, sealed in (("Far", "far", "far"), ("Listed", "listed", "sealed"))
        ]
    }


GIVEN: dict[LookupForm, object] = {
    LookupForm.INGESTS: listing(),
    LookupForm.NIMO: {"ingests": [{"url": "rtmp://n.example/live/"}]},
    LookupForm.SHOWROOM: {"streaming_url_rtmp": "rtmp://s.example/live", "streaming_key": "canary-given"},
    LookupForm.DACAST: {
        "stream": {
            "server": "rtmp://d.example/live?t=canary-query",
            "username": "me",
            "password": "canary-password",
            "streamkey": "canary-given",
        }
    },
}


def servers(folder: Path, answer: object = None) -> Servers:
    """Servers as the table of distances has them, and a platform that answers this."""

    async def fetch(lookup: Lookup, key: Secret | None, *, timeout_s: float) -> bytes:
        if isinstance(answer, UnansweredError):
            raise answer
        return json.dumps(GIVEN[lookup.form] if answer is None else answer).encode()

    async def time_of(host: str, port: int) -> float:
        if host not in TIMES_S:
            raise OSError("it refuses")
        return TIMES_S[host]

    return Servers(folder, clock=lambda: 100.0, wall=lambda: 1e6, fetch=fetch, time_of=time_of)


def target(choice: ServerChoice | None, url: str = USUAL) -> Target:
    """A target whose server is settled so."""
    return Target("t", Address(url, KEY), platform="p", server=choice)


AUTO = ServerChoice(auto=True, candidates=SHIPPED)
NAMED = ServerChoice(name="listed ", lookup=LIST)
# The choice, its usual address, what the platform answers, where it leads, and what is said of it.
WAYS: dict[str, tuple[ServerChoice | None, str, object, str, str]] = {
    "fixed": (None, USUAL, SLOW, USUAL, ""),
    "the nearest that is shipped": (AUTO, USUAL, SLOW, SHIPPED[1].url, "Near (12 ms, the nearest of 3)"),
    "the nearest that is listed": (
        replace(AUTO, lookup=LIST), USUAL, None,
        "rtmp://listed.example/app", "Listed (<1 ms, the nearest of 2)",
    ),
    "the nearest that is sealed": (
        replace(AUTO, lookup=LIST), "rtmps://usual.example/app", None,
        "rtmps://sealed.example:443/app", "Listed (3 ms, the nearest of 2)",
    ),
    "sealed stays sealed": (
        AUTO, "rtmps://usual.example/app", None,
        "rtmps://usual.example/app", "the platform's usual server: no server answered",
    ),
    "the nearest, without a list": (
        replace(AUTO, lookup=LIST), USUAL, SLOW,
        SHIPPED[1].url, "Near (12 ms, the nearest of 3); shipped list: the look-up failed (timed out)",
    ),
    "the nearest, and none answers": (
        replace(AUTO, candidates=SHIPPED[2:]), USUAL, None,
        USUAL, "the platform's usual server: no server answered",
    ),
    "a name": (NAMED, USUAL, None, "rtmp://listed.example/app", "Listed (looked up)"),
    "a name that is sealed": (
        NAMED, "rtmps://usual.example/app", None, "rtmps://sealed.example:443/app", "Listed (looked up)",
    ),
    "a name, without a list": (
        NAMED, USUAL, SLOW, USUAL, "listed; shipped list: the look-up failed (timed out)",
    ),
    "a name that is not listed": (
        ServerChoice(name="Gone", lookup=LIST), USUAL, None,
        USUAL, "Gone; shipped list: it is not in the looked-up one",
    ),
    "nothing, and a list": (
        ServerChoice(lookup=LIST), USUAL, None, "rtmp://far.example/app", "Far (looked up, the first of 2)",
    ),
    "nothing, and no list": (
        ServerChoice(lookup=LIST), USUAL, SLOW,
        USUAL, "the platform's usual server; shipped list: the look-up failed (timed out)",
    ),
    "nimo": (
        replace(AUTO, lookup=NIMO), USUAL, None, "rtmp://n.example/live/", "looked up at l.example",
    ),
    "nimo does not answer": (
        replace(AUTO, lookup=NIMO), USUAL, SLOW,
        SHIPPED[1].url, "Near (12 ms, the nearest of 3); shipped list: the look-up failed (timed out)",
    ),
    "nimo, but sealed": (
        replace(AUTO, lookup=NIMO, candidates=()), "rtmps://usual.example/app", None,
        "rtmps://usual.example/app",
        "the platform's usual server: no server answered; shipped list: the look-up failed "
        "(the answer is not rtmps://, as it is here)",
    ),
    "showroom": (
        ServerChoice(lookup=SHOWROOM), LOOKED_UP, None, "rtmp://s.example/live", "looked up at l.example",
    ),
    "dacast": (
        ServerChoice(lookup=DACAST), LOOKED_UP, None,
        "rtmp://d.example/live?t=canary-query", "looked up at l.example",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("choice", "usual", "answer", "url", "said"), WAYS.values(), ids=WAYS)
async def test_every_way(
    choice: ServerChoice | None, usual: str, answer: object, url: str, said: str, tmp_path: Path
) -> None:
    """Where it leads, and what is said; what is shown of it holds no secret."""
    found = await servers(tmp_path, answer).settle(target(choice, usual))
    assert isinstance(found, Settled)
    assert (url, said) == (found.address.url, found.said)
    assert "canary" not in found.said + found.destination + repr(found.address.key)
    assert found.destination.endswith("***")


async def test_what_was_given_for_a_key(tmp_path: Path) -> None:
    """The login and the new key are taken; all of it is known as secret, the person's own key, too."""
    known = servers(tmp_path)
    found = await known.settle(target(ServerChoice(lookup=DACAST), LOOKED_UP))
    assert isinstance(found, Settled)
    address = found.address
    assert ("me", Secret("canary-password")) == (address.username, address.password)
    assert Secret("canary-given") == address.key
    assert "rtmp://d.example/live?***" == found.destination
    assert found.given
    assert {KEY, Secret("t=canary-query")} == set(found.hidden)
    assert {Secret("canary-password"), Secret("canary-given"), Secret("t=canary-query")} <= set(
        known.learnt()
    )


async def test_what_was_learnt_is_bounded(tmp_path: Path) -> None:
    """A key for each connection, for months: the last hundred are enough."""
    known = servers(tmp_path)
    for number in range(300):
        known._learnt.append(Secret(str(number)))
    await known.settle(target(ServerChoice(lookup=SHOWROOM), LOOKED_UP))
    assert 100 == len(tuple(known.learnt()))
    assert Secret("canary-given") in known.learnt()


@pytest.mark.parametrize(("answer", "person"), [(SLOW, False), (UNKNOWN, True), ({"stream": None}, False)])
async def test_nowhere_to_go(answer: object, person: bool, tmp_path: Path) -> None:
    """Without a fixed address there is a cause: what happened, and what to do. Nothing made up is tried."""
    found = await servers(tmp_path, answer).settle(target(ServerChoice(lookup=DACAST), LOOKED_UP))
    assert isinstance(found, Cause)
    assert ("lookup-failed", person) == (found.code, found.person)
    assert "looked up at l.example, and that failed: " in found.message
    assert found.advice
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("choice", "usual", "url"),
    [
        (ServerChoice(lookup=SHOWROOM), LOOKED_UP, ""),
        (replace(AUTO, lookup=NIMO), USUAL, SHIPPED[1].url),
        (ServerChoice(lookup=replace(LIST, sends_key=True)), USUAL, USUAL),
        (ServerChoice(lookup=LIST), USUAL, "rtmp://far.example/app"),
    ],
)
async def test_no_key_is_shown_where_none_may_be(
    choice: ServerChoice, usual: str, url: str, tmp_path: Path
) -> None:
    """Then only what is asked without one is asked."""
    found = await servers(tmp_path).settle(target(choice, usual), with_key=False)
    if isinstance(found, Cause):
        assert (NEEDS_KEY, "") == (found.code, url)
    else:
        assert url == found.address.url
        assert not found.given


async def test_a_server_that_failed_is_not_the_next_one(tmp_path: Path) -> None:
    """Where it was its fault: not for a wrong key. It is said who was left out."""
    known, wanted = servers(tmp_path), target(AUTO)
    first = await known.settle(wanted)
    assert isinstance(first, Settled)
    known.failed(wanted, first, server_at_fault=False)
    assert first == await known.settle(wanted)
    known.failed(wanted, first, server_at_fault=True)
    second = await known.settle(wanted)
    assert isinstance(second, Settled)
    assert "Far (200 ms, the nearest of 2; without Near, which just failed)" == second.said


async def test_the_usual_one_is_not_left_out(tmp_path: Path) -> None:
    """It was not chosen, it was what there is where nobody answers: it may be the nearest later."""
    known, wanted = servers(tmp_path), target(AUTO, SHIPPED[0].url)
    usual = Settled(Address(SHIPPED[0].url, KEY), "", "the platform's usual server")
    first = await known.settle(wanted)
    known.failed(wanted, usual, server_at_fault=True)
    assert first == await known.settle(wanted)


async def test_what_is_fixed_cannot_fail(tmp_path: Path) -> None:
    """Nothing is remembered of an address that nobody chose."""
    known, wanted = servers(tmp_path), target(None)
    found = await known.settle(wanted)
    assert isinstance(found, Settled)
    known.failed(wanted, found, server_at_fault=True)
    assert found == await known.settle(wanted)
