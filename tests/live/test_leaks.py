"""A key is seen by its platform and by nobody else: a show with canary keys, and all that it leaves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import io
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from spiritstream.cli.opening import open_profile
from spiritstream.journal import open_journal
from spiritstream.model.lifecycle import State
from spiritstream.model.status import UnitStatus
from spiritstream.run.runner import Runner
from spiritstream.run.server import serve
from spiritstream.run.target import TargetUnit
from spiritstream.secret import Secret
from spiritstream.wire import encode, to_data
from tests.live.canaries import Canary, files_below, leaks
from tests.live.conftest import NginxMaker
from tests.live.media import MediaLibrary, ffmpeg_running, publishing
from tests.live.ports import free_port, refused_port
from tests.live.processes import kill
from tests.live.program import Home, Program, Said, call, running
from tests.live.shows import files, happens, on_air, passthrough, profile, target, tools
from tests.live.sinks import RtmpSink, rtmp_sink

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Where a program runs; its socket's path must be short."""
    return Home(tmp_path_factory.mktemp("l"))


def test_canaries_are_found() -> None:
    """In each spelling, also in part; and nothing else is."""
    canary = Canary("one", before='pä"/+', after=" &%")
    for content in (
        canary.text.encode(),
        canary.core[:12].encode(),
        json.dumps(canary.text).encode(),
        repr(canary.text.encode()).encode(),
        *(base64.b64encode(b"user:"[:n] + canary.text.encode()) for n in range(6)),
        canary.text.encode().hex().encode(),
    ):
        assert leaks({"there": b"before " + content + b" after"}, [canary])
    assert [] == leaks({"there": Canary("other").text.encode()}, [canary])


# --- A whole show


@contextlib.asynccontextmanager
async def http_source(film: Path, user: str, password: Canary) -> AsyncIterator[str]:
    """A server that plays a film to whoever knows the password."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password.text}".encode()).decode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if f"Authorization: {wanted}" in head:
                writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + film.read_bytes())
            else:
                writer.write(b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="film"\r\n\r\n')
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/film.ts"
    finally:
        # Not `async with`: from 3.12 on that waits for connections, too.
        server.close()


class Keys:
    """One canary for each place where a key can stand."""

    def __init__(self) -> None:
        self.pulled = Canary("the pulled stream's name", before="in_")
        self.password = Canary("the input's password", before="p@ss/", after=":é?")
        self.sealed = Canary("a sealed key", before="live_", after="?bandwidth=1&x=%2Fy")
        self.awkward = Canary("a sealed key with spaces and quotes", before="a b'\"\\", after=" ü")
        self.variable = Canary("a variable's key", before="env-")
        self.file = Canary("a file's key", before="file-", after="+/=")
        self.picky = Canary("a refused key", before="bad-")
        self.nobody = Canary("a key for nobody", before="no-")
        self.stream_id = Canary("an SRT stream id", before="#!::r=", after=",m=publish")
        self.passphrase = Canary("an SRT passphrase", before="srt ", after="&x=1")

    def all(self) -> list[Canary]:
        """Every one."""
        return list(vars(self).values())


def quoted(canary: Canary) -> str:
    """A key as a YAML scalar."""
    return json.dumps(canary.text, ensure_ascii=False)


def pulled(url: str, **leaves: str) -> str:
    """An input that is pulled."""
    return (
        f"  pull: {{url: {json.dumps(url)}{''.join(f', {name}: {text}' for name, text in leaves.items())}}}"
    )


SHOW = """\
version: 1
name: canaries
input:
{input}
groups:
  source:
    targets:
      sealed: {{url: "{sink}", key: {sealed}}}
      awkward: {{url: "{sink}", key: {awkward}}}
      variable: {{url: "{sink}", key: {{env: CANARY_KEY}}}}
      file: {{url: "{sink}", key: {{file: key.txt}}}}
      picky: {{url: "{picky_url}", key: {picky}}}
      nobody: {{url: "{nobody_url}", key: {nobody}}}
      relay: {{url: "{relay}", key: {stream_id}, passphrase: {passphrase}}}
      tape: {{record: "tape.mkv"}}
  small:
    video: {{codec: h264, encoder: auto, size: 320x180, bitrate: 400k, preset: ultrafast}}
    audio: {{codec: aac}}
    targets:
      encoded: {{record: "small.mkv"}}
