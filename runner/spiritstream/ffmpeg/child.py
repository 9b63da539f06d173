"""One ffmpeg process: its pipes, what it says, how it ends. It dies with us, whatever kills us."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.lines import LineSplitter
from spiritstream.ffmpeg.mask import mask_argv
from spiritstream.ffmpeg.progress import ProgressParser
from spiritstream.model.status import Progress
from spiritstream.pipes import PipeReader
from spiritstream.secret import Secret, scrub

Argv = tuple[str | Secret, ...]

KEPT_LINES = 200
# The stop ladder: what is tried, and how long each may take, in seconds.
EOF_S, INT_S, TERM_S = 1.5, 1.0, 0.5
# A child that floods stderr faster than this is made to wait; ours is not to burn the core with it.
_STDERR_BYTES_PER_S = 1024 * 1024
_PIPE_BYTES = 256 * 1024
# What a child may know of our environment: never the variables that profiles take keys from.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "LIBVA_DRIVER_NAME")
_ENVIRONMENT_PREFIXES = ("LIBVA_", "CUDA_", "NVIDIA_", "SSL_CERT_", "ONEVPL_", "MFX_", "DYLD_")


class Child:
    """A running ffmpeg. Made by `spawn`; `wait` or `stop` it.

    `stdin_fd` and `stdout_fd` are our ends of its media pipes, non-blocking; whoever uses them
    closes them. `progress` is its last report, `lines` its last scrubbed stderr lines.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipes: _Pipes,
        secrets: Sequence[Secret],
        mask_on: str,
        on_line: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._secrets = secrets
        self._mask_on = mask_on if secrets else ""
        self._on_line = on_line
        self._splitter = LineSplitter()
        self._parser = ProgressParser()
        self._budget = _STDERR_BYTES_PER_S
        self._exit: asyncio.Future[int] = self._loop.create_future()
        self.pid = process.pid
        self.stdin_fd = pipes.stdin_fd
        self.stdout_fd = pipes.stdout_fd
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.progress = Progress()
        self.masked = not secrets
        self._stderr = PipeReader(pipes.stderr_fd, self._heard, lambda: None)
        self._reports = PipeReader(pipes.progress_fd, self._reported, lambda: None)
        self._watch_exit()

    @property
    def returncode(self) -> int | None:
        """The exit status; negative for a signal; `None` while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end and give the exit status."""
        return await asyncio.shield(self._exit)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; harmless when the child is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, end_of_file: Callable[[], None] | None = None) -> int:
        """Walk the stop ladder: end of file, SIGINT, SIGTERM, SIGKILL, each with its bound.

        `end_of_file` closes the child's stdin; without it the ladder begins at SIGINT. Cancelling
        this kills the child.
        """
        try:
            if end_of_file is not None:
                end_of_file()
                if await self._ended_within(EOF_S):
                    return await self.wait()
            for number, bound_s in ((signal.SIGINT, INT_S), (signal.SIGTERM, TERM_S)):
                self.signal(number)
                if await self._ended_within(bound_s):
                    return await self.wait()
        finally:
            self.signal(signal.SIGKILL)
        return await self.wait()

    async def _ended_within(self, bound_s: float) -> bool:
        done, _ = await asyncio.wait({self._exit}, timeout=bound_s)
        return bool(done)

    def _heard(self, data: bytes) -> None:
        self._budget -= len(data)
        if self._budget < 0:
            self._stderr.pause()
            self._loop.call_later(1.0, self._calm)
        for line in self._splitter.feed(data):
            self._take_line(line)

    def _calm(self) -> None:
        self._budget = _STDERR_BYTES_PER_S
        self._stderr.resume()

    def _take_line(self, line: str) -> None:
        if self._mask_on and self._mask_on in line:
            self._mask_on = ""
            self.masked = mask_argv(self.pid, self._secrets)
        text = scrub(line, self._secrets)
        self.lines.append(text)
        self._on_line(text)

    def _reported(self, data: bytes) -> None:
        self.progress = self._parser.feed(data) or self.progress

    def _watch_exit(self) -> None:
        try:
            if sys.platform != "linux":
                raise OSError(errno.ENOSYS, "only Linux has it")
            fd = os.pidfd_open(self.pid)
        except OSError:  # neither has every sandbox
            # A thread of its own: the loop's pool is small, and children run for months.
            threading.Thread(target=self._wait_here, daemon=True).start()
        else:
            self._loop.add_reader(fd, self._exited, fd)

    def _wait_here(self) -> None:
        self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            self._loop.call_soon_threadsafe(self._finish)

    def _exited(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        os.close(fd)
        self._process.wait()
        self._finish()

    def _finish(self) -> None:
        self._stderr.drain()
        self._reports.drain()
        for line in self._splitter.flush():
            self._take_line(line)
        if not self._exit.done():
            self._exit.set_result(self._process.returncode)


class _Pipes:
    """Our ends of a child's pipes, and while it is being started, the child's ends."""

    def __init__(self) -> None:
        self.theirs: list[int] = []
        self.ours: list[int] = []
        self.stdin_fd: int | None = None
        self.stdout_fd: int | None = None
        self.child_stdin = self.child_stdout = subprocess.DEVNULL

    def open(self, *, stdin: bool, stdout: bool) -> None:
        """Open those that are wanted, and those that every child has."""
        if stdin:
            self.child_stdin, self.stdin_fd = self._pair(ours_writes=True)
        if stdout:
            self.child_stdout, self.stdout_fd = self._pair(ours_writes=False)
        self.child_stderr, self.stderr_fd = self._pair(ours_writes=False)
        self.child_progress, self.progress_fd = self._pair(ours_writes=False)

    def _pair(self, *, ours_writes: bool) -> tuple[int, int]:
        """A pipe as (theirs, ours)."""
        read, write = os.pipe()
        theirs, ours = (read, write) if ours_writes else (write, read)
        self.theirs.append(theirs)
        self.ours.append(ours)
        os.set_blocking(ours, False)
        return theirs, ours


def spawn(
    build: Callable[[int], Argv],
    *,
    stdin: bool = False,
    stdout: bool = False,
    secrets: Sequence[Secret] = (),
    mask_on: str = "",
    on_line: Callable[[str], None] = lambda line: None,
) -> Child:
    """Start an ffmpeg.

    Args:
        build: gives the argv, told which descriptor `-progress pipe:N` is to name.
        stdin: whether we write media to it.
        stdout: whether it writes media to us.
        secrets: what is scrubbed from its stderr and masked in its argv.
        mask_on: the beginning of the stderr line after which argv may be masked.
        on_line: called with each scrubbed stderr line.

    Raises:
        SpiritError: the program cannot be started.
    """
    pipes = _Pipes()
    try:
        process = _start(build, pipes, stdin=stdin, stdout=stdout)
    except BaseException:
        for fd in pipes.ours:
            os.close(fd)
        raise
    finally:
        for fd in pipes.theirs:
            os.close(fd)
    return Child(process, pipes, secrets, mask_on, on_line)


def _start(
    build: Callable[[int], Argv], pipes: _Pipes, *, stdin: bool, stdout: bool
) -> subprocess.Popen[bytes]:
    program = "ffmpeg"
    try:
        pipes.open(stdin=stdin, stdout=stdout)
        _widen(pipes)
        revealed = [arg.reveal() if isinstance(arg, Secret) else arg for arg in build(pipes.child_progress)]
        program = revealed[0]
        _check_startable(program)
        return subprocess.Popen(
            [*_bound_to_us(), *revealed],
            stdin=pipes.child_stdin,
            stdout=pipes.child_stdout,
            stderr=pipes.child_stderr,
            pass_fds=(pipes.child_progress,),
            env=_environment(),
            # The terminal's ctrl-C is for us; children are stopped in order.
            start_new_session=True,
        )
    except OSError as error:
        # Not the exception itself: its text may hold argv.
        reason = error.strerror or "unknown reason"
    raise SpiritError(f"{program} cannot be started: {reason}", "run: spiritstream doctor")


def _check_startable(program: str) -> None:
    """What starts it for us would tell of this by an exit status only."""
    if shutil.which(program) is None:
        number = errno.EACCES if Path(program).exists() else errno.ENOENT
        raise OSError(number, os.strerror(number))


def _widen(pipes: _Pipes) -> None:
    """Room for a keyframe in one write. Only Linux can, and only within the user's share."""
    if sys.platform == "linux":
        import fcntl

        for fd in (pipes.stdin_fd, pipes.stdout_fd):
            if fd is not None:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@functools.cache
def _bound_to_us() -> tuple[str, ...]:
    """A prefix that has the kernel kill the child when we die.

    Pipes that end do the same for a healthy child; one that hangs in a connect never looks at them.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k in _ENVIRONMENT or k.startswith(_ENVIRONMENT_PREFIXES)}
