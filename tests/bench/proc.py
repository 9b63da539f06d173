"""What Linux says of a process: processor time, memory, descriptors, threads."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LISTEN = "0A"  # include/net/tcp_states.h


def cpu_s(pid: int) -> float:
    """Seconds of processor time since the process began, its own and the kernel's for it.

    Raises:
        ProcessLookupError: it has ended.
    """
    # pid (name) state ...: the name may hold anything, so count from its last bracket on.
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def ran_s(pid: int) -> float:
    """Like `cpu_s`, to the nanosecond, of the threads that live now: for short windows.

    Source: Linux, Documentation/scheduler/sched-stats.rst, the first field of `schedstat`.
    """
    return sum(int(_read(pid, f"task/{thread.name}/schedstat").split()[0]) for thread in _threads(pid)) / 1e9


def resident_kib(pid: int) -> int:
    """Resident memory."""
    return _status(pid, "VmRSS")


def pss_kib(pid: int) -> int:
    """Proportional memory: what several processes share is divided among them."""
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} is a zombie: it has no memory")


def wakes(pid: int) -> int:
    """How often its threads that still live have gone to sleep: each time something woke them again."""
    return sum(
        _status(pid, "voluntary_ctxt_switches", f"task/{thread.name}/status") for thread in _threads(pid)
    )


def listening(port: int) -> bool:
    """Whether somebody listens on a TCP port of IPv4, found out without a connection to it."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def threads(pid: int) -> int:
    """How many threads it has."""
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    """How many descriptors it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        raise ProcessLookupError(f"process {pid} has ended") from None


def _status(pid: int, name: str, file: str = "status") -> int:
    for line in _read(pid, file).splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} is a zombie: it has no {name}")


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except FileNotFoundError:
        raise ProcessLookupError(f"process {pid} has ended") from None