"""
SENDERS = ("sealed", "awkward", "variable", "file", "relay", "tape", "encoded")
CARRIED = ("input", "small", *SENDERS)


class Stage:
    """The show, and what is around it."""

    def __init__(self, home: Home, keys: Keys, program: Program, text: str) -> None:
        self.home = home
        self.keys = keys
        self.program = program
        self.text = text
        self.path = home.work / "show.yaml"
        self.seen: dict[str, bytes] = {}

    async def look(self, when: str) -> None:
        """At every process, once all that can be live is, and at all that the runner answers."""
        units = await self.program.live(*CARRIED)
        for process in self.program.children():
            about = f"{process.name} ({next((u.path for u in units if u.pid == process.pid), 'no unit')})"
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                self.seen[f"the environment of {about} {when}"] = proc(process.pid, "environ")
                # Before it has opened its URL, ffmpeg needs it: one that fails never gets beyond.
                if any(unit.pid == process.pid for unit in units):
                    self.seen[f"the command line of {about} {when}"] = proc(process.pid, "cmdline")
        assert len(CARRIED) <= sum("command line of ffmpeg" in place and when in place for place in self.seen)
        self.seen[f"the runner's command line {when}"] = proc(self.program.pid, "cmdline")
        opened = to_data(await open_profile(self.path))
        for call_, args in (("status", {}), ("plan", {"profile": opened}), ("restart", {"path": "nothing"})):
            self.seen[f"the answer to {call_} {when}"] = await self.program.ask(call_, **args)

    def found(self) -> list[str]:
        """The keys that were seen where they should not be, and forget what was seen."""
        seen, self.seen = self.seen, {}
        return leaks(seen, self.keys.all())

    async def edit(self, text: str) -> None:
        """Another text for the profile, sealed, and read by the runner."""
        fresh = self.path.with_name("next.yaml")
        fresh.write_text(text)
        assert 0 == (await call(self.home, "seal", fresh)).code
        fresh.rename(self.path)
        self.program.signal(signal.SIGHUP)


def proc(pid: int, what: str) -> bytes:
    """One of a process's files."""
    return Path(f"/proc/{pid}/{what}").read_bytes()


@pytest.fixture
async def picky() -> AsyncIterator[RtmpSink]:
    """A platform that takes no key."""
    async with rtmp_sink(refuse_publish=True) as running:
        yield running


