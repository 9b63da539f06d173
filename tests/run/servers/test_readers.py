"""What platforms answer, and what hostile ones do: what can be used comes through, and nothing is quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.model.servers import Candidate, LookupForm
from spiritstream.run.servers.readers import READERS, Given, Row, good_rows, read
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.run.servers.urls import usable
from spiritstream.secret import Secret

A, B = "rtmp://a.example/app", "rtmps://a.example:443/app"
KEY = "/{stream_key}"


def ingest(
    name: object = "EU: Frankfurt", plain: object = A + KEY, sealed: object = B + KEY
) -> dict[str, Any]:
    """One entry as Twitch and Amazon IVS give it, with what nobody asks for."""
    fields = {"_id": 1, "availability": 1.0, "default": False, "priority": 0, "name": name}
    return fields | {"url_template": plain, "url_template_secure": sealed}


ROW = Row("EU: Frankfurt", A, B)
LISTS: dict[str, tuple[object, tuple[Row, ...]]] = {
    "as it is": ({"ingests": [ingest()]}, (ROW,)),
    "the order is theirs": (
        {"ingests": [ingest("B"), ingest("A")]},
        (Row("B", A, B), Row("A", A, B)),
    ),
    "retired": (
        {"ingests": [ingest("X (Deprecated)"), ingest("DEPRACATED - Y"), ingest()]},
        (ROW,),
    ),
    "no place for a key": ({"ingests": [ingest(plain=A, sealed=B)]}, (ROW,)),
    "one address only": (
        {"ingests": [{"name": "P", "url_template": A + KEY}, {"name": "S", "url_template_secure": B + KEY}]},
        (Row("P", A), Row("S", secure_url=B)),
    ),
    "a sealed one that is not": ({"ingests": [ingest(sealed=A + KEY)]}, (Row("EU: Frankfurt", A),)),
    "another protocol": (
        {"ingests": [ingest("X", "https://a.example", "file:///etc/passwd"), ingest()]},
        (ROW,),
    ),
    "a login": ({"ingests": [ingest("X", "rtmp://u:p@a.example/app", None), ingest()]}, (ROW,)),
    "names to steer a terminal by": (
        {"ingests": [*map(ingest, ("\x1b[2JX", "a\nb", "\u202eX", "", " ")), ingest()]},
        (ROW,),
    ),
    "names that are none": (
        {"ingests": [*map(ingest, (None, 7, ["X"], {}, "X" * 101)), ingest()]},
        (ROW,),
    ),
    "addresses that are none": (
        {"ingests": [ingest(plain=x, sealed=x) for x in (None, 7, [A], {"url": A}, "")] + [ingest()]},
        (ROW,),
    ),
    "entries that are none": ({"ingests": [None, 7, "X", [], [ingest()], ingest()]}, (ROW,)),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "rows"), LISTS.values(), ids=LISTS)
def test_lists(answer: object, rows: tuple[Row, ...]) -> None:
    """What is usable of a list, in its order, with the key's place cut off."""
    assert rows == read(LookupForm.INGESTS, json.dumps(answer).encode())


def test_a_list_is_read_up_to_a_bound() -> None:
    """Of a hundred thousand entries a thousand are enough."""
    found = read(LookupForm.INGESTS, json.dumps({"ingests": [ingest()] * 3000}).encode())
    assert isinstance(found, tuple)
    assert 1000 == len(found)


GIVEN: dict[str, tuple[LookupForm, object, Given]] = {
    "nimo": (LookupForm.NIMO, {"ingests": [{"url": A}, {"url": B}]}, Given(A)),
    "showroom": (
        LookupForm.SHOWROOM,
        {"streaming_url_rtmp": A, "streaming_key": "canary-given", "is_live": 1},
        Given(A, Secret("canary-given")),
    ),
    "dacast": (
        LookupForm.DACAST,
        {"stream": {"server": A, "username": "me", "password": "canary-pw", "streamkey": "canary-given"}},
        Given(A, Secret("canary-given"), "me", Secret("canary-pw")),
    ),
    "dacast without a login": (
        LookupForm.DACAST,
        {"stream": {"server": B, "username": "", "password": "", "streamkey": "canary-given"}},
        Given(B, Secret("canary-given")),
    ),
}


@pytest.mark.parametrize(("form", "answer", "expected"), GIVEN.values(), ids=GIVEN)
def test_addresses_for_a_key(form: LookupForm, answer: object, expected: Given) -> None:
    """Each platform's own form; what is secret is a secret from there on."""
    found = read(form, json.dumps(answer).encode())
    assert expected == found
    assert "canary" not in repr(found)


