"""What we ask of the kernel for a live stream's connection, and what it tells us of one."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

from spiritstream.model.status import TcpFigures

# Longer than whoever sends takes to judge a peer that has stopped reading: it knows more to say of it.
_PEER_GONE_MS = 25_000
# So much may wait in the kernel beyond what is on its way. More would only be an older picture: in our own
# queue it can still be dropped, a group at a time.
_NOT_SENT_BYTES = 256 * 1024

# By name: not every system knows every one of them.
_OPTIONS = {
    "TCP_NODELAY": 1,
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    # Data that nobody acknowledges for so long: the machine is gone, or it has stopped reading.
    "TCP_USER_TIMEOUT": _PEER_GONE_MS,
    "TCP_NOTSENT_LOWAT": _NOT_SENT_BYTES,
}

# struct tcp_info of linux/tcp.h: eight bytes, then 32-bit words. It only ever grows at its end.
_RTT_AT = 68  # tcpi_rtt, microseconds
_RETRANSMITS_AT = 100  # tcpi_total_retrans, segments since the connection exists
_INFO_BYTES = 104


def prepare(sock: socket.socket) -> None:
    """Make a connected socket ready for live media: never blocks, never gathers, notices a dead peer."""
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        # A socket that is no TCP one, or a kernel that lacks one of them, is no reason to fail.
        with contextlib.suppress(AttributeError, OSError):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def peer_of(sock: socket.socket) -> str:
    """The other end's address and port; empty where it has none."""
    try:
        address = sock.getpeername()
    except OSError:
        return ""
    if not isinstance(address, tuple):
        return ""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def figures(sock: socket.socket, held_bytes: int = 0) -> TcpFigures:
    """The kernel's figures of a connection; `held_bytes` are ours that it has not taken yet.

    Unsent bytes are those that the peer has not acknowledged (Linux: SIOCOUTQ).
    """
    info = _info(sock)
    unsent = _unacknowledged(sock)
    return TcpFigures(
        rtt_ms=None if info is None else round(_word(info, _RTT_AT) / 1000, 3),
        unsent_bytes=None if unsent is None else unsent + held_bytes,
        retransmits=None if info is None else _word(info, _RETRANSMITS_AT),
    )


def _word(info: bytes, at: int) -> int:
    value: int = struct.unpack_from("=I", info, at)[0]
    return value


def _info(sock: socket.socket) -> bytes | None:
    # Elsewhere a structure of another shape has that name.
    if sys.platform != "linux":
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    except OSError:
        return None
    return info if len(info) >= _INFO_BYTES else None


def _unacknowledged(sock: socket.socket) -> int | None:
    if sys.platform != "linux":
        return None
    import fcntl
    import termios

    # SIOCOUTQ has TIOCOUTQ's number.
    try:
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return None
    count: int = struct.unpack("=i", answer)[0]
    return count
