"""Times of TCP connects, on real sockets: who does not answer is absent, and nobody is waited for long."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from spiritstream.run.servers.measuring import connect_time_s, measure
from spiritstream.run.servers.urls import Endpoint
from tests.live.ports import refused_port
from tests.virtualtime import run_virtually

HERE = "127.0.0.1"


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """A port that takes connections, of which nobody takes notice."""
    with socket.create_server((HERE, 0)) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what else comes, as a host does that is not there."""
    with socket.socket() as server, contextlib.ExitStack() as held:
        server.bind((HERE, 0))
        server.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(server.getsockname())
        yield server.getsockname()[1]


async def test_real_ports() -> None:
    """One that listens has a time; one that refuses, one that swallows, and a name that is none have not."""
    with listening() as there, listening() as also, refused_port() as closed, full() as swallows:
        ports = (swallows, closed, there, also)
        found = await measure([*((HERE, port) for port in ports), ("localhost", there), ("a..b", 1)])
    assert {(HERE, there), (HERE, also), ("localhost", there)} <= set(found)
    assert (HERE, closed) not in found
    assert (HERE, swallows) not in found
    assert ("a..b", 1) not in found
    assert all(0 <= time_s < 1 for time_s in found.values())


async def test_the_connection_is_closed_at_once() -> None:
    """A server sees it come and go, without a word."""
    with socket.create_server((HERE, 0)) as server:
        server.setblocking(False)
        await connect_time_s(HERE, server.getsockname()[1])
        peer, _ = await asyncio.get_running_loop().sock_accept(server)
        with peer:
            assert b"" == await asyncio.get_running_loop().sock_recv(peer, 1)


async def test_a_names_look_up_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a slow name server takes is not the server's distance."""
    import time

    ask = socket.getaddrinfo

    def slow(host: str, *more: object, **options: object) -> object:
        if host == "a.example":
            time.sleep(0.3)
            host = HERE
        return ask(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with listening() as port:
        begun = asyncio.get_running_loop().time()
        time_s = await connect_time_s("a.example", port)
        assert time_s <= asyncio.get_running_loop().time() - begun - 0.3


def test_bounds() -> None:
    """Two hundred that do not answer cost 3 s, one alone 1 s; 32 are asked side by side, and each once."""
    at_once: list[int] = []
    asked: list[Endpoint] = []

    async def silent(host: str, port: int) -> float:
        asked.append((host, port))
        at_once.append(1)
        try:
            await asyncio.sleep(100)
        finally:
            at_once.pop()
        return 0.0

    peaks: list[int] = []

    async def watched(host: str, port: int) -> float:
        peaks.append(len(at_once) + 1)
        return await silent(host, port)

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        assert {} == await measure([("a", 1)], time_of=silent)
        assert 1.0 == pytest.approx(clock())
        begun = clock()
        assert {} == await measure([(f"h{n}", 1) for n in range(200)], time_of=watched)
        assert 3.0 == pytest.approx(clock() - begun)
        assert 32 == max(peaks)
        asked.clear()
        assert {} == await measure([("a", 1), ("a", 1), ("a", 2)], time_of=silent)
        assert [("a", 1), ("a", 2)] == asked
        assert {} == await measure([])

    run_virtually(main())
    assert [] == at_once


def test_those_behind_silent_ones_get_their_turn() -> None:
    """Who stands in line behind servers that do not answer is measured all the same."""

    async def some(host: str, port: int) -> float:
        await asyncio.sleep(100 if port < 60 else 0.02)
        return 0.02

    async def main() -> None:
        found = await measure([("h", port) for port in range(70)], time_of=some)
        assert {("h", port): 0.02 for port in range(60, 70)} == found

    run_virtually(main())


def test_it_can_be_interrupted() -> None:
    """Whoever asks may stop, and nothing goes on behind them."""
    under_way: set[int] = set()

    async def silent(host: str, port: int) -> float:
        under_way.add(port)
        try:
            await asyncio.sleep(100)
        finally:
            under_way.discard(port)
        return 0.0

    async def main() -> None:
        task = asyncio.create_task(measure([("h", port) for port in range(5)], time_of=silent))
        await asyncio.sleep(0.5)
        assert 5 == len(under_way)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert set() == under_way

    run_virtually(main())
