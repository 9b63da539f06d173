"""What two shows cannot both have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.control.clash import claims, words_for
from spiritstream.model.profile import Address, Group, Profile, Target, TestInput
from spiritstream.model.servers import Candidate, ServerChoice
from spiritstream.secret import Secret

KEY = Secret("canary-key")
AUTO = ServerChoice(auto=True, candidates=(Candidate("one", "rtmp://one.example/app"),))


def show(url: str, server: ServerChoice | None = None, key: Secret = KEY) -> Profile:
    """A profile with one target."""
    return Profile("show", TestInput(), (Group("g", (Target("t", Address(url, key), server=server),)),))


SAME = [
    (show("rtmp://h.example/app"), show("RTMP://H.example:1935/app/")),
    (show("rtmps://h.example/app"), show("rtmps://h.example.:443/app/{stream_key}")),
    (show("rtmp://usual.example/app", AUTO), show("rtmp://usual.example/app")),
    (show("rtmp://usual.example/app", AUTO), show("rtmp://one.example:1935/app/")),
    (show("rtmp://usual.example/app", AUTO), show("rtmp://other.example/app", AUTO)),
]
OTHER = [
    (show("rtmp://h.example/app"), show("rtmp://h.example/app", key=Secret("other"))),
    (show("rtmp://h.example/app"), show("rtmp://h.example/app?backup=1")),
    (show("rtmp://h.example/app"), show("rtmps://h.example/app")),
    (show("rtmp://usual.example/app", AUTO), show("rtmp://two.example/app")),
    (show("rtmp://usual.example/app", AUTO), show("rtmp://one.example/app", key=Secret("other"))),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one: Profile, other: Profile) -> None:
    """A server and its key are one place however they are spelled, also where `auto` may take it."""
    shared = claims(one) & claims(other)
    assert words_for(shared) == "a destination and its key"
    assert "canary" not in repr(shared)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other(one: Profile, other: Profile) -> None:
    """Another key, server, scheme or query is another place."""
    assert not claims(one) & claims(other)


def test_off_air() -> None:
    """What is not on air has nothing for itself."""
    assert not claims(replace(SAME[0][0], enabled=False))