@linux
@pytest.mark.timeout(120)
async def test_a_whole_show_leaks_no_key(
    home: Home,
    sink: RtmpSink,
    picky: RtmpSink,
    make_nginx: NginxMaker,
    ffmpeg_path: str,
    embedded_ffmpeg: str,
    media: MediaLibrary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sealed keys, a variable's, a file's, an input's, SRT's: live, refused, restarted, edited and ended."""
    keys = Keys()
    home.extra["CANARY_KEY"] = keys.variable.text
    (home.work / "key.txt").write_text(keys.file.text + "\n")
    srt_port = free_port()
    listener = (
        *("-i", f"srt://127.0.0.1:{srt_port}?mode=listener&passphrase=srt%20{keys.passphrase.core}%26x%3D1"),
        *("-c", "copy", "-f", "null", "-"),
    )
    async with contextlib.AsyncExitStack() as stack:
        nginx = await stack.enter_async_context(make_nginx(record=False))
        source = publishing(media.h264(6), f"{nginx.url()}/{keys.pulled.text}")
        await stack.enter_async_context(ffmpeg_running(ffmpeg_path, *source))
        await stack.enter_async_context(ffmpeg_running(embedded_ffmpeg, *listener))
        film = media.h264(20, 300, "ts", size="320x180")
        http_url = await stack.enter_async_context(http_source(film, "studio", keys.password))
        dead_port = stack.enter_context(refused_port())
        text = SHOW.format(
            input=pulled(nginx.url(), key=quoted(keys.pulled)),
            sink=sink.url(),
            picky_url=picky.url(),
            nobody_url=f"rtmp://127.0.0.1:{dead_port}/live",
            relay=f"srt://127.0.0.1:{srt_port}",
            **{name: quoted(canary) for name, canary in vars(keys).items()},
        )
        path = home.work / "show.yaml"
        path.write_text(text)
        for command in (("keys", "init"), ("seal", path)):
            said = await call(home, *command)
            assert 0 == said.code, said.err
        for name, value in home.environment.items():
            monkeypatch.setenv(name, value)  # for what this process itself opens below
        options = ("--ffmpeg", ffmpeg_path, "--log", "json", "-v")
        program = await stack.enter_async_context(running(home, path, *options))
        stage = Stage(home, keys, program, text)
        await whole_show(stage, http_url)
        program.signal(signal.SIGTERM)
        assert 0 == await program.ended()
    # Each arrived where it belongs, as it is.
    names = {connection.stream for connection in sink.connections}
    assert {keys.sealed.text, keys.awkward.text, keys.variable.text, keys.file.text} == names
    assert {keys.picky.text} == {connection.stream for connection in picky.connections}
    assert said_enough(program.said())
    assert [] == leaks(files_below(home.folder, home.work / "key.txt"), keys.all())


def is_back(before: int | None, unit: UnitStatus) -> bool:
    """Whether another process is live for a unit."""
    return unit.state is State.LIVE and unit.pid not in (None, before)


async def whole_show(stage: Stage, http_url: str) -> None:
    """What happens in it."""
    program, keys = stage.program, stage.keys
    await stage.look("at first")
    environment = {"the runner's environment": proc(program.pid, "environ")}
    assert [] == leaks(environment, [key for key in keys.all() if key is not keys.variable])
    await program.are(State.FAILED, "picky")
    await program.until("nobody", lambda unit: unit.restarts >= 2)
    assert [] == stage.found()

    (ordered, killed) = await program.live("sealed", "variable")
    await program.ask("restart", path="sealed")
    assert killed.pid is not None
    kill(killed.pid)
    for before in (ordered, killed):
        name = before.path.rpartition(".")[2]
        await program.until(name, partial(is_back, before.pid))
    await stage.look("after a restart")
    assert [] == stage.found()

    before = await program.until("input", lambda unit: unit.pid is not None)
    head, _, rest = stage.text.partition("input:\n")
    login = pulled(http_url, username="studio", password=quoted(keys.password))
    await stage.edit(f"{head}input:\n{login}\n{rest.partition(chr(10))[2]}")
    await program.until("input", lambda u: u.state is State.LIVE and u.destination.startswith("http"))
    await stage.look("after an edit")
    assert [] == stage.found()

    # Clear text where it does not belong: the change is refused, and says so without it.
    good = stage.path.read_text()
    stage.path.write_text(good.replace("groups:", f"groups: {quoted(keys.sealed)}\n{keys.picky.core}: [", 1))
    program.signal(signal.SIGHUP)
    async with asyncio.timeout(20):
        while not (await program.status()).error:
            await asyncio.sleep(0.05)
    stage.path.write_text(good)
    await stage.look("after a bad edit")
    assert [] == stage.found()


def said_enough(log: str) -> bool:
    """Whether the log is one in which a key would be found: children's lines, with URLs, and causes."""
    entries = [json.loads(line) for line in log.splitlines()]
    opened = {
        entry["path"] for entry in entries if "Output #0" in entry["message"] and "***" in entry["message"]
    }
    # The others' keys are given beside the URL: what is in them would end it.
    assert {f"groups.source.targets.{name}" for name in ("sealed", "variable")} <= opened
    assert any("Input #0" in entry["message"] and "***" in entry["message"] for entry in entries)
    return any(entry["path"].endswith("picky") and entry["level"] == "warning" for entry in entries)


# --- Errors


def spoiled(text: str, key: Canary) -> dict[str, str]:
    """Profiles with a key, in clear text, where it does not belong."""
    clear = quoted(key)
    return {
        "clear": text.replace("KEY", clear),
        "quote": text.replace("KEY", f'"{key.core}'),
        "brace": text.replace("KEY", f"{{{key.core}: {key.core}"),
        "unknown": text.replace("key: KEY", f"{key.core}: 1"),
        "name": text.replace("one: {", f"{clear}: {{").replace("KEY", clear),
        "url": text.replace("/live", f"/live?passphrase={key.core}").replace("KEY", "{env: NOTHING}"),
        "user": text.replace("//127", f"//user:{key.core}@127").replace("KEY", "{env: NOTHING}"),
        "list": text.replace("KEY", f"[{clear}, {clear}]"),
        "twice": text.replace("key: KEY", f"key: {clear}, key: {clear}"),
        "tab": text.replace("groups:", f"\tgroups: {key.core}"),
        "anchor": text.replace("KEY", f"&{key.core} *{key.core}"),
        "variable": text.replace("KEY", f"{{env: {key.core}}}"),
        "file": text.replace("KEY", f"{{file: {key.core}}}"),
        "record": text.replace("KEY", f"{clear}, record: {key.core}"),
    }


ONE = """\
version: 1
name: one
input: {test: {}}
groups:
  source:
    targets:
      one: {url: "rtmp://127.0.0.1:9/live", key: KEY}
"""


async def test_no_error_repeats_a_key(home: Home) -> None:
    """A wrong identity, a value that was tampered with or moved, and a key in every wrong place: each has its
    exit code, and none of them shows it, whoever reports it.
    """
    key, other = Canary("the key", before="sk/", after="?x"), home.work / "other.key"
    good = home.work / "good.yaml"
    good.write_text(ONE.replace("KEY", quoted(key)))
    for command in (("keys", "init"), ("keys", "init", "--identity", other), ("seal", good)):
        assert 0 == (await call(home, *command)).code
    sealed = good.read_text()
    (home.work / "tampered.yaml").write_text(sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:])
    (home.work / "moved.yaml").write_text(sealed.replace("127.0.0.1", "127.0.0.2"))
    bad = spoiled(ONE, key)
    for name, text in bad.items():
        (home.work / f"{name}.yaml").write_text(text)
    commands: dict[tuple[object, ...], int] = {
        ("run", "good.yaml", "--identity", other): 5,
        ("run", "tampered.yaml"): 6,
        ("run", "moved.yaml"): 6,
        # The others are read by the same code, which `validate` shows for all.
        **{("run", f"{name}.yaml"): 4 for name in ("clear", "quote", "user", "unknown")},
        ("run", "variable.yaml"): 5,
        ("run", "file.yaml"): 5,
        **{("validate", ".", "--output", form): 4 for form in ("text", "json", "github")},
    }
    said = await all_called(home, list(commands))
    assert commands == {command: one.code for command, one in said.items()}
    assert all(one.out or one.err for one in said.values())
    places = {f"what {command} says": one.out + one.err for command, one in said.items()}
    sealing = await all_called(home, [("seal", f"{name}.yaml") for name in bad if name != "clear"])
    places |= {f"what {command} says": one.out + one.err for command, one in sealing.items()}
    assert [] == leaks(places, [key])