KEYED: dict[str, object] = {"streaming_url_rtmp": A, "streaming_key": "canary"}
LOGIN: dict[str, object] = {"server": A, "username": "me", "password": "canary", "streamkey": "canary"}
BAD: dict[str, tuple[LookupForm, bytes]] = {
    **{
        f"{form}: {what}": (form, text)
        for form in LookupForm
        for what, text in {
            "nothing": b"",
            "no JSON": b"<html>canary</html>",
            "no text": b"\xff\xfe\x00",
            "cut": b'{"ingests": [{"url": "canary',
            "a number": b"7",
            "a number that is too long": b"1" * 10_000,
            "null": b"null",
            "text": b'"canary"',
            "a list": b"[]",
            "an empty object": b"{}",
            "deep": b"[" * 100_000,
            "deep and whole": b"[" * 100_000 + b"]" * 100_000,
            "other types": b'{"ingests": 7, "stream": [], "streaming_url_rtmp": {}, "streaming_key": 1}',
            "nulls": b'{"ingests": null, "stream": null, "streaming_url_rtmp": null}',
            "empty lists": b'{"ingests": [], "stream": {}, "streaming_url_rtmp": ""}',
        }.items()
    },
    "nimo: another protocol": (LookupForm.NIMO, b'{"ingests": [{"url": "https://canary.example"}]}'),
    "nimo: a login": (LookupForm.NIMO, b'{"ingests": [{"url": "rtmp://u:canary@a.example/x"}]}'),
    **{
        f"showroom: {what}": (LookupForm.SHOWROOM, json.dumps({**KEYED, name: value}).encode())
        for what, (name, value) in {
            "no key": ("streaming_key", None),
            "an empty key": ("streaming_key", ""),
            "a key that is none": ("streaming_key", ["canary"]),
            "a key with a line's end": ("streaming_key", "canary\r\nX"),
            "a key that is too long": ("streaming_key", "canary" * 1000),
            "a bad address": ("streaming_url_rtmp", "rtmp://canary @b.example/"),
        }.items()
    },
    **{
        f"dacast: {what}": (LookupForm.DACAST, json.dumps({"stream": {**LOGIN, name: value}}).encode())
        for what, (name, value) in {
            "no password": ("password", None),
            "a name that is none": ("username", ["canary"]),
            "a name with a line's end": ("username", "canary\n"),
            "no key": ("streamkey", ""),
        }.items()
    },
}


@pytest.mark.parametrize(("form", "text"), BAD.values(), ids=BAD)
def test_what_cannot_be_used(form: LookupForm, text: bytes) -> None:
    """It is said in a few words, without a word of the answer."""
    with pytest.raises(UnansweredError) as caught:
        read(form, text)
    assert "canary" not in repr(caught.value)
    assert caught.value.reason


def test_every_form_has_a_reader() -> None:
    """A platform's form is never unknown."""
    assert set(LookupForm) == set(READERS)


_words = st.sampled_from(
    ["ingests", "name", "url", "url_template", "url_template_secure", "stream", "server", "username",
     "password", "streamkey", "streaming_url_rtmp", "streaming_key", A, B, A + KEY, "rtmp://x y", "canary"]
)  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _words,
    lambda inner: st.lists(inner) | st.dictionaries(_words | st.text(), inner),
    max_leaves=20,
)


@given(form=st.sampled_from(LookupForm), data=_json)
def test_any_answer_is_read_or_refused(form: LookupForm, data: object) -> None:
    """Whatever JSON comes: addresses that can be used, or a refusal; never another fault."""
    try:
        found = read(form, json.dumps(data).encode())
    except UnansweredError:
        return
    urls = [found.url] if isinstance(found, Given) else [u for r in found for u in (r.url, r.secure_url) if u]
    assert urls
    assert all(map(usable, urls))


@given(found=_json)
def test_any_kept_rows_are_read(found: object) -> None:
    """A file's content may be anything, too."""
    assert all(usable(row.url) or usable(row.secure_url, tls=True) for row in good_rows(found))


@pytest.mark.parametrize(
    ("row", "plain", "sealed"),
    [
        (Row("X", A, B), A, B),
        (Row("X", A), A, None),
        (Row("X", secure_url=B), B, B),
        (Row("X", B), B, B),
    ],
)
def test_never_less_than_sealed(row: Row, plain: str | None, sealed: str | None) -> None:
    """Where RTMPS is wanted a server without it is none; where not, it is taken if there is nothing else."""
    assert (plain and Candidate("X", plain)) == row.candidate(tls=False)
    assert (sealed and Candidate("X", sealed)) == row.candidate(tls=True)
