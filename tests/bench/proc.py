"""What Linux says of a process: processor time, memory, descriptors, threads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Seconds of processor time since the process began, its own and the kernel's for it.

    Raises:
        ProcessLookupError: it has ended.
    """
    # pid (name) state ...: the name may hold anything, so count from its last bracket on.
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def cpu_of_all_s(pids: Iterable[int]) -> float:
    """The sum over several processes."""
    return sum(cpu_s(pid) for pid in pids)


def resident_kib(pid: int) -> int:
    """Resident memory."""
    return _status(pid, "VmRSS")


def threads(pid: int) -> int:
    """How many threads it has."""
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    """How many descriptors it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _status(pid: int, name: str) -> int:
    for line in _read(pid, "status").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} is a zombie: it has no {name}")


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except FileNotFoundError:
        raise ProcessLookupError(f"process {pid} has ended") from None
