"""A certificate that is replaced while connections come."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from spiritstream.run.ingest.certificate import Certificate, why
from tests.live.tls import server_tls


def certificate(folder: Path, heard: list[str]) -> Certificate:
    """The one in a folder."""
    return Certificate(str(folder / "cert.pem"), str(folder / "key.pem"), heard.append)


def test_unchanged_files_are_read_once(tmp_path: Path) -> None:
    """Each connection gets the same context."""
    server_tls(tmp_path)
    heard: list[str] = []
    held = certificate(tmp_path, heard)
    assert held.context() is held.context()
    assert [] == heard


def test_a_changed_pair_is_taken(tmp_path: Path) -> None:
    """A renewed certificate counts from the next connection on."""
    server_tls(tmp_path)
    heard: list[str] = []
    held = certificate(tmp_path, heard)
    before = held.context()
    server_tls(tmp_path)
    assert before is not held.context()
    assert held.context() is held.context()
    assert [] == heard


def test_a_pair_behind_links_is_taken_when_the_links_turn(tmp_path: Path) -> None:
    """As Kubernetes and certbot do it: the names stay, what they lead to changes."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        server_tls(tmp_path / name)
    (tmp_path / "now").symlink_to("old")
    held = certificate(tmp_path / "now", [])
    before = held.context()
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").replace(tmp_path / "now")
    assert before is not held.context()


BROKEN = {
    "half written": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("breaks", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["cert.pem", "key.pem"])
def test_a_broken_pair_changes_nothing(name: str, breaks: object, tmp_path: Path) -> None:
    """The old one stays, it is told once, and the next good pair is taken."""
    server_tls(tmp_path)
    heard: list[str] = []
    held = certificate(tmp_path, heard)
    before = held.context()
    assert callable(breaks)
    breaks(tmp_path / name)
    assert before is held.context()
    assert before is held.context()
    assert 1 == len(heard)
    assert "the old one stays" in heard[0]
    assert "PRIVATE" not in heard[0]
    server_tls(tmp_path)
    assert before is not held.context()


def test_a_key_of_another_pair_changes_nothing(tmp_path: Path) -> None:
    """The new certificate is there before its key: until both are, the old pair serves."""
    server_tls(tmp_path)
    (tmp_path / "new").mkdir()
    server_tls(tmp_path / "new")
    heard: list[str] = []
    held = certificate(tmp_path, heard)
    before = held.context()
    (tmp_path / "new/cert.pem").replace(tmp_path / "cert.pem")
    assert before is held.context()
    (tmp_path / "new/key.pem").replace(tmp_path / "key.pem")
    assert before is not held.context()
    assert 1 == len(heard)


def test_files_that_cannot_be_used_are_refused_at_first(tmp_path: Path) -> None:
    """Without a pair there is nothing to stay with: it says which file, and what is wrong."""
    with pytest.raises(FileNotFoundError) as missing:
        certificate(tmp_path, [])
    assert "No such file or directory" in why(missing.value)
    (tmp_path / "cert.pem").write_text("not one")
    (tmp_path / "key.pem").write_text("not one")
    with pytest.raises(ssl.SSLError) as broken:
        certificate(tmp_path, [])
    assert "no pair that TLS takes" in why(broken.value)
