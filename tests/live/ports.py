"""Ports on loopback that nobody else takes meanwhile."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from collections.abc import Iterator

# Below the range from which Linux gives ports to outgoing connections: a server that goes away for a while
# finds its port still free.
_RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A TCP and UDP port of loopback that is free now."""
    for port in random.sample(_RANGE, 200):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError("no free port was found")


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """A port that refuses every connection: it is taken, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
