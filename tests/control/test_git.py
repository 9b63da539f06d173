"""A git repository of profiles: real repositories, real pushes, real signatures."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spiritstream.control import gitcopy, gitprogram
from spiritstream.control.git import GitSource
from spiritstream.control.gitcopy import Copy
from spiritstream.control.gitfaults import cause
from spiritstream.control.gitprogram import GitError, environment, git
from spiritstream.control.source import COMMON
from spiritstream.errors import UsageError
from tests.control.repository import Repository, allowed, needs, signing, ssh_key
from tests.control.saving import texts
from tests.live.tls import server_tls

_CANARY = "canary-5up3r-s3cret"


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    """A repository with one profile and one commit."""
    made = Repository(tmp_path / "origin")
    made.commit({"show.yaml": "one"})
    return made


@pytest.fixture
def make(origin: Repository, tmp_path: Path, no_process_left: None) -> Callable[..., GitSource]:
    """Sources that read it."""

    def source(ref: str = "main", path: str = "", signers: Path | None = None, url: str = "") -> GitSource:
        return GitSource(url or str(origin.path), ref, path, 1000.0, signers, tmp_path / "work")

    return source


async def test_a_new_commit_is_seen(origin: Repository, make: Callable[..., GitSource]) -> None:
    """Each reading is one commit, whole; the work tree's changes are none."""
    source = make()
    first = await source.read()
    assert (True, "", {"show.yaml": "one"}) == (first.complete, first.problem, texts(first))
    assert origin.git("rev-parse", "HEAD") == first.revision
    (origin.path / "show.yaml").write_text("not committed")
    assert first == await source.read()
    commit = origin.commit({"show.yaml": "two", "team/b.yml": "b", "notes.txt": "n", ".hidden.yaml": "h"})
    second = await source.read()
    assert (True, commit) == (second.complete, second.revision)
    assert {"show.yaml": "two", "team/b.yml": "b"} == texts(second)


async def test_a_deleted_profile_is_gone_from_a_complete_reading(
    origin: Repository, make: Callable[..., GitSource]
) -> None:
    """A commit that deletes one of two profiles proves that it is gone; one without any proves nothing."""
    source = make()
    origin.commit({"b.yaml": "b"})
    await source.read()
    origin.commit({"b.yaml": None})
    assert (True, {"show.yaml": "one"}) == ((r := await source.read()).complete, texts(r))
    origin.commit({"show.yaml": None})
    empty = await source.read()
    assert (False, {}) == (empty.complete, texts(empty))
    assert COMMON in empty.problem
    origin.commit({COMMON: ""})
    assert (await source.read()).complete


async def test_a_force_push_counts_like_a_push(origin: Repository, make: Callable[..., GitSource]) -> None:
    """History that was rewritten is read as it is now."""
    source = make()
    origin.commit({"show.yaml": "two"})
    await source.read()
    origin.git("reset", "--quiet", "--hard", "HEAD~1")
    commit = origin.commit({"show.yaml": "other"})
    reading = await source.read()
    assert (True, commit, {"show.yaml": "other"}) == (reading.complete, reading.revision, texts(reading))


@pytest.mark.parametrize("annotated", [False, True])
async def test_a_tag_is_read_and_followed_when_it_moves(
    origin: Repository, make: Callable[..., GitSource], annotated: bool
) -> None:
    """A tag, plain or with a message, stands for its commit."""
    words = ["-a", "-m", "m"] if annotated else []
    origin.git("tag", *words, "v1")
    tagged = origin.git("rev-parse", "HEAD")
    commit = origin.commit({"show.yaml": "two"})
    source = make("v1")
    assert tagged == (await source.read()).revision
    origin.git("tag", "--force", *words, "v1")
    assert commit == (await source.read()).revision


