"""`spiritstream keys show|passwd|status|rotate`: what is said, what is not, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from spiritstream.config import passphrase
from spiritstream.config.identity import load_identity, load_keyring, save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.config.seal import seal
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream

__all__ = ["spiritstream"]

CANARY = "canary-7f3a-key"
WORD, OTHER_WORD = "correct-horse", "battery-staple"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, with an identity in its default place; cheap passphrases."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SPIRITSTREAM_PASSPHRASE_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(passphrase, "COSTS", passphrase.Costs(8, 1, 1))
    monkeypatch.setattr(passphrase, "FLOOR", passphrase.Costs(8, 1, 1))
    path = tmp_path / "config" / "spiritstream" / "identity"
    save_identity(Identity.create(), path)
    monkeypatch.chdir(tmp_path)
    return path


def profile(name: str, key: str) -> Path:
    """A profile with one key, in the folder `shows`."""
    path = Path("shows", f"{name}.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"version: 1\nname: {name}\ninput: {{test: {{}}}}\ngroups:\n  source:\n    targets:\n"
        f'      youtube: {{platform: youtube, key: "{key}"}}\n'
    )
    return path


def sealed(identity: Identity, destination: str = "youtube") -> str:
    """A sealed key."""
    return seal(identity.recipient, destination, "key", Secret(CANARY))


def word() -> Secret:
    """Somebody who knows the passphrase."""
    return Secret(WORD)


def other_word() -> Secret:
    """Somebody who knows the other one."""
    return Secret(OTHER_WORD)


def protect(spiritstream: Spiritstream, new: str = WORD) -> None:
    """Set a passphrase."""
    assert 0 == spiritstream("keys", "passwd", stdin=f"{new}\n".encode()).code


@pytest.fixture
def word_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the passphrase, which the environment names."""
    path = tmp_path / "word"
    path.write_text(f"{WORD}\n")
    path.chmod(0o600)
    monkeypatch.setenv("SPIRITSTREAM_PASSPHRASE_FILE", str(path))
    return path


def test_show(spiritstream: Spiritstream, config: Path) -> None:
    """Recipient, fingerprint, place, rule and protection; never the identity."""
    me = load_identity(config)
    text = me.text().reveal()
    expected = (
        f"recipient: {me.recipient}\nfingerprint: {me.fingerprint}\nidentity: {config}\n"
        "found by: the config folder\npassphrase: no\n"
    )
    assert (0, expected, "") == spiritstream("keys", "show")
    protect(spiritstream)
    called = spiritstream("keys", "show", "--identity", config, "--output", "json")
    expected_data = {
        "version": 1,
        "recipient": str(me.recipient),
        "fingerprint": me.fingerprint,
        "identity": str(config),
        "rule": "flag",
        "passphrase": True,
        "previous": None,
    }
    assert (expected_data, "") == (json.loads(called.out), called.err)
    assert text not in called.out


