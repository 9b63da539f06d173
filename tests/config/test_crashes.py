"""Commands that change keys, killed at everything they do to the disk: nothing is lost, nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import spiritstream
from spiritstream.config import passphrase
from spiritstream.config.common import COMMON
from spiritstream.config.commonfile import common_of
from spiritstream.config.keyfile import load_keyring, save_identity
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import document_leaves, load_profile
from spiritstream.config.resealing import mentions
from spiritstream.config.sealing import seal_text
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret

ROOT = Path(__file__).parents[2]
RUNNER = Path(spiritstream.__file__).parents[1]
CANARY = "canary-7f3a-key"
WORD = "correct-horse"
PROFILE = f"""\
# the show
version: 1
name: NAME
input:
  rtmp: {{key: "{CANARY}-1"}}
groups:
  source:
    targets:
      youtube: {{platform: youtube, key: {CANARY}-2}}   # mine
"""
COMMON_TEXT = "# ours\nversion: 1\nrecipient: {}   # the server's\n"
OLD = Identity.create()


class Crash(NamedTuple):
    """One kill: the folder after it, the folder after the second run, and that run's exit code."""

    killed: Path
    after: Path
    code: int


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases that cost little to try, as in the crashing process."""
    costs = passphrase.Costs(8, 1, 1)
    monkeypatch.setattr(passphrase, "COSTS", costs)
    monkeypatch.setattr(passphrase, "FLOOR", costs)


def prepare(folder: Path, *, sealed: bool, identity: bool = True) -> None:
    """What a command finds: an identity, and two profiles."""
    shows = folder / "template" / "shows"
    shows.mkdir(parents=True)
    (folder / "template" / "config" / "spiritstream").mkdir(parents=True)
    (folder / "template" / "state").mkdir()
    for name in ("a", "b"):
        data = PROFILE.replace("NAME", name).encode()
        if sealed:
            data = seal_text(data, name, OLD.recipient, OLD, document_leaves).data
        (shows / f"{name}.yaml").write_bytes(data)
    (shows / COMMON).write_text(COMMON_TEXT.format(OLD.recipient))
    if identity:
        save_identity(OLD, place(folder / "template"))


def place(folder: Path) -> Path:
    """Where the identity is."""
    return folder / "config" / "spiritstream" / "identity"


def crashes(folder: Path, words: str, stdin: str = "") -> list[Crash]:
    """Every kill of a command; and that a run without one went well."""
    command = [sys.executable, "-m", "tests.config.crashing", str(folder), stdin, *words.split()]
    environment = {**os.environ, "PYTHONPATH": f"{RUNNER}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=50)
    assert "" == done.stderr
    *rows, last = map(json.loads, done.stdout.splitlines())
    assert {"ended": 0} == last
    assert rows, "nothing was done to the disk"
    return [Crash(folder / f"{row['n']}-killed", folder / str(row["n"]), row["code"]) for row in rows]


def files(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def profiles(folder: Path, ring: Keyring) -> list[Profile]:
    """Both profiles, opened."""
    return [load_profile(path, ring.open, {}) for path in sorted((folder / "shows").glob("[a-z]*.yaml"))]


def ring_of(folder: Path) -> Keyring:
    """The identities in a folder; its passphrase is ours, if it has one."""
    return load_keyring(place(folder), lambda: Secret(WORD))


WHOLE = {"config/spiritstream/identity", "shows/a.yaml", "shows/b.yaml", f"shows/{COMMON}"}


def test_rotate(tmp_path: Path) -> None:
    """Killed anywhere, every value opens by what is in the identity's file, the same before and after.

    Run again, the rotation is complete: all values are sealed for one identity, which is new and named
    where the profiles inherit from, and nothing is left beside the files.
    """
    prepare(tmp_path, sealed=True)
    wanted = profiles(tmp_path / "template", Keyring(OLD))
    for crash in crashes(tmp_path, "keys rotate shows"):
        assert wanted == profiles(crash.killed, ring_of(crash.killed)), crash
        assert named(crash.killed) in both(ring_of(crash.killed)), crash
        complete = is_rotated(crash.killed) and not list((crash.killed / "state").rglob("*.json"))
        assert (8 if complete else 0) == crash.code, crash
        assert WHOLE == files(crash.after), crash
        assert is_rotated(crash.after)
        assert wanted == profiles(crash.after, Keyring(ring_of(crash.after).current)), crash
        tells_nothing(crash.killed / "state")


def is_rotated(folder: Path) -> bool:
    """Whether a new identity is there, with the old one, and everything is sealed for it."""
    ring = ring_of(folder)
    texts = [path.read_bytes() for path in (folder / "shows").glob("[a-z]*.yaml")]
    return (
        ring.previous is not None
        and ring.previous.recipient == OLD.recipient
        and all(2 == len(mentions(text, ring.current.fingerprint)) for text in texts)
        and named(folder) == ring.current.recipient
    )


def named(folder: Path) -> Recipient | None:
    """The recipient that the profiles' common file names; it is whole."""
    text = (folder / "shows" / COMMON).read_bytes()
    found = common_of(text, COMMON).recipient
    assert COMMON_TEXT.format(found).encode() == text
    return found