async def test_a_branch_wins_over_a_tag_of_its_name(
    origin: Repository, make: Callable[..., GitSource]
) -> None:
    """Who may push tags does not get past a protected branch."""
    branch = origin.git("rev-parse", "HEAD")
    origin.git("checkout", "--quiet", "-b", "other")
    origin.commit({"show.yaml": "shadow"})
    origin.git("tag", "main")
    assert branch == (await make().read()).revision


async def test_the_folder_of_a_repository(origin: Repository, make: Callable[..., GitSource]) -> None:
    """Only the folder asked for is read; the repository's defaults hold for it unless it has its own."""
    origin.commit({"live/a.yaml": "a", COMMON: "top"})
    source = make(path="live/")
    above = await source.read()
    assert ({"a.yaml": "a"}, b"top") == (texts(above), above.common and above.common.data)
    origin.commit({f"live/{COMMON}": "own"})
    own = await source.read()
    assert ({"a.yaml": "a"}, b"own") == (texts(own), own.common and own.common.data)
    assert source.where.endswith("/origin main live/")


@pytest.mark.parametrize(
    ("ref", "path", "problem"),
    [
        ("nope", "", "the repository has no branch or tag nope"),
        ("main", "nope", "has no folder nope"),
        ("main", "show.yaml", "has no folder show.yaml"),
    ],
)
async def test_what_is_not_there_proves_nothing(
    make: Callable[..., GitSource], ref: str, path: str, problem: str
) -> None:
    """A wrong branch or folder is told of, and nothing was read."""
    reading = await make(ref, path).read()
    assert (False, {}) == (reading.complete, texts(reading))
    assert reading.problem.endswith(problem)


async def test_a_lost_repository_leaves_the_last_good_commit(
    origin: Repository, make: Callable[..., GitSource]
) -> None:
    """Gone: what was read stays, incomplete, also for a new process; back again: read on."""
    source = make()
    good = await source.read()
    origin.path.rename(origin.path.with_name("away"))
    for reader in (source, make()):
        lost = await reader.read()
        assert (False, good.revision, {"show.yaml": "one"}) == (lost.complete, lost.revision, texts(lost))
        assert lost.problem.startswith("there is no repository at this address")
        assert f"what was read at commit {good.revision[:12]} stays" in lost.problem
    origin.path.with_name("away").rename(origin.path)
    assert (await source.read()).complete


async def test_a_network_that_is_down_is_said(tmp_path: Path, no_process_left: None) -> None:
    """A port where nobody answers: incomplete, in our words."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{taken.getsockname()[1]}/live.git"
        source = GitSource(url, "main", "", 1000.0, None, tmp_path)
        reading = await source.read()
    assert (False, "the host cannot be reached: we go on trying") == (reading.complete, reading.problem)


async def test_links_and_submodules_are_refused(origin: Repository, make: Callable[..., GitSource]) -> None:
    """A link to /etc/passwd is not followed, whatever it is called, and is no deleted profile either."""
    (origin.path / "evil.yaml").symlink_to("/etc/passwd")
    (origin.path / "folder").symlink_to("/etc")
    sub = "1" * 40
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{sub},module")
    origin.commit({})
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{sub},module")
    origin.git("commit", "--quiet", "-m", "a module")
    reading = await make().read()
    assert (False, {"show.yaml": "one"}) == (reading.complete, texts(reading))
    assert "evil.yaml: is not a file but a link or a submodule" in reading.problem
    assert "folder: not read" in reading.problem and "module: not read" in reading.problem


async def test_a_large_blob_is_refused(origin: Repository, make: Callable[..., GitSource]) -> None:
    """Five megabytes are no profile; the others are read."""
    origin.commit({"big.yaml": b"#" * 5 * 1024 * 1024})
    reading = await make().read()
    assert (False, {"show.yaml": "one"}) == (reading.complete, texts(reading))
    assert reading.problem.startswith("big.yaml: is larger than 1 MiB")


async def test_names_that_are_no_text_are_skipped_and_said(
    origin: Repository, make: Callable[..., GitSource]
) -> None:
    """Neither bytes that are not UTF-8 nor escape sequences reach anybody's terminal."""
    with open(os.fsencode(origin.path) + b"/x\xff.yaml", "w") as stream:  # noqa: PTH123
        stream.write("x")
    origin.commit({"y\x1b[2J.yaml": "y", "a/b/c/d/e/deep.yaml": "deep"})
    reading = await make().read()
    assert (True, {"show.yaml": "one"}) == (reading.complete, texts(reading))
    assert 2 == reading.problem.count("not plain UTF-8 text") and reading.problem.isprintable()
    assert "a/b/c/d/e/deep.yaml: too deep, not read" in reading.problem


