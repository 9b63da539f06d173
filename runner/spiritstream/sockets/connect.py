"""From a host's name to a connected socket, in bounded time, and its TLS handshake. The loop never waits."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any, Literal

from spiritstream.sockets.lookup import look_up
from spiritstream.sockets.tls import TlsWire

Step = Literal["resolve", "connect", "tls"]

# RFC 8305, section 5: the next address is tried beside the last one after so long.
_NEXT_ADDRESS_S = 0.25
_MOST_ADDRESSES = 6
_SHAKE_BYTES = 16 * 1024
# Of several failures these say least: they come from a machine without IPv6.
_NO_ROAD = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})

_Address = tuple[socket.AddressFamily, tuple[Any, ...]]


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, done: Callable[[Step], None]
) -> tuple[socket.socket, TlsWire | None]:
    """A connected socket, with its TLS if a context is given. `done` hears of each step that is complete.

    Raises:
        OSError: no such host (`socket.gaierror`), refused, no way there; the most telling one.
        ssl.SSLError: the handshake failed, or the certificate was not accepted.
    """
    addresses = await _resolve(host, port)
    done("resolve")
    wire = None if tls is None else _wire(tls, host)
    sock = await _first_of(addresses)
    done("connect")
    if wire is not None:
        try:
            await shaken(sock, wire)
        except BaseException:
            sock.close()
            raise
        done("tls")
    return sock, wire


def _wire(tls: ssl.SSLContext, host: str) -> TlsWire:
    try:
        return TlsWire(tls, server_name=host.rstrip("."))
    except ValueError as error:
        raise ssl.SSLError(f"no certificate can be for this host name: {error}") from None


async def shaken(sock: socket.socket, wire: TlsWire) -> TlsWire:
    """`wire`, its handshake done over a non-blocking socket; the caller bounds the time.

    Raises:
        OSError, ssl.SSLError: it failed; the peer was told why.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            complete = wire.shake()
        finally:
            if out := wire.outgoing():
                await loop.sock_sendall(sock, out)
        if complete:
            return wire
        wire.arrived(await loop.sock_recv(sock, _SHAKE_BYTES))


async def _resolve(host: str, port: int) -> list[_Address]:
    """The host's addresses, families in turn: a family that does not work costs one step, not all."""
    try:
        found = await look_up(host, port)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    families: dict[socket.AddressFamily, list[_Address]] = {}
    for family, _, _, _, address in found:
        families.setdefault(family, []).append((family, address))
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in turns if address is not None][:_MOST_ADDRESSES]


async def _first_of(addresses: Sequence[_Address]) -> socket.socket:
    """The first connection that comes about; the others are given up."""
    waiting = list(reversed(addresses))
    tries: set[asyncio.Task[socket.socket]] = set()
    failures: list[OSError] = []
    try:
        while waiting or tries:
            if waiting:
                tries.add(asyncio.create_task(_try(waiting.pop())))
            ended, tries = await asyncio.wait(
                tries, timeout=_NEXT_ADDRESS_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won, lost = _sorted_out(ended)
            failures += lost
            if won:
                for spare in won[1:]:
                    spare.close()
                return won[0]
    finally:
        await _give_up(tries)
    raise _most_telling(failures)


async def _try(address: _Address) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _sorted_out(ended: set[asyncio.Task[socket.socket]]) -> tuple[list[socket.socket], list[OSError]]:
    won: list[socket.socket] = []
    lost: list[OSError] = []
    for task in ended:
        try:
            won.append(task.result())
        except OSError as error:
            lost.append(error)
    return won, lost


async def _give_up(tries: set[asyncio.Task[socket.socket]]) -> None:
    for task in tries:
        task.cancel()
    for outcome in await asyncio.gather(*tries, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


def _most_telling(failures: list[OSError]) -> OSError:
    telling = [error for error in failures if error.errno not in _NO_ROAD]
    return next(iter(telling or failures), OSError(errno.EHOSTUNREACH, "the host has no address"))
