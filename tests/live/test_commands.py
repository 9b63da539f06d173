"""The commands on real parts: a `spiritstream run` in a terminal, and a controller that `apply` starts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from spiritstream.errors import ExitCode
from tests.live.processes import alive, descendants, kill, until
from tests.live.program import BOUND_S, Home, Said, call, running
from tests.live.sinks import RtmpSink

KEY = "canary-7f3a-key"
TEXT = """\
version: 1
name: show
input: {test: {size: 320x180, fps: 10, bitrate: 200k}}
groups:
  source:
    targets:
      a: {url: "%s", key: {env: KEY}}
      tape: {record: "%%Y-%%m-%%d_%%H-%%M-%%S.mkv"}
"""


@pytest.fixture
def home() -> Iterator[Home]:
    """Folders whose names are short enough for sockets, and a key."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Home(Path(name), {"KEY": KEY})


@pytest.fixture
def file(home: Home, sink: RtmpSink) -> Path:
    """A profile with two targets."""
    path = home.work / "show.yaml"
    path.write_text(TEXT % sink.url())
    return path


@contextlib.asynccontextmanager
async def foreground(home: Home, file: Path, ffmpeg: str) -> AsyncIterator[Any]:
    """`spiritstream run`, with its socket where commands look for it; with both targets live."""
    sockets = home.made("xdg_runtime_dir") / "spiritstream"
    sockets.mkdir(mode=0o700, exist_ok=True)
    async with running(home, file, "--ffmpeg", ffmpeg, "--socket", sockets / "show.sock") as program:
        program.socket = sockets / "show.sock"
        await program.live("a", "tape")
        yield program


@contextlib.asynccontextmanager
async def controlled(home: Home) -> AsyncIterator[None]:
    """Ends a controller that a command starts, and what it started."""
    before = {process.pid for process in descendants()}
    try:
        yield
        said = await call(home, "down")
        assert (0, b"") == (said.code, said.err)
        await until(lambda: not {p.pid for p in descendants()} - before, "everything has ended")
    finally:
        for process in descendants():
            if process.pid not in before:
                kill(process.pid)