async def test_only_allowed_ssh_keys_count(
    origin: Repository, make: Callable[..., GitSource], tmp_path: Path
) -> None:
    """Unsigned, signed by a stranger, signed by somebody allowed; what was accepted stays meanwhile."""
    ours, stranger = ssh_key(tmp_path, "ours"), ssh_key(tmp_path, "stranger")
    source = make(signers=allowed(tmp_path, ours))
    unsigned = await source.read()
    assert (False, {}) == (unsigned.complete, texts(unsigned))
    assert "is not signed by a key that is allowed" in unsigned.problem
    good = origin.commit({"show.yaml": "two"}, *signing(ours))
    assert (True, good) == ((r := await source.read()).complete, r.revision)
    for words in (signing(stranger), ()):
        origin.commit({"show.yaml": "evil"}, *words)
        refused = await source.read()
        assert (False, good, {"show.yaml": "two"}) == (refused.complete, refused.revision, texts(refused))
        assert "is not signed by a key that is allowed" in refused.problem
    assert (await make(signers=allowed(tmp_path, ours)).read()).revision == good
    last = origin.commit({"show.yaml": "three"}, *signing(ours))
    assert (True, last) == ((r := await source.read()).complete, r.revision)


async def test_a_key_that_is_no_longer_allowed_takes_its_commits_along(
    origin: Repository, make: Callable[..., GitSource], tmp_path: Path
) -> None:
    """Taken off the list, a key's commit is not handed out again; a list that is gone allows nobody."""
    ours, other = ssh_key(tmp_path, "ours"), ssh_key(tmp_path, "other")
    signers = allowed(tmp_path, ours)
    origin.commit({"show.yaml": "two"}, *signing(ours))
    source = make(signers=signers)
    assert (await source.read()).complete
    allowed(tmp_path, other)
    assert (False, {}) == ((r := await source.read()).complete, texts(r))
    signers.unlink()
    assert (False, {}) == ((r := await source.read()).complete, texts(r))
    assert "neither a file of ssh keys nor a GnuPG home" in r.problem


@pytest.fixture
def gnupg() -> Iterator[Path]:
    """A GnuPG home with a key; short, as sockets are made in it."""
    needs("gpg", "gpgconf")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    env = {**os.environ, "GNUPGHOME": str(home)}
    making = "gpg --batch --quiet --passphrase".split()
    subprocess.run(
        [*making, "", "--quick-gen-key", "n@example.org", "ed25519", "sign"],
        env=env,
        check=True,
        capture_output=True,
    )
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=True, capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


