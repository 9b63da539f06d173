"""Answering calls on a unix socket that only its owner may connect to: the server's half of `wire`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from spiritstream.errors import BusyError, PeerError, SpiritError, UsageError
from spiritstream.wire import MAX_LINE_BYTES, decode, encode

log = logging.getLogger("spiritstream.calls")

# How often it is looked whether a socket's name is still there.
KEEP_S = 3.0
# sockaddr_un.sun_path holds 108 bytes on Linux, 104 on macOS, the ending NUL included.
_LONGEST_PATH = 103
_BACKLOG = 100
# A draft's name: its process' pid, which no profile's socket is called by.
_DRAFT = re.compile(r"\.[0-9a-f]{1,7}")

Call = Callable[[dict[str, Any]], Awaitable[Any]]
"""From a call's arguments to what is answered; a SpiritError is answered as one."""


@contextlib.asynccontextmanager
async def answering(
    path: Path, who: str, hello: Callable[[], dict[str, Any]], calls: Mapping[str, Call], busy: BusyError
) -> AsyncIterator[None]:
    """Greet with `hello` and answer `calls` on the socket at `path`, for as long as the context lasts.

    `who` answers, for a person; `busy` is raised when somebody answers there already.

    Raises:
        BusyError: as given.
        UsageError: the path cannot be a socket.
    """
    conversations = _Conversations(who, hello, calls)
    door = _Door(path, busy, conversations)
    await door.open()
    keeping = asyncio.create_task(door.keep(), name=f"the socket {path.name}")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        # From here to the end nothing is waited for: who sees us leave finds our lock free.
        door.close()
        conversations.close()


class _Door:
    """Where we listen. Its name is made anew when it is lost, as when somebody clears the folder out."""

    def __init__(self, path: Path, busy: BusyError, conversations: _Conversations) -> None:
        self._path = path
        self._busy = busy
        self._conversations = conversations
        self._server: asyncio.Server | None = None
        self._ours: tuple[int, int] | None = None

    async def open(self) -> None:
        """Listen; errors as `answering` has them."""
        listening = _bind(self._path, self._busy)
        before, self._ours = self._server, _identity(self._path)
        self._server = await asyncio.start_unix_server(
            self._conversations.converse, sock=listening, limit=MAX_LINE_BYTES
        )
        if before is not None:
            before.close()

    async def keep(self) -> None:
        """Look now and then whether our name still leads to us."""
        while True:
            await asyncio.sleep(KEEP_S)
            if self._is_ours():
                continue
            # What another has put in its place is not ours to delete: it may go as it came.
            with contextlib.suppress(SpiritError, OSError):
                await self.open()
                log.warning("%s was gone; it is there again", self._path)

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            if self._is_ours():
                self._path.unlink()
        if self._server is not None:
            self._server.close()

    def _is_ours(self) -> bool:
        try:
            return _identity(self._path) == self._ours
        except OSError:
            return False


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _bind(path: Path, busy: BusyError) -> socket.socket:
    # Unlike any name that is looked for, and about as short as one can be.
    draft = path.with_name(f".{os.getpid():x}")
    if max(len(os.fsencode(path)), len(os.fsencode(draft))) > _LONGEST_PATH:
        raise UsageError(
            f"{path} is too long for a socket",
            "give a shorter one: with --socket, or by XDG_RUNTIME_DIR",
        )
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(path, busy)
        _clear_drafts(path.parent)
        draft.unlink(missing_ok=True)
        _listen(listening, draft)
        try:
            # Whoever finds the name finds it answered; a name that is another's by now is left alone.
            os.link(draft, path)
        finally:
            draft.unlink()
    except OSError as error:
        listening.close()
        if isinstance(error, FileExistsError) and path.is_socket():
            raise busy from None
        raise UsageError(
            f"no socket can be made at {path}: {error.strerror}", "give another place with --socket"
        ) from None
    except SpiritError:
        listening.close()
        raise
    return listening


def _listen(listening: socket.socket, path: Path) -> None:
    # The mask makes it 0600 from its first moment; nobody slips in before a chmod.
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(_BACKLOG)


def _clear_drafts(folder: Path) -> None:
    """Take away the drafts of those that were killed while they had one."""
    for draft in [entry for entry in folder.iterdir() if _DRAFT.fullmatch(entry.name)]:
        with contextlib.suppress(OSError):
            if not _lives(int(draft.name[1:], 16)) and draft.is_socket():
                draft.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True


def _clear(path: Path, busy: BusyError) -> None:
    """Take away what one that was killed left behind; never another's live socket."""
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
    raise busy


class _Conversations:
    """The connections that are open, and what each of them is answered."""

    def __init__(self, who: str, hello: Callable[[], dict[str, Any]], calls: Mapping[str, Call]) -> None:
        self._who = who
        self._hello = hello
        self._calls = calls
        self._writers: set[asyncio.StreamWriter] = set()

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

    async def _answer(self, line: bytes) -> dict[str, Any]:
        request = decode(line)
        answer: dict[str, Any] = {"id": request.get("id")}
        try:
            call = self._calls.get(str(request.get("call")))
            if call is None:
                raise UsageError(
                    f"the {self._who} does not know this call", f"it knows: {', '.join(self._calls)}"
                )
            args = request.get("args")
            answer["ok"] = await call(args if isinstance(args, dict) else {})
        except SpiritError as error:
            answer["error"] = {"message": error.message, "hint": error.hint, "code": int(error.exit_code)}
        except Exception as error:
            log.exception("unexpected fault in a call")
            answer["error"] = {"message": f"unexpected fault: {type(error).__name__}", "hint": "", "code": 1}
        return answer


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer runs as our user, or as root."""
    return peer_uid(writer) in (os.getuid(), 0, None)


def peer_uid(writer: asyncio.StreamWriter) -> int | None:
    """Whose process is at the other end (unix(7), SO_PEERCRED); `None` where the system does not tell.

    Of the server's side of a connection it is the user who called listen(2).
    """
    if sys.platform != "linux":
        return None
    peer = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack(
        "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return int(uid)
