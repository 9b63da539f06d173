"""Processes of ours beside a measurement: spoken to by lines, ended with the block."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_END_S = 10.0


class Served:
    """A module that greets with one line of JSON, and answers each line with one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid
        self.greeting = self._answer()

    def tell(self, *words: str | int) -> dict[str, Any]:
        """Give an order (`pause 0`, `stop 1`, ...) and take the answer.

        Raises:
            RuntimeError: it has ended, or does not understand.
        """
        assert self._process.stdin is not None
        print(*words, file=self._process.stdin, flush=True)
        answer = self._answer()
        if "error" in answer:
            raise RuntimeError(f"{words[0]}: {answer['error']}")
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process beside the measurement has ended; it says why itself, above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def served(module: str, *options: str) -> Iterator[Served]:
    """`python -m MODULE OPTIONS`, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Served(process)
    finally:
        end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """SIGTERM, and SIGKILL for what does not heed it."""
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
