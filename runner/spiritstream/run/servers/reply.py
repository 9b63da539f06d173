"""An HTTP answer, as its bytes come in. Pure: the library's own reader is given what is there."""

from __future__ import annotations

import io
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from spiritstream.run.servers.settled import UnansweredError

_HEAD_ENDS = b"\r\n\r\n"
_LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes


def reply_in(received: bytes, *, over: bool) -> Reply | None:
    """The answer, once it is whole; `None` while more has to come. `over`: nothing more will.

    Raises:
        UnansweredError: it is no HTTP, or broke off.
    """
    if not head_is_whole(received):
        if over:
            raise UnansweredError("the answer broke off")
        return None
    response = HTTPResponse(_source(received), method="GET")
    try:
        response.begin()
        # A last chunk's size that is cut may look like the end.
        more_may_come = not received.endswith(b"\n") if response.chunked else response.length is None
        body = response.read()
    except IncompleteRead:
        if over:
            raise UnansweredError("the answer broke off") from None
        return None
    # A length may be more than a number holds.
    except (HTTPException, ValueError, OverflowError, OSError):
        raise UnansweredError("the answer is no HTTP") from None
    return None if more_may_come and not over else Reply(response.status, body)


def head_is_whole(received: bytes) -> bool:
    """Whether an answer's head has arrived.

    Raises:
        UnansweredError: it is longer than any head is.
    """
    end = received.find(_HEAD_ENDS, 0, _LONGEST_HEAD)
    if end < 0 and len(received) >= _LONGEST_HEAD:
        raise UnansweredError("the answer is no HTTP")
    return end >= 0


class _Received:
    """What the library takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _source(data: bytes) -> Any:
    return _Received(data)
