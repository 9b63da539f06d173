"""`spiritstream data`: an archive without a secret in clear text, and a clearing that asks and says."""

from __future__ import annotations

import gzip
import os
import pty
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from spiritstream.config.archive import pack
from spiritstream.config.identity import save_identity
from spiritstream.config.identityfile import locked_text
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.seal import seal
from spiritstream.secret import Secret
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

CANARY = "canary-7f3a-key"
PASSPHRASE = Secret("canary four words long")
IDENTITY = Identity.create()
SEALED = seal(IDENTITY.recipient, "youtube", "key", Secret(CANARY))
PROFILE = f"""\
version: 1
name: show
input: {{test: {{}}}}
groups:
  source:
    targets:
      youtube: {{platform: youtube, key: "{SEALED}"}}   # mine
      kick: {{platform: kick, key: {{env: KICK_KEY}}}}
"""
EMPTY = "version: 1\nname: {}\ninput: {{test: {{}}}}\n"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own; its config folder with settings, two profiles, and an identity."""
    for name in [name for name in os.environ if name.startswith("SPIRITSTREAM_")]:
        monkeypatch.delenv(name)
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    folder = tmp_path / "config" / "spiritstream"
    (folder / "profiles" / "more").mkdir(parents=True)
    (folder / "settings.yaml").write_text("version: 1\nlog: {level: debug}   # mine\n")
    (folder / "profiles" / "show.yaml").write_text(PROFILE)
    (folder / "profiles" / "more" / "other.yml").write_text(EMPTY.format("other"))
    save_identity(IDENTITY, folder / "identity")
    return folder


def protect(config: Path) -> str:
    """Puts the identity under a passphrase. Gives the file's text."""
    text = locked_text(Keyring(IDENTITY), PASSPHRASE, b"s" * 16, b"n" * 12)
    (config / "identity").write_text(text)
    return text


def contents(archive: Path) -> dict[str, bytes]:
    """What is in an archive."""
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


NAMES = [
    "spiritstream/profiles/more/other.yml",
    "spiritstream/profiles/show.yaml",
    "spiritstream/settings.yaml",
]


