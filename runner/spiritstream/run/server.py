"""The runner's unix socket: status, plan, apply, restart, stop. Only its owner may connect."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from spiritstream import __version__
from spiritstream.errors import BusyError, PeerError, SpiritError, UsageError
from spiritstream.model.profile import Profile
from spiritstream.run.runner import Runner
from spiritstream.run.unit import log
from spiritstream.wire import MAX_LINE_BYTES, PROTOCOL, decode, encode, from_data, to_data

# sockaddr_un.sun_path holds 108 bytes on Linux, 104 on macOS, the ending NUL included.
_LONGEST_PATH = 103


@contextlib.asynccontextmanager
async def serve(runner: Runner, path: Path, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Answer on the socket at `path` for as long as the context lasts; `stop` ends the runner.

    Raises:
        BusyError: another runner answers there.
        UsageError: the path cannot be a socket.
    """
    listening = _bind(path)
    ours = _identity(path)
    calls = _Calls(runner, stop)
    server = await asyncio.start_unix_server(calls.converse, sock=listening, limit=MAX_LINE_BYTES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            # What somebody has put in its place is not ours to delete.
            if _identity(path) == ours:
                path.unlink()
        server.close()
        calls.close()


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _bind(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise UsageError(f"{path} is too long for a socket", "give a shorter one with --socket")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(path)
        # The mask makes it 0600 from its first moment; nobody slips in before a chmod.
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"no socket can be made at {path}: {error.strerror}", "give another place with --socket"
        ) from None
    except SpiritError:
        listening.close()
        raise
    return listening


def _clear(path: Path) -> None:
    """Take away what a runner that was killed left behind; never another's live socket."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except (BlockingIOError, TimeoutError):
            pass  # somebody listens, and is only busy
    raise BusyError(
        f"a runner for this profile is on air already ({path})",
        "stop it first, or edit its profile and send it SIGHUP",
    )


class _Calls:
    """What may be asked of a runner."""

    def __init__(self, runner: Runner, stop: Callable[[], None]) -> None:
        self._runner = runner
        self._stop = stop
        self._writers: set[asyncio.StreamWriter] = set()
        self._known: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "status": self._status,
            "plan": self._plan,
            "apply": self._apply,
            "restart": self._restart,
            "stop": self._end,
        }

    def close(self) -> None:
        """End every conversation. Whoever has not taken an answer by now does not get it."""
        for writer in self._writers:
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()
            writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends or says something that is no message."""
        if not _is_ours(writer):
            writer.close()
            return
        self._writers.add(writer)
        try:
            writer.write(encode(self._hello()))
            while line := await reader.readline():
                writer.write(encode(await self._answer(line)))
                await writer.drain()
        except (PeerError, ValueError, ConnectionError):
            pass  # a line over the limit, or a peer that left: nothing to answer to
        finally:
            self._writers.discard(writer)
            writer.close()

    def _hello(self) -> dict[str, Any]:
        name = self._runner.profile.name if self._runner.profile else ""
        return {
            "hello": "runner",
            "protocol": PROTOCOL,
            "version": __version__,
            "profile": name,
            "pid": os.getpid(),
        }

    async def _answer(self, line: bytes) -> dict[str, Any]:
        request = decode(line)
        answer: dict[str, Any] = {"id": request.get("id")}
        try:
            call = self._known.get(str(request.get("call")))
            if call is None:
                raise UsageError("the runner does not know this call", f"it knows: {', '.join(self._known)}")
            args = request.get("args")
            answer["ok"] = await call(args if isinstance(args, dict) else {})
        except SpiritError as error:
            answer["error"] = {"message": error.message, "hint": error.hint, "code": int(error.exit_code)}
        except Exception as error:
            log.exception("unexpected fault in a call")
            answer["error"] = {"message": f"unexpected fault: {type(error).__name__}", "hint": "", "code": 1}
        return answer

    async def _status(self, args: dict[str, Any]) -> Any:
        return to_data(self._runner.status())

    async def _plan(self, args: dict[str, Any]) -> Any:
        return to_data(self._runner.plan(from_data(Profile, args.get("profile"))))

    async def _apply(self, args: dict[str, Any]) -> Any:
        return to_data(await self._runner.apply(from_data(Profile, args.get("profile"))))

    async def _restart(self, args: dict[str, Any]) -> Any:
        self._runner.restart(str(args.get("path", "")))
        return {}

    async def _end(self, args: dict[str, Any]) -> Any:
        self._stop()
        return {}


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer runs as our user, or as root (unix(7), SO_PEERCRED)."""
    if sys.platform != "linux":
        return True
    peer = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack(
        "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return uid in (os.getuid(), 0)
