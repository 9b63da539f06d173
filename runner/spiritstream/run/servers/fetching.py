"""Asks a platform for its servers: HTTPS only, bounded in time and size, nothing followed, nothing logged."""

from __future__ import annotations

import asyncio
import socket
import ssl
from urllib.parse import quote

from spiritstream import __version__
from spiritstream.model.profile import KEY_PLACEHOLDER
from spiritstream.model.servers import Lookup
from spiritstream.run.servers.proxy import Proxy, proxy_for
from spiritstream.run.servers.reply import Reply, head_is_whole, reply_in
from spiritstream.run.servers.settled import UnansweredError
from spiritstream.run.servers.urls import question_parts
from spiritstream.secret import Secret
from spiritstream.sockets import client_tls
from spiritstream.sockets.connect import connect, shaken
from spiritstream.sockets.tls import TlsWire

MOST_BYTES = 512 * 1024
_READ_BYTES = 64 * 1024
_OK, _REDIRECTS, _CLIENT_ERRORS = 200, range(300, 400), range(400, 500)
_TRY_LATER = (408, 425, 429)


async def fetch(
    lookup: Lookup, key: Secret | None, *, timeout_s: float, tls: ssl.SSLContext | None = None
) -> bytes:
    """The body of what a platform answers, within `timeout_s` for everything.

    `tls` is how it is verified, if not by the system's trust store.

    Raises:
        UnansweredError: it does not answer, or with something else.
    """
    parts = question_parts(lookup.url)
    if parts is None:
        raise UnansweredError("its address is not a good https:// one", person=True)
    host, port, path = parts
    if lookup.sends_key and key is None:
        raise UnansweredError("it needs the key, and there is none", person=True)
    try:
        request = _request(host, port, path, key if lookup.sends_key else None)
        async with asyncio.timeout(timeout_s):
            reply = await _asked(host, port, request, tls or client_tls())
    # A name that no certificate can be for is a ValueError.
    except (OSError, ValueError) as error:
        raise UnansweredError(_reason(error)) from None
    _check(reply)
    return reply.body


def _request(host: str, port: int, path: str, key: Secret | None) -> bytes:
    if key is not None:
        path = path.replace(KEY_PLACEHOLDER, quote(key.reveal(), safe=""))
    name = f"[{host}]" if ":" in host else host
    head = (
        f"GET {path} HTTP/1.1",
        f"Host: {name}" + (f":{port}" if port != 443 else ""),
        f"User-Agent: spiritstream/{__version__}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n").encode()


async def _asked(host: str, port: int, request: bytes, tls: ssl.SSLContext) -> Reply:
    proxy = proxy_for(host)
    sock, wire = await (_through(proxy, host, port, tls) if proxy else connect(host, port, tls, _nothing))
    assert wire is not None
    try:
        return await _exchange(sock, wire, request)
    finally:
        sock.close()


def _nothing(_step: str) -> None:
    """Nobody wants to know."""


async def _through(proxy: Proxy, host: str, port: int, tls: ssl.SSLContext) -> tuple[socket.socket, TlsWire]:
    """A tunnel to the host itself: the proxy sees neither question nor answer."""
    loop = asyncio.get_running_loop()
    sock, _ = await connect(proxy.host, proxy.port, None, _nothing)
    try:
        await loop.sock_sendall(sock, proxy.connect_request(host, port))
        head = b""
        while not head_is_whole(head):
            part = await loop.sock_recv(sock, _READ_BYTES)
            if not part:
                raise UnansweredError("the proxy hung up")
            head += part
        if head.split(b" ", 2)[1:2] != [b"200"]:
            raise UnansweredError("the proxy refused")
        return sock, await shaken(sock, TlsWire(tls, server_name=host))
    except BaseException:
        sock.close()
        raise


async def _exchange(sock: socket.socket, wire: TlsWire, request: bytes) -> Reply:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, wire.sealed(request))
    received = wire.opened()
    while True:
        if wire.failure is not None:
            raise wire.failure
        if len(received) > MOST_BYTES:
            raise UnansweredError("the answer is too long")
        if reply := reply_in(received, over=wire.ended):
            return reply
        if wire.ended:
            raise UnansweredError("the answer broke off")
        wire.arrived(await loop.sock_recv(sock, _READ_BYTES))
        received += wire.opened()
        if out := wire.outgoing():
            await loop.sock_sendall(sock, out)


def _check(reply: Reply) -> None:
    """Only a plain answer counts: a redirect could take the key elsewhere."""
    if reply.status in _REDIRECTS:
        raise UnansweredError(f"it sends us elsewhere, status {reply.status}")
    if reply.status != _OK:
        person = reply.status in _CLIENT_ERRORS and reply.status not in _TRY_LATER
        raise UnansweredError(f"status {reply.status}", person=person)


def _reason(error: OSError | ValueError) -> str:
    """A failure in a few words: the system's own may hold names, or more."""
    kinds: tuple[tuple[type[OSError], str], ...] = (
        (TimeoutError, "timed out"),
        (ssl.SSLCertVerificationError, "its certificate was not accepted"),
        (ssl.SSLError, "TLS failed"),
        (socket.gaierror, "its host was not found"),
        (ConnectionRefusedError, "connection refused"),
        (ConnectionError, "the connection broke"),
    )
    return next((text for kind, text in kinds if isinstance(error, kind)), "no way there")