def both(ring: Keyring) -> list[Recipient]:
    """The recipients that something may be sealed for."""
    return [one.recipient for one in (ring.current, ring.previous) if one]


def tells_nothing(state: Path) -> None:
    """What is noted meanwhile is for its owner alone, and holds no secret."""
    for path in state.rglob("*"):
        if path.is_file():
            assert 0o600 == path.stat().st_mode & 0o777
            assert CANARY.encode() not in path.read_bytes()
            assert b"spirit-identity" not in path.read_bytes()


def test_finish(tmp_path: Path) -> None:
    """Forgetting the previous identity happens, or does not yet; what is sealed for the current one opens."""
    prepare(tmp_path, sealed=True)
    template = tmp_path / "template"
    place(template).unlink()
    save_identity(OLD, place(template))
    data = place(template).read_text()
    spare = Identity.create().text().reveal()
    place(template).write_text(f"{data.replace('version 1', 'version 2')}{spare}\n")
    wanted = profiles(template, Keyring(OLD))
    for crash in crashes(tmp_path, "keys rotate --finish shows"):
        assert wanted == profiles(crash.killed, ring_of(crash.killed)), crash
        assert (0, WHOLE) == (crash.code, files(crash.after)), crash
        assert ring_of(crash.after).previous is None
        assert wanted == profiles(crash.after, ring_of(crash.after)), crash


def test_passwd(tmp_path: Path) -> None:
    """The identity's file is the old one or the new one, whole, at every moment."""
    prepare(tmp_path, sealed=True)
    for crash in crashes(tmp_path, "keys passwd", f"{WORD}\n{WORD}\n"):
        assert OLD.recipient == ring_of(crash.killed).current.recipient, crash
        assert (0, WHOLE) == (crash.code, files(crash.after)), crash
        assert "argon2id" in place(crash.after).read_text()
        assert OLD.recipient == ring_of(crash.after).current.recipient, crash


def test_seal(tmp_path: Path) -> None:
    """A profile is the old one or the sealed one, whole; run again, all is sealed and no draft is left."""
    prepare(tmp_path, sealed=False)
    whole = {path.read_bytes() for path in (tmp_path / "template" / "shows").glob("[a-z]*.yaml")}
    for crash in crashes(tmp_path, "seal shows/a.yaml shows/b.yaml"):
        for path in (crash.killed / "shows").glob("[a-z]*.yaml"):
            assert path.read_bytes() in whole or 2 == len(mentions(path.read_bytes(), OLD.fingerprint))
        assert (0, WHOLE) == (crash.code, files(crash.after)), crash
        assert [(Secret(f"{CANARY}-1"), Secret(f"{CANARY}-2"))] * 2 == [
            profile.secrets() for profile in profiles(crash.after, Keyring(OLD))
        ], crash


def test_init(tmp_path: Path) -> None:
    """There is a whole identity, or none yet; the second call leaves no draft, and says what there is."""
    prepare(tmp_path, sealed=False, identity=False)
    for crash in crashes(tmp_path, "keys init"):
        there = place(crash.killed).exists()
        assert (8 if there else 0) == crash.code, crash
        assert WHOLE == files(crash.after), crash
        assert ring_of(crash.after).current
