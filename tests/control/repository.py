"""Real git repositories for tests, and keys to sign with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_WHO = {
    "GIT_AUTHOR_NAME": "n",
    "GIT_AUTHOR_EMAIL": "n@example.org",
    "GIT_COMMITTER_NAME": "n",
    "GIT_COMMITTER_EMAIL": "n@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def needs(*programs: str) -> None:
    """Skip the test, aloud, where one of these is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")


class Repository:
    """A repository with a work tree, on branch `main`."""

    def __init__(self, path: Path) -> None:
        needs("git")
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git in it."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *words],
            env={**os.environ, **_WHO},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | bytes | None], *words: str) -> str:
        """Commit these files (None deletes one); the commit."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git(*words, "commit", "--quiet", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")


def ssh_key(folder: Path, name: str) -> Path:
    """A new ssh key; its public half stands beside it."""
    needs("ssh-keygen")
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def signing(key: Path) -> tuple[str, ...]:
    """What makes git sign a commit with an ssh key."""
    return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "-c", "commit.gpgsign=true")


def allowed(folder: Path, *keys: Path) -> Path:
    """A file that allows these ssh keys to sign."""
    lines = [f"n@example.org {key.with_suffix('.pub').read_text()}" for key in keys]
    file = folder / "allowed_signers"
    file.write_text("".join(lines))
    return file
