"""The git program as a child: a clean environment, no programs of a repository's, bounds on everything."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from spiritstream.errors import SpiritError

OUTPUT_MAX = 64 * 1024 * 1024
_SAID_MAX = 16 * 1024
FILE_MAX = 8 * 1024**3
"""No file that git writes, a fetched pack or a blob, grows beyond this: it is ended instead."""
_CHUNK = 64 * 1024
# For git to find its helpers, the user's keys and the way out; not DISPLAY: nobody answers there.
# fmt: off
_KEPT = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "GIT_ASKPASS",
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_CONFIG_GLOBAL", "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "CREDENTIALS_DIRECTORY",
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
))
# fmt: on
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "protocol.file.allow=always",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    # Larger blobs go through git piece by piece, and not through its memory.
    "core.bigFileThreshold=8m",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.writeCommitGraph=false",
    "fetch.recurseSubmodules=false",
    "http.lowSpeedLimit=500",
    "http.lowSpeedTime=20",
)


class GitError(Exception):
    """git did not do what it was asked to; `said` is its stderr, which nobody else may see as it is."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"git ended with status {status}")
        self.status = status
        self.said = said


class GitMissingError(SpiritError):
    """There is no git program."""


def environment(inherited: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """What a git child inherits: what it needs, and that nobody answers questions."""
    kept = {name: value for name, value in inherited.items() if name in _KEPT}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ATTR_NOSYSTEM": "1",
        # What is missing from a local repository is not fetched by programs that its settings name.
        "GIT_NO_LAZY_FETCH": "1",
        **extra,
    }


async def git(
    *words: str,
    at: Path | None = None,
    settings: tuple[str, ...] = (),
    extra: Mapping[str, str] | None = None,
    given: bytes = b"",
    into: int | None = None,
    within_s: float = 30.0,
) -> bytes:
    """What `git WORDS` writes, in the bare repository `at`. Raises GitError, also when it takes too long.

    With `into`, a file's descriptor, it is written there instead, by git itself.
    The child leads a session of its own: it has no terminal to ask on, and ends with all its helpers.
    """
    options = [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]
    where = ["--git-dir", str(at)] if at else []
    # A file, not a pipe: an ssh that stays in the background keeps a pipe open for ever.
    with tempfile.TemporaryFile() as said:
        child = await _started([*options, *where, *words], extra or {}, said, into)
        try:
            async with asyncio.timeout(within_s):
                written = await _written(child, given)
        except TimeoutError:
            raise GitError(-1, "timed out") from None
        finally:
            await _ended(child)
        if written is None:
            raise GitError(-1, "fatal: its answer is too long")
        if child.returncode:
            said.seek(0)
            raise GitError(child.returncode, said.read(_SAID_MAX).decode(errors="replace"))
    return written


async def _started(
    words: list[str], extra: Mapping[str, str], said: IO[bytes], into: int | None
) -> asyncio.subprocess.Process:
    try:
        child = await asyncio.create_subprocess_exec(
            "git",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if into is None else into,
            stderr=said,
            env=environment(os.environ, extra),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise GitMissingError(
            "there is no git program", "install git, or give a folder of profiles"
        ) from error
    if hasattr(resource, "prlimit"):
        # Its helpers, which it has not started yet, inherit it.
        with suppress(OSError):
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
    return child


async def _written(child: asyncio.subprocess.Process, given: bytes) -> bytes | None:
    """All that the child writes while it is given its input; None when that is too much."""
    assert child.stdin
    giving = asyncio.create_task(_give(child.stdin, given))
    written = bytearray()
    try:
        while child.stdout and (chunk := await child.stdout.read(_CHUNK)):
            written += chunk
            if len(written) > OUTPUT_MAX:
                return None
        await giving
        await child.wait()
    finally:
        giving.cancel()
    return bytes(written)


async def _give(stream: asyncio.StreamWriter, given: bytes) -> None:
    with suppress(ConnectionError):
        stream.write(given)
        await stream.drain()
    stream.close()


async def _ended(child: asyncio.subprocess.Process) -> None:
    """End a child that has not ended by itself, and its helpers; a helper of one that has may live on."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
