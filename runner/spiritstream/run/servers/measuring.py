"""How near servers are: the time of a TCP connect, taken of all of them side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from spiritstream.run.servers.urls import Endpoint
from spiritstream.sockets.connect import connect

ALL_S = 3.0
# Who has not answered after this long has lost a packet, or is too far away to be chosen.
_ONE_S = 1.0
_SIDE_BY_SIDE = 32

TimeOf = Callable[[str, int], Awaitable[float]]


async def connect_time_s(host: str, port: int) -> float:
    """How long one TCP connect takes, without the name's look-up; the connection is closed at once.

    Raises:
        OSError: it does not come about.
    """
    clock = asyncio.get_running_loop().time
    at: dict[str, float] = {}

    def done(step: str) -> None:
        at[step] = clock()

    sock, _ = await connect(host, port, None, done)
    sock.close()
    return at["connect"] - at["resolve"]


async def measure(
    endpoints: Iterable[Endpoint], *, all_s: float = ALL_S, time_of: TimeOf = connect_time_s
) -> dict[Endpoint, float]:
    """The times in seconds of those that answered, within `all_s` for all."""
    found: dict[Endpoint, float] = {}
    turns = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(endpoint: Endpoint) -> None:
        # A host of somebody's list may be anything: one that cannot be asked has not answered.
        with contextlib.suppress(OSError, ValueError):
            async with turns, asyncio.timeout(_ONE_S):
                found[endpoint] = await time_of(*endpoint)

    tasks = [asyncio.create_task(one(endpoint)) for endpoint in dict.fromkeys(endpoints)]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=all_s)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found
