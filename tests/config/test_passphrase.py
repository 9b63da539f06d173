"""Identities under a passphrase: the box, its bounds, and the file that it stands in."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from spiritstream.config import keyfile, passphrase
from spiritstream.config.identityfile import Locked, locked_text, parse_identity_file, plain_text
from spiritstream.config.keyfile import (
    load_identity,
    load_keyring,
    open_identity,
    read_identity,
    replace_identity,
    save_identity,
)
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.passphrase import (
    CAP,
    COSTS,
    FLOOR,
    Box,
    Costs,
    check_passphrase,
    lock,
    parse_box,
    unlock,
)
from spiritstream.config.seal import seal
from spiritstream.errors import BusyError, KeyMissingError, SpiritError, UsageError
from spiritstream.secret import Secret

ME, BEFORE, STRANGER = Identity.create(), Identity.create(), Identity.create()
WORD = Secret("correct-horse")
SALT, NONCE = b"s" * 16, b"n" * 12
CHEAP = Costs(8, 1, 1)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases that cost little to try."""
    monkeypatch.setattr(passphrase, "COSTS", CHEAP)
    monkeypatch.setattr(passphrase, "FLOOR", CHEAP)


def test_what_is_written_costs_what_was_decided() -> None:
    """A new box takes 64 MiB and three passes on four lanes, and opens; no more and no less is written."""
    box = lock(b"data", "about", WORD, SALT, NONCE)
    assert Costs(64 * 1024, 3, 4) == box.costs == COSTS
    assert str(box).startswith("argon2id:65536:3:4:")
    assert b"data" == unlock(box, "about", WORD)


@pytest.mark.usefixtures("cheap")
def test_only_the_passphrase_opens_it() -> None:
    """Another passphrase, another text about it, or an altered box: nothing comes out."""
    box = lock(b"data", "about", WORD, SALT, NONCE)
    assert b"data" == unlock(box, "about", WORD)
    assert unlock(box, "about", Secret("another-word")) is None
    assert unlock(box, "About", WORD) is None
    assert unlock(Box(box.costs, box.salt, box.nonce, box.payload[::-1]), "about", WORD) is None
    assert unlock(Box(Costs(16, 1, 1), box.salt, box.nonce, box.payload), "about", WORD) is None


@pytest.mark.usefixtures("cheap")
def test_one_passphrase_on_two_keyboards() -> None:
    """An accent typed as one character or as two is the same."""
    composed, apart = (unicodedata.normalize(form, "un été à la plage") for form in ("NFC", "NFD"))
    assert composed != apart
    assert b"data" == unlock(lock(b"data", "", Secret(composed), SALT, NONCE), "", Secret(apart))


def text_with(costs: Costs) -> str:
    """A box's text with such costs."""
    return str(Box(costs, SALT, NONCE, b"x" * 48))


BOUNDS = {
    "no memory": Costs(8, FLOOR.passes, FLOOR.lanes),
    "just too little": Costs(FLOOR.memory_kib - 1, FLOOR.passes, FLOOR.lanes),
    "too few passes": Costs(FLOOR.memory_kib, FLOOR.passes - 1, FLOOR.lanes),
    "too much memory": Costs(CAP.memory_kib + 1, FLOOR.passes, FLOOR.lanes),
    "too many passes": Costs(FLOOR.memory_kib, CAP.passes + 1, FLOOR.lanes),
    "too many lanes": Costs(FLOOR.memory_kib, FLOOR.passes, CAP.lanes + 1),
    "absurd": Costs(9_999_999_999, 9_999_999_999, 9_999_999_999),
}


