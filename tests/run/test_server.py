"""The runner's socket, over a real one: what may be asked, by whom, and that no client can harm the show."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from spiritstream.errors import BusyError, ExitCode, SpiritError, UsageError
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.changes import Change
from spiritstream.model.profile import Address, Group, Profile, Target, TestInput
from spiritstream.model.status import Status
from spiritstream.run.runner import Runner
from spiritstream.run.server import serve
from spiritstream.run.unit import Tools
from spiritstream.secret import Secret
from spiritstream.wire import MAX_LINE_BYTES, PROTOCOL, encode, from_data, to_data
from tests.live.processes import alive, until
from tests.run.asking import Asking, RefusedError, asking

pytestmark = pytest.mark.usefixtures("no_process_left")

SOON_S = 15


def target(name: str) -> Target:
    """A target that no test connects to: its input is never ready."""
    return Target(name, Address("rtmp://127.0.0.1:1/live", Secret(f"canary-{name}")))


PROFILE = Profile(
    "show",
    TestInput(),
    (Group("source", (target("youtube"), target("twitch"))), Group("more", (target("kick"),))),
)
NOTHING = replace(PROFILE, enabled=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Path(name)


@pytest.fixture
async def runner(folder: Path) -> AsyncIterator[Runner]:
    """A runner whose children run and do nothing, until they are told to end."""
    ffmpeg = folder / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\nexec sleep 1000\n")
    ffmpeg.chmod(0o755)
    running = Runner(Tools(Ffmpeg(ffmpeg, (9, 0), "9.0", "PATH")))
    try:
        yield running
    finally:
        await running.stop()


@pytest.fixture
def stopped() -> asyncio.Event:
    """Set when a client asks for the end."""
    return asyncio.Event()


@pytest.fixture
async def path(runner: Runner, folder: Path, stopped: asyncio.Event) -> AsyncIterator[Path]:
    """The socket of `runner`, which is served. Its end must not wait for a client."""
    path = folder / "run" / "show.sock"
    async with serving(runner, path, stopped):
        yield path


@contextlib.asynccontextmanager
async def serving(runner: Runner, path: Path, stopped: asyncio.Event | None = None) -> AsyncIterator[None]:
    """The runner, served at `path`."""
    async with asyncio.timeout(60), contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(serve(runner, path, (stopped or asyncio.Event()).set))
        yield
        async with asyncio.timeout(SOON_S):
            await stack.aclose()


@pytest.fixture
async def ask(path: Path) -> AsyncIterator[Asking]:
    """A client."""
    async with asking(path) as client:
        yield client


async def refused(ask: Asking, call: str, **args: Any) -> RefusedError:
    """The error that a call is answered with; the connection stays good."""
    with pytest.raises(RefusedError) as caught:
        await ask(call, **args)
    assert await ask("status")
    return caught.value


def pids(runner: Runner) -> dict[str, int | None]:
    """The processes by unit."""
    return {unit.path: unit.pid for unit in runner.status().units}


async def test_hello(path: Path, runner: Runner) -> None:
    """The runner greets with its protocol, its version and its show, before anything is asked."""
    await runner.apply(NOTHING)
    async with asking(path) as ask:
        hello = ask.hello
    assert {"hello": "runner", "protocol": PROTOCOL, "profile": "show", "pid": os.getpid()} == {
        key: hello[key] for key in ("hello", "protocol", "profile", "pid")
    }
    assert {"version", "managed"} == hello.keys() - {"hello", "protocol", "profile", "pid"}


async def test_status(ask: Asking, runner: Runner) -> None:
    """The status comes as the model has it, with the units in the profile's order and no secret."""
    await runner.apply(PROFILE)
    data = await ask("status")
    status = from_data(Status, data)
    assert ("show", os.getpid(), "") == (status.profile, status.pid, status.error)
    assert [
        "input",
        "groups.source",
        "groups.source.targets.youtube",
        "groups.source.targets.twitch",
        "groups.more",
        "groups.more.targets.kick",
    ] == [unit.path for unit in status.units]
    assert "canary" not in str(data)


