"""A runner's process, as the controller starts it: `python -P -m spiritstream.cli.runner WORDS`.

It is told its profile on its socket, and lives on when the controller does not. What keeps it from
starting is one message on its stderr, which it closes as soon as its socket answers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Set
from pathlib import Path
from typing import NoReturn

from spiritstream.cli.rotating import RotatingFile, keep_tidy
from spiritstream.control.runnerlock import only_runner
from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.find import find_ffmpeg
from spiritstream.journal import Unblocked, open_journal
from spiritstream.model.profile import Profile
from spiritstream.run.runner import Runner
from spiritstream.run.server import serve
from spiritstream.run.unit import Tools, log
from spiritstream.secret import Secret
from spiritstream.wire import encode

# Whoever started us and then died has nobody who would tell us what to do; its successor starts anew.
ORDERS_S = 60.0


class Known:
    """Every secret that the runner was told, old ones too: a child that is ending may still name them."""

    def __init__(self) -> None:
        self.runner: Runner | None = None
        self._profile: Profile | None = None
        self._secrets: set[Secret] = set()

    def __call__(self) -> Set[Secret]:
        """All of them, up to now."""
        now = self.runner.profile if self.runner else None
        if now is not None and now is not self._profile:
            self._profile = now
            self._secrets.update(now.secrets())
        return self._secrets.union(self.runner.learnt()) if self.runner else self._secrets


async def run(words: argparse.Namespace) -> None:
    """Until told to end, by the socket or a signal."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    known = Known()
    file = RotatingFile(words.log, words.log_bytes, words.log_days)
    journal = Unblocked(file)
    tidying = asyncio.create_task(keep_tidy(file.tidy), name="the log's age")
    open_journal("json", known, verbose=words.verbose, handler=journal)
    try:
        ffmpeg = await asyncio.to_thread(find_ffmpeg, words.ffmpeg, os.environ)
        runner = known.runner = Runner(Tools(ffmpeg))
        # Ours until the socket has closed: whoever sees us leave may start the next one at once.
        with only_runner(words.lock, words.name):
            await _serve(words, runner, stop)
    finally:
        tidying.cancel()
        journal.close()


async def _serve(words: argparse.Namespace, runner: Runner, stop: asyncio.Event) -> None:
    async with serve(runner, words.socket, stop.set, managed=True):
        _ready()
        log.info("the runner of '%s' is here, pid %d", words.name, os.getpid())
        await _until_told(runner, stop)
        await runner.stop()
        log.info("the runner has ended")


async def _until_told(runner: Runner, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(ORDERS_S):
            await stop.wait()
    except TimeoutError:
        if runner.profile is not None:
            await stop.wait()
        else:
            log.warning("nobody said what to do")


def _ready() -> None:
    """Close stderr: whoever started us reads it until then. What is said from now on is in the log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spiritstream.cli.runner")
    parser.add_argument("name")
    parser.add_argument("socket", type=Path)
    parser.add_argument("lock", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--ffmpeg")
    parser.add_argument("--log-bytes", type=int, default=20_000_000)
    parser.add_argument("--log-days", type=int, default=30)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(arguments)


def main() -> None:
    """The process."""
    try:
        asyncio.run(run(_parsed(sys.argv[1:])))
    except SpiritError as error:
        _fail(error.message, error.hint, int(error.exit_code))
    except Exception as error:
        _fail(f"unexpected fault: {type(error).__name__}", "", 1)


def _fail(message: str, hint: str, code: int) -> NoReturn:
    os.write(2, encode({"error": {"message": message, "hint": hint, "code": code}}))
    sys.exit(code)


if __name__ == "__main__":
    main()
