"""There is never a second runner of a profile: locks, lost sockets, and who is taken for what."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from spiritstream import calls
from spiritstream.calls import answering
from spiritstream.control import runners as module
from spiritstream.control.client import connect
from spiritstream.control.outfit import Outfit, environment
from spiritstream.control.runnerlock import holder, lock_of, no_runner, only_runner
from spiritstream.control.runners import RunnerInfo, Runners
from spiritstream.control.spawn import failure
from spiritstream.errors import BusyError, ExitCode, SpiritError
from spiritstream.wire import PROTOCOL, encode
from tests.live.processes import until

BOUND_S = 30.0


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with `run` and `state` in it, of a name short enough for sockets."""
    with TemporaryDirectory(prefix="spirit-") as name:
        (Path(name) / "run").mkdir(mode=0o700)
        (Path(name) / "state").mkdir(mode=0o700)
        yield Path(name)


@pytest.fixture
async def runners(home: Path) -> AsyncIterator[Runners]:
    """The runners of `home`, whose ffmpeg only tells its version."""
    ffmpeg = home / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\necho ffmpeg version 9.0\n")
    ffmpeg.chmod(0o755)
    found = Runners(home / "run", home / "state" / "logs", Outfit(str(ffmpeg)))
    async with asyncio.timeout(BOUND_S):
        yield found
    found.let_go()


@contextlib.asynccontextmanager
async def runner_at(path: Path, *, managed: bool = True) -> AsyncIterator[None]:
    """A socket that greets as a runner's of this process."""

    def hello() -> dict[str, Any]:
        return {
            "hello": "runner",
            "protocol": PROTOCOL,
            "version": "1",
            "pid": os.getpid(),
            "managed": managed,
        }

    async with answering(path, "runner", hello, {}, BusyError("busy")):
        yield


def stale(path: Path) -> None:
    """A socket whose process is dead."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def test_the_lock_is_one_runners(home: Path) -> None:
    """A second one is told the pid and what to do; the file stays, is private, and is free at the end."""
    path = lock_of(home / "state", "show")
    with only_runner(path, "show"):
        assert os.getpid() == holder(path)
        with pytest.raises(BusyError, match=f"pid {os.getpid()}") as caught, only_runner(path, "show"):
            pass
        with no_runner(path) as free:
            assert not free
    assert "spiritstream stop show" in caught.value.hint
    assert ExitCode.BUSY == caught.value.exit_code
    assert [0o600, 0o700] == [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
    with no_runner(path) as free:
        assert free


def test_a_lock_that_cannot_be_made_is_said_so(home: Path) -> None:
    """With a file where its folder should be: no runner, rather than one without a lock."""
    (home / "state" / "runners").write_text("")
    with pytest.raises(SpiritError, match="cannot be made"), only_runner(lock_of(home / "state", "a"), "a"):
        pass


async def test_a_runner_that_lost_its_socket_gets_no_rival(home: Path, runners: Runners) -> None:
    """While it is without, it is named by its pid; what is in its log's place is not touched."""
    with only_runner(lock_of(home / "state", "show"), "show"):
        with pytest.raises(BusyError, match=rf"\(pid {os.getpid()}\) is alive and has lost its socket"):
            await runners.start("show")
        assert {} == runners.known()


@pytest.mark.usefixtures("no_process_left")
async def test_a_runner_makes_its_lost_socket_anew_and_is_taken_over(home: Path, runners: Runners) -> None:
    """Its folder is cleared out; the next controller ends up with the same process."""
    info = await runners.start("show")
    runners.let_go()
    (home / "run" / "show.sock").unlink()
    again: RunnerInfo | None = None
    while again is None:
        with contextlib.suppress(BusyError):
            again = await runners.start("show")
    assert info == again
    await runners.end("show")
    assert {} == runners.known()


async def test_one_that_answers_is_taken_over_by_start(home: Path, runners: Runners) -> None:
    """A controller's own is returned; one in the foreground is not ours to order."""
    with only_runner(lock_of(home / "state", "show"), "show"):
        async with runner_at(home / "run" / "show.sock"):
            assert os.getpid() == (await runners.start("show")).pid
        await until(lambda: not runners.known(), "it is seen to leave")
        async with runner_at(home / "run" / "show.sock", managed=False):
            with pytest.raises(BusyError, match="in the foreground"):
                await runners.start("show")


async def test_only_a_dead_runners_socket_is_cleared_away(home: Path, runners: Runners) -> None:
    """That of one that has its lock stays: it is coming up, or hangs."""
    for name in ("dead", "held"):
        stale(home / "run" / f"{name}.sock")
    with only_runner(lock_of(home / "state", "held"), "held"):
        await runners.find()
    assert ["held.sock"] == [path.name for path in (home / "run").iterdir()]


