"""The line between runner and listener: messages, sockets that come along, and its end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from spiritstream.run.ingest.channel import MAX_BYTES, Channel, Words, is_ours, pack, unpack


class End:
    """One end, and what it heard."""

    def __init__(self, sock: socket.socket) -> None:
        self.heard: list[tuple[Words, bytes]] = []
        self.given: list[socket.socket] = []
        self.ends = 0
        self.channel = Channel(sock, self._hear, self._end)

    def _hear(self, words: Words, more: bytes, given: list[socket.socket]) -> None:
        self.heard.append((words, more))
        self.given += given

    def _end(self) -> None:
        self.ends += 1


async def settle() -> None:
    """Let both ends read."""
    for _ in range(5):
        await asyncio.sleep(0)


def line() -> tuple[socket.socket, socket.socket]:
    """Both ends of a line."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


async def test_messages_keep_their_bounds() -> None:
    """What is said in three messages is heard in three, bytes and all."""
    near, far = map(End, line())
    said: list[tuple[Words, bytes]] = [({"a": 1}, b""), ({"b": "ü"}, b"\n\0\xff"), ({}, bytes(100_000))]
    for words, more in said:
        assert near.channel.send(words, more)
        await settle()
    assert said == far.heard
    near.channel.close()
    await settle()
    assert 1 == far.ends
    assert not far.channel.send({})


async def test_a_socket_comes_along_and_stays_ours() -> None:
    """Both processes then have the same connection, and no child of either inherits it."""
    near, far = map(End, line())
    ours, theirs = socket.socketpair()
    assert near.channel.send({"publisher": "x"}, give=[theirs])
    theirs.close()
    await settle()
    (given,) = far.given
    assert not given.get_inheritable()
    given.send(b"hello")
    assert b"hello" == ours.recv(100)
    for end in (near, far):
        end.channel.close()
    for sock in (ours, given):
        sock.close()


@pytest.mark.parametrize("nonsense", [b"{", b"[]\n", b"\xff\xfe\n", b"7"])
async def test_nonsense_ends_the_line(nonsense: bytes) -> None:
    """What is no message is never half understood."""
    near, far = line()
    end = End(far)
    near.send(nonsense)
    await settle()
    assert ([], 1) == (end.heard, end.ends)
    assert b"" == near.recv(10)
    near.close()


async def test_an_end_that_does_not_read_is_not_waited_for() -> None:
    """The listener serves others: what does not fit is refused, and its sockets stay where they are."""
    near, far = line()
    end = End(near)
    sent = 0
    while end.channel.send({"n": sent}, bytes(10_000)):
        sent += 1
        assert sent < 10_000
    end.channel.close()
    far.close()


def test_packing() -> None:
    """What is packed comes out again; a message of the longest kind fits into one packet."""
    words = {"publisher": "[::1]:5", "denied": None}
    assert (words, b"\n\nx") == unpack(pack(words, b"\n\nx"))
    near, far = line()
    near.setblocking(False)
    near.send(pack(words, bytes(MAX_BYTES - 1000)))
    assert len(far.recv(MAX_BYTES)) > MAX_BYTES - 1000
    for sock in (near, far):
        sock.close()


def test_our_own_process_is_ours() -> None:
    """The kernel says who is at the other end."""
    near, far = line()
    assert is_ours(near)
    for sock in (near, far):
        sock.close()