async def test_apply(ask: Asking, runner: Runner) -> None:
    """A profile that comes over the socket is put on air, secrets and all; the same again changes nothing."""
    started = await ask("apply", PROFILE)
    assert ["start"] * 6 == [change["action"] for change in started]
    assert PROFILE == runner.profile
    before = pids(runner)
    assert [] == await ask("apply", PROFILE)
    assert before == pids(runner)
    ended = await ask("apply", NOTHING)
    assert ["stop"] * 6 == [change["action"] for change in ended]
    assert {} == pids(runner)


async def test_a_large_profile(ask: Asking, runner: Runner) -> None:
    """A message may be megabytes long: a show can have many targets."""
    groups = (Group("many", tuple(target(f"t{n}-{'x' * 50}") for n in range(10_000))),)
    large = replace(PROFILE, groups=groups, enabled=False)
    assert 1_000_000 < len(encode({"profile": to_data(large)})) < MAX_LINE_BYTES
    assert [] == await ask("apply", large)
    assert large == runner.profile


async def test_plan(ask: Asking, runner: Runner) -> None:
    """A plan says what an apply would do and which processes it would end, and does nothing."""
    await ask("apply", PROFILE)
    await until(lambda: pids(runner)["input"] is not None, "the input's child")
    before, pid = pids(runner), pids(runner)["input"]
    assert pid is not None
    wanted = replace(PROFILE, input=TestInput(tone_hz=441), groups=PROFILE.groups[:1])
    planned = [from_data(Change, change) for change in await ask("plan", wanted)]
    assert [
        "stop groups.more: removed",
        "stop groups.more.targets.kick: removed",
        f"restart input: tone_hz changed (ends pid {pid})",
    ] == [str(change) for change in planned]
    assert (before, PROFILE) == (pids(runner), runner.profile)
    assert alive(pid)


PATHS = {
    "groups.source.targets.youtube": "groups.source.targets.youtube",
    "source/youtube": "groups.source.targets.youtube",
    "source.youtube": "groups.source.targets.youtube",
    "groups/source/targets/youtube": "groups.source.targets.youtube",
    "youtube": "groups.source.targets.youtube",
    "/kick/": "groups.more.targets.kick",
    "input": "input",
    "source": "groups.source",
    "groups.more": "groups.more",
}


@pytest.mark.parametrize("name", PATHS)
async def test_restart(ask: Asking, runner: Runner, name: str) -> None:
    """One unit is started anew, named by its full or a short path; no other."""
    await ask("apply", PROFILE)
    assert {} == await ask("restart", path=name)
    await until(lambda: any(unit.restarts for unit in runner.status().units), "a restart")
    assert {PATHS[name]: 1} == {unit.path: unit.restarts for unit in runner.status().units if unit.restarts}


async def test_a_restart_ends_the_child(ask: Asking, runner: Runner) -> None:
    """The unit's process is another afterwards."""
    await ask("apply", PROFILE)
    await until(lambda: pids(runner)["input"] is not None, "the input's child")
    first = pids(runner)["input"]
    await ask("restart", path="input")
    await until(lambda: pids(runner)["input"] not in (None, first), "another child")
    assert first is not None
    assert not alive(first)


# Groups and targets may be called like each other, and like the words of a path.
NAMES = Profile(
    "names",
    TestInput(),
    (
        Group("targets", (target("groups"), target("input"))),
        Group("groups", (target("targets"), target("same"))),
        Group("same", (target("x"),)),
    ),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("targets/groups", "groups.targets.targets.groups"),
        ("groups.groups.targets.targets", "groups.groups.targets.targets"),
        ("groups/targets", "groups.targets"),
        ("targets/input", "groups.targets.targets.input"),
        ("input", "input"),
        ("same", "groups.same"),
        ("groups/groups/targets/same", "groups.groups.targets.same"),
        ("x", "groups.same.targets.x"),
    ],
)
async def test_restart_by_awkward_names(ask: Asking, runner: Runner, name: str, expected: str) -> None:
    """Every unit can be named, whatever it is called; a whole name goes before the end of another."""
    await ask("apply", NAMES)
    await ask("restart", path=name)
    await until(lambda: any(unit.restarts for unit in runner.status().units), "a restart")
    assert [expected] == [unit.path for unit in runner.status().units if unit.restarts]