@pytest.mark.parametrize("costs", BOUNDS.values(), ids=BOUNDS)
def test_costs_are_bounded_before_anything_is_computed(
    costs: Costs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that asks for too little or too much is refused without one passphrase being tried; exit 5."""
    monkeypatch.setattr(passphrase, "hash_secret_raw", lambda **_: pytest.fail("it was computed"))
    path = tmp_path / "identity"
    path.write_text(f"spiritstream-identity version 2\n{ME.recipient}\n{text_with(costs)}\n")
    path.chmod(0o600)
    with pytest.raises(KeyMissingError, match=f"{path}: .*out of bounds"):
        load_identity(path, lambda: WORD)


@pytest.mark.parametrize("costs", [FLOOR, COSTS, CAP])
def test_the_bounds_themselves_are_good(costs: Costs) -> None:
    """What is exactly at a bound is read, and spelled the same again."""
    box = parse_box(text_with(costs))
    assert box is not None
    assert (costs, text_with(costs)) == (box.costs, str(box))


GOOD = text_with(COSTS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "=",
        GOOD[:-1],
        GOOD.replace("argon2id", "argon2i"),
        GOOD.replace(":3:", ":03:"),
        GOOD.replace(":3:", ":+3:"),
        GOOD.replace(":3:", ":\u0663:"),
        GOOD.replace(":4:", ":4::"),
        str(Box(COSTS, SALT + b"s", NONCE, b"x" * 48)),
        str(Box(COSTS, SALT, NONCE[1:], b"x" * 48)),
        GOOD + "\n",
    ],
)
def test_what_is_no_box(text: str) -> None:
    """Another spelling, another length, a cut: it is no box."""
    assert parse_box(text) is None


@pytest.mark.parametrize(
    ("word", "good"), [("", False), ("short67", False), ("eight678", True), ("é" * 600, False)]
)
def test_what_makes_a_passphrase(word: str, good: bool) -> None:
    """Neither too short to keep anybody out nor too long to be one; it is not repeated."""
    if good:
        check_passphrase(Secret(word))
        return
    with pytest.raises(UsageError) as caught:
        check_passphrase(Secret(word))
    assert not word or word not in str(caught.value)


RINGS = {"one": Keyring(ME), "two": Keyring(ME, BEFORE)}


def halves(ring: Keyring) -> tuple[str, str | None]:
    """The recipients of a ring."""
    return str(ring.current.recipient), str(ring.previous.recipient) if ring.previous else None


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("ring", RINGS.values(), ids=RINGS)
def test_what_is_written_is_read(ring: Keyring) -> None:
    """One identity or two, in the clear or protected, come back; the recipients need no passphrase."""
    plain = parse_identity_file(plain_text(ring))
    assert isinstance(plain, Keyring)
    assert halves(ring) == halves(plain)
    text = locked_text(ring, WORD, SALT, NONCE)
    locked = parse_identity_file(text)
    assert isinstance(locked, Locked)
    assert halves(ring) == (str(locked.recipient), str(locked.previous) if locked.previous else None)
    opened = locked.unlock(WORD)
    assert opened
    assert halves(ring) == halves(opened)
    assert locked.unlock(Secret("another-word")) is None
    assert not any(identity.text().reveal()[20:40] in text for identity in (ME, BEFORE))


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (str(ME.recipient), str(STRANGER.recipient)),
        (f"\n{BEFORE.recipient}\nargon", "\nargon"),
        (str(BEFORE.recipient), str(STRANGER.recipient)),
    ],
)
def test_recipients_cannot_be_changed_unnoticed(old: str, new: str) -> None:
    """Somebody else's recipient in a protected file, for us to seal for: it no longer opens."""
    text = locked_text(Keyring(ME, BEFORE), WORD, SALT, NONCE)
    assert old in text
    locked = parse_identity_file(text.replace(old, new))
    assert isinstance(locked, Locked)
    assert locked.unlock(WORD) is None


def test_a_ring_opens_what_either_identity_opens() -> None:
    """Both are valid while there are two; what is sealed for a third is refused."""
    values = {one: seal(one.recipient, "youtube", "key", WORD) for one in (ME, BEFORE, STRANGER)}
    both = Keyring(ME, BEFORE)
    assert WORD == both.open(values[ME], "youtube", "key") == both.open(values[BEFORE], "youtube", "key")
    for ring, value in ((both, values[STRANGER]), (Keyring(ME), values[BEFORE])):
        with pytest.raises(KeyMissingError, match=ring.current.fingerprint):
            ring.open(value, "youtube", "key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An identity's file, alone in its folder."""
    save_identity(ME, tmp_path / "keys" / "identity")
    return tmp_path / "keys" / "identity"


@pytest.mark.usefixtures("cheap")
def test_protected_and_not(path: Path) -> None:
    """A passphrase is set, changed and removed; the identity is the same, and nothing is left beside it."""
    for word in (WORD, Secret("another-word"), None):
        file = read_identity(path)
        replace_identity(file, Keyring(ME, BEFORE), word)
        assert (word is not None) == read_identity(path).protected
        assert halves(Keyring(ME, BEFORE)) == halves(load_keyring(path, lambda word=word: word))  # type: ignore[misc]
        assert [path] == list(path.parent.iterdir())
        assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.usefixtures("cheap")
def test_a_wrong_passphrase_and_none(path: Path) -> None:
    """The file is named, the passphrase is not; with nobody to ask, the ways to give it are; exit 5."""
    replace_identity(read_identity(path), Keyring(ME), WORD)
    with pytest.raises(KeyMissingError, match=f"does not open the identity {path}") as caught:
        load_identity(path, lambda: Secret("another-word"))
    assert "another-word" not in str(caught.value)
    with pytest.raises(KeyMissingError, match="protected by a passphrase") as caught:
        load_identity(path)
    assert "SPIRITSTREAM_PASSPHRASE_FILE" in caught.value.hint
    assert "spiritstream-passphrase" in caught.value.hint


@pytest.mark.usefixtures("cheap")
def test_the_old_file_stays_until_the_new_one_opens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written wrongly is found before it takes the place of the good one."""
    before = path.read_bytes()
    wrong = locked_text(Keyring(STRANGER), WORD, SALT, NONCE)
    monkeypatch.setattr(keyfile, "locked_text", lambda *_: wrong)
    with pytest.raises(SpiritError, match="did not prove to open"):
        replace_identity(read_identity(path), Keyring(ME), WORD)
    assert (before, [path]) == (path.read_bytes(), list(path.parent.iterdir()))


def test_a_file_that_somebody_changed_meanwhile(path: Path) -> None:
    """Another identity put there since it was read is not overwritten; exit 75."""
    file = read_identity(path)
    path.unlink()
    save_identity(STRANGER, path)
    with pytest.raises(BusyError):
        replace_identity(file, Keyring(ME, BEFORE), None)
    assert STRANGER.recipient == load_identity(path).recipient


def test_a_link_to_it_stays_one(path: Path) -> None:
    """The file behind a link is replaced, in its own folder."""
    link = path.parent.parent / "identity"
    link.symlink_to(path)
    replace_identity(open_identity(read_identity(link)).file, Keyring(ME, BEFORE), None)
    assert link.is_symlink()
    assert load_keyring(path).previous


def test_salt_and_nonce_are_never_used_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writing draws its own."""
    drawn: list[tuple[bytes, bytes]] = []
    plain = path.read_text()

    def text(ring: Keyring, word: Secret, salt: bytes, nonce: bytes) -> str:
        drawn.append((salt, nonce))
        return plain

    monkeypatch.setattr(keyfile, "locked_text", text)
    for _ in range(2):
        replace_identity(read_identity(path), Keyring(ME), WORD)
    assert 4 == len({part for pair in drawn for part in pair})
    assert {(16, 12)} == {(len(salt), len(nonce)) for salt, nonce in drawn}
