"""In real repositories: `validate --staged`, the hook that calls it, and diffs by `show --textconv`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import spiritstream as package
from spiritstream.config.keypair import Identity
from spiritstream.config.seal import seal
from spiritstream.secret import Secret
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

ROOT = Path(__file__).parents[2]
RUNNER = Path(package.__file__).parents[1]
CANARY = "canary-7f3a-key"
ME = Identity.create()


def profile(name: str, key: str = "{env: KEY}") -> str:
    """A profile with one key."""
    return (
        f"version: 1\nname: {name}\ninput: {{test: {{}}}}\ngroups:\n  source:\n    targets:\n"
        f"      youtube: {{platform: youtube, key: {key}}}\n"
    )


def sealed() -> str:
    """A sealed key."""
    return seal(ME.recipient, "youtube", "key", Secret(CANARY))


Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Calls git in a new repository, which is where we are; nobody's settings hold there."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "PYTHONPATH": str(RUNNER),
    }.items():
        monkeypatch.setenv(name, value)
    repository = tmp_path / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)

    def call(*words: str, code: int = 0) -> str:
        named = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        done = subprocess.run(["git", *named, *words], capture_output=True, text=True, timeout=30)
        assert code == done.returncode, done.stderr
        return done.stdout + done.stderr

    call("init", "--quiet", "-b", "main")
    return call


def write(path: str, text: str) -> None:
    """A file of the work tree."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


BAD = "groups.source.targets.youtube.key: a secret stands here in clear text"


def test_the_staged_blob_counts_and_not_the_work_tree(spiritstream: Spiritstream, git: Git) -> None:
    """A clear-text key that is staged is found though the file was mended, and not the other way round."""
    write("a.yaml", profile("a", CANARY))
    git("add", ".")
    write("a.yaml", profile("a"))
    called = spiritstream("validate", "--staged")
    assert (4, f"a.yaml:7:41: {BAD}\n  hint: run: spiritstream seal a.yaml\n") == called[:2]
    git("add", ".")
    write("a.yaml", profile("a", CANARY))
    assert (0, "ok: 1 profile checked, nothing is wrong\n") == spiritstream("validate", "--staged")[:2]


def test_only_what_the_commit_changes(spiritstream: Spiritstream, git: Git) -> None:
    """Without a path: what is added, changed or renamed; not what is deleted, hidden, or as it was."""
    for name in ("old", "changed", "gone", "renamed"):
        write(f"{name}.yaml", profile(name, CANARY))
    git("add", ".")
    git("commit", "--quiet", "-m", "bad old times")
    assert (0, "") == spiritstream("validate", "--staged")[:2]
    write("changed.yaml", profile("changed", CANARY) + "# c\n")
    write("new/ü ñ.yml", profile("new", CANARY))
    write(".github/workflow.yaml", "on: push\n")
    write("notes.txt", "nothing\n")
    git("rm", "--quiet", "gone.yaml")
    git("mv", "renamed.yaml", "moved.yaml")
    git("add", ".")
    lines = spiritstream("validate", "--staged").out.splitlines()[::2]
    assert [f"{name}:7:41: {BAD}" for name in ("changed.yaml", "moved.yaml", "new/ü ñ.yml")] == lines


