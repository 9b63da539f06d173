"""RTMP's handshake, both ends: the simple one, and the digest one where a client asks for it. Pure.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0, section 5.2. The digest handshake was
never specified: the layout and the keys are those that Flash Player 9.0.115 and Flash Media Server 3 use, as
ffmpeg's `rtmpproto.c` and nginx-rtmp's `ngx_rtmp_handshake.c` know them too.

What a peer sends as the last packet (C2, S2) is read and not looked at: many do not send what they should.
"""

from __future__ import annotations

import hmac
from typing import Final

from spiritstream.rtmp.faults import RtmpError

PACKET_BYTES = 1536
_VERSION = b"\x03"
_DIGEST_BYTES = 32
# Where the four bytes stand whose sum tells where the digest stands, which begins right after them.
_SCHEMES: Final = (8, 772)
_DIGEST_PLACES = 728
_COMMON = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
_PLAYER, _SERVER = b"Genuine Adobe Flash Player 001", b"Genuine Adobe Flash Media Server 001"
# A client looks for a digest only where the version is at least 3.
_SERVER_VERSION = bytes((5, 0, 3, 1))


class _Handshake:
    """What both ends share: collecting packets, and keeping what comes after the last one."""

    def __init__(self, noise: bytes) -> None:
        if len(noise) < PACKET_BYTES:
            raise ValueError("the noise is too short")
        self._noise = noise[:PACKET_BYTES]
        self._buffer = bytearray()
        self._answered = False
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """What to send now, which may be nothing. Once `done`, `rest` holds what came after the handshake.

        Raises:
            RtmpError: the peer does not speak RTMP.
        """
        self._buffer += data
        if not _VERSION.startswith(self._buffer[:1]):
            raise RtmpError("the peer does not speak RTMP")
        answer = b""
        if not self._answered and len(self._buffer) > PACKET_BYTES:
            self._answered = True
            answer = self._answer(bytes(self._buffer[1 : 1 + PACKET_BYTES]))
        if len(self._buffer) > 2 * PACKET_BYTES:
            self.done = True
            self.rest += bytes(self._buffer[1 + 2 * PACKET_BYTES :])
            del self._buffer[1 + 2 * PACKET_BYTES :]
        return answer

    def _answer(self, packet: bytes) -> bytes:
        raise NotImplementedError


class ClientHandshake(_Handshake):
    """The end that connects: the simple handshake, which every server answers.

    `noise` is 1,536 random bytes or more.
    """

    def start(self) -> bytes:
        """C0 and C1."""
        return _VERSION + bytes(8) + self._noise[8:]

    def _answer(self, packet: bytes) -> bytes:
        return packet


class ServerHandshake(_Handshake):
    """The end that was connected to. `noise` is 1,536 random bytes or more."""

    def _answer(self, packet: bytes) -> bytes:
        asked = packet[4:8] != bytes(4)
        place = _digest_place(packet) if asked else None
        if place is None:
            return _VERSION + bytes(8) + self._noise[8:] + packet
        scheme, start = place
        return _VERSION + self._signed(scheme) + self._reply(packet[start : start + _DIGEST_BYTES])

    def _signed(self, scheme: int) -> bytes:
        """S1 with a digest where the client put its own."""
        packet = bytes(4) + _SERVER_VERSION + self._noise[8:]
        start = _place(packet, scheme)
        return packet[:start] + _digest(packet, start, _SERVER) + packet[start + _DIGEST_BYTES :]

    def _reply(self, digest: bytes) -> bytes:
        """S2: noise, and at its end a signature that only one who has read the client's digest can make."""
        noise = self._noise[:-_DIGEST_BYTES]
        return noise + _mac(_mac(_SERVER + _COMMON, digest), noise)


def _digest_place(packet: bytes) -> tuple[int, int] | None:
    """By which scheme a client's digest stands where; none if it has none."""
    for scheme in _SCHEMES:
        start = _place(packet, scheme)
        if hmac.compare_digest(_digest(packet, start, _PLAYER), packet[start : start + _DIGEST_BYTES]):
            return scheme, start
    return None


def _place(packet: bytes, scheme: int) -> int:
    return scheme + 4 + sum(packet[scheme : scheme + 4]) % _DIGEST_PLACES


def _digest(packet: bytes, start: int, key: bytes) -> bytes:
    """The digest of a packet, which leaves out the place of the digest itself."""
    return _mac(key, packet[:start] + packet[start + _DIGEST_BYTES :])


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