KNOWN_UNITS = "one of: input, source, source/youtube, source/twitch, more, more/kick"


@pytest.mark.parametrize(
    "name", ["nobody", "", "/", "source/kick", "youtube/source", "x" * 5000, 7, None, ["a"]]
)
async def test_restart_of_nobody(ask: Asking, runner: Runner, name: object) -> None:
    """An unknown name is refused with the names that are known."""
    await ask("apply", PROFILE)
    error = await refused(ask, "restart", path=name)
    assert (ExitCode.USAGE, KNOWN_UNITS) == (error.code, error.hint)
    assert error.message.startswith("there is no unit '")
    assert len(error.message) < 120
    assert not any(unit.restarts for unit in runner.status().units)


async def test_restart_of_either(ask: Asking) -> None:
    """A short name that two targets have is refused, with both in the hint."""
    groups = (Group("a", (target("same"),)), Group("b", (target("same"),)))
    await ask("apply", replace(PROFILE, groups=groups))
    error = await refused(ask, "restart", path="same")
    assert ("'same' is not unique", "one of: input, a, a/same, b, b/same") == (error.message, error.hint)


@pytest.mark.parametrize("call", ["statsu", "", None, 7, ["status"], "__init__", "canary" * 1000])
async def test_unknown_call(ask: Asking, call: Any) -> None:
    """A call that the runner does not know is refused with those that it does, and is not repeated."""
    error = await refused(ask, call)
    assert ExitCode.USAGE == error.code
    assert "it knows: status, plan, apply, restart, stop" == error.hint
    assert "canary" not in error.message


@pytest.mark.parametrize("call", ["plan", "apply"])
@pytest.mark.parametrize(
    "profile", [None, {}, [], "canary", {"name": "canary"}, {**to_data(PROFILE), "canary": 1}]
)
async def test_no_profile(ask: Asking, runner: Runner, call: str, profile: object) -> None:
    """What is no profile is refused, is not repeated, and changes nothing."""
    await ask("apply", PROFILE)
    ask.writer.write(encode({"id": "x", "call": call, "args": {"profile": profile}}))
    answer = await ask.line()
    assert b"update both ends to the same version" in answer
    assert b"canary" not in answer
    assert PROFILE == runner.profile


async def test_another_name(ask: Asking, runner: Runner) -> None:
    """A runner keeps its show: a profile of another name is refused, with what to do."""
    await ask("apply", PROFILE)
    error = await refused(ask, "apply", profile=replace(PROFILE, name="other"))
    assert "the profile's name changed, and a runner keeps its name" == error.message
    assert "start it anew under the new name" == error.hint
    assert PROFILE == runner.profile


async def test_stop(ask: Asking, stopped: asyncio.Event) -> None:
    """A stop is answered, and orders the end."""
    assert {} == await ask("stop")
    assert stopped.is_set()


async def test_an_ended_runner_starts_nothing(ask: Asking, runner: Runner) -> None:
    """Whoever asks while the runner ends is refused: nothing is started behind its back."""
    await ask("apply", PROFILE)
    ending = asyncio.create_task(runner.stop())
    await asyncio.sleep(0)
    error = await refused(ask, "apply", profile=replace(PROFILE, groups=(Group("new", (target("a"),)),)))
    await ending
    assert ExitCode.BUSY == error.code
    assert {} == pids(runner)


async def test_only_the_owner_gets_at_it(path: Path) -> None:
    """The socket is 0600, in a new folder that is 0700."""
    assert (0o600, 0o700) == (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode))


