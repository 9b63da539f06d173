"""HTTP answers as they come in: whole at every cut, and only then."""

from __future__ import annotations

import pytest

from spiritstream.run.servers.reply import Reply, reply_in
from spiritstream.run.servers.settled import UnansweredError

HEAD_ENDS = b"\r\n\r\n"
BODY = b'{"ingests": []}'
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\n" + BODY[:5] + b"\r\nA;x=y\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
)
TO_THE_END = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY
EMPTY = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (LENGTH, 200, BODY),
        (CHUNKED, 200, BODY),
        (TO_THE_END, 200, BODY),
        (EMPTY, 404, b""),
        (MOVED, 302, b""),
    ],
    ids=["length", "chunked", "to the end", "empty", "moved"],
)
def test_whole(answer: bytes, status: int, body: bytes) -> None:
    """Every kind of length; nothing is taken for whole that is cut, wherever the cut is."""
    assert Reply(status, body) == reply_in(answer, over=True)
    ends = answer is TO_THE_END
    assert (None if ends else Reply(status, body)) == reply_in(answer, over=False)
    # Behind the last chunk's size come two line ends, of which the second says nothing more.
    whole = len(answer) - 2 if answer is CHUNKED else len(answer)
    for cut in range(whole):
        assert reply_in(answer[:cut], over=False) is None
    for cut in range(answer.index(HEAD_ENDS) + 4 if ends else whole - 3):
        with pytest.raises(UnansweredError, match="broke off"):
            reply_in(answer[:cut], over=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"\0\1\2\3\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 canary OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: canary\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
    ],
)
def test_what_is_no_http(answer: bytes) -> None:
    """It is refused at once, and not quoted."""
    with pytest.raises(UnansweredError, match="no HTTP") as caught:
        reply_in(answer, over=False)
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("length", [b"-5", b"canary", b"99999999999999999999", b"1e3"])
def test_bad_lengths_end_somehow(length: bytes) -> None:
    """A length that is none is no reason to wait for ever, or to fall over."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n" + BODY
    try:
        found = reply_in(answer, over=True)
    except UnansweredError as error:
        assert "canary" not in error.reason
    else:
        assert Reply(200, BODY) == found


@pytest.mark.parametrize("size", [b"canary", b"-5", b"FFFFFFFFFFFFFFFF", b""])
def test_bad_chunks_are_refused(size: bytes) -> None:
    """So is a chunk without a size."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + BODY + b"\r\n"
    with pytest.raises(UnansweredError):
        reply_in(answer, over=True)
