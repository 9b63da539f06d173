"""Runs a command, killed at the n-th thing that it does to the disk, then once more in peace; for every n.

`python -m tests.config.crashing FOLDER STDIN COMMAND...`: FOLDER/template is what the command finds, with its
config and state folders in it; FOLDER/n is what is there after both runs, FOLDER/n-killed what was after the
first. Prints a JSON object for each n: the exit code of the second run. Ends when a run came to its end.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spiritstream.cli import keys, seal  # noqa: F401  loaded before the forks, which then are quick
from spiritstream.cli.main import main
from spiritstream.config import identity, load, passphrase, rotation  # noqa: F401

EFFECTS = ("open", "fsync", "fchmod", "replace", "rename", "unlink", "link", "mkdir", "rmdir", "symlink")
_MOST = 200


def _armed(name: str, left: list[int]) -> Callable[..., Any]:
    real = getattr(os, name)

    def effect(*arguments: Any, **more: Any) -> Any:
        if name != "open" or arguments[1] & os.O_CREAT:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)

    return effect


def _call(folder: Path, stdin: bytes, words: list[str], kill_at: int) -> int:
    """The command in a process of its own; minus the signal that ended it, or its exit code."""
    pid = os.fork()
    if not pid:
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        os.chdir(folder)
        sys.argv = ["spiritstream", *words]
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
        if kill_at:
            left = [kill_at]
            for name in EFFECTS:
                setattr(os, name, _armed(name, left))
        try:
            main()
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(folder: Path, stdin: bytes, words: list[str]) -> None:
    """Every n, from 1 on."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        os.environ.pop(name, None)
    passphrase.COSTS = passphrase.FLOOR = passphrase.Costs(8, 1, 1)
    for n in range(1, _MOST):
        copy = folder / str(n)
        shutil.copytree(folder / "template", copy)
        first = _call(copy, stdin, words, n)
        if first != -signal.SIGKILL:
            shutil.rmtree(copy)
            print(json.dumps({"ended": first}), flush=True)
            return
        shutil.copytree(copy, folder / f"{n}-killed")
        print(json.dumps({"n": n, "code": _call(copy, stdin, words, 0)}), flush=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2].encode(), sys.argv[3:])
