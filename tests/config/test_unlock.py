"""The passphrase of a server that nobody sits at."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.identity import Rule, locate_identity, save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.unlock import asking, find_passphrase
from spiritstream.errors import KeyMissingError
from spiritstream.secret import Secret

WORD = "correct horse"


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    """A file with a passphrase."""
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("data", [WORD.encode(), f"{WORD}\n".encode(), f"{WORD}\r\n".encode()])
def test_from_a_file(tmp_path: Path, data: bytes) -> None:
    """The file that the environment names has it, with or without a line end."""
    path = written(tmp_path / "word", data)
    assert Secret(WORD) == find_passphrase({"SPIRITSTREAM_PASSPHRASE_FILE": str(path)})


def test_in_one_order(tmp_path: Path) -> None:
    """The environment's file, the systemd credential, whoever can be asked; nobody: the ways are named."""
    credential = written(tmp_path / "spiritstream-passphrase", b"second")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    named = {**environ, "SPIRITSTREAM_PASSPHRASE_FILE": str(written(tmp_path / "word", b"first"))}
    assert Secret("first") == asking(named, lambda: Secret("third"))()
    assert Secret("second") == asking(environ, lambda: Secret("third"))()
    credential.unlink()
    assert Secret("third") == asking(environ, lambda: Secret("third"))()
    assert find_passphrase(environ) is None
    with pytest.raises(KeyMissingError, match="nobody to ask"):
        asking(environ)()


@pytest.mark.parametrize(
    ("data", "mode", "message"),
    [
        (b"", 0o600, "one line"),
        (b"\n", 0o600, "one line"),
        (b"c4nary\nc4nary\n", 0o600, "one line"),
        (b"c4nary\xff", 0o600, "one line"),
        (b"c4nary", 0o644, "can be read or changed by other users"),
    ],
    ids=range(5),
)
def test_refused(tmp_path: Path, data: bytes, mode: int, message: str) -> None:
    """No line, two lines, no text, or open to others: named, and not repeated; exit 5."""
    path = written(tmp_path / "word", data, mode)
    with pytest.raises(KeyMissingError, match=message) as caught:
        find_passphrase({"SPIRITSTREAM_PASSPHRASE_FILE": str(path)})
    assert "c4nary" not in str(caught.value)


def test_not_there(tmp_path: Path) -> None:
    """A named file that is not there is not passed over."""
    with pytest.raises(KeyMissingError, match="No such file"):
        find_passphrase({"SPIRITSTREAM_PASSPHRASE_FILE": str(tmp_path / "word")})


def test_by_which_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag, environment, systemd credential, config folder: the rule is told with the file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    places = {
        Rule.FLAG: tmp_path / "flag",
        Rule.ENVIRONMENT: tmp_path / "environment",
        Rule.CREDENTIAL: tmp_path / "spiritstream-identity",
        Rule.CONFIG: tmp_path / "spiritstream" / "identity",
    }
    for path in places.values():
        save_identity(Identity.create(), path)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "SPIRITSTREAM_IDENTITY": str(places[Rule.ENVIRONMENT])}
    found = [
        locate_identity(places[Rule.FLAG], environ),
        locate_identity(None, environ),
        locate_identity(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}),
        locate_identity(None, {}),
    ]
    assert list(places.items()) == [(one.rule, one.path) for one in found]
