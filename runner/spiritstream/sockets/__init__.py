"""Non-blocking stream sockets on the running loop, plain or TLS, with the kernel's own figures."""

from spiritstream.sockets.stream import StreamSocket
from spiritstream.sockets.tls import client_tls

__all__ = ["StreamSocket", "client_tls"]