def test_paths(spiritstream: Spiritstream, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named files and folders are checked as they are staged, changed or not, from any folder."""
    write("shows/a.yaml", profile("a", CANARY))
    write("shows/.hidden/b.yaml", profile("b", CANARY))
    write("shows/c.profile", profile("c", CANARY))
    write("d[1].yaml", profile("d", CANARY))
    git("add", ".")
    git("commit", "--quiet", "-m", "all")
    for words, expected in {
        ".": ["d[1].yaml", "shows/a.yaml"],
        "shows": ["shows/a.yaml"],
        "shows/c.profile": ["shows/c.profile"],
        "shows/.hidden": ["shows/.hidden/b.yaml"],
        "d[1].yaml": ["d[1].yaml"],
        "shows shows/a.yaml": ["shows/a.yaml"],
    }.items():
        lines = spiritstream("validate", "--staged", *words.split(" ")).out.splitlines()[::2]
        assert [f"{name}:7:41: {BAD}" for name in expected] == lines, words
    monkeypatch.chdir("shows")
    lines = spiritstream("validate", "--staged", ".", "../d[1].yaml").out.splitlines()[::2]
    assert [f"{name}:7:41: {BAD}" for name in ("../d[1].yaml", "a.yaml")] == lines


def test_it_fails_closed(spiritstream: Spiritstream, git: Git, tmp_path: Path) -> None:
    """What is not staged, too large, no text, or cannot be read is a failure, and so is no git."""
    write("a.yaml", profile("a"))
    called = spiritstream("validate", "--staged", "a.yaml")
    assert (1, "") == called[:2]
    assert "hint: what is staged was not checked" in called.err
    write("large.yaml", "#" * 1_100_000)
    Path("binary.yaml").write_bytes(b"\0GITCRYPT\0\xff")
    git("add", ".")
    called = spiritstream("validate", "--staged")
    assert 4 == called.code
    assert ["binary.yaml", "large.yaml"] == [line.partition(":")[0] for line in called.out.splitlines()[::2]]
    name = git("rev-parse", ":a.yaml").strip()
    blob = Path(".git/objects", name[:2], name[2:])
    blob.unlink()
    assert (1, "") == spiritstream("validate", "--staged")[:2]


def test_no_repository_and_no_git(
    spiritstream: Spiritstream, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a repository, or without git, it says so; exit 2."""
    monkeypatch.chdir(tmp_path)
    assert (2, "") == spiritstream("validate", "--staged")[:2]
    monkeypatch.setenv("PATH", "/nowhere")
    called = spiritstream("validate", "--staged")
    assert (2, "") == called[:2]
    assert "git cannot be run" in called.err


def test_a_merge_that_is_not_resolved(spiritstream: Spiritstream, git: Git) -> None:
    """Two versions and none chosen: there is nothing to check yet, and that is no success."""
    write("a.yaml", profile("a"))
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    for branch in ("one", "two"):
        git("checkout", "--quiet", "-b", branch, "main")
        write("a.yaml", profile(branch))
        git("commit", "--quiet", "-am", branch)
    git("merge", "one", code=1)
    for words in ((), ("a.yaml",), (".",)):
        called = spiritstream("validate", "--staged", *words)
        assert (1, "") == called[:2]
        assert "a merge that is not resolved" in called.err


def test_links_are_no_profiles(spiritstream: Spiritstream, git: Git) -> None:
    """A link is passed over: what it points to is checked by itself."""
    write("a.yaml", profile("a"))
    Path("b.yaml").symlink_to("a.yaml")
    git("add", ".")
    assert (0, "ok: 1 profile checked, nothing is wrong\n", "") == spiritstream("validate", "--staged")


def test_the_hook(git: Git) -> None:
    """As git runs it: the commit of a clear-text key is refused and tells nothing of it; sealed it goes in.

    A partial commit, which has an index of its own, is checked by that. No identity is there.
    """
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert ("spiritstream-validate", "python") == (hook["id"], hook["language"])
    command = hook["entry"].replace("spiritstream", f"{sys.executable} -m spiritstream", 1)
    path = Path(".git/hooks/pre-commit")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nexec {command}\n")
    path.chmod(0o755)
    write("a.yaml", profile("a", CANARY))
    write("b.yaml", profile("b", sealed()))
    git("add", ".")
    said = git("commit", "-m", "both", code=1)
    assert f"a.yaml:7:41: {BAD}" in said
    assert CANARY not in said
    git("commit", "--quiet", "-m", "one", "b.yaml")
    assert "b.yaml" == git("ls-tree", "--name-only", "HEAD").strip()
    write("a.yaml", profile("a", sealed()))
    git("add", ".")
    git("commit", "--quiet", "-m", "two")


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        ("a.yaml", True),
        ("shows/a.yaml", True),
        (".a.yaml", False),
        ("x/.b/a.yaml", False),
        ("x/.spiritstream.yaml", True),
    ],
)
def test_the_hook_leaves_hidden_files_out(path: str, checked: bool) -> None:
    """A repository's own YAML, such as a workflow's, is hidden and no profile."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert checked == (re.search(hook["exclude"], path) is None)


def test_diffs_show_which_value_changed_and_no_secret(git: Git) -> None:
    """With the two lines of configuration a diff has marks; clear text and broken files do not show."""
    git("config", "diff.spiritstream.textconv", f"{sys.executable} -m spiritstream show --textconv")
    write(".gitattributes", "*.yaml diff=spiritstream\n")
    write("a.yaml", profile("a", CANARY))
    write("b.yaml", profile("b", f'"{sealed()}"'))
    write("c.yaml", f"key: {CANARY}\nkey: [\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    write("a.yaml", profile("a", sealed()))
    write("b.yaml", profile("b", f'"{sealed()}"'))
    write("c.yaml", profile("c"))
    diff = git("diff")
    assert CANARY not in diff
    assert "sealed:v1" not in diff
    changed = [line for line in diff.splitlines() if line.startswith(("-  ", "+  ")) and "youtube: {" in line]
    assert "-      youtube: {platform: youtube, key: (clear text, not shown)}" in changed
    assert 3 == sum("key: sealed(youtube, " in line or 'key: "sealed(youtube, ' in line for line in changed)