async def begin(home: Home, *words: object) -> asyncio.subprocess.Process:
    """Start a command."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "spiritstream", *map(str, words)),
        cwd=home.work,
        env=home.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def status(home: Home) -> dict[str, Any]:
    """What `status` says of the show."""
    said = await call(home, "status", "show", "--output", "json")
    assert 0 == said.code, said.err
    (show,) = json.loads(said.out)["profiles"]
    assert isinstance(show, dict)
    return show


def states(show: dict[str, Any]) -> dict[str, str]:
    """The states by unit."""
    return {unit["path"].split(".")[-1]: unit["state"] for unit in show["runner"]["units"]}


def pids(show: dict[str, Any]) -> dict[str, int]:
    """The processes by unit."""
    return {unit["path"].split(".")[-1]: unit["pid"] for unit in show["runner"]["units"]}


def nothing_secret(*everything: Said) -> None:
    """No key in anything that was said."""
    assert not [said for said in everything if KEY.encode() in said.out + said.err]


async def test_foreground(home: Home, file: Path, any_ffmpeg: str) -> None:
    """Of a `spiritstream run`: its status, a plan, a restart of one target alone, and its end in order."""
    async with foreground(home, file, any_ffmpeg) as program:
        show = await status(home)
        assert {"input": "live", "source": "live", "a": "live", "tape": "live"} == states(show)

        file.write_text(file.read_text().replace("tape:", "band:"))
        planned = await call(home, "plan", file)
        ends = f"(ends pid {pids(show)['tape']})"
        assert (
            ExitCode.PENDING,
            ["show (" + str(file) + ")", f"  stop show/source/tape: removed {ends}"],
        ) == (
            planned.code,
            planned.out.decode().splitlines()[:2],
        )

        restarted = await call(home, "restart", "show/source/tape")
        assert (0, b"show/source/tape: restarted\n") == (restarted.code, restarted.out)
        await program.until("tape", lambda unit: unit.restarts == 1 and unit.pid is not None)
        assert pids(show)["a"] == pids(await status(home))["a"]
        waited = await call(home, "wait", "show")
        assert (0, b"") == (waited.code, waited.err)

        refused = await call(home, "stop", "show/source")
        assert ExitCode.USAGE == refused.code
        ended = await call(home, "stop", "show")
        assert (0, b"show: ended\n", b"") == (ended.code, ended.out, ended.err)
        assert 0 == await program.ended()
    nothing = await call(home, "status", "--exit-code")
    assert (0, b"Nothing is on air.\n") == (nothing.code, nothing.out)
    nothing_secret(planned, restarted, waited, refused, ended)


async def test_apply(home: Home, file: Path, sink: RtmpSink, any_ffmpeg: str) -> None:
    """From a file to air with nothing running before; an edit that restarts one target; orders by hand."""
    home.extra["SPIRITSTREAM_FFMPEG"] = any_ffmpeg
    async with controlled(home):
        applied = await call(home, "apply", file)
        assert 0 == applied.code, applied.err
        lines = applied.out.decode().splitlines()
        assert lines[0].startswith("no controller ran: one is started in the background (pid ")
        assert ("  start show/source/a: wanted and not running" in lines, lines[-1]) == (
            True,
            "show: on air, 2 targets live",
        )
        before = await status(home)
        assert (True, []) == (before["revision_wanted"] == before["revision_applied"], before["reasons"])
        again = await call(home, "apply", file)
        assert (0, "nothing changes") == (again.code, again.out.decode().splitlines()[0])

        file.write_text(file.read_text().replace("%M-%S.mkv", "%M-%S.mp4"))
        differs = await call(home, "diff", file)
        removed = [line for line in differs.out.splitlines() if line[:2] == b"- "]
        assert (ExitCode.PENDING, 1, True) == (differs.code, len(removed), b"%M-%S.mkv" in removed[0])
        planned = json.loads((await call(home, "plan", file, "--output", "json")).out)
        (change,) = planned["profiles"][0]["changes"]
        assert ("restart", [pids(before)["tape"]]) == (change["action"], change["pids"])
        edited = await call(home, "apply", file, "--plan-id", planned["id"])
        assert 0 == edited.code, edited.err
        stale = await call(home, "apply", file, "--plan-id", planned["id"])
        assert ExitCode.GUARDED == stale.code
        after = await status(home)
        assert pids(before)["a"] == pids(after)["a"]
        assert pids(before)["tape"] != pids(after)["tape"]

        stopped = await call(home, "stop", "show/source/tape", "--until", "30m")
        assert b"show/source/tape: stopped by hand until " in stopped.out
        show = await status(home)
        assert {"input": "live", "source": "live", "a": "live"} == states(show)
        assert ["show/source/tape"] == [one["path"] for one in show["overrides"]]
        assert ExitCode.PENDING == (await call(home, "status", "--exit-code")).code
        started = await call(home, "start", "show/source/tape")
        assert (0, b"show/source/tape: as its file orders it\n") == (started.code, started.out)
        assert 0 == (await call(home, "wait", "show")).code

        logged = await call(home, "logs", "show/tape", "-n", "2")
        assert [b"source/tape: live"] == [line[20:] for line in logged.out.splitlines()[-1:]]
        assert 1 == len([c for c in sink.connections if c.stream == KEY])
    nothing_secret(applied, again, edited, stale, stopped, started, logged)


async def test_not_live(home: Home, file: Path, any_ffmpeg: str) -> None:
    """A platform that is down: `apply` waits, and ctrl-C ends the waiting, not the show. When its time is
    over it ends with 7, and says which target is not live, and why; the rest is on air."""
    home.extra.update(SPIRITSTREAM_FFMPEG=any_ffmpeg, PYTHONUNBUFFERED="1")
    file.write_text(TEXT % "rtmp://127.0.0.1:1/live")
    async with controlled(home):
        waiting = await begin(home, "apply", file, "--timeout", "2m")
        assert waiting.stdout
        async with asyncio.timeout(3 * BOUND_S):
            while (line := await waiting.stdout.readline()) != b"show/source/tape: live\n":
                assert line, await waiting.communicate()
            waiting.send_signal(signal.SIGINT)
            _, err = await waiting.communicate()
        assert (130, False) == (waiting.returncode, b"Traceback" in err)
        assert "live" == states(await status(home))["tape"]

        said = await call(home, "apply", file, "--timeout", "0s")
        assert ExitCode.NOT_LIVE == said.code
        missing = [line for line in said.err.decode().splitlines() if line.startswith("  show/")]
        assert ["  show/source/a"] == [line.split(":")[0] for line in missing]
        assert "nothing listens at that port" in missing[0]
        assert "live" == states(await status(home))["tape"]
    nothing_secret(said)


async def test_uplink(home: Home, file: Path, any_ffmpeg: str) -> None:
    """What the line cannot carry is not put on air: refused with both figures, by `apply` and by `run`. As
    soon as the settings say that there is more, it goes on air; `status` says what is declared."""
    home.extra["SPIRITSTREAM_FFMPEG"] = any_ffmpeg
    file.write_text(TEXT % "rtmp://platform.invalid/live")
    assert 0 == (await call(home, "config", "set", "uplink", "300k")).code
    run = await call(home, "run", file, "--ffmpeg", any_ffmpeg)
    assert (ExitCode.GUARDED, b"'show' would send 0.33M, and the uplink is 0.3M" in run.err) == (
        run.code,
        True,
    )
    async with controlled(home):
        applied = await call(home, "apply", file)
        assert (ExitCode.GUARDED, b"`spiritstream config set uplink`" in applied.err) == (applied.code, True)
        held = json.loads((await call(home, "status", "--output", "json")).out)
        assert (300_000, 0) == tuple(held["controller"]["uplink"][one] for one in ("bps", "declared_bps"))
        assert ("it would send 0.33M", None) == (
            held["profiles"][0]["held"][:19],
            held["profiles"][0]["runner"],
        )

        assert 0 == (await call(home, "config", "set", "uplink", "1M")).code
        os.kill(held["controller"]["pid"], signal.SIGHUP)
        assert 7 == (await call(home, "apply", file, "--timeout", "5s")).code
        assert "live" == states(await status(home))["tape"]
        assert b"uplink: 0.33M of 1M are declared" in (await call(home, "status")).out
    nothing_secret(run, applied)


async def test_beside_a_foreground_show(home: Home, file: Path, any_ffmpeg: str) -> None:
    """A controller leaves a `spiritstream run` alone; commands know which of the two they talk to."""
    home.extra["SPIRITSTREAM_FFMPEG"] = any_ffmpeg
    other = home.work / "other.yaml"
    other.write_text("version: 1\nname: other\nenabled: false\ninput: {test: {}}\n")
    async with controlled(home), foreground(home, file, any_ffmpeg) as program:
        applied = await call(home, "apply", other)
        assert (0, "other: nothing of it is wanted live, and nothing runs") == (
            applied.code,
            applied.out.decode().splitlines()[-1],
        )
        assert "live" == states(await status(home))["a"]
        pid = (await program.status()).pid
        assert alive(pid)
        ended = await call(home, "stop", "show")
        assert (0, b"show: ended\n") == (ended.code, ended.out)
        assert 0 == await program.ended()


async def test_controller_that_cannot_start(home: Home, file: Path) -> None:
    """When the controller in the background ends at once, `apply` ends as it did, and tells its words."""
    home.extra["SPIRITSTREAM_FFMPEG"] = "/nonexistent"
    for _ in range(2):
        said = await call(home, "apply", file)
        assert (ExitCode.UNEXPECTED, b"") == (said.code, said.out)
        assert [
            "spiritstream: the controller ended at once, with 1",
            "  spiritstream: /nonexistent (SPIRITSTREAM_FFMPEG) is no program that can be run",
            "    hint: correct it, or leave it out",
            f"  hint: its log: {home.folder}/xdg_state_home/spiritstream/controller.log",
        ] == said.err.decode().splitlines()