async def test_the_umask_stays(path: Path) -> None:
    """Recordings get the modes that the person asked for: the mask is narrow for a moment only."""
    before = os.umask(0o022)
    os.umask(before)
    assert before & 0o177 != 0o177


async def test_the_socket_goes_with_its_runner(runner: Runner, folder: Path) -> None:
    """An orderly end leaves no socket behind."""
    async with serving(runner, folder / "s"):
        assert (folder / "s").is_socket()
    assert not (folder / "s").exists()


async def test_busy(path: Path, runner: Runner, ask: Asking) -> None:
    """A second runner is refused with exit code 75 and what to do; the first does not notice."""
    with pytest.raises(BusyError) as caught:
        await serving(runner, path).__aenter__()
    assert (ExitCode.BUSY, f"a runner for this profile is on air already ({path})") == (
        caught.value.exit_code,
        caught.value.message,
    )
    assert "SIGHUP" in caught.value.hint
    assert await ask("status")
    async with asking(path) as other:
        assert await other("status")


async def test_a_busy_runner_is_not_a_dead_one(runner: Runner, folder: Path) -> None:
    """A socket whose runner is too busy to take one more connection is left alone."""
    with contextlib.ExitStack() as stack:
        holder = stack.enter_context(socket.socket(socket.AF_UNIX))
        holder.bind(str(folder / "s"))
        holder.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(str(folder / "s"))
        with pytest.raises(BusyError):
            await serving(runner, folder / "s").__aenter__()
        assert (folder / "s").is_socket()


