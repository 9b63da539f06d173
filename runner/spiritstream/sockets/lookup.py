"""A host's addresses. A lookup cannot be called off, so it never sits where somebody else waits.

The loop's own threads are few, and it waits for them when it ends: with a name server that does not answer,
lookups there would hold up everything else that works in a thread, and the end of the process.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]

_going: dict[tuple[str, int], Future[Found]] = {}
_lock = threading.Lock()


async def look_up(host: str, port: int) -> Found:
    """What `getaddrinfo` finds for TCP. Whoever asks for the same while a lookup goes on waits for that one.

    Raises:
        OSError: no such host (`socket.gaierror`).
        UnicodeError: no host can have that name.
    """
    with suppress(OSError, UnicodeError):
        return _ask(host, port, socket.AI_NUMERICHOST)
    with _lock:
        going = _going.get((host, port))
        if going is None:
            going = _going[host, port] = Future()
            # It cannot be cancelled from here on: many may wait for it.
            going.set_running_or_notify_cancel()
            threading.Thread(target=_answer, args=(host, port, going), name="lookup", daemon=True).start()
    return await asyncio.wrap_future(going)


def _ask(host: str, port: int, flags: int = 0) -> Found:
    # As an attribute: tests put a name server of their own in its place.
    ask: Callable[..., Any] = socket.getaddrinfo
    found: Found = ask(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
    return found


def _answer(host: str, port: int, going: Future[Found]) -> None:
    try:
        found = _ask(host, port)
    except BaseException as error:
        _done(host, port)
        going.set_exception(error)
    else:
        _done(host, port)
        going.set_result(found)


def _done(host: str, port: int) -> None:
    with _lock:
        _going.pop((host, port), None)