async def test_a_gnupg_home_allows_its_keys_and_no_ssh_key(
    origin: Repository,
    make: Callable[..., GitSource],
    tmp_path: Path,
    gnupg: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One kind of signers never lets the other kind's signatures in, though git knows both."""
    key = ssh_key(tmp_path, "ssh")
    ssh_signers = allowed(tmp_path, key)
    monkeypatch.setenv("GNUPGHOME", str(gnupg))
    # The user's own keyring and settings would accept either.
    (tmp_path / ".gnupg").symlink_to(gnupg)
    (tmp_path / ".gitconfig").write_text(f'[gpg "ssh"]\n allowedSignersFile = {ssh_signers}\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    pgp = origin.commit(
        {"show.yaml": "pgp"}, "-c", "commit.gpgsign=true", "-c", "user.signingkey=n@example.org"
    )
    assert (True, pgp) == ((r := await make(signers=gnupg).read()).complete, r.revision)
    assert not (await make(signers=ssh_signers).read()).complete
    origin.commit({"show.yaml": "ssh"}, *signing(key))
    assert (False, pgp) == ((r := await make(signers=gnupg).read()).complete, r.revision)
    assert (await make(signers=ssh_signers).read()).complete


async def test_a_torn_copy_is_made_again(
    make: Callable[..., GitSource], origin: Repository, tmp_path: Path
) -> None:
    """After a power cut: objects that are empty, locks that were left behind."""
    await make().read()
    for broken in (tmp_path / "work").glob("*.git/objects/??/*"):
        broken.chmod(0o600)
        broken.write_bytes(b"")
    assert (True, {"show.yaml": "one"}) == ((r := await make().read()).complete, texts(r))
    (copy,) = (tmp_path / "work").glob("*.git")
    for lock in ("shallow.lock", "refs/spiritstream/newest.lock", "packed-refs.lock"):
        (copy / lock).touch()
    commit = origin.commit({"show.yaml": "two"})
    assert (True, commit) == ((r := await make().read()).complete, r.revision)


async def test_the_copy_stays_small(origin: Repository, tmp_path: Path, no_process_left: None) -> None:
    """One commit deep, private, and tidied after a while, whatever was pushed over it."""
    copy = Copy(str(origin.path), "main", tmp_path / "work")
    await copy.begin()
    for number in range(51):
        origin.commit({"show.yaml": str(number)}, "-c", "gc.auto=0")
        await copy.newest()
    count = await git("rev-list", "--count", "--all", at=copy.path)
    assert (b"1", 0o700) == (count.strip(), copy.path.stat().st_mode & 0o777)
    assert len(list((copy.path / "objects").glob("??/*"))) <= 6


@pytest.mark.parametrize("why", ["much was fetched", "a new controller"])
async def test_what_large_files_leave_behind_goes(
    origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_process_left: None, why: str
) -> None:
    """Long before fifty commits: as soon as it is much, and also when no controller lives that long."""
    if why == "much was fetched":
        monkeypatch.setattr(gitcopy, "_GARBAGE_MAX", 250_000)
    copy = Copy(str(origin.path), "main", tmp_path / "work")
    for number in range(8):
        if why == "a new controller":
            copy = Copy(str(origin.path), "main", tmp_path / "work")
        origin.commit({"slate.mp4": os.urandom(100_000), "n": str(number)}, "-c", "gc.auto=0")
        await copy.begin()
        await copy.newest()
        assert sum(path.stat().st_size for path in copy.path.rglob("*") if path.is_file()) < 500_000


_BAD_URLS = [
    f"https://user:{_CANARY}@example.org/live.git",
    f"https://{_CANARY}@example.org/live.git",
    f"HTTPS://{_CANARY}@example.org/live.git",
    f"ssh://user:{_CANARY}@example.org/live.git",
    f"user:{_CANARY}@example.org:live.git",
    f"https://example.org/live.git?token={_CANARY}",
    f"http://example.org/{_CANARY}",
    f"git://example.org/{_CANARY}",
    f"ext::sh -c {_CANARY}",
    f"--upload-pack={_CANARY}",
    f"ssh://-oProxyCommand={_CANARY}/x",
    f"-oProxyCommand={_CANARY}:x",
    f"relative/{_CANARY}",
    f"https://example.org/\n{_CANARY}",
    "https://example.org",
    "",
]


@pytest.mark.parametrize("url", _BAD_URLS)
def test_an_address_with_a_password_or_a_program_is_refused(tmp_path: Path, url: str) -> None:
    """Refused before git sees it, with the way to go, and without repeating it."""
    with pytest.raises(UsageError) as refused:
        GitSource(url, "main", "", 30.0, None, tmp_path)
    assert _CANARY not in str(refused.value) and refused.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/team/live.git",
        "https://example.org:8443/live.git",
        "ssh://git@example.org:2222/live.git",
        "git@example.org:team/live.git",
        "example.org:live.git",
        "/srv/live.git",
        "file:///srv/live.git",
    ],
)
def test_the_usual_addresses_are_taken(tmp_path: Path, url: str) -> None:
    """And are shown as they are."""
    assert f"{url} main" == GitSource(url, "main", "", 30.0, None, tmp_path).where


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("-x", ""),
        ("a..b", ""),
        ("", ""),
        ("a b", ""),
        ("a:b", ""),
        ("x.lock", ""),
        ("a*", ""),
        ("@", ""),
        ("a@{1}", ""),
        ("\x1b", ""),
        ("main", "../x"),
        ("main", "/etc"),
        ("main", "a/../../b"),
        ("main", "x\x1b"),
    ],
)
def test_what_git_could_take_for_something_else_is_refused(tmp_path: Path, ref: str, path: str) -> None:
    """Neither options nor ways out of the repository."""
    with pytest.raises(UsageError) as refused:
        GitSource("/srv/live.git", ref, path, 30.0, None, tmp_path)
    assert "\x1b" not in str(refused.value)