def test_export(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Settings and profiles are in it, byte for byte, sealed values as they are; only its owner reads it."""
    archive = tmp_path / "out.tar.gz"
    called = spiritstream("data", "export", archive)
    assert (0, NAMES) == (called.code, called.out.splitlines())
    assert "The identity is not in it" in called.err
    assert NAMES == list(contents(archive))
    for name, data in contents(archive).items():
        assert (config.parent / name).read_bytes() == data
    assert 0o600 == stat.S_IMODE(archive.stat().st_mode)
    assert [archive.name, "config"] == sorted((path.name for path in tmp_path.iterdir()), reverse=True)


def test_unpacked_it_is_all_back(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Unpacked in place of the config folder, it holds again."""
    archive = tmp_path / "out.tar.gz"
    spiritstream("data", "export", archive)
    assert 0 == spiritstream("data", "clear", "--yes").code
    assert "info\n" == spiritstream("config", "get", "log.level").out
    with tarfile.open(archive) as tar:
        tar.extractall(config.parent, filter="data")
    assert "debug\n" == spiritstream("config", "get", "log.level").out
    assert 0 == spiritstream("validate", config / "profiles").code
    assert 0o600 == stat.S_IMODE((config / "settings.yaml").stat().st_mode)


def test_export_is_deterministic(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """The same files come to the same bytes, whenever they were written."""
    spiritstream("data", "export", tmp_path / "a.tar.gz")
    os.utime(config / "settings.yaml", (1, 1))
    spiritstream("data", "export", tmp_path / "b.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_pack_says_nothing_of_this_machine() -> None:
    """No owner, time or order of this machine is in an archive."""
    packed = pack({"b": b"2", "a": b"1"})
    assert pack({"a": b"1", "b": b"2"}) == packed
    assert bytes(4) == packed[4:8]  # RFC 1952, section 2.3.1: MTIME
    assert b"root" not in gzip.decompress(packed)


def test_export_overwrites_nothing(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """An archive that is there stays; exit 8."""
    archive = tmp_path / "out.tar.gz"
    archive.write_text("an older one")
    called = spiritstream("data", "export", archive)
    assert (8, "") == called[:2]
    assert f"{archive} exists already" in called.err
    assert "an older one" == archive.read_text()


CLEAR_TEXT = {
    "a key": f"groups: {{g: {{targets: {{y: {{platform: youtube, key: {CANARY}}}}}}}}}",
    "a password": f"groups: {{g: {{targets: {{y: {{platform: youtube, key: {{env: K}}, username: u, "
    f"password: {CANARY}}}}}}}}}",
    "an unknown key": f"stream_key: {CANARY}",
    "a user in a URL": f"groups: {{g: {{targets: {{y: {{url: 'rtmp://u:{CANARY}@h/a'}}}}}}}}",
    "a token in a URL": f"groups: {{g: {{targets: {{y: {{url: 'rtmp://h/a?token={CANARY}'}}}}}}}}",
    "broken YAML": f"groups: {{g: {CANARY}",
    "a name": f"{CANARY}: {{}}",
    "not sealed": f"groups: {{g: {{targets: {{y: {{platform: youtube, key: 'sealed:{CANARY}'}}}}}}}}",
}


@pytest.mark.parametrize("line", CLEAR_TEXT.values(), ids=CLEAR_TEXT)
def test_no_clear_text_leaves(spiritstream: Spiritstream, config: Path, tmp_path: Path, line: str) -> None:
    """One profile with a secret in clear text, wherever it stands: no archive is made, it is not shown."""
    profile = config / "profiles" / "more" / "other.yml"
    profile.write_text(EMPTY.format("other") + line + "\n")
    archive = tmp_path / "out.tar.gz"
    called = spiritstream("data", "export", archive)
    assert called.code in (4, 6)
    assert called.err.startswith(f"{profile}:")
    assert CANARY not in called.out + called.err
    assert not archive.exists()


def test_only_profiles_are_exported(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """What lies beside the profiles, such as the files that hold their keys, stays here."""
    for name in ("twitch.key", ".hidden.yaml", "notes.txt"):
        (config / "profiles" / name).write_text(CANARY)
    spiritstream("data", "export", tmp_path / "out.tar.gz")
    assert NAMES == list(contents(tmp_path / "out.tar.gz"))
    unpacked = b"".join(contents(tmp_path / "out.tar.gz").values())
    assert CANARY.encode() not in unpacked
    assert IDENTITY.text().reveal().encode() not in unpacked


def test_a_link_out_of_the_folder_is_refused(
    spiritstream: Spiritstream, config: Path, tmp_path: Path
) -> None:
    """What a link leads to elsewhere is not taken along, and not left out silently."""
    (tmp_path / "elsewhere.yaml").write_text(EMPTY.format("elsewhere"))
    (config / "profiles" / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    called = spiritstream("data", "export", tmp_path / "out.tar.gz")
    assert 4 == called.code
    assert "link.yaml:1:1: a link that leads out of the folder is not followed" in called.err


def test_the_protected_identity(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Under a passphrase it goes along when that is asked for; nobody asks for the passphrase."""
    text = protect(config)
    archive = tmp_path / "out.tar.gz"
    called = spiritstream("data", "export", archive, "--with-identity")
    assert (0, "") == (called.code, called.err)
    assert ["spiritstream/identity", *NAMES] == list(contents(archive))
    assert text.encode() == contents(archive)["spiritstream/identity"]
    unpacked = b"".join(contents(archive).values())
    for secret in (CANARY, IDENTITY.text().reveal(), PASSPHRASE.reveal()):
        assert secret.encode() not in unpacked


@pytest.mark.parametrize("kind", ["clear", "in a comment", "damaged", "not text"])
def test_an_identity_in_the_clear(
    spiritstream: Spiritstream, config: Path, tmp_path: Path, kind: str
) -> None:
    """An identity that is of use to whoever reads it stays here, and the way to go is said; exit 8."""
    secret = IDENTITY.text().reveal()
    if kind == "in a comment":
        (config / "identity").write_text(f"{protect(config)}# {secret}\n")
    elif kind == "damaged":
        (config / "identity").write_text(secret)
    elif kind == "not text":
        (config / "identity").write_bytes(b"\xff" + secret.encode())
    called = spiritstream("data", "export", tmp_path / "out.tar.gz", "--with-identity")
    assert (8, "") == called[:2]
    assert "`spiritstream keys passwd`" in called.err
    assert secret not in called.err
    assert not (tmp_path / "out.tar.gz").exists()


def test_no_identity(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Without one there is none to take along; exit 5."""
    (config / "identity").unlink()
    assert 5 == spiritstream("data", "export", tmp_path / "out.tar.gz", "--with-identity").code


def test_identity_alone_is_a_mistake(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """Which identity says nothing about whether: exit 2."""
    called = spiritstream("data", "export", tmp_path / "out.tar.gz", "--identity", tmp_path / "i")
    assert (2, "") == called[:2]
    assert "--with-identity" in called.err


def test_nothing_to_export(
    spiritstream: Spiritstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is kept, no empty archive is made."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    called = spiritstream("data", "export", tmp_path / "out.tar.gz")
    assert (2, "") == called[:2]
    assert "there is nothing to export" in called.err


def test_clear(spiritstream: Spiritstream, config: Path) -> None:
    """Settings and profiles go, each is named, and the identity stays."""
    called = spiritstream("data", "clear", "--yes")
    gone = [config / "settings.yaml", config / "profiles" / "show.yaml", config / "profiles/more/other.yml"]
    assert (0, [f"removed: {path}" for path in gone], "") == (
        called.code,
        called.out.splitlines(),
        called.err,
    )
    assert [config / "identity"] == [path for path in config.rglob("*") if path.is_file()]
    assert (0, "There is nothing to remove.\n") == spiritstream("data", "clear", "--yes")[:2]


def test_clear_asks_nobody(spiritstream: Spiritstream, config: Path) -> None:
    """Without a terminal and without --yes nothing is removed, and what would be is said; exit 8."""
    before = sorted(config.rglob("*"))
    called = spiritstream("data", "clear", stdin=b"y\n")
    assert (8, "") == called[:2]
    assert f"would be removed: {config / 'settings.yaml'}\n" in called.err
    assert "--yes" in called.err
    assert before == sorted(config.rglob("*"))


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 8), (b"\n", 8), (b"y\n", 0)])
def test_clear_asks(config: Path, answer: bytes, code: int) -> None:
    """On a terminal it asks, with the list before it; only a yes removes."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run(
        [sys.executable, "-m", "spiritstream", "data", "clear"], stdin=theirs, capture_output=True, timeout=60
    )
    os.close(ours)
    os.close(theirs)
    assert code == done.returncode
    assert b"would be removed" in done.stderr
    assert b"Remove these for good?" in done.stderr
    assert (code == 0) != (config / "settings.yaml").exists()


def test_clear_leaves_what_is_not_ours(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """What is in a git work tree, among the recordings, or no profile stays, and the reason is said."""
    profiles = tmp_path / "shows"
    stays = {
        profiles / "repo" / "show.yaml": "in a git work tree",
        profiles / "repo" / "deep" / "show.yml": "in a git work tree",
        profiles / "worktree" / "show.yaml": "in a git work tree",
        profiles / "tapes" / "show.yaml": "among the recordings",
        profiles / "playbook.yaml": "no profile",
        profiles / "broken.yaml": "no profile",
    }
    for path in stays:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EMPTY.format("show"))
    (profiles / "repo" / ".git").mkdir()
    (profiles / "worktree" / ".git").write_text("gitdir: /elsewhere\n")
    (profiles / "playbook.yaml").write_text("version: 1\nhosts: all\n")
    (profiles / "broken.yaml").write_text("version: [1\n")
    (profiles / "tapes" / "tape.mkv").write_text("a tape")
    (profiles / "invalid.yaml").write_text(EMPTY.format("invalid") + "bogus: 1\n")
    (config / "settings.yaml").write_text(
        f"version: 1\nprofiles: {profiles}\nrecordings: {profiles / 'tapes'}\n"
    )
    called = spiritstream("data", "clear", "--yes")
    assert [f"removed: {config / 'settings.yaml'}", f"removed: {profiles / 'invalid.yaml'}"] == (
        called.out.splitlines()
    )
    assert {f"stays: {path} ({reason})" for path, reason in stays.items()} == set(called.err.splitlines())
    assert all(path.exists() for path in [*stays, profiles / "tapes" / "tape.mkv"])


def test_clear_touches_no_file_behind_a_link(
    spiritstream: Spiritstream, config: Path, tmp_path: Path
) -> None:
    """Profiles in a work tree that the profiles folder is a link into stay, too."""
    deep = tmp_path / "repo" / "deep"
    deep.parent.mkdir()
    (config / "profiles").rename(deep)
    (deep.parent / ".git").mkdir()
    (config / "profiles").symlink_to(deep)
    called = spiritstream("data", "clear", "--yes")
    assert f"removed: {config / 'settings.yaml'}\n" == called.out
    assert (deep / "show.yaml").exists()


def test_clear_takes_no_link_out_of_a_work_tree(
    spiritstream: Spiritstream, config: Path, tmp_path: Path
) -> None:
    """A link that is kept in git stays as well, wherever it leads."""
    (config / "settings.yaml").rename(tmp_path / "real.yaml")
    (config / "settings.yaml").symlink_to(tmp_path / "real.yaml")
    (config / ".git").mkdir()
    assert "There is nothing to remove.\n" == spiritstream("data", "clear", "--yes").out
    assert (config / "settings.yaml").is_symlink()
