"""One child: what it gets, what it may do to us, and how it ends, tried with programs that misbehave."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

import spiritstream
from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.child import KEPT_LINES, Argv, Child, spawn
from spiritstream.ffmpeg.lines import LONGEST_BYTES
from spiritstream.model.status import Progress
from spiritstream.secret import MASK, Secret
from tests.children import child
from tests.live.processes import alive, kill, until

# An end that takes longer than this is none. The ladder's own bounds sum up to 3 s.
BOUND_S = 10
CANARY = "c4n4ry/+9f8e7d"

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")


def command(program: object, *arguments: str | Secret) -> Callable[[int], Argv]:
    """A command line that reports its progress, as every child's does."""
    return lambda fd: (str(program), *arguments, "-progress", f"pipe:{fd}")


def close(started: Child) -> None:
    """Close our ends of a child's media pipes, as whoever uses them does."""
    for fd in (started.stdin_fd, started.stdout_fd):
        if fd is not None:
            os.close(fd)


async def end(*all_started: Child) -> None:
    """End children whose end is not what is tested."""
    for started in all_started:
        kill(started.pid)
        await started.wait()
        close(started)


async def said(started: Child, text: str) -> None:
    """Wait until a child has said something."""
    await until(lambda: any(text in line for line in started.lines), f"'{text}' on stderr")


def descriptors() -> list[str]:
    """What this process has open, by number."""
    return sorted(path.name for path in Path("/dev/fd").iterdir())


LADDER = [
    ("leak_key", {"code": 0}, 0),  # goes at the end of file
    ("ignore_eof", {}, 255),  # goes at SIGINT
    ("hang", {}, -signal.SIGKILL),  # goes at nothing but SIGKILL
]


@pytest.mark.parametrize(("name", "settings", "status"), LADDER, ids=[row[0] for row in LADDER])
async def test_the_stop_ladder_ends_every_child(
    tmp_path: Path, name: str, settings: dict[str, object], status: int
) -> None:
    """A child goes at the first rung that it heeds, and the last one leaves it no choice."""
    started = spawn(command(child(tmp_path, name, **settings)), stdin=True)
    if name != "ignore_eof":
        await said(started, "hanging" if name == "hang" else "Output")
    fd = started.stdin_fd
    assert fd is not None
    assert status == await asyncio.wait_for(started.stop(lambda: os.close(fd)), BOUND_S)
    assert (status, False) == (started.returncode, alive(started.pid))


async def test_a_child_without_stdin_is_stopped_by_signals(tmp_path: Path) -> None:
    """The ladder begins at SIGINT where there is no stdin to end."""
    started = spawn(command(child(tmp_path, "hang")))
    await said(started, "hanging")
    assert -signal.SIGKILL == await asyncio.wait_for(started.stop(), BOUND_S)