async def test_what_a_killed_runner_left_is_replaced(runner: Runner, folder: Path) -> None:
    """A socket that nobody listens on is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "s"))
    assert (folder / "s").is_socket()
    async with serving(runner, folder / "s"), asking(folder / "s") as ask:
        assert await ask("status")


async def test_what_is_no_socket_is_never_deleted(runner: Runner, folder: Path) -> None:
    """A file, a folder or a link at the path stays as it is, and is said to be in the way."""
    (folder / "file").write_text("precious")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("file")
    (folder / "dangling").symlink_to("nowhere")
    for name in ("file", "folder", "link", "dangling"):
        with pytest.raises(UsageError) as caught:
            await serving(runner, folder / name).__aenter__()
        assert f"no socket can be made at {folder / name}: File exists" == caught.value.message
        assert "give another place with --socket" == caught.value.hint
    assert "precious" == (folder / "file").read_text()
    assert (folder / "folder").is_dir()
    assert ["file", "nowhere"] == [str((folder / name).readlink()) for name in ("link", "dangling")]


async def test_what_took_the_sockets_place_stays(runner: Runner, folder: Path) -> None:
    """If somebody removed the socket and put something else there, it is not ours to delete."""
    async with serving(runner, folder / "s"):
        (folder / "s").unlink()
        (folder / "s").write_text("precious")
    assert "precious" == (folder / "s").read_text()


BAD_PATHS = {
    "too long": (
        "x" * 200,
        "is too long for a socket",
        "give a shorter one: with --socket, or by XDG_RUNTIME_DIR",
    ),
    "in a file": ("file/s", "no socket can be made at", "give another place with --socket"),
    "in no real folder": ("/proc/s", "no socket can be made at", "give another place with --socket"),
}


@pytest.mark.parametrize("name", BAD_PATHS)
async def test_no_place_for_a_socket(runner: Runner, folder: Path, name: str) -> None:
    """A path that cannot be a socket is refused with the flag that gives another."""
    (folder / "file").touch()
    where, message, hint = BAD_PATHS[name]
    with pytest.raises(SpiritError) as caught:
        await serving(runner, folder / where).__aenter__()
    assert (ExitCode.USAGE, hint) == (caught.value.exit_code, caught.value.hint)
    assert message in caught.value.message


async def test_a_path_of_just_the_right_length(runner: Runner, folder: Path) -> None:
    """The longest that is allowed works."""
    path = folder / ("x" * (103 - len(str(folder)) - 1))
    async with serving(runner, path), asking(path) as ask:
        assert await ask("status")


GARBAGE = {
    "no JSON": b"GET / HTTP/1.1\r\n",
    "no object": b"[1, 2]\n",
    "a number": b"1\n",
    "binary": bytes(range(128, 256)) + b"\n",
    "brackets": b"[" * 100_000 + b"\n",
    "an empty line": b"\n",
    "a line of 5 MiB": b"x" * (5 * 1024 * 1024) + b"\n",
    "a message of 5 MiB": encode({"id": 1, "call": "status", "args": {"x": "y" * (5 * 1024 * 1024)}}),
    "5 MiB without an end": b"x" * (5 * 1024 * 1024),
    "a text that cannot be sent back": b'{"id": "\\ud800", "call": "status"}\n',
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_what_is_no_message_ends_its_own_connection(ask: Asking, path: Path, name: str) -> None:
    """Garbage and lines over the limit close the connection that they came by, and nothing else."""
    unhandled: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context["message"]))
    async with asking(path) as other:
        with contextlib.suppress(ConnectionError):
            other.writer.write(GARBAGE[name])
            await other.writer.drain()
        assert await other.closed()
    assert await ask("status")
    gc.collect()
    assert [] == unhandled


@pytest.mark.parametrize("sent", [b"", b'{"id": 1, "call": "st', b'{"id": 1, "call": "status"}'])
async def test_half_a_line(ask: Asking, runner: Runner, path: Path, sent: bytes) -> None:
    """A client that leaves in the middle of a word has asked for nothing."""
    async with asking(path) as other:
        other.writer.write(sent)
        await other.writer.drain()
    assert await ask("status")


async def test_several_requests_at_once(ask: Asking) -> None:
    """Requests that come in one go are answered one after the other, each by its id."""
    ask.writer.write(b"".join(encode({"id": n, "call": "status"}) for n in ("a", 2, None)))
    answers = [await ask.line() for _ in range(3)]
    assert [b'{"id":"a","ok"', b'{"id":2,"ok":{', b'{"id":null,"ok'] == [line[:14] for line in answers]


async def test_fifty_idle_clients(runner: Runner, folder: Path) -> None:
    """Clients that say nothing are in nobody's way; the end does not wait for them, and is seen by them."""
    async with contextlib.AsyncExitStack() as stack:
        async with serving(runner, folder / "s"):
            idle = [await stack.enter_async_context(asking(folder / "s")) for _ in range(50)]
            async with asking(folder / "s") as ask:
                assert await ask("status")
        assert [True] * 50 == [await client.closed() for client in idle]
        await until(lambda: conversations() == 0, "every conversation is over")


async def test_a_client_that_never_reads(runner: Runner, folder: Path) -> None:
    """A client that asks and never takes its answers waits alone, and the end does not wait for it."""
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setblocking(False)
        async with serving(runner, folder / "s"), asking(folder / "s") as ask:
            await ask("apply", PROFILE)
            await asyncio.get_running_loop().sock_connect(deaf, str(folder / "s"))
            await fill(deaf, encode({"id": 1, "call": "status"}))
            assert await ask("status")
            await ask("restart", path="input")
            await until(lambda: runner.status().units[0].restarts == 1, "the restart")
        await until(lambda: conversations() == 0, "every conversation is over")


def conversations() -> int:
    """How many connections the server is still busy with."""
    return sum("converse" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def fill(deaf: socket.socket, request: bytes) -> None:
    """Ask until the runner takes nothing more for long, as all its buffers are full of answers."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.5):
                await loop.sock_sendall(deaf, request * 100)


async def test_a_fault_of_ours_is_an_answer(
    ask: Asking, runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected fault in a call is answered with its kind, never its text, and the runner goes on."""

    def broken() -> Status:
        raise RuntimeError("canary")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "status", broken)
        with pytest.raises(RefusedError) as caught:
            await ask("status")
    assert ("unexpected fault: RuntimeError", ExitCode.UNEXPECTED) == (
        caught.value.message,
        caught.value.code,
    )
    assert await ask("status")
