"""Every vector, cut and with bits flipped: an error in our words, or profiles without a key in clear text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.cli.gathering import Gathered, gather
from spiritstream.config.load import surroundings
from spiritstream.config.passphrase import Costs
from spiritstream.errors import SpiritError
from spiritstream.importers import mgs
from spiritstream.importers.names import slug
from spiritstream.importers.writing import write_profile
from spiritstream.secret import Secret
from tests.importers.making import CANARY, PLATFORMS, VECTORS, shown

FILES = sorted(path for path in VECTORS.rglob("*") if path.is_file() and path.parent.name != "expected")
ROUNDS = 24
PASSWORD = Secret("CANARY password")
# What bits and cuts alone seldom make of a file.
PIECES = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"{",
    b"]",
    b"://",
    b"/",
    b"\n",
    b"\x1b[31m",
    b"\\u0000",
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The data with a few faults of chance in it."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0:
                del found[at:]
            case 1:
                del found[at : at + chance.randrange(40)]
            case 2:
                found[at:at] = chance.choice(PIECES)
            case 3:
                other = chance.randrange(len(found) + 1)
                found[at:at] = found[other : other + chance.randrange(80)]
            case _ if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
    return bytes(found)


def texts(gathered: Gathered) -> Iterator[str]:
    """Everything that would be written or said."""
    place = surroundings(Path()).destination
    for one in gathered.profiles:
        written = write_profile(one, slug(one.name, "imported", tuple(one.every_secret())), shown, place)
        yield from (written.text, *written.left)
    for file, text, left in gathered.settings:
        yield from (file, text, *left)
    yield from (theme.text for _, theme in gathered.themes.values())
    yield from gathered.said


def tried(path: Path) -> str:
    """What came of a file: all that would be said and written, or the error."""
    try:
        return "\n".join(texts(gather([path], PLATFORMS, lambda file: iter((PASSWORD,)))))
    except SpiritError as error:
        return str(error)


@pytest.mark.parametrize("source", FILES, ids=lambda path: path.name)
def test_damaged_by_chance(source: Path, tmp_path: Path) -> None:
    """Nothing but an error of ours is raised; no key is said, and none is written in clear text."""
    chance = random.Random(source.name)
    data = source.read_bytes()
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / source.name).write_bytes(mutated(data, chance))
        assert CANARY not in tried(folder / source.name), f"round {number}"


def test_damaged_under_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit anywhere in an encrypted profile, or one byte less, and it does not open."""
    monkeypatch.setattr(mgs, "COSTS", Costs(8, 1, 1))
    profile = (VECTORS / "spiritstream" / "profiles" / "friday.json").read_bytes()
    salt, nonce = b"s" * 32, b"n" * 12
    data = mgs.MAGIC + salt + nonce + AESGCM(mgs._key(PASSWORD, salt)).encrypt(nonce, profile, None)
    path, chance = tmp_path / "a.mgs", random.Random("mgs")
    path.write_bytes(data)
    assert "# Imported: SpiritStream profile" in tried(path)
    for number in range(ROUNDS):
        at = chance.randrange(len(data))
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        for damaged in (bytes(flipped), data[:at]):
            path.write_bytes(damaged)
            said = tried(path)
            assert CANARY not in said, number
            assert "# Imported" not in said, number