async def test_a_hook_and_a_setting_of_the_user_run_nothing(
    origin: Repository, make: Callable[..., GitSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks by configuration, programs in variables: none is run by reading."""
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-checkout", "fsmonitor"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n hooksPath = {hooks}\n fsmonitor = {hooks}/fsmonitor\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(hooks / "fsmonitor"))
    assert (await make().read()).complete
    assert not ran.exists()


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch RAN'", "http://127.0.0.1:1/x.git", "git://127.0.0.1:1/x.git"]
)
async def test_git_itself_takes_no_other_transport(tmp_path: Path, no_process_left: None, url: str) -> None:
    """Whatever leads it there, such as a redirect or an address that the user's settings rewrite."""
    with pytest.raises(GitError) as refused:
        await git("ls-remote", "--", url.replace("RAN", str(tmp_path / "ran")))
    assert "not allowed" in refused.value.said
    assert not (tmp_path / "ran").exists()


async def test_nothing_of_a_repository_is_a_program_to_us(
    origin: Repository, make: Callable[..., GitSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings and hooks, its attributes with the filters they name, its submodules: nothing is run."""
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    for name in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-update"):
        (origin.path / ".git" / "hooks" / name).parent.mkdir(exist_ok=True)
        (origin.path / ".git" / "hooks" / name).symlink_to(program)
    attributes = "* filter=run diff=run text eol=crlf ident\n"
    module = f'[submodule "m"]\n path = m\n url = ext::{program}\n update = !{program}\n'
    text = "version: 1\nname: show\ninput: {files: [slate.mp4]}\n"
    origin.commit(
        {".gitattributes": attributes, ".gitmodules": module, "show.yaml": text, "slate.mp4": b"a\n$Id$\n"},
        *("-c", "core.hooksPath=/dev/null"),
    )
    for name in ("uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand", "core.askPass"):
        origin.git("config", name, str(program))
    config = tmp_path / "gitconfig"
    drivers = (
        f'[filter "run"]\n smudge = {program}\n clean = {program}\n[diff "run"]\n textconv = {program}\n'
    )
    config.write_text(drivers)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    source = make()
    ran.unlink(missing_ok=True)
    assert (True, {"show.yaml": text}) == ((r := await source.read()).complete, texts(r))
    assert b"a\n$Id$\n" == (source.files / "slate.mp4").read_bytes()
    assert not ran.exists()


async def test_a_commit_that_is_too_large_is_not_fetched_to_the_end(
    origin: Repository, make: Callable[..., GitSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pack is bounded; it is said, leaves nothing behind, and the last good commit stays."""
    source = make()
    good = await source.read()
    monkeypatch.setattr(gitprogram, "FILE_MAX", 100_000)
    origin.commit({f"large{number}": os.urandom(90_000) for number in range(2)}, "-c", "gc.auto=0")
    origin.commit({f"small{number}": str(number) for number in range(200)}, "-c", "gc.auto=0")
    for _ in range(2):
        refused = await source.read()
        assert (False, good.revision) == (refused.complete, refused.revision)
        assert refused.problem.startswith("the newest commit is too large")
        assert [] == [path.name for path in (tmp_path / "work").rglob("*tmp*")]
    monkeypatch.undo()
    assert (await source.read()).complete


async def test_nobody_is_asked_for_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_process_left: None
) -> None:
    """A host that wants one: git ends at once, and it is said what to do."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        answer = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
        writer.write(f"{answer}Connection: close\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=server_tls(tmp_path))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "cert.pem"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.delenv(name, raising=False)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/live.git"
        reading = await GitSource(url, "main", "", 1000.0, None, tmp_path / "work").read()
    assert not reading.complete
    assert reading.problem.startswith("we are not let in")


async def test_no_secret_of_the_environment_or_of_a_helper_is_in_any_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_process_left: None
) -> None:
    """A rewritten address holds a token, and git repeats it: we do not. Few variables are inherited."""
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "https://u:{_CANARY}@127.0.0.1:1/"]\n insteadOf = https://example.org/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    source = GitSource("https://example.org/live.git", "main", "", 30.0, None, tmp_path / "work")
    reading = await source.read()
    assert not reading.complete and reading.problem
    assert _CANARY not in f"{reading}{source.where}{reading.problem}"
    assert (
        not {"TWITCH_KEY", "GIT_DIR", "GIT_TRACE"}
        & environment({"TWITCH_KEY": "x", "GIT_DIR": "x", "GIT_TRACE": "1"}, {}).keys()
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "we are not let in"),
        ("git@x: Permission denied (publickey).\nfatal: Could not read from remote", "we are not let in"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "the host's name cannot"),
        ("Host key verification failed.\nfatal: Could not read", "the host's ssh key is not known"),
        ("remote: Repository not found.\nfatal: repository 'x' not found", "there is no repository"),
        ("fatal: detected dubious ownership in repository at '/x'", "git trusts no repository"),
        (f"fatal: odd https://u:{_CANARY}@x/ u:{_CANARY}@y\x1b[2J", "git ended with status 128: odd *** ***"),
        ("", "git ended with status 128: it does not say why"),
    ],
)
def test_what_git_says_is_told_in_our_words(said: str, expected: str) -> None:
    """A cause and what to do; nothing of an address."""
    assert cause(said, 128).startswith(expected)
    assert _CANARY not in cause(said, 128) and cause(said, 128).isprintable()


async def test_a_git_that_hangs_is_ended_with_its_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_process_left: None
) -> None:
    """A peer that accepts and says nothing costs a bounded time, and leaves no process behind."""
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nsleep 100 &\nsleep 100\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(GitError) as failed:
        await git("ls-remote", within_s=0.3)
    assert "timed out" == failed.value.said


async def test_without_git_it_is_said(
    make: Callable[..., GitSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program: no reading, and what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    reading = await make().read()
    assert not reading.complete
    assert "there is no git program" in reading.problem and "install git" in reading.problem


async def test_wait_ends_by_the_clock_or_when_told(origin: Repository, tmp_path: Path) -> None:
    """Every so often, and at once when somebody says so, also before anybody waits."""
    every = GitSource(str(origin.path), "main", "", 0.01, None, tmp_path / "work")
    async with asyncio.timeout(10):
        await every.wait()
    seldom = GitSource(str(origin.path), "main", "", 1000.0, None, tmp_path / "work")
    seldom.look()
    async with asyncio.timeout(10):
        await seldom.wait()
