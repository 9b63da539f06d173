"""The person's editor: which one it is, and that it ends when we are to end."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from spiritstream.errors import SpiritError, UsageError

_GRACE_S = 2.0
_SHELL_SIGNAL = 128
# Vim keeps what is typed and copied in files of its own, in whatever folders its settings say.
_VIM = ("-n", "-i", "NONE", "-c", "set nobackup nowritebackup noundofile")
_VIMS = ("vim", "nvim", "vi")


class EndedError(SpiritError):
    """A signal ended us."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}; nothing was changed")
        self.number = number


def editor_words(environ: Mapping[str, str]) -> list[str]:
    """The editor's command: $VISUAL, $EDITOR, or vi where it is.

    Raises:
        UsageError: there is none, or its words cannot be told apart.
    """
    named = environ.get("VISUAL") or environ.get("EDITOR") or shutil.which("vi") or ""
    try:
        words = shlex.split(named)
    except ValueError:
        words = []
    if not words or not (program := shutil.which(words[0])):
        raise UsageError("there is no editor", "name one: EDITOR=nano spiritstream edit FILE")
    is_vim = Path(words[0]).name in _VIMS and "vim" in Path(program).resolve().name
    return [*words, *(_VIM if is_vim else ())]


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Signals that end a program become an EndedError here, so that everything is cleared away on the way."""

    def end(number: int, frame: FrameType | None) -> None:
        for each in ending:
            signal.signal(each, signal.SIG_IGN)
        raise EndedError(number)

    ending = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT]
    before = {each: signal.getsignal(each) for each in ending}
    try:
        for each in ending:
            signal.signal(each, end)
        yield
    except EndedError as error:
        click.echo(f"spiritstream: {error}", err=True)
        raise click.exceptions.Exit(_SHELL_SIGNAL + error.number) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run_editor(file: Path) -> None:
    """Let the person edit a file.

    Raises:
        SpiritError: the editor failed, or cannot be started.
        EndedError: a signal ended us; the editor has ended, too.
    """
    words = [*editor_words(os.environ), str(file)]
    # What an editor puts into a folder for such things goes with ours.
    environment = {**os.environ, "TMPDIR": str(file.parent)}
    try:
        process = subprocess.Popen(words, env=environment)
    except OSError as error:
        raise SpiritError(f"the editor cannot be started: {error.strerror}; nothing was changed") from None
    try:
        with _keyboard_is_the_editors():
            status = process.wait()
    except BaseException:
        _end(process)
        raise
    if status:
        how = f"with status {status}" if status > 0 else f"by {signal.Signals(-status).name}"
        raise SpiritError(f"the editor ended {how}; nothing was changed")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _keyboard_is_the_editors() -> Iterator[None]:
    """Ctrl-C at a terminal reaches the editor as well, which has its own use for it: we wait on."""
    ours = signal.getsignal(signal.SIGINT)
    if sys.stdin.isatty():
        signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)
