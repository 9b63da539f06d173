"""A runner that hangs is reported, never replaced by itself, and ended for good when a person wants it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.control import client, hanging
from spiritstream.control import runners as module
from spiritstream.control.client import SilentError
from spiritstream.control.hanging import Silence, end_hung, hung_runner
from spiritstream.control.outfit import Outfit
from spiritstream.control.runnerlock import holder, lock_of, no_runner, only_runner
from spiritstream.control.runners import Runners
from spiritstream.errors import BusyError, PeerError
from tests.live.processes import alive, kill, until

BOUND_S = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with `run` and `state` in it, of a name short enough for sockets."""
    with TemporaryDirectory(prefix="spirit-") as name:
        for folder in ("run", "state"):
            (Path(name) / folder).mkdir(mode=0o700)
        yield Path(name)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs is waited for only for a moment."""
    monkeypatch.setitem(client.connect.__wrapped__.__kwdefaults__, "within_s", 0.5)  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "_TOLD_S", 0.5)
    monkeypatch.setattr(module, "_FIND_S", 0.5)
    for where in (module, hanging):
        monkeypatch.setattr(where, "GRACE_S", 0.2)


@pytest.fixture
async def runners(home: Path) -> AsyncIterator[Runners]:
    """The runners of `home`, whose ffmpeg only tells its version."""
    found = holders(home)
    async with asyncio.timeout(BOUND_S):
        yield found
    found.let_go()


def holders(home: Path) -> Runners:
    """A controller's grip on the runners of `home`."""
    ffmpeg = home / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\necho ffmpeg version 9.0\n")
    ffmpeg.chmod(0o755)
    return Runners(home / "run", home / "state" / "logs", Outfit(str(ffmpeg)))


@contextlib.asynccontextmanager
async def stopped(runners: Runners) -> AsyncIterator[int]:
    """A runner that was started, and does not go on: its pid."""
    info = await runners.start("show")
    os.kill(info.pid, signal.SIGSTOP)
    try:
        yield info.pid
    finally:
        kill(info.pid)
        await until(lambda: not alive(info.pid), "the runner is gone")


@pytest.mark.usefixtures("no_process_left", "impatient")
async def test_one_that_is_held_is_killed_and_replaced(home: Path, runners: Runners) -> None:
    """SIGTERM does not reach what is stopped; when `end` returns it is gone, and the next one can start."""
    async with stopped(runners) as pid:
        await runners.end("show")
        assert {} == runners.known()
        # Its sockets are closed a moment before it is counted as dead.
        await until(lambda: not alive(pid), "it is gone")
        assert pid != (await runners.start("show")).pid
        await runners.end("show")


@pytest.mark.usefixtures("no_process_left", "impatient")
async def test_one_that_was_never_held_is_killed_and_replaced(home: Path, runners: Runners) -> None:
    """A new controller finds only a socket where nobody answers: it has no rival until a person says so."""
    async with stopped(runners) as pid:
        runners.let_go()
        successor = holders(home)
        assert [] == await successor.find()
        with pytest.raises(BusyError, match=rf"pid {pid}\) is alive and does not answer") as caught:
            await successor.start("show")
        assert "spiritstream restart show" in caught.value.hint
        assert alive(pid)
        await successor.end("show")
        assert [] == list((home / "run").iterdir())
        await until(lambda: not alive(pid), "it is gone")
        assert pid != (await successor.start("show")).pid
        await successor.end("show")
        successor.let_go()


@pytest.mark.usefixtures("no_process_left", "impatient")
async def test_one_that_somebody_has_killed_meanwhile_is_no_trouble(home: Path, runners: Runners) -> None:
    """As the advice says, by hand: its lock still names it, and that pid may be another's by now."""
    async with stopped(runners) as pid:
        runners.let_go()
        successor = holders(home)
        await successor.find()
        kill(pid)
        await until(lambda: not alive(pid), "it is gone")
        await successor.end("show")
        assert [] == list((home / "run").iterdir())
        successor.let_go()


@pytest.mark.usefixtures("no_process_left", "impatient")
@pytest.mark.parametrize("case", ["of another version", "without its socket"])
async def test_one_that_does_not_hang_is_given_the_time_to_end_in_order(
    home: Path, runners: Runners, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """It cannot be told on its socket, but by SIGTERM: that takes as long as any other end."""
    monkeypatch.setattr(module, "_END_S", 40.0)
    monkeypatch.setattr(module, "_LEAVING_S", 0.0)
    async with stopped(runners) as pid:
        if case == "of another version":
            runners._held["show"].peer.hello["protocol"] = -1
        else:
            (home / "run" / "show.sock").unlink()
        asyncio.get_running_loop().call_later(1.0, os.kill, pid, signal.SIGCONT)
        await runners.end("show")
        await until(lambda: not alive(pid), "it is gone")
    assert "the runner has ended" in (home / "state" / "logs" / "show.jsonl").read_text()


@pytest.mark.usefixtures("no_process_left", "impatient")
async def test_one_that_does_not_answer_is_named_with_what_to_do(runners: Runners) -> None:
    """By its pid; when it goes on, so does everything else."""
    async with stopped(runners) as pid:
        with pytest.raises(SilentError, match=rf"pid {pid}, does not answer.*`spiritstream restart show`"):
            await runners.call("show", "status")
        os.kill(pid, signal.SIGCONT)
        await runners.call("show", "status", within_s=20)
        await runners.end("show")


def test_the_silence_is_told_in_seconds() -> None:
    """Since the first call that was not answered, until one is."""
    now = 100.0
    silence = Silence(lambda: now)
    assert "pid 7, does not answer" in silence.missed("show", 7)
    now = 175.0
    assert "pid 7, has not answered for 75 s" in silence.missed("show", 7)
    silence.heard("show")
    assert re.match("it does not answer", silence.missed("show", None))


async def test_what_no_controller_started_is_not_killed(home: Path) -> None:
    """Somebody's `spiritstream run` hangs: it is named, and theirs to end. So is what nobody knows."""
    lock = lock_of(home / "state", "show")
    with only_runner(lock, "show"):
        assert None is hung_runner(lock, "show")
        with pytest.raises(PeerError, match="no controller started it") as caught:
            await end_hung(lock, "show")
        assert f"kill {os.getpid()}" in caught.value.hint
        lock.write_text("")
        with pytest.raises(PeerError, match="no controller started it"):
            await end_hung(lock, "show")


async def test_a_pid_that_was_given_away_is_not_killed(home: Path) -> None:
    """The lock is free: whoever it names is not its holder any more. Nor is another show's this one's."""
    lock = lock_of(home / "state", "show")
    code = "import time; time.sleep(100)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, "spiritstream.cli.runner", "other"
    )
    try:
        with only_runner(lock, "show"):
            pass
        lock.write_text(f"{process.pid}\n")
        assert (process.pid, None) == (holder(lock), hung_runner(lock, "show"))
        with only_runner(lock, "show"):
            lock.write_text(f"{process.pid}\n")
            assert None is hung_runner(lock, "show")
        with no_runner(lock) as free:
            assert free
    finally:
        process.kill()
        await process.wait()
