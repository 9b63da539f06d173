"""A network of a process's own, in which every port is free and names lead where we want.

    if reason := missing():
        pytest.skip(reason)
    run((*COMMAND, "tests.live.MODULE", ...))   # which first calls `enter({"a.example": "127.0.1.1"})`

It takes no rights: a user namespace gives them, inside of itself.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_AS_ROOT = ("unshare", "--map-root-user", "--net", "--mount")
COMMAND = (*_AS_ROOT, sys.executable, "-m")
"""Before a module's name: runs it in namespaces of its own."""

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_IFREQ = struct.Struct("16sh14x")
_MS_BIND = 4096


def missing() -> str:
    """What keeps this machine from it; empty if nothing does."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if shutil.which("unshare") is None:
        return "unshare is missing (apt-get install util-linux)"
    tried = subprocess.run([*_AS_ROOT, "true"], capture_output=True, text=True, timeout=20)
    return f"this machine lets nobody make a network namespace: {tried.stderr}" if tried.returncode else ""


def enter(hosts: Mapping[str, str], folder: Path) -> None:
    """Furnish the new namespaces: loopback works, and each name of `hosts` leads to its address."""
    _loopback_up()
    table = folder / "hosts"
    lines = [f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **hosts}.items()]
    table.write_text("".join(lines))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(bytes(table), b"/etc/hosts", None, _MS_BIND, None):
        raise OSError(ctypes.get_errno(), f"/etc/hosts: {os.strerror(ctypes.get_errno())}")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        found = fcntl.ioctl(sock, _SIOCGIFFLAGS, _IFREQ.pack(b"lo", 0))
        flags = _IFREQ.unpack(found)[1]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, _IFREQ.pack(b"lo", flags | _IFF_UP))
