"""How people and programs put files into a folder."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spiritstream.control.folder import FolderSource
from spiritstream.control.source import Reading

_BOUND_S = 30.0
_PROGRAM_S = 30.0


def profile(name: str, targets: int = 1) -> str:
    """A profile's text; every prefix of it that parses means something else."""
    lines = [f"    t{n}: {{url: 'rtmp://127.0.0.1:{n}/live'}}" for n in range(1, targets + 1)]
    head = ["version: 1", f"name: {name}", "input: {test: {}}", "groups:", "  g:", "   targets:"]
    return "\n".join([*head, *lines, ""])


def texts(reading: Reading) -> dict[str, str]:
    """What a reading holds, by file."""
    return {file: entry.data.decode() for file, entry in reading.entries.items()}


async def until(source: FolderSource, is_it: Callable[[Reading], bool]) -> list[Reading]:
    """Wait as the controller does until a reading is what is expected; every reading on the way."""
    seen: list[Reading] = []
    async with asyncio.timeout(_BOUND_S):
        while not seen or not is_it(seen[-1]):
            await source.wait()
            seen.append(await source.read())
    return seen


def in_place(path: Path, text: str) -> None:
    """As nano: the file is emptied and written again."""
    path.write_text(text)


def by_renaming(path: Path, text: str) -> None:
    """As most editors: a new file beside it takes its place."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.replace(path)


def with_backup(path: Path, text: str) -> None:
    """As vim with `backupcopy=no`: the old file becomes the backup, a new one is written, the backup goes."""
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def by_sed(path: Path, text: str) -> None:
    """With `sed -i`."""
    script = path.parent / ".all.sed"
    script.write_text("\n".join(["1{r /dev/stdin", "}", "d", ""]))
    subprocess.run(["sed", "-i", "-f", str(script), str(path)], input=text.encode(), check=True)


def program(*names: str) -> str:
    """The first of these programs that is here; without one the test is skipped, by name."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"there is no {names[0]} here")
    return found


def by_vim(path: Path, text: str, *options: str, check: bool = True) -> None:
    """With vim itself."""
    vim = program("vim", "vim.tiny", "vi")
    new = path.with_name(".text")
    new.write_text(text)
    commands = [*(f"set {option}" for option in options), f"%!cat {new}", "wq"]
    words = [word for command in commands for word in ("-c", command)]
    subprocess.run(
        [vim, "-u", "NONE", "-N", "-es", *words, str(path)],
        stdin=subprocess.DEVNULL,
        check=check,
        timeout=_PROGRAM_S,
    )


def by_vim_in_place(path: Path, text: str) -> None:
    """With vim, as it saves what is a link or another user's: the file itself is written, beside a backup."""
    by_vim(path, text, "backup", "backupcopy=yes", "swapfile")


def by_nano(path: Path, text: str) -> None:
    """With nano itself, at a terminal: all is cut out, the text typed, saved, and left."""
    nano = program("nano")
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "vt100", "LINES": "40", "COLUMNS": "120"}
    with subprocess.Popen(
        [nano, "--ignorercfiles", "--nowrap", str(path)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as editor:
        os.close(theirs)
        try:
            # alt-T cuts from the cursor to the end; ctrl-O and enter save; ctrl-X leaves.
            _said(terminal, b"Exit")
            os.write(terminal, b"\x1bt" + text.removesuffix("\n").replace("\n", "\r").encode())
            os.write(terminal, b"\x0f\r")
            _said(terminal, b"Wrote")
            os.write(terminal, b"\x18")
            editor.wait(_PROGRAM_S)
        finally:
            editor.kill()
            os.close(terminal)


def _said(terminal: int, word: bytes) -> None:
    """Read what a program at a terminal shows, until a word of it has come."""
    seen, end = b"", time.monotonic() + _PROGRAM_S
    while word not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError(f"never shown: {word!r}")
        seen += os.read(terminal, 65536)


def config_map(folder: Path, files: dict[str, str], version: str) -> None:
    """As the kubelet fills a volume: a hidden folder per version, and one link that is swapped."""
    data = folder / f"..{version}"
    data.mkdir()
    for name, text in files.items():
        (data / name).write_text(text)
    before = os.readlink(folder / "..data") if (folder / "..data").is_symlink() else None  # noqa: PTH115
    (folder / "..data_tmp").symlink_to(data.name)
    (folder / "..data_tmp").replace(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    for item in list(folder.iterdir()):
        if not item.name.startswith("..") and item.name not in files:
            item.unlink()
    if before:
        shutil.rmtree(folder / before)
