"""How people and programs put files into a folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spiritstream.control.folder import FolderSource
from spiritstream.control.source import Reading

_BOUND_S = 12.0


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


def by_vim(path: Path, text: str) -> None:
    """With vim itself."""
    vim = shutil.which("vim") or shutil.which("vi")
    if vim is None:
        pytest.skip("there is no vim here")
    new = path.with_name(".text")
    new.write_text(text)
    commands = ["-c", f"%!cat {new}", "-c", "wq"]
    subprocess.run(
        [vim, "-u", "NONE", "-N", "-es", *commands, str(path)],
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=20,
    )


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