def test_the_settings_name_the_identity(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Commands that need the identity take the one in the settings, unless flag or environment decides."""
    other = Identity.create()
    save_identity(other, tmp_path / "elsewhere")
    assert 0 == spiritstream("config", "set", "identity", str(tmp_path / "elsewhere")).code
    assert f"{other.recipient}\n" == spiritstream("keys", "recipient").out
    assert (
        f"{load_identity(config).recipient}\n" == spiritstream("keys", "recipient", "--identity", config).out
    )


def test_show_while_rotating(spiritstream: Spiritstream, config: Path) -> None:
    """The previous identity is named with what ends it."""
    me = load_identity(config)
    profile("a", sealed(me))
    spiritstream("keys", "rotate", "shows")
    assert f"previous: {me.fingerprint} (until " in spiritstream("keys", "show").out


def test_passwd(spiritstream: Spiritstream, config: Path) -> None:
    """Set, changed and removed by lines on standard input; the identity stays the same."""
    me = load_identity(config).recipient
    for words, lines, said in (
        ((), (WORD,), "set"),
        ((), (WORD, OTHER_WORD), "changed"),
        (("--remove",), (OTHER_WORD,), "removed"),
    ):
        called = spiritstream("keys", "passwd", *words, stdin="".join(f"{line}\n" for line in lines).encode())
        assert (0, f"{config}: passphrase {said}\n") == called[:2]
        assert not any(line in called.out + called.err for line in lines)
        assert me == load_identity(config, {"set": word, "changed": other_word}.get(said)).recipient
        assert [config] == list(config.parent.iterdir())


REFUSED = {
    "too short": (False, (), "short\n", 2),
    "empty": (False, (), "\n", 2),
    "nothing": (False, (), "", 2),
    "not text": (False, (), "\udcff1234567\n", 2),
    "wrong": (True, (), f"{OTHER_WORD}\n{OTHER_WORD}\n", 5),
    "new one missing": (True, (), f"{WORD}\n", 2),
    "nothing to remove": (False, ("--remove",), "", 2),
    "wrong to remove": (True, ("--remove",), f"{OTHER_WORD}\n", 5),
}


@pytest.mark.parametrize(("protected", "words", "lines", "code"), REFUSED.values(), ids=REFUSED)
def test_passwd_refused(
    spiritstream: Spiritstream, config: Path, protected: bool, words: tuple[str, ...], lines: str, code: int
) -> None:
    """A passphrase that is none, or the wrong one: the file is as it was, and nothing is repeated."""
    if protected:
        protect(spiritstream)
    before = config.read_bytes()
    called = spiritstream("keys", "passwd", *words, stdin=lines.encode("utf-8", "surrogateescape"))
    assert (code, "", before) == (*called[:2], config.read_bytes())
    assert not any(text in called.err for text in (WORD, OTHER_WORD, "short\n"))


@pytest.mark.usefixtures("word_file")
def test_passwd_with_the_old_one_in_a_file(spiritstream: Spiritstream, config: Path) -> None:
    """The file's passphrase opens; standard input has the new one alone."""
    protect(spiritstream)
    protect(spiritstream, OTHER_WORD)
    assert load_identity(config, lambda: Secret(OTHER_WORD)).fingerprint


def test_passwd_at_a_terminal(config: Path) -> None:
    """It is asked for twice and not shown; two that differ change nothing."""
    before = config.read_bytes()
    code, shown = typed("keys passwd", [WORD, OTHER_WORD])
    assert (2, before) == (code, config.read_bytes())
    assert "the two differ" in shown
    assert WORD not in shown
    code, shown = typed("keys passwd", [WORD, WORD])
    assert 0 == code
    assert WORD not in shown
    assert "argon2id" in config.read_text()


def typed(words: str, lines: list[str]) -> tuple[int, str]:
    """A command at a terminal, where these lines are typed when it asks; its exit code and what is shown."""
    ours, theirs = pty.openpty()
    code = (
        "from spiritstream.config import passphrase; from spiritstream.cli.main import main;"
        "passphrase.COSTS = passphrase.FLOOR = passphrase.Costs(8, 1, 1); main()"
    )
    command = [sys.executable, "-c", code, *words.split()]
    shown = b""
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        try:
            for line in lines:
                # A prompt ends so; what is typed before it came would be shown.
                while not shown.endswith(b": "):
                    shown += os.read(ours, 1000)
                os.write(ours, f"{line}\n".encode())
                shown += os.read(ours, 1)
            status = process.wait(30)
            os.set_blocking(ours, False)
            shown += os.read(ours, 10_000)
        finally:
            process.kill()
            os.close(theirs)
            os.close(ours)
    return status, shown.decode()


def test_status(spiritstream: Spiritstream, config: Path) -> None:
    """Each value with its place, its recipient, and whether it opens; the worst one is the exit code."""
    me, stranger = load_identity(config), Identity.create()
    good = profile("a", sealed(me))
    where = "groups.source.targets.youtube.key: "
    expected = f"{good}:7:41: {where}opens, for {me.fingerprint}, at youtube\n"
    assert (0, expected, "") == spiritstream("keys", "status", "shows")
    cases = (
        ("b", sealed(stranger), f"sealed for another identity, for {stranger.fingerprint}, at youtube", 5),
        (
            "c",
            sealed(me, "twitch"),
            f"does not open, for {me.fingerprint}, at youtube: sealed for twitch, but",
            6,
        ),
        ("d", CANARY, "clear text, at youtube\n", 6),
    )
    for name, value, said, code in cases:
        path = profile(name, value)
        called = spiritstream("keys", "status", "shows")
        assert code == called.code
        assert f"{path}:7:41: {where}{said}" in called.out
        assert CANARY not in called.out + called.err
    Path("shows/e.yaml").write_text("version: [1")
    called = spiritstream("keys", "status", "shows")
    assert 4 == called.code
    assert "shows/e.yaml:1:" in called.out
    assert expected in called.out


def test_status_json(spiritstream: Spiritstream, config: Path) -> None:
    """JSON has a version, the recipients, every value and every finding."""
    me = load_identity(config)
    profile("a", sealed(me))
    spiritstream("keys", "rotate", "shows")
    new = load_identity(config)
    late = profile("b", sealed(me))
    called = spiritstream("keys", "status", late, "--output", "json")
    value = {
        "file": str(late),
        "line": 7,
        "column": 41,
        "path": "groups.source.targets.youtube.key",
        "standing": "previous",
        "recipient": me.fingerprint,
        "destination": "youtube",
        "reason": "",
        "meant_for": None,
    }
    expected = {
        "version": 1,
        "recipient": new.fingerprint,
        "previous": me.fingerprint,
        "values": [value],
        "findings": [],
    }
    assert (0, expected, "") == (called.code, json.loads(called.out), called.err)


def test_status_without_the_identity(spiritstream: Spiritstream, config: Path) -> None:
    """Without it, or without its passphrase, less is said, which is no failure; a named one must be."""
    me = load_identity(config)
    profile("a", sealed(me))
    protect(spiritstream)
    called = spiritstream("keys", "status", "shows")
    assert (0, True) == (called.code, "not tried, for " in called.out)
    assert "is protected by a passphrase" in called.err
    config.unlink()
    called = spiritstream("keys", "status", "shows")
    assert (0, True) == (called.code, "not tried, for " in called.out)
    assert f"there is no {config}" in called.err
    assert 5 == spiritstream("keys", "status", "shows", "--identity", config).code


def test_rotate_and_finish(spiritstream: Spiritstream, config: Path) -> None:
    """What was done is said; a second one is refused until `--finish`, which says whom it forgot."""
    old = load_identity(config)
    path = profile("a", sealed(old))
    called = spiritstream("keys", "rotate", "shows")
    new = load_identity(config)
    place = "groups.source.targets.youtube.key"
    expected = f"{path}: sealed again {place}\n{config}: new identity\nrecipient: {new.recipient}\n"
    assert (0, expected) == called[:2]
    assert "keys rotate --finish" in called.err
    assert 8 == spiritstream("keys", "rotate", "shows").code
    late = profile("b", sealed(old))
    assert (8, "") == spiritstream("keys", "rotate", "--finish", "shows")[:2]
    assert (0, f"{late}: sealed again {place}\n", "") == spiritstream("keys", "rotate", "shows")
    finished = spiritstream("keys", "rotate", "--finish", "shows")
    assert (0, f"{config}: {old.fingerprint} is forgotten\n", "") == finished
    again = spiritstream("keys", "rotate", "--finish", "shows")
    assert (0, f"{config}: there is nothing to finish\n", "") == again
    opened = load_profile(path, identity_opener(None, os.environ), os.environ)
    assert (Secret(CANARY),) == opened.secrets()


@pytest.mark.usefixtures("word_file")
def test_rotate_with_a_passphrase(spiritstream: Spiritstream, config: Path) -> None:
    """The new identity is protected as the old one was, by the same passphrase."""
    old = load_identity(config)
    path = profile("a", sealed(old))
    protect(spiritstream)
    assert 0 == spiritstream("keys", "rotate", "shows").code
    ring = load_keyring(config, lambda: Secret(WORD))
    assert ring.previous and old.recipient == ring.previous.recipient
    assert "spirit-identity" not in config.read_text()
    opened = load_profile(path, identity_opener(None, os.environ), os.environ)
    assert (Secret(CANARY),) == opened.secrets()


def test_rotate_without_its_passphrase(spiritstream: Spiritstream, config: Path) -> None:
    """With nobody to ask, nothing is written; exit 5."""
    path = profile("a", sealed(load_identity(config)))
    protect(spiritstream)
    before = config.read_bytes(), path.read_bytes()
    called = spiritstream("keys", "rotate", "shows", stdin=f"{WORD}\n".encode())
    assert (5, "", before) == (*called[:2], (config.read_bytes(), path.read_bytes()))


def test_rotate_refuses(spiritstream: Spiritstream, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No path, a systemd credential, a value that does not open, a link out: nothing is written."""
    path = profile("a", sealed(Identity.create()))
    before = config.read_bytes()
    assert (2, "") == spiritstream("keys", "rotate")[:2]
    assert (2, "") == spiritstream("keys", "rotate", "--finish")[:2]
    called = spiritstream("keys", "rotate", "shows")
    assert (5, "") == called[:2]
    assert f"{path}:7:41: groups.source.targets.youtube.key: sealed for the identity" in called.err
    assert "everything is as it was" not in called.err
    Path("out.yaml").write_text("")
    Path("shows/out.yaml").symlink_to("../out.yaml")
    assert (4, "") == spiritstream("keys", "rotate", "shows")[:2]
    credentials = Path("credentials")
    save_identity(Identity.create(), credentials / "spiritstream-identity")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert (8, "") == spiritstream("keys", "rotate", "shows")[:2]
    assert before == config.read_bytes()


@pytest.mark.usefixtures("word_file")
def test_seal_with_a_protected_identity(
    spiritstream: Spiritstream, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing needs no passphrase: with one it is proved that the values open, without one that is said."""
    protect(spiritstream)
    assert "not proved" not in seal_one(spiritstream, "a").err
    monkeypatch.delenv("SPIRITSTREAM_PASSPHRASE_FILE")
    assert "not proved that the new values open" in seal_one(spiritstream, "b").err


def seal_one(spiritstream: Spiritstream, name: str) -> Called:
    """Seal a profile with a clear-text key."""
    called = spiritstream("seal", profile(name, CANARY))
    assert 0 == called.code
    return called
