"""Our own bare copy of one branch or tag: one commit deep, never checked out, read by its objects."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spiritstream.control.gitprogram import GitError, git
from spiritstream.control.giturl import is_local, local_path

_NEWEST = "refs/spiritstream/newest"
_GOOD = "refs/spiritstream/good"
_FETCH = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
_NETWORK_S = 120.0
_TIDY_EVERY = 50
_GARBAGE_MAX = 1024**3
# What a git that was ended in the middle leaves behind: a pack as large as what was fetched, each time.
_LEFTOVERS = (
    "objects/pack/tmp_*",
    "objects/pack/.tmp-*",
    "objects/tmp_*",
    "objects/??/tmp_obj_*",
    "objects/incoming-*",
)


class RefMissingError(Exception):
    """The repository is there, the branch or tag is not."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a commit's tree: `kind` is git's mode, `size` that of a blob."""

    mode: str
    name: str
    sha: str
    size: int

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file: no link, no submodule."""
        return self.mode in ("100644", "100755")


class Copy:
    """The copy in `work` of what `url` has under `ref`."""

    def __init__(self, url: str, ref: str, work: Path) -> None:
        self._url = url
        self._ref = ref
        # Several sources may share a folder: each has its own copy, and its own last good commit.
        self.path = work / f"{hashlib.sha256(f'{url} {ref}'.encode()).hexdigest()[:16]}.git"
        self._begun = False
        self._fetched = 0
        self._tidied_bytes = 0

    async def begin(self) -> None:
        """Make the repository, or take over the one that is there with the locks of whoever was killed."""
        if self._begun:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.path.exists():
            # Whoever had it before us may have left it until the next time, again and again.
            self._fetched = _TIDY_EVERY - 1
        await asyncio.to_thread(self._unlock)
        await git("init", "--bare", "--quiet", "--template=", "--initial-branch=none", str(self.path))
        self.path.chmod(0o700)
        self._begun = True

    async def again(self) -> None:
        """Throw the copy away and make a new one: what is torn in it does not mend."""
        await asyncio.to_thread(shutil.rmtree, self.path, ignore_errors=True)
        self._begun = False
        await self.begin()

    async def newest(self) -> str:
        """The commit that the repository has now, fetched when it is not here yet.

        Raises GitError, and RefMissingError.
        """
        name, commit = await self._remote()
        if commit != await self._commit(_NEWEST):
            await self._fetch(name)
        found = await self._commit(_NEWEST)
        if found is None:
            raise GitError(1, "fatal: what the name stands for is no commit")
        return found

    async def good(self) -> str | None:
        """The last commit that was kept as good."""
        return await self._commit(_GOOD)

    async def keep(self, commit: str) -> None:
        """Remember a commit as good, also over restarts."""
        await git("update-ref", _GOOD, commit, at=self.path)

    async def items(self, commit: str, path: str) -> list[Item]:
        """Everything below a folder of a commit. Raises GitError, also when there is no such folder."""
        listing = await git("ls-tree", "-r", "-z", "--long", "--full-tree", f"{commit}:{path}", at=self.path)
        return await asyncio.to_thread(_items, listing)

    async def blobs(self, shas: Iterable[str]) -> dict[str, bytes]:
        """The bytes of these blobs."""
        wanted = sorted(set(shas))
        if not wanted:
            return {}
        answer = await git("cat-file", "--batch", at=self.path, given="\n".join([*wanted, ""]).encode())
        return _blobs(answer, wanted)

    async def save(self, sha: str, descriptor: int) -> None:
        """Write a blob's bytes into an open file. Raises GitError."""
        await git("cat-file", "blob", sha, at=self.path, into=descriptor, within_s=_NETWORK_S)

    async def _remote(self) -> tuple[str, str]:
        names = _names(self._ref)
        patterns = [pattern for name in names for pattern in (name, f"{name}^{{}}")]
        listing = await git(
            "ls-remote", "--quiet", *self._helper(), "--", self._url, *patterns, within_s=_NETWORK_S
        )
        lines = [line.partition("\t") for line in listing.decode(errors="replace").splitlines()]
        there = {name: commit for commit, _, name in lines}
        for name in names:
            if name in there:
                return name, there.get(f"{name}^{{}}", there[name])
        raise RefMissingError

    async def _fetch(self, name: str) -> None:
        what = (*self._helper(), "--", self._url, f"+{name}:{_NEWEST}")
        try:
            await git(*_FETCH, *what, at=self.path, within_s=_NETWORK_S)
        except GitError:
            await asyncio.to_thread(self._sweep)
            raise
        self._fetched += 1
        if (
            self._fetched >= _TIDY_EVERY
            or await asyncio.to_thread(self._bytes) > self._tidied_bytes + _GARBAGE_MAX
        ):
            await self._tidy()

    async def _tidy(self) -> None:
        """Let go of what earlier commits had: a commit with large files leaves as much behind."""
        self._fetched = 0
        try:
            await git("gc", "--quiet", "--prune=now", at=self.path, within_s=_NETWORK_S)
        except GitError:
            await asyncio.to_thread(self._sweep)
        self._tidied_bytes = await asyncio.to_thread(self._bytes)

    def _bytes(self) -> int:
        found = 0
        for folder, _, names in os.walk(self.path / "objects"):
            for name in names:
                with suppress(OSError):
                    found += (Path(folder) / name).stat().st_size
        return found

    async def _commit(self, ref: str) -> str | None:
        try:
            found = await git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", at=self.path)
        except GitError:
            return None
        return found.decode().strip()

    def _helper(self) -> list[str]:
        """For a local repository of another user, which git serves only when told that it may."""
        if not is_local(self._url):
            return []
        path = Path(local_path(self._url))
        paths = {str(where / end) for where in (path, path.resolve()) for end in ("", ".git")}
        trusted = [f"safe.directory={one}" for one in sorted(paths)]
        words = ["git", *(word for one in trusted for word in ("-c", one)), "upload-pack"]
        return [f"--upload-pack={shlex.join(words)}"]

    def _unlock(self) -> None:
        for lock in self.path.rglob("*.lock"):
            lock.unlink(missing_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        for left in [path for pattern in _LEFTOVERS for path in self.path.glob(pattern)]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _names(ref: str) -> list[str]:
    """What a name may stand for. A branch wins: who may push tags must not shadow a protected branch."""
    if ref == "HEAD" or ref.startswith("refs/"):
        return [ref]
    return [f"refs/heads/{ref}", f"refs/tags/{ref}"]


def _items(listing: bytes) -> list[Item]:
    return [_item(line) for line in listing.split(b"\0") if line]


def _item(line: bytes) -> Item:
    head, _, name = line.partition(b"\t")
    mode, _, sha, size = head.decode().split()
    shown = name.decode("utf-8", "surrogateescape")
    return Item(mode, shown, sha, int(size) if size.isdigit() else 0)


def _blobs(answer: bytes, wanted: list[str]) -> dict[str, bytes]:
    found, at = {}, 0
    for sha in wanted:
        head, _, _ = answer[at : at + 200].partition(b"\n")
        words = head.decode(errors="replace").split()
        if len(words) != 3 or words[:2] != [sha, "blob"]:
            raise GitError(1, "missing blob")
        start = at + len(head) + 1
        at = start + int(words[2]) + 1
        found[sha] = answer[start : at - 1]
    return found
