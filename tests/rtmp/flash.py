"""A Flash player's side of the digest handshake, written on its own: what our server is measured with.

Source: as recorded from Flash Player 9.0.115 and described by the authors of rtmpd and librtmp. A packet is
time, version, then two blocks of 764 bytes, one for a key and one for the digest, in this order or the
other. The digest's block begins with four bytes; their sum modulo 728 is its distance from their end.
"""

from __future__ import annotations

import hashlib
import hmac
from random import Random

VERSION = bytes((9, 0, 124, 2))
_SALT = bytes.fromhex(
    "F0EEC24A 8068BEE8 2E00D0D1 029E7E57 6EEC5D2D 29806FAB 93B8E636 CFEB31AE".replace(" ", ""),
)
PLAYER = b"Genuine Adobe Flash Player 001"
SERVER = b"Genuine Adobe Flash Media Server 001"
BLOCKS = {"digest first": 8, "key first": 8 + 764}


def sign(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(part)
    return mac.digest()


def split(packet: bytes, block: int) -> tuple[bytes, bytes, bytes]:
    """What is before the digest, the digest, what is after."""
    at = block + 4 + (packet[block] + packet[block + 1] + packet[block + 2] + packet[block + 3]) % 728
    return packet[:at], packet[at : at + 32], packet[at + 32 :]


def c1(block: int, seed: int = 1) -> bytes:
    """A client's packet that asks for the digest handshake."""
    packet = bytes(4) + VERSION + Random(seed).randbytes(1528)
    before, _, after = split(packet, block)
    return before + sign(PLAYER, before, after) + after


def accepts(first: bytes, s1: bytes, s2: bytes, block: int) -> bool:
    """Whether the player that sent `first` believes it speaks to a media server."""
    before, digest, after = split(s1, block)
    key = sign(SERVER + _SALT, split(first, block)[1])
    return digest == sign(SERVER, before, after) and s2[1504:] == sign(key, s2[:1504])
