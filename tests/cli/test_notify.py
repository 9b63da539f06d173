"""What systemd is told, on a socket of our own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.cli.notify import beat, notify, reloading, watchdog_s


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The end that systemd has."""
    with (
        TemporaryDirectory(prefix="spirit-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end,
    ):
        path = Path(folder) / "n"
        end.bind(str(path))
        end.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield end


def test_assignments_arrive_in_one_datagram(systemd: socket.socket) -> None:
    """One a line (sd_notify(3))."""
    notify("READY=1", "STATUS=reads x")
    assert b"READY=1\nSTATUS=reads x" == systemd.recv(100)


def test_a_reload_says_when(systemd: socket.socket) -> None:
    """Type=notify-reload wants the monotonic clock's microseconds beside it."""
    reloading()
    first, second = systemd.recv(100).decode().split("\n")
    assert ("RELOADING=1", "MONOTONIC_USEC") == (first, second.partition("=")[0])


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-is-there", "nonsense"])
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Then nothing happens."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("30000000", None, 15.0),
        pytest.param("30000000", str(os.getpid()), 15.0, id="our own pid"),
        ("30000000", "1", None),
        ("", None, None),
        ("0", None, None),
        ("soon", None, None),
    ],
)
def test_watchdog(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, expected: float | None
) -> None:
    """Half of what systemd bears, if it is meant for us."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert expected == watchdog_s()


async def test_the_loop_itself_beats(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Again and again."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    beating = asyncio.create_task(beat())
    assert [b"WATCHDOG=1"] * 3 == [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
