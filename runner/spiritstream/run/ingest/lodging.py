"""Where the listener of an address is found, and how there is never more than one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, socket
from urllib.parse import quote

# sockaddr_un.sun_path holds 108 bytes on Linux, 104 on macOS, the ending NUL included.
_LONGEST_PATH = 103
_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Lodging:
    """The files of one address' listener, in a folder that only its user can enter."""

    folder: Path
    host: str
    port: int

    @property
    def address(self) -> str:
        """The address as a person writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def path(self) -> Path:
        """Where the listener answers: a name that no profile can have."""
        return self.folder / f"_ingest-{quote(self.host, safe='')}-{self.port}.sock"

    @property
    def lock(self) -> Path:
        """Held by the listener as long as it lives. Never deleted: two could hold locks of one name."""
        return self.path.with_suffix(".lock")

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be made, others may write to it, or its path is too long for a socket.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = self.folder.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
            raise PermissionError(0, "others may write there", str(self.folder))
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise OSError(0, "its path is too long for a socket", str(self.folder))

    def take(self) -> int | None:
        """The lock, as a descriptor to be kept; `None` when another listener has it."""
        fd = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def listen(self) -> socket:
        """The listener's socket, in place of what one that was killed left. Only for who holds the lock."""
        listening = socket(AF_UNIX, SOCK_SEQPACKET)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        # The mask makes it 0600 from its first moment; nobody slips in before a chmod.
        before = os.umask(0o177)
        try:
            listening.bind(str(self.path))
        finally:
            os.umask(before)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        return listening

    def call(self) -> socket:
        """A line to the listener.

        Raises:
            OSError: nobody answers.
        """
        line = socket(AF_UNIX, SOCK_SEQPACKET)
        line.setblocking(False)
        try:
            line.connect(str(self.path))
        except OSError:
            line.close()
            raise
        return line