async def all_called(home: Home, commands: list[tuple[object, ...]]) -> dict[tuple[object, ...], Said]:
    """Call them, two at a time."""
    free = asyncio.Semaphore(2)

    async def one(command: tuple[object, ...]) -> Said:
        async with free:
            return await call(home, *command)

    return dict(zip(commands, await asyncio.gather(*map(one, commands)), strict=True))


# --- Faults of ours


@pytest.fixture
def journal(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The log as it is opened by a program, in the form that is asked for."""
    names = ("spiritstream", "asyncio")
    before = {n: (log.handlers[:], log.level, log.propagate) for n in names if (log := logging.getLogger(n))}
    stream = io.StringIO()
    open_journal(request.param, lambda: [Secret(FAULTY.text)], verbose=True, stream=stream)
    yield stream
    for name, (handlers, level, propagate) in before.items():
        log = logging.getLogger(name)
        log.handlers[:], log.propagate = handlers, propagate
        log.setLevel(level)


FAULTY = Canary("the key in a fault", before="a 'b\\", after='"ü')
forms = pytest.mark.parametrize("journal", ["plain", "json"], indirect=True)


def fail() -> None:
    """A fault whose texts hold the key, as it is and as Python writes it."""
    try:
        os.environ[FAULTY.text]
    except KeyError as error:
        raise RuntimeError(f"cannot open rtmp://host/{FAULTY.text}") from error


@forms
async def test_a_fault_in_a_unit_is_logged_without_its_secrets(
    journal: io.StringIO, any_ffmpeg: str, media: MediaLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback is in the log, for whoever mends it; the key in it is not, and the show goes on."""

    async def once(self: TargetUnit) -> None:
        fail()

    monkeypatch.setattr(TargetUnit, "once", once)
    wanted = profile(files(media.h264(4)), passthrough(target("a", "rtmp://host/live", FAULTY.text)))
    async with on_air(wanted, any_ffmpeg) as runner:
        unit = await happens(runner, "a", lambda u: u.cause is not None and u.cause.code == "internal")
        status = encode(to_data(runner.status()))
    assert "unexpected fault: RuntimeError" == (unit.cause and unit.cause.message)
    assert "Traceback" in journal.getvalue()
    assert [] == leaks({"the log": journal.getvalue().encode(), "the status": status}, [FAULTY])


@forms
async def test_a_fault_in_a_call_is_logged_without_its_secrets(
    journal: io.StringIO, home: Home, any_ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked over the socket is told of a fault, and not what is in it."""
    runner = Runner(tools(any_ffmpeg))
    monkeypatch.setattr(runner, "status", fail)
    socket = home.made("s") / "sock"
    async with serve(runner, socket, lambda: None):
        reader, writer = await asyncio.open_unix_connection(str(socket))
        writer.write(encode({"id": 1, "call": "status"}))
        answer = await reader.readline() + await reader.readline()
        writer.close()
    assert b"unexpected fault: RuntimeError" in answer
    assert "Traceback" in journal.getvalue()
    assert [] == leaks({"the log": journal.getvalue().encode(), "the answer": answer}, [FAULTY])


@forms
async def test_a_fault_outside_of_every_unit_is_logged_without_its_secrets(
    journal: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """What asyncio tells of, a callback or a task that nobody waits for, goes to the same log."""

    async def task() -> None:
        fail()

    asyncio.get_running_loop().call_soon(fail)
    lost = asyncio.create_task(task())
    await asyncio.sleep(0.01)
    del lost
    gc.collect()
    assert 2 <= journal.getvalue().count("Traceback")
    printed = "".join(capfd.readouterr())
    assert "Traceback" not in printed
    assert [] == leaks({"the log": journal.getvalue().encode(), "stderr": printed.encode()}, [FAULTY])
