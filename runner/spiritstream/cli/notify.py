"""Telling systemd how we are (sd_notify(3)): a datagram to the socket it names; nothing without one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time

_USEC = 1_000_000


def notify(*lines: str) -> None:
    """Send these assignments, such as `READY=1`. Nobody may be listening: that is no fault."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    # An abstract address begins with NUL, and is written with @.
    address = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        sending.connect(address)
        sending.sendall("\n".join(lines).encode())


def reloading() -> None:
    """Say that a reload has begun; `READY=1` ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_s() -> float | None:
    """How often systemd wants to hear from us (half of what it bears); `None` if it does not."""
    given, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not given.isdecimal() or not int(given) or (pid and pid != str(os.getpid())):
        return None
    return int(given) / _USEC / 2


async def beat() -> None:
    """Tell the watchdog that the loop turns, for as long as it does."""
    if (every_s := watchdog_s()) is None:
        return
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s)
