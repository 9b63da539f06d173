"""What git is about to commit: the staged blobs, never the work tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spiritstream.config.shelf import FOLDER
from spiritstream.errors import SpiritError, UsageError

_TIMEOUT_S = 60.0
_FILE_MODES = ("100644", "100755")
# A link's target and a submodule's commit are no texts.
_OTHER_MODES = ("120000", "160000")


@dataclass(frozen=True, slots=True)
class Blob:
    """One staged file: its path from the top of the work tree, and its bytes; `None` if they are too many."""

    path: str
    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the index. `stage` is not 0 in a merge that is not resolved (git-ls-files(1))."""

    path: str
    mode: str
    name: str
    stage: str


def top_folder() -> Path:
    """The top of the work tree that we are in.

    Raises:
        UsageError: we are in none, or there is no git.
    """
    try:
        found = os.fsdecode(_git(["rev-parse", "--show-toplevel"])).removesuffix("\n")
    except SpiritError as error:
        raise UsageError(error.message, "--staged is for a git repository, with git installed") from None
    return Path(found)


def staged_blobs(
    paths: Sequence[Path], endings: tuple[str, ...], max_bytes: int, also: str = ""
) -> list[Blob]:
    """The staged profiles: those under `paths`; without any, those that the next commit adds or changes.

    A file that is named counts whatever its ending is; in folders, hidden ones are left out, but for
    those that are called `also`.

    Raises:
        SpiritError: git fails, a named path is not staged, or a merge is not resolved.
    """
    if paths:
        entries = {one.path: one for path in paths for one in _under(path, endings, also)}
    else:
        entries = {one.path: one for one in _changed() if _is_profile(one.path, endings, also)}
    return _read([one for one in entries.values() if _is_text(one)], max_bytes)


def staged_called(name: str, max_bytes: int) -> dict[str, Blob]:
    """Every staged file of this name, by its folder's path from the top of the work tree.

    Raises:
        SpiritError: git fails, or a merge of one is not resolved.
    """
    return {one.path.rpartition("/")[0]: one for one in staged_matching(f"**/{name}", max_bytes)}


def staged_matching(pattern: str, max_bytes: int) -> list[Blob]:
    """Every staged file whose path from the top of the work tree matches (gitglossary(7), `glob`).

    Raises:
        SpiritError: git fails, or a merge of one is not resolved.
    """
    said = _git(["ls-files", "--stage", "-z", "--full-name", "--", f":(top,glob){pattern}"])
    return _read([one for one in map(_listed, _names(said)) if _is_text(one)], max_bytes)


def staged_changes() -> list[str]:
    """The paths, from the top of the work tree, of what the next commit adds, changes or removes."""
    return _names(_git(["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"]))


def _listed(line: str) -> _Entry:
    """One line of `git ls-files --stage`."""
    head, _, path = line.partition("\t")
    mode, blob, stage = head.split(" ")
    return _Entry(path, mode, blob, stage)


def _is_text(entry: _Entry) -> bool:
    if entry.stage != "0":
        raise SpiritError(f"{_shown(entry.path)} is in a merge that is not resolved", "resolve it first")
    if entry.mode not in (*_FILE_MODES, *_OTHER_MODES):
        raise SpiritError(f"git says of {_shown(entry.path)} what is not known here", "update spiritstream")
    return entry.mode in _FILE_MODES


def _is_profile(path: str, endings: tuple[str, ...], also: str) -> bool:
    *folders, name = path.split("/")
    hidden = any(part.startswith(".") for part in folders)
    return (
        not hidden
        and FOLDER not in folders
        and (name == also or (name.endswith(endings) and not name.startswith(".")))
    )


def _changed() -> list[_Entry]:
    """What the next commit adds or changes (git-diff(1), "RAW OUTPUT FORMAT")."""
    form = ["--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--diff-filter=d", "-z"]
    said = _names(_git(["diff", "--cached", *form]))
    found = []
    for head, path in zip(said[::2], said[1::2], strict=True):
        _, mode, _, name, status = head.split(" ")
        found.append(_Entry(path, mode, name, "1" if status == "U" else "0"))
    return found


def _under(path: Path, endings: tuple[str, ...], also: str) -> list[_Entry]:
    """The index's entries at or under a path, by their paths from the top (git-ls-files(1), `--stage`)."""
    folder = path.is_dir()
    below = path if folder else Path()
    command = [
        "ls-files",
        "--stage",
        "-z",
        *([] if folder else ["--error-unmatch", "--", f":(literal){path}"]),
    ]
    prefix = os.fsdecode(_git(["rev-parse", "--show-prefix"], folder=below)).removesuffix("\n")
    found = []
    for line in _names(_git(command, folder=below)):
        head, _, name = line.partition("\t")
        mode, blob, stage = head.split(" ")
        if not folder or _is_profile(name, endings, also):
            found.append(_Entry(os.path.normpath(prefix + name), mode, blob, stage))
    return found


def _read(entries: Sequence[_Entry], max_bytes: int) -> list[Blob]:
    sizes = _sizes(entries)
    small = [one for one in entries if sizes[one.name] <= max_bytes]
    data = _contents(small, sizes)
    return [Blob(one.path, data.get(one.name)) for one in entries]


def _sizes(entries: Sequence[_Entry]) -> dict[str, int]:
    said = _git(["cat-file", "--batch-check"], _lines(entries))
    rows = [line.split(" ") for line in said.decode().splitlines()]
    if len(rows) != len(entries) or any(len(row) != 3 or row[1] != "blob" for row in rows):
        raise SpiritError("git cannot read everything that is staged", "git fsck")
    return {name: int(size) for name, _, size in rows}


def _contents(entries: Sequence[_Entry], sizes: dict[str, int]) -> dict[str, bytes]:
    said = _git(["cat-file", "--batch"], _lines(entries))
    found: dict[str, bytes] = {}
    at = 0
    for one in entries:
        start = said.index(b"\n", at) + 1
        end = start + sizes[one.name]
        if not said.startswith(one.name.encode(), at) or said[end : end + 1] != b"\n":
            raise SpiritError("git's answer is not what was asked for", "git fsck")
        found[one.name] = said[start:end]
        at = end + 1
    return found


def _lines(entries: Sequence[_Entry]) -> bytes:
    return "".join(f"{one.name}\n" for one in entries).encode()


def _names(said: bytes) -> list[str]:
    return [os.fsdecode(name) for name in said.split(b"\0") if name]


def _git(arguments: Sequence[str], text: bytes = b"", folder: Path = Path()) -> bytes:
    """What git prints. A hook's environment, which may name another index, is meant to hold here.

    Raises:
        SpiritError: it failed, or there is no git.
    """
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_PATHSPECS")}
    try:
        done = subprocess.run(
            ["git", *arguments],
            input=text,
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpiritError(f"git cannot be run: {type(error).__name__}", "install git") from None
    if done.returncode:
        said = _shown(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0])
        raise SpiritError(f"git {arguments[0]} failed: {said}", "what is staged was not checked")
    return done.stdout


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
