"""Where a listener is found, and that there is one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from spiritstream.run.ingest.lodging import Lodging


@pytest.fixture
def lodging(short_folder: Path) -> Lodging:
    """One in a folder that is not there yet."""
    made = Lodging(short_folder / "run", "127.0.0.1", 1935)
    made.prepare()
    return made


def mode(path: Path) -> int:
    """Who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_gets_in(lodging: Lodging) -> None:
    """The folder is 0700, socket and lock are 0600 whatever the umask is."""
    before = os.umask(0)
    try:
        lock = lodging.take()
        with lodging.listen():
            modes = [mode(lodging.folder), mode(lodging.path), mode(lodging.lock)]
    finally:
        os.umask(before)
    assert [0o700, 0o600, 0o600] == modes
    assert lock is not None
    os.close(lock)


def test_the_second_one_leaves(lodging: Lodging) -> None:
    """Of two at the same instant one gets the lock; the next one gets it when that is gone."""
    first = lodging.take()
    assert first is not None
    assert lodging.take() is None
    os.close(first)
    again = lodging.take()
    assert again is not None
    os.close(again)


def test_what_a_killed_one_left_is_replaced(lodging: Lodging) -> None:
    """Its socket answers nobody any more; the next one takes its place."""
    lodging.listen().close()
    with pytest.raises(ConnectionRefusedError):
        lodging.call()
    with lodging.listen() as listening, lodging.call():
        listening.accept()[0].close()


def test_addresses_do_not_meet(tmp_path: Path) -> None:
    """Every address has a socket of its own, IPv6 too."""
    hosts = [("127.0.0.1", 1), ("127.0.0.1", 2), ("0.0.0.0", 1), ("::", 1), ("::1", 1)]
    paths = {Lodging(tmp_path, host, port).path for host, port in hosts}
    assert len(hosts) == len(paths)
    assert {tmp_path} == {path.parent for path in paths}
    assert ["[::1]:1935", "10.0.0.7:1"] == [
        Lodging(tmp_path, "::1", 1935).address,
        Lodging(tmp_path, "10.0.0.7", 1).address,
    ]


def test_a_folder_that_others_write_to_is_refused(tmp_path: Path) -> None:
    """Somebody else could have put a socket there before us."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="others may write"):
        Lodging(folder, "127.0.0.1", 1935).prepare()


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    """Rather said in words than bound under a cut name."""
    folder = tmp_path / ("x" * 100)
    with pytest.raises(OSError, match="too long"):
        Lodging(folder, "127.0.0.1", 1935).prepare()


def test_nobody_answers(lodging: Lodging) -> None:
    """Without a listener a call fails at once."""
    with pytest.raises(FileNotFoundError):
        lodging.call()
