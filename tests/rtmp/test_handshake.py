"""Both ends shake hands, simply, and with digests where a client asks for it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import ClientHandshake, ServerHandshake
from tests.rtmp import flash
from tests.rtmp.cases import filler
from tests.rtmp.fuzz import CORPUS

NOISE = filler(1536, 9)
SIMPLE_C1 = bytes(8) + filler(1528, 5)
each_block = pytest.mark.parametrize("block", flash.BLOCKS.values(), ids=list(flash.BLOCKS))


def answer(first: bytes) -> tuple[bytes, bytes]:
    """S1 and S2 of our server for a client's C1."""
    sent = ServerHandshake(NOISE).feed(b"\x03" + first)
    assert 1 + 2 * 1536 == len(sent)
    assert 3 == sent[0]
    return sent[1:1537], sent[1537:]


def test_a_simple_client_gets_its_packet_back() -> None:
    """C1 without a version is answered with noise of ours, without a version too, and with C1 itself."""
    s1, s2 = answer(SIMPLE_C1)
    assert bytes(8) + NOISE[8:] == s1
    assert SIMPLE_C1 == s2


@each_block
@pytest.mark.parametrize("seed", range(20))
def test_a_client_that_asks_for_digests_gets_them(block: int, seed: int) -> None:
    """C1 with a digest is answered by the same scheme, and the player accepts digest and signature."""
    first = flash.c1(block, seed)
    s1, s2 = answer(first)
    assert s1[4] >= 3
    assert flash.accepts(first, s1, s2, block)


@pytest.mark.parametrize("sums", [0, 727, 728, 1020])
@each_block
def test_a_digest_may_stand_anywhere_in_its_block(block: int, sums: int) -> None:
    """The digest's place wraps within its block, for the client's packet and for ours."""
    parts = [min(255, max(0, sums - 255 * i)) for i in range(4)]
    packet = bytearray(bytes(4) + flash.VERSION + filler(1528, 3))
    packet[block : block + 4] = bytes(parts)
    before, _, after = flash.split(bytes(packet), block)
    first = before + flash.sign(flash.PLAYER, before, after) + after
    assert flash.accepts(first, *answer(first), block)


def test_a_version_without_a_digest_is_answered_simply() -> None:
    """A version alone asks for nothing: some simple clients write one."""
    first = bytes(4) + flash.VERSION + filler(1528, 5)
    s1, s2 = answer(first)
    assert bytes(4) == s1[4:8]
    assert first == s2


@each_block
def test_a_digest_that_is_wrong_is_answered_simply(block: int) -> None:
    """A digest that does not fit is no digest."""
    first = bytearray(flash.c1(block))
    first[1535] ^= 1
    assert bytes(first) == answer(bytes(first))[1]


@pytest.mark.parametrize(
    "path", sorted((CORPUS / "handshake").glob("ffmpeg-*.bin")), ids=lambda path: path.stem
)
def test_ffmpeg_asks_for_digests(path: Path) -> None:
    """What ffmpeg sent as a publisher is answered with digests, and its handshake is over where it was."""
    data = path.read_bytes()
    server = ServerHandshake(NOISE)
    sent = server.feed(data)
    assert flash.accepts(data[1:1537], sent[1:1537], sent[1537:], flash.BLOCKS["digest first"])
    assert server.done
    assert data[1 + 2 * 1536 :] == server.rest


def test_client_and_server_shake_hands() -> None:
    """Our two ends understand each other; what follows the handshake is not lost."""
    client, server = ClientHandshake(NOISE), ServerHandshake(NOISE[::-1])
    hello = client.start()
    assert 1537 == len(hello)
    reply = server.feed(hello)
    assert not server.done
    last = client.feed(reply + b"after S2")
    assert (True, b"after S2") == (client.done, client.rest)
    assert reply[1:1537] == last
    assert b"" == server.feed(last + b"after C2")
    assert (True, b"after C2") == (server.done, server.rest)


def test_a_client_answers_before_the_servers_last_packet() -> None:
    """C2 is sent as soon as S1 is there: a server may wait for it before it sends S2."""
    client = ClientHandshake(NOISE)
    s1 = filler(1536, 4)
    assert s1 == client.feed(b"\x03" + s1)
    assert not client.done
    assert b"" == client.feed(bytes(1536))
    assert client.done


def test_the_last_packet_may_hold_anything() -> None:
    """C2 is not looked at: there are clients that send zeros."""
    server = ServerHandshake(NOISE)
    server.feed(b"\x03" + SIMPLE_C1)
    server.feed(bytes(1536))
    assert server.done


@pytest.mark.parametrize(
    "first", [b"\x06", b"\x00", b"G", b"\x16\x03\x01"], ids=["RTMPE", "0", "HTTP", "TLS"]
)
def test_another_protocol_is_refused_by_its_first_byte(first: bytes) -> None:
    """What does not begin with version 3 is no RTMP that we speak."""
    with pytest.raises(RtmpError, match="does not speak RTMP"):
        ServerHandshake(NOISE).feed(first)


@pytest.mark.parametrize("end", [ServerHandshake, ClientHandshake])
def test_too_little_noise_is_refused(end: type[ServerHandshake | ClientHandshake]) -> None:
    """A packet's worth of noise is needed."""
    with pytest.raises(ValueError, match="noise"):
        end(bytes(1535))


@given(
    st.lists(st.integers(0, 3100), max_size=5),
    st.sampled_from([SIMPLE_C1, *map(flash.c1, flash.BLOCKS.values())]),
)
@settings(max_examples=60)
def test_any_cut_of_the_bytes_is_answered_alike(cuts: list[int], first: bytes) -> None:
    """However a client's bytes are cut, answers and rest are the same."""
    data = b"\x03" + first + filler(1536) + b"the rest"
    edges = [0, *sorted(cuts), len(data)]
    server, whole = ServerHandshake(NOISE), ServerHandshake(NOISE)
    sent = b"".join(server.feed(data[a:b]) for a, b in itertools.pairwise(edges))
    assert whole.feed(data) == sent
    assert (True, b"the rest") == (server.done, server.rest)
