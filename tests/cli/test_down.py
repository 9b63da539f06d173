"""`spiritstream down` where somebody does not answer: who it is, and what to do; exit code 7."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from spiritstream.cli import byhand
from spiritstream.control import client
from spiritstream.control.runnerlock import lock_of
from spiritstream.errors import ExitCode
from spiritstream.wire import decode, encode
from tests.cli import peers
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.peers import CONTROLLER, RUNNER, peer
from tests.cli.places import controller_at, home, sockets

__all__ = ["home", "spiritstream"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for long."""
    monkeypatch.setitem(client.connect.__wrapped__.__kwdefaults__, "within_s", 0.5)  # type: ignore[attr-defined]
    monkeypatch.setattr(byhand, "END_S", 0.5)


@contextlib.contextmanager
def hanging(path: Path, lock: Path, pid: int | str) -> Iterator[None]:
    """A process that is there and says nothing; its lock names it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock.write_text(f"{pid}\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(8)
        yield
    path.unlink()


def runner_hanging(home: Path, name: str, pid: int | str) -> contextlib.AbstractContextManager[None]:
    """A runner that hangs."""
    lock = lock_of(home / "state" / "spiritstream", name)
    return hanging(sockets(home) / f"{name}.sock", lock, pid)


def test_a_runner_that_hangs_is_named(home: Path, spiritstream: Spiritstream) -> None:
    """With its pid and how to end it; the others have ended."""
    with (
        runner_hanging(home, "hung", 4711),
        peer(sockets(home) / "show.sock", RUNNER, stop=None) as asked,
    ):
        said = spiritstream("down")
    assert (ExitCode.NOT_LIVE, "show: ended\n", ["stop"]) == (*said[:2], [call for call, _ in asked])
    assert (
        "'hung' may still be on air: its runner (pid 4711) does not answer; to end it: kill -9 4711"
        in said.err
    )
    assert "hint: when it is gone: `spiritstream down` once more" in said.err


def test_each_of_several_is_named(home: Path, spiritstream: Spiritstream) -> None:
    """One whose pid is not known with the way to find it."""
    with runner_hanging(home, "one", 4711), runner_hanging(home, "two", "?"):
        said = spiritstream("down")
    assert ExitCode.NOT_LIVE == said.code
    assert "(pid 4711)" in said.err
    assert "'two' may still be on air: its runner does not answer; to end it: find it with" in said.err


def test_a_controller_that_hangs_is_named(home: Path, spiritstream: Spiritstream) -> None:
    """Its shows are not touched: they are its business until it is gone."""
    with (
        hanging(controller_at(home), sockets(home) / "controller.lock", 4712),
        peer(sockets(home) / "show.sock", RUNNER) as asked,
    ):
        said = spiritstream("down")
    assert (ExitCode.NOT_LIVE, "", []) == (*said[:2], asked)
    assert "the controller (pid 4712) does not answer" in said.err
    assert "kill -9 4712; its shows go on meanwhile" in said.err


def test_whom_the_controller_had_to_kill_is_said(home: Path, spiritstream: Spiritstream) -> None:
    """Its answer names them; it has ended, and so has everything."""
    with _leaving_after_its_answer(home):
        said = spiritstream("down")
    assert (ExitCode.DONE, "the controller: ended, and every show of its own\n") == said[:2]
    assert "hung: its runner did not answer; the controller was to kill it" in said.err


@contextlib.contextmanager
def _leaving_after_its_answer(home: Path) -> Iterator[None]:
    class Leaving(peers._Conversation):
        def handle(self) -> None:
            self.wfile.write(encode(self.server.hello))
            request = decode(self.rfile.readline())
            self.wfile.write(encode({"id": request["id"], "ok": {"silent": ["hung"]}}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "_Conversation", Leaving)
        with peer(controller_at(home), CONTROLLER):
            yield


def test_who_was_told_and_goes_on_is_no_success(home: Path, spiritstream: Spiritstream) -> None:
    """A runner that answers, and is still there after its time."""
    with peer(sockets(home) / "show.sock", RUNNER, stop={}):
        said = spiritstream("down")
    assert ExitCode.NOT_LIVE == said.code
    assert "'show' was told to end, and has not within 0.5 s" in said.err
