"""What platforms answer when they are asked for servers: one reader for each form. Pure.

An answer is an outsider's: whatever is not as it should be is left out, and never repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spiritstream.model.servers import Candidate, LookupForm
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.run.servers.urls import usable, without_key
from spiritstream.secret import Secret

_MOST_ROWS = 1000
_LONGEST_NAME = 100
_LONGEST_SECRET = 1000
# Twitch writes it both ways.
_RETIRED = ("deprecated", "depracated")


@dataclass(frozen=True, slots=True)
class Row:
    """A listed server: its address, and the one that is sealed; either may be empty."""

    name: str
    url: str = ""
    secure_url: str = ""

    def candidate(self, *, tls: bool) -> Candidate | None:
        """The server by RTMPS, or by what there is; `tls`: by RTMPS or not at all."""
        urls = (self.secure_url, self.url) if tls else (self.url, self.secure_url)
        url = next((url for url in urls if usable(url, tls=tls)), None)
        return Candidate(self.name, url) if url else None


@dataclass(frozen=True, slots=True)
class Given:
    """An address that was given for a key, with the secrets that go with it."""

    url: str
    key: Secret | None = None
    username: str | None = None
    password: Secret | None = None


Answer = tuple[Row, ...] | Given


def read(form: LookupForm, text: bytes) -> Answer:
    """The servers, or the one address, in an answer.

    Raises:
        UnansweredError: there is none in it that can be used.
    """
    try:
        data = json.loads(text)
    # It may nest deeper than Python reads.
    except (ValueError, RecursionError):
        raise UnansweredError("the answer is no JSON") from None
    return READERS[form](data)


def good_rows(found: object) -> tuple[Row, ...]:
    """Those of `[name, url, secure_url]` that can be used."""
    return tuple(_rows(found if isinstance(found, list) else []))


def _rows(found: list[object]) -> Iterator[Row]:
    for entry in found[:_MOST_ROWS]:
        match entry:
            case [str() as name, str() as url, str() as secure] if _is_name(name):
                row = Row(name, url if usable(url) else "", secure if usable(secure, tls=True) else "")
                if row.url or row.secure_url:
                    yield row


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and bool(name.strip())


def _ingests(data: object) -> Answer:
    entries = [entry for entry in _list(_at(data, "ingests")) if isinstance(entry, dict)]
    listed = [
        [
            entry.get("name"),
            without_key(entry.get("url_template", "")),
            without_key(entry.get("url_template_secure", "")),
        ]
        for entry in entries
        if not _retired(entry.get("name"))
    ]
    # A row may have one of the two addresses only.
    rows = good_rows([[value if isinstance(value, str) else "" for value in row] for row in listed])
    if not rows:
        raise UnansweredError("the answer names no server")
    return rows


def _retired(name: object) -> bool:
    return isinstance(name, str) and any(word in name.casefold() for word in _RETIRED)


def _nimo(data: object) -> Answer:
    first, *_ = _list(_at(data, "ingests")) or [None]
    return Given(_url(_at(first, "url")))


def _showroom(data: object) -> Answer:
    return Given(_url(_at(data, "streaming_url_rtmp")), _secret(_at(data, "streaming_key")))


def _dacast(data: object) -> Answer:
    stream = _at(data, "stream")
    username = _at(stream, "username")
    return Given(
        _url(_at(stream, "server")),
        _secret(_at(stream, "streamkey")),
        _word(username) if username else None,
        _secret(_at(stream, "password")) if username else None,
    )


READERS: Mapping[LookupForm, Callable[[object], Answer]] = {
    LookupForm.INGESTS: _ingests,
    LookupForm.NIMO: _nimo,
    LookupForm.SHOWROOM: _showroom,
    LookupForm.DACAST: _dacast,
}


def _at(data: object, name: str) -> object:
    return data.get(name) if isinstance(data, dict) else None


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _url(found: object) -> str:
    if not isinstance(found, str) or not usable(found):
        raise UnansweredError("the answer has no address that can be used")
    return found


def _secret(found: object) -> Secret:
    return Secret(_word(found))


def _word(found: object) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_SECRET or not found.isprintable():
        raise UnansweredError("the answer has no key, or no login, that can be used")
    return found
