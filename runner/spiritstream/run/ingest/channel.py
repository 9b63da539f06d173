"""The line between a runner and a listener: messages on a unix socket, and connections handed over with them.

A message is one packet: a JSON object, a newline, and bytes that belong to it. From the listener:

    {"hello": "listener", "protocol": 1, "salt": HEX}
    {"registered": true} | {"refused": {code, message, advice}}
    {"publisher": "10.0.0.7:40012"} + what it has sent so far + its socket
    {"denied": KIND, "peer": "10.0.0.7", "times": 3} | {"trouble": TEXT} | {"left": true}

and from the runner {"register": {...}}, then {"leave": true}. Whoever closes has nothing more to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PROTOCOL = 1
# A packet that a socket with the system's usual buffers takes, and much more than a publisher's first words.
MAX_BYTES = 160 * 1024
_MOST_FDS = 4

Words = dict[str, Any]


def pack(words: Mapping[str, object], more: bytes = b"") -> bytes:
    """A message as it travels."""
    return json.dumps(words, separators=(",", ":")).encode() + b"\n" + more


def unpack(data: bytes) -> tuple[Words, bytes]:
    """What `pack` packed.

    Raises:
        ValueError: it is no message.
    """
    head, _, more = data.partition(b"\n")
    words = json.loads(head)
    if not isinstance(words, dict):
        raise ValueError("a message is an object")
    return words, more


def is_ours(sock: socket.socket) -> bool:
    """Whether the other end runs as our user, or as root (unix(7), SO_PEERCRED)."""
    if sys.platform != "linux":
        return True
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid in (os.getuid(), 0)


class Channel:
    """One end of the line, which owns its socket."""

    def __init__(
        self,
        sock: socket.socket,
        on_message: Callable[[Words, bytes, list[socket.socket]], None],
        on_end: Callable[[], None],
    ) -> None:
        """`on_message` gets the words, the bytes, and the sockets that came along, which are its own then.
        `on_end` is called once, when the other end is gone or talks nonsense; not after `close`.
        """
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._on_message = on_message
        self._on_end = on_end
        self._open = True
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(
        self, words: Mapping[str, object], more: bytes = b"", *, give: Sequence[socket.socket] = ()
    ) -> bool:
        """Send a message, with sockets that stay ours too. False when the other end does not take it."""
        if not self._open:
            return False
        try:
            socket.send_fds(self._sock, [pack(words, more)], [sock.fileno() for sock in give])
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the line; what was sent is still read."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _readable(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._sock, MAX_BYTES, _MOST_FDS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, fds = b"", []
        given = [_received(fd) for fd in fds]
        try:
            if not data:
                raise ValueError("the end")
            words, more = unpack(data)
        except ValueError:
            _close(given)
            self.close()
            self._on_end()
            return
        self._on_message(words, more, given)


def _received(fd: int) -> socket.socket:
    os.set_inheritable(fd, False)  # unlike descriptors that are made here, those that come may be inherited
    return socket.socket(fileno=fd)


def _close(sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.close()
