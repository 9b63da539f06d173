"""`spiritstream keys`: an identity is made once, and its recipient can be had again."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.identity import load_identity
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own; the place of the default identity in it."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "spiritstream" / "identity"


def test_init_makes_an_identity(spiritstream: Spiritstream, config: Path) -> None:
    """Path and recipient are printed, the private half is not, and the advice goes to stderr."""
    called = spiritstream("keys", "init")
    identity = load_identity(config)
    assert (0, f"identity: {config}\nrecipient: {identity.recipient}\n") == called[:2]
    assert "Keep a copy" in called.err
    assert identity.text().reveal() not in called.out + called.err


@pytest.mark.parametrize("way", ["flag", "environment"])
def test_init_makes_it_where_it_is_told(
    spiritstream: Spiritstream, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A flag or the environment names another place, whose folder is made."""
    path = tmp_path / "deep" / "er" / "identity"
    if way == "environment":
        monkeypatch.setenv("SPIRITSTREAM_IDENTITY", str(path))
    assert 0 == spiritstream("keys", "init", *(["--identity", path] if way == "flag" else [])).code
    assert load_identity(path).fingerprint
    assert not config.exists()


def test_init_never_overwrites(spiritstream: Spiritstream, config: Path) -> None:
    """A second call leaves the identity as it is and says so; exit 8."""
    spiritstream("keys", "init")
    before = config.read_bytes()
    called = spiritstream("keys", "init")
    assert (8, "") == called[:2]
    assert f"spiritstream: {config} exists already" in called.err
    assert before == config.read_bytes()


def test_recipient_prints_it_alone(spiritstream: Spiritstream, config: Path) -> None:
    """The recipient is all that stands on stdout, for scripts."""
    spiritstream("keys", "init")
    assert (0, f"{load_identity(config).recipient}\n", "") == spiritstream("keys", "recipient")


def test_recipient_without_identity(spiritstream: Spiritstream, config: Path) -> None:
    """Without an identity the place and the command that makes one are named; exit 5."""
    called = spiritstream("keys", "recipient")
    assert (5, "") == called[:2]
    assert str(config) in called.err
    assert "spiritstream keys init" in called.err


def test_recipient_of_an_exposed_identity(spiritstream: Spiritstream, config: Path) -> None:
    """An identity that others can read is not used; exit 5, and nothing of it is shown."""
    spiritstream("keys", "init")
    secret = load_identity(config).text().reveal()
    config.chmod(0o644)
    called = spiritstream("keys", "recipient")
    assert (5, "") == called[:2]
    assert f"chmod 600 {config}" in called.err
    assert secret not in called.err