async def test_a_name_answers_from_its_first_moment(home: Path, runners: Runners) -> None:
    """Between its making and the first answer nobody takes a socket for a dead one's; no draft is left."""
    path = home / "run" / "show.sock"
    with calls._bind(path, BusyError("busy")), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        assert [path] == list((home / "run").iterdir())
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        with pytest.raises(BusyError):
            calls._bind(path, BusyError("busy"))


def test_drafts_of_the_killed_are_cleared_away(home: Path) -> None:
    """Sockets that never got their names, by the pids of those who are dead; nothing else."""
    dead, living, other = (home / "run" / name for name in (".3ffffff", f".{os.getppid():x}", ".hidden"))
    for path in (dead, living, other):
        stale(path)
    calls._bind(home / "run" / "show.sock", BusyError("busy")).close()
    assert {living, other, home / "run" / "show.sock"} == set((home / "run").iterdir())


async def test_a_lost_name_is_made_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with its folder gone; another's is left alone, and the end leaves nothing."""
    monkeypatch.setattr(calls, "KEEP_S", 0.01)
    path = home / "run" / "show.sock"
    async with asyncio.timeout(BOUND_S), runner_at(path):
        path.unlink()
        path.parent.rmdir()
        await until(path.exists, "the name is there again")
        async with connect(path) as peer:
            assert os.getpid() == peer.hello["pid"]
        path.unlink()
        path.write_text("another's")
        await asyncio.sleep(0.05)
        assert "another's" == path.read_text()
        path.unlink()
        await until(path.exists, "the name is there again")
    assert not path.exists()


async def test_a_hung_socket_is_waited_for_once(
    home: Path, runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are found at once from then on; and it, too, when it answers again."""
    path = home / "run" / "hung.sock"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen(8)
        monkeypatch.setattr(module, "_FIND_S", 0.05)
        assert [] == await runners.find()
        monkeypatch.setattr(module, "_FIND_S", 10 * BOUND_S)
        async with runner_at(home / "run" / "show.sock"):
            assert ["show"] == [one.name for one in await runners.find()]
            assert ["show"] == [one.name for one in await runners.find()]


async def test_find_beside_start_holds_a_runner_once(home: Path, runners: Runners) -> None:
    """Both get the same; when it leaves, that is said once."""
    gone: list[str] = []
    runners.on_gone = gone.append
    path = home / "run" / "show.sock"
    async with runner_at(path):
        first, second = await asyncio.gather(runners._hold(path), runners._hold(path))
        assert [first] == list(runners.known().values())
        assert first is second
    await until(lambda: not runners.known(), "it is seen to leave")
    assert ["show"] == gone


async def test_every_name_that_a_profile_can_have_is_its_own(home: Path, runners: Runners) -> None:
    """`controller` and `ingest-a` are profiles; the controller's and the listeners' sockets are not."""
    names = ("controller", "ingest-a", "_controller", "_ingest-a-1935")
    async with contextlib.AsyncExitStack() as stack:
        for name in names:
            await stack.enter_async_context(runner_at(home / "run" / f"{name}.sock"))
        assert {"controller", "ingest-a"} == {one.name for one in await runners.find()}


ERROR = encode({"error": {"message": "no ffmpeg", "hint": "get one", "code": 5}})

SAID = {
    "nothing": (b"", None),
    "a warning": (b"x.py:1: DeprecationWarning: old\n  import y\n", None),
    "an error": (ERROR, "no ffmpeg"),
    "an error after a warning": (b"UserWarning: old\n" + ERROR, "no ffmpeg"),
    "something else": (b'{"hello": 1}\n[1]\n{"error": "text"}\n', None),
}


@pytest.mark.parametrize(("said", "expected"), SAID.values(), ids=SAID)
def test_only_an_error_is_a_failure(said: bytes, expected: str | None) -> None:
    """What a library says of itself does not keep a runner from starting."""
    failed = failure(said)
    assert expected == (failed and failed.message.removeprefix("its runner does not start: "))


@pytest.mark.usefixtures("no_process_left")
async def test_a_runner_that_ends_at_once_has_failed(
    runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word, or with one that is no message."""
    monkeypatch.setattr(Runners, "_command", lambda *_: ["/bin/sh", "-c", "echo Killed >&2; exit 1"])
    with pytest.raises(SpiritError, match="the runner of 'show' does not start"):
        await runners.start("show")


def test_warnings_are_not_passed_on() -> None:
    """Those of whoever started the controller are none of a runner's."""
    passed = environment({"PYTHONWARNINGS": "always", "HOME": "/home/x", "SHOW_KEY": "canary"})
    assert {"HOME", "PYTHONPATH"} == passed.keys()


def test_proxies_are_passed_on() -> None:
    """A runner asks platforms for their servers itself, by the way that this machine has."""
    ours = {"https_proxy": "http://p.example:3128", "NO_PROXY": "localhost"}
    assert ours.items() <= environment(ours).items()