async def test_a_cancelled_stop_kills(tmp_path: Path) -> None:
    """Whoever is interrupted while stopping a child leaves none."""
    started = spawn(command(child(tmp_path, "hang")))
    await said(started, "hanging")
    stopping = asyncio.create_task(started.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    assert -signal.SIGKILL == await asyncio.wait_for(started.wait(), BOUND_S)


async def test_stopping_what_has_ended_is_harmless(tmp_path: Path) -> None:
    """A child that is gone is not signalled, and its exit status stays."""
    started = spawn(command(child(tmp_path, "exit_now", code=3)))
    await started.wait()
    assert [3, 3] == [await started.stop(), await started.stop()]


@pytest.mark.parametrize("code", [0, 1, 145, 255])
async def test_exit_status_and_last_words(tmp_path: Path, code: int) -> None:
    """A child that ends at once is reported with its status, and nothing that it said is lost."""
    started = spawn(command(child(tmp_path, "exit_now", code=code, text="first\rlast words")))
    assert code == await asyncio.wait_for(started.wait(), BOUND_S)
    assert ["first", "last words"] == list(started.lines)


async def test_a_killed_child_has_the_signal_as_its_status(tmp_path: Path) -> None:
    """kill -9 from outside is seen as such."""
    started = spawn(command(child(tmp_path, "hang")))
    kill(started.pid)
    assert -signal.SIGKILL == await asyncio.wait_for(started.wait(), BOUND_S)


async def test_a_flood_on_stderr_is_bounded(tmp_path: Path) -> None:
    """Megabytes without an end of line cost neither memory nor the loop's time; the last words are kept."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    program = child(tmp_path, "chatty", lines=30_000, line_bytes=2_000_000)
    tracemalloc.start()
    try:
        started = spawn(command(program), stdin=True)
        await until(lambda: "Error: the last words" in started.lines, "the last words", 30)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        ticking.cancel()
    # It was held up for some seconds, in which the loop had time for others.
    assert 50 < ticks
    assert peak_bytes < 4 * 1024 * 1024
    assert KEPT_LINES == len(started.lines)
    assert LONGEST_BYTES == max(map(len, started.lines))
    close(started)
    assert 0 == await asyncio.wait_for(started.wait(), BOUND_S)


async def test_progress_is_parsed(tmp_path: Path) -> None:
    """What a child reports on its progress pipe is there as values."""
    started = spawn(command(child(tmp_path, "progress_stuck", stuck_at=2, period=0.05)), stdin=True)
    expected = Progress(frame=60, fps=30.0, speed=1.0, size_bytes=1000, time_s=2.0)
    await until(lambda: started.progress == expected, "a report")
    close(started)
    assert 0 == await asyncio.wait_for(started.wait(), BOUND_S)


def not_there(folder: Path) -> Path:
    """No such file."""
    return folder / "nothing"


def not_executable(folder: Path) -> Path:
    """A file that may not be run."""
    (folder / "plain").write_text("#!/bin/sh\n")
    return folder / "plain"


def a_folder(folder: Path) -> Path:
    """A folder."""
    return folder


@pytest.mark.parametrize("make", [not_there, not_executable, a_folder])
async def test_a_program_that_cannot_be_started(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """It is refused with the reason, without what stood on its command line, and leaves nothing open."""
    before = descriptors()
    with pytest.raises(SpiritError, match="cannot be started") as caught:
        spawn(command(make(tmp_path), Secret(CANARY)), stdin=True, stdout=True, secrets=[Secret(CANARY)])
    assert before == descriptors()
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert CANARY not in repr([(error, getattr(error, "__dict__", None)) for error in chain])


async def test_without_descriptors_nothing_starts_and_nothing_leaks(tmp_path: Path) -> None:
    """However few descriptors are left: a refusal for a person, no process, and no pipe left open."""
    program = child(tmp_path, "leak_key")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = descriptors()
    refused = 0
    started = None
    while started is None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + refused, hard))
        try:
            started = spawn(command(program, Secret(CANARY)), stdin=True, stdout=True)
        except SpiritError as error:
            refused += 1
            assert "Too many open files" in str(error)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if started is None:
            assert before == descriptors()
    await started.stop()
    close(started)
    assert 4 < refused


async def test_every_end_is_noticed_where_the_system_lacks_pidfd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many children that run for long do not keep the end of one from being seen."""

    def lacking(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", lacking, raising=False)
    stays = child(tmp_path, "leak_key", code=0)
    long = [spawn(command(stays), stdin=True) for _ in range(40)]
    short = spawn(command(child(tmp_path, "exit_now", code=7)))
    assert 7 == await asyncio.wait_for(short.wait(), BOUND_S)
    for started in long:
        close(started)
    assert [0] * 40 == await asyncio.gather(*(started.wait() for started in long))


async def test_fifty_children_leave_no_descriptor(tmp_path: Path) -> None:
    """Starting and stopping, for months: the number of open descriptors stays as it is."""
    ends, heeds = child(tmp_path, "exit_now"), child(tmp_path, "leak_key")

    async def cycle(number: int) -> None:
        started = spawn(command(ends if number % 2 else heeds), stdin=True, stdout=True)
        if number % 4 < 2:
            await started.stop()
        close(started)
        await started.wait()

    await cycle(0)
    before = descriptors()
    for number in range(50):
        await cycle(number)
    assert before == descriptors()


@linux
async def test_our_environment_stays_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that a profile takes a key from does not reach a child; nor do ffmpeg's own report files."""
    monkeypatch.setenv("TWITCH_KEY", CANARY)
    monkeypatch.setenv("FFREPORT", "file=report.log")
    monkeypatch.setenv("LANG", "C.UTF-8")
    started = spawn(command(child(tmp_path, "hang")))
    await said(started, "hanging")
    environment = Path(f"/proc/{started.pid}/environ").read_text().split("\0")
    await end(started)
    assert "LANG=C.UTF-8" in environment
    assert [] == [entry for entry in environment if "TWITCH" in entry or "FFREPORT" in entry]


@linux
async def test_a_child_has_only_its_own_descriptors(tmp_path: Path) -> None:
    """Nothing that we have open is inherited: a sibling's pipe held open would never end."""
    first = spawn(command(child(tmp_path, "hang")), stdin=True, stdout=True)
    second = spawn(command(child(tmp_path, "hang")))
    await said(second, "hanging")
    pipes = {path.readlink() for path in Path(f"/proc/{second.pid}/fd").iterdir()}
    ours = {Path(f"/proc/self/fd/{fd}").readlink() for fd in (first.stdin_fd, first.stdout_fd)}
    await end(first, second)
    assert set() == pipes & ours


async def test_the_terminals_signals_do_not_reach_a_child(tmp_path: Path) -> None:
    """ctrl-C goes to our process group: a child is in a session of its own, and is stopped in order."""
    started = spawn(command(child(tmp_path, "hang")))
    await said(started, "hanging")
    session = os.getsid(started.pid)
    await end(started)
    assert (True, True) == (session == started.pid, session != os.getsid(0))


AWKWARD = ["canary-plain", "canary/with+signs=&%20?x=y", "canäry ü", "canary'\"quoted"]


@linux
@pytest.mark.parametrize("text", AWKWARD, ids=range(len(AWKWARD)))
async def test_a_key_is_masked_in_argv_and_scrubbed_from_stderr(tmp_path: Path, text: str) -> None:
    """Once the child has opened its URL, its command line shows the key no more, however it was spelled."""
    secret, heard = Secret(text), list[str]()
    argv = [f"rtmp://host/app/{form}" for form in secret.forms()]
    started = spawn(
        command(child(tmp_path, "leak_key"), *argv, "after"),
        stdin=True,
        secrets=[secret],
        mask_on="Output #0",
        on_line=heard.append,
    )
    await said(started, "Output #0")
    seen = Path(f"/proc/{started.pid}/cmdline").read_bytes()
    close(started)
    await started.wait()
    assert started.masked
    for form in secret.forms():
        assert form.encode() not in seen
        assert form not in "\n".join([*started.lines, *heard])
    masked = b"".join(b"rtmp://host/app/%s\0" % (b"*" * len(form.encode())) for form in secret.forms())
    assert masked + b"after\0" in seen
    assert f"rtmp://host/app/{MASK}" in started.lines[0]


@linux
async def test_a_key_is_not_masked_before_the_url_is_open(tmp_path: Path) -> None:
    """Masked too early, ffmpeg would publish under the mask: other lines do not trigger it."""
    program = child(tmp_path, "hang")
    started = spawn(command(program, CANARY), secrets=[Secret(CANARY)], mask_on="Output #0")
    await said(started, "hanging")
    assert CANARY.encode() in Path(f"/proc/{started.pid}/cmdline").read_bytes()
    assert not started.masked
    await end(started)


PARENT = """
import asyncio, os, sys
from spiritstream.ffmpeg.child import spawn

async def main():
    started = spawn(lambda fd: (sys.argv[1],), stdin=True, stdout=True)
    while not started.lines:
        await asyncio.sleep(0.01)
    print(started.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@linux
@pytest.mark.parametrize(
    ("name", "bound"), [("hang", True), ("leak_key", False)], ids=["by the kernel", "by its pipes"]
)
def test_a_child_does_not_outlive_its_killed_parent(tmp_path: Path, name: str, bound: bool) -> None:
    """SIGKILL of the parent ends a child that hangs; without `setpriv`, one that heeds its pipes."""
    if bound and not shutil.which("setpriv"):
        pytest.skip("setpriv is missing (apt-get install util-linux)")
    source = str(Path(spiritstream.__file__).parents[1])
    environment = {"PYTHONPATH": source, "PATH": os.environ["PATH"] if bound else str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(child(tmp_path, name))], env=environment, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    asyncio.run(until(lambda: not alive(pid), "the child is gone", 5))
