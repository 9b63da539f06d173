"""`spiritstream run` as a person meets it: its exit codes, its words, its signals, and every kind of edit."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.seal import seal
from spiritstream.model.lifecycle import State
from spiritstream.model.status import UnitStatus
from spiritstream.secret import Secret
from tests.live import sinks
from tests.live.arrivals import Connection
from tests.live.chunks import Amf, Type
from tests.live.media import MediaLibrary
from tests.live.processes import alive, until
from tests.live.running import running
from tests.live.sinks import RtmpSink

KEYS = {"KEY_A": "canary-a", **{f"KEY_B{n}": f"canary-b{n}" for n in range(10)}}
UNITS = 4  # the input, a group, two targets


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Path(name)


@pytest.fixture
def farewells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of those publishers that ended their stream in order, instead of just going away."""
    said: list[str] = []
    command = sinks._Peer._command

    def noted(peer: sinks._Peer, values: list[Amf]) -> None:
        if values and values[0] == "deleteStream":
            said.append(peer.connection.stream)
        command(peer, values)

    monkeypatch.setattr(sinks._Peer, "_command", noted)
    return said


async def said_farewell(farewells: list[str]) -> None:
    """Both targets of a show ended their streams in order; what they said may still be on its way to us."""
    await until(lambda: {"canary-a", "canary-b0"} == set(farewells), "both ended in order")


Text = Callable[..., str]


@pytest.fixture
def text(sink: RtmpSink, media: MediaLibrary) -> Text:
    """A profile with targets `a` and `b`, whose key is the n-th."""

    def make(b: int = 0, *, name: str = "show", loop: bool = True, enabled: bool = True) -> str:
        # Long enough to have one child all the time, or short enough to be waited for.
        file = media.h264(60, 300, size="320x180") if loop else media.h264(4)
        return (
            f"version: 1\nname: {name}\nenabled: {str(enabled).lower()}\n"
            f'input: {{files: {{paths: ["{file}"], loop: {str(loop).lower()}}}}}\n'
            "groups:\n"
            "  source:\n"
            "    targets:\n"
            f'      a: {{url: "{sink.url()}", key: {{env: KEY_A}}}}\n'
            f'      b: {{url: "{sink.url()}", key: {{env: KEY_B{b}}}}}\n'
        )

    return make


def pids(units: dict[str, UnitStatus]) -> dict[str, int | None]:
    """The processes by unit."""
    return {name: unit.pid for name, unit in units.items()}


async def published(sink: RtmpSink, key: str) -> Connection:
    """The one connection that came with a key, once it brings media."""

    def found() -> list[Connection]:
        return [c for c in sink.connections if c.stream == key and c.media_count]

    await until(lambda: bool(found()), f"media with the key of {key.removeprefix('canary-')}", 20)
    (connection,) = found()
    return connection


def assert_unbroken(sink: RtmpSink) -> None:
    """Target `a` kept its one connection, and its clock only rose, without a hole."""
    (connection,) = [c for c in sink.connections if c.stream == "canary-a"]
    times = [frame.timestamp_ms for frame in connection.frames(Type.VIDEO)]
    assert all(0 < after - before <= 120 for before, after in itertools.pairwise(times))


# How it ends before it begins.

ME, OTHER = Identity.create(), Identity.create()
HEAD = "version: 1\nname: show\ninput: {test: {}}\n"
TARGET = HEAD + 'groups:\n  g:\n    targets:\n      t: {url: "rtmp://a.example/x", key: %s}\n'


def sealed(identity: Identity = ME, destination: str = "a.example") -> str:
    """A key that is sealed."""
    return seal(identity.recipient, destination, "key", Secret("canary-sealed"))


def tampered() -> str:
    """One whose last characters are others."""
    text = sealed()
    return text[:-3] + ("AAA" if text[-3:] != "AAA" else "BBB")


# The profile, the exit code, and what stderr says after the profile's path.
REFUSALS: dict[str, tuple[Callable[[], str], int, str]] = {
    "invalid": (
        lambda: "version: 1\nname: show\ninput: {test: {fsp: 30}}\n",
        4,
        ":3:16: input.test: unknown key 'fsp'\n  hint: did you mean 'fps'?",
    ),
    "not YAML": (lambda: "a: [", 4, ":1:"),
    "empty": (lambda: "", 4, ":1:1: "),
    "clear text": (lambda: TARGET % "canary-clear", 4, ":7:43: groups.g.targets.t.key: a secret stands here"),
    "no such variable": (lambda: TARGET % "{env: NONE}", 5, ":7:43: groups.g.targets.t.key: the environment"),
    "sealed for another identity": (lambda: TARGET % sealed(OTHER), 5, ":7:43: groups.g.targets.t.key: "),
    "tampered with": (lambda: TARGET % tampered(), 6, ":7:43: groups.g.targets.t.key: "),
    "moved": (
        lambda: TARGET % sealed(destination="b.example"),
        6,
        ":7:43: groups.g.targets.t.key: sealed for b.example, but here its key would go to a.example",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_profile_that_cannot_run(folder: Path, any_ffmpeg: str, name: str) -> None:
    """What is wrong is said with its place and what to do, the exit code says who must act, and no more."""
    text, code, said = REFUSALS[name]
    save_identity(ME, folder / "identity")
    path = folder / "p.yaml"
    path.write_text(text())
    async with running(
        path, "--identity", folder / "identity", "--ffmpeg", any_ffmpeg, folder=folder
    ) as show:
        assert code == await show.ended()
    assert f"{path}{said}" in show.said
    assert "  hint: " in show.said
    assert_clean(show.said)
    assert not show.socket.exists()


def assert_clean(said: str) -> None:
    """No traceback, no warning of Python's, and no secret."""
    for word in ("Traceback", "Warning", "Exception ignored", "canary", 'File "'):
        assert word not in said


async def test_no_profile(folder: Path, any_ffmpeg: str) -> None:
    """A file that is not there is said to be."""
    async with running("none.yaml", "--ffmpeg", any_ffmpeg, folder=folder) as show:
        assert 4 == await show.ended()
    assert ["none.yaml:1:1: cannot be read: no such file or directory"] == show.lines


async def test_no_identity(folder: Path, any_ffmpeg: str) -> None:
    """Without an identity it is said where it was looked for, and how to make one."""
    (folder / "p.yaml").write_text(TARGET % sealed())
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder) as show:
        assert 5 == await show.ended()
    assert "p.yaml:7:43: groups.g.targets.t.key: no identity: there is no " in show.said
    assert "--identity" in show.said
    assert_clean(show.said)


async def test_no_ffmpeg(folder: Path) -> None:
    """With no ffmpeg anywhere, it is said how to get one."""
    (folder / "imageio_ffmpeg.py").write_text("raise ImportError\n")
    (folder / "p.yaml").write_text("version: 1\nname: show\ninput: {test: {}}\n")
    python = os.pathsep.join((str(folder), *map(str, [Path(sinks.__file__).parents[2] / "runner"])))
    hidden = {"PATH": str(folder), "PYTHONPATH": python}
    async with running("p.yaml", folder=folder, variables=hidden) as show:
        assert 1 == await show.ended()
    assert [
        "spiritstream: no ffmpeg is on PATH, and none is embedded",
        "  hint: apt install ffmpeg, or: pip install 'spiritstream[ffmpeg]'",
    ] == show.lines


async def test_a_profile_and_an_ffmpeg_that_are_wrong(folder: Path) -> None:
    """With both, the profile's mistakes are said, and nothing else."""
    (folder / "p.yaml").write_text("version: 2\n")
    async with running("p.yaml", "--ffmpeg", "/no/such", folder=folder) as show:
        assert 4 == await show.ended()
    assert show.lines[0].startswith("p.yaml:1:")
    assert_clean(show.said)
    assert "/no/such" not in show.said


async def test_nothing_is_enabled(folder: Path, any_ffmpeg: str, text: Text) -> None:
    """A disabled profile is nothing to do: one line, exit code 0, no child, no socket left."""
    (folder / "p.yaml").write_text(text(enabled=False))
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, variables=KEYS) as show:
        assert 0 == await show.ended()
    (line,) = show.lines
    assert line.endswith(" warning nothing is enabled in this profile: nothing runs")
    assert not show.socket.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ended_before_it_begins(folder: Path, any_ffmpeg: str, number: signal.Signals) -> None:
    """A profile on a disk that hangs keeps nobody from ending it, by ctrl-C neither: quietly, for good."""
    os.mkfifo(folder / "p.yaml")
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, start_new_session=True) as show:
        writers: list[int] = []

        def is_read() -> bool:
            with contextlib.suppress(OSError):
                writers.append(os.open(folder / "p.yaml", os.O_WRONLY | os.O_NONBLOCK))
            return bool(writers)

        await until(is_read, "somebody who reads the profile")
        # A terminal's ctrl-C goes to the whole process group.
        os.killpg(show.process.pid, number)
        assert 0 == await show.ended()
    os.close(*writers)
    assert [] == show.lines


async def test_a_log_that_nobody_reads(folder: Path, any_ffmpeg: str, text: Text, sink: RtmpSink) -> None:
    """`spiritstream run ... 2>&1 | head`: when the reader has left, the show goes on all the same."""
    (folder / "p.yaml").write_text(text())
    read, write = os.pipe()
    os.close(read)
    options = {"stdout": write, "stderr": write}
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, variables=KEYS, **options) as show:
        os.close(write)
        await show.live(UNITS)
        show.signal(signal.SIGTERM)
        assert 0 == await show.ended()


# How it ends.


async def test_a_playlist_ends_by_itself(
    folder: Path, any_ffmpeg: str, text: Text, sink: RtmpSink, farewells: list[str]
) -> None:
    """Without a loop the show is over after the last file: all of it is out, and that is success."""
    (folder / "p.yaml").write_text(text(loop=False))
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, variables=KEYS) as show:
        assert 0 == await show.ended()
    await said_farewell(farewells)
    for connection in sink.connections:
        frames = connection.frames(Type.VIDEO)
        assert frames[-1].timestamp_ms - frames[0].timestamp_ms > 3800  # of 4 s
    assert_clean(show.said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it(
    folder: Path, any_ffmpeg: str, text: Text, farewells: list[str], number: signal.Signals
) -> None:
    """SIGTERM and ctrl-C end it in order and in time: platforms are told, exit code 0, nothing is left."""
    (folder / "p.yaml").write_text(text())
    async with running("p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, variables=KEYS) as show:
        units = await show.live(UNITS)
        show.signal(number)
        assert 0 == await show.ended()
    await said_farewell(farewells)
    assert [] == [pid for pid in pids(units).values() if pid and alive(pid)]
    assert not show.socket.exists()
    assert_clean(show.said)


async def test_stopped_by_its_socket_and_killed(
    folder: Path, any_ffmpeg: str, text: Text, farewells: list[str]
) -> None:
    """One show has one runner: a second is refused with 75. After kill -9 no ffmpeg is left, and the next
    runner takes the dead one's socket; `stop` ends that one in order.
    """
    (folder / "p.yaml").write_text(text())
    start = ("p.yaml", "--ffmpeg", any_ffmpeg)
    async with running(*start, folder=folder, variables=KEYS) as first:
        units = await first.live(UNITS)
        async with running(*start, folder=folder, variables=KEYS) as second:
            assert 75 == await second.ended()
        assert f"spiritstream: 'show' has a runner already, pid {first.process.pid} (" in second.lines[0]
        assert second.lines[1].startswith("  hint: ")
        assert pids(units) == pids(await first.live(UNITS))
        first.process.kill()
        await first.ended()
        await until(lambda: not any(pid and alive(pid) for pid in pids(units).values()), "no child left", 5)
    assert first.socket.is_socket()
    # A sender whose pipe ends a moment before the kernel takes it along may have said goodbye.
    farewells.clear()
    async with running(*start, folder=folder, variables=KEYS) as third:
        await third.live(UNITS)
        assert {} == await third.ask("stop")
        assert 0 == await third.ended()
    await said_farewell(farewells)


# How it is changed.


async def test_hangup(folder: Path, any_ffmpeg: str, text: Text, sink: RtmpSink) -> None:
    """SIGHUP reads the file again and does what changed, no more; a file that is wrong changes nothing."""
    path = folder / "p.yaml"
    path.write_text(text())
    async with running(path, "-v", "--ffmpeg", any_ffmpeg, folder=folder, variables=KEYS) as show:
        before = pids(await show.live(UNITS))
        assert None not in (before["input"], before["a"], before["b"])

        async def hang_up(*expected: str) -> None:
            count = len(show.lines)
            show.signal(signal.SIGHUP)
            await show.says(*expected, after=count)

        # Unchanged, and in other words.
        await hang_up("info the file was read again: no change")
        path.write_text("# the same\n" + text().replace("\n", "\n\n"))
        await hang_up("info the file was read again: no change")

        # One target's key.
        path.write_text(text(1))
        await hang_up(f"restart groups.source.targets.b: address.key changed (ends pid {before['b']})")
        await published(sink, "canary-b1")
        after = pids(await show.live(UNITS))
        assert {"b"} == {name for name in before if before[name] != after[name]}

        # Mistakes: each is said in the log and in the status, and everything runs on.
        for wrong, *said in (
            (text(2).replace("groups:", "grups:"), "5:1: unknown key 'grups'", "did you mean 'groups'?"),
            (text(2)[:-20], f"{path}:9:"),
            ("", f"{path}:1:1: "),
            (text(2, name="other"), "the profile's name changed", "start it anew under the new name"),
            (text(2).replace("KEY_B2", "NONE"), "the environment variable NONE is not set"),
        ):
            path.write_text(wrong)
            await hang_up("error the change was not applied; what ran runs on")
            error = (await show.status()).error
            assert [] == [part for part in said if part not in error or part not in show.said]
            assert after == pids(await show.live(UNITS))
        path.unlink()
        await hang_up("error the change was not applied")
        assert "cannot be read: no such file or directory" in (await show.status()).error

        # Mended.
        path.write_text(text(1))
        await hang_up("no change")
        assert "" == (await show.status()).error
        assert after == pids(await show.live(UNITS))

        # A target goes and comes; all go, and the runner waits for what comes.
        path.write_text(text(1).rpartition("      b:")[0])
        await hang_up("stop groups.source.targets.b: removed")
        await show.live(UNITS - 1)
        path.write_text(text(2))
        await hang_up("start groups.source.targets.b: wanted and not running")
        await published(sink, "canary-b2")
        assert after["a"] == pids(await show.live(UNITS))["a"]
        assert_unbroken(sink)
        path.write_text(text(2, enabled=False))
        await hang_up("stop input: the profile is disabled")
        await show.is_so(lambda status: not status.units)
        path.write_text(text(3))
        await hang_up("start input: wanted and not running")
        await show.live(UNITS)
        show.signal(signal.SIGTERM)
        assert 0 == await show.ended()
    assert_clean(show.said)
    assert " debug groups.source.targets.a: " in show.said  # -v: what ffmpeg says, without its keys
    assert not any(line.startswith(("{", "\x1b")) for line in show.lines)


def swap(path: Path, text: str, n: int) -> None:
    """As Kubernetes updates a mounted ConfigMap."""
    folder = path.parent
    (folder / f"..{n}").mkdir()
    (folder / f"..{n}" / path.name).write_text(text)
    (folder / "..data_tmp").symlink_to(f"..{n}")
    (folder / "..data_tmp").replace(folder / "..data")
    if not path.is_symlink():
        path.symlink_to(f"..data/{path.name}")


def rename(path: Path, text: str, n: int) -> None:
    """As editors save."""
    part = path.with_name("part")
    part.write_text(text)
    part.replace(path)


def write(path: Path, text: str, n: int) -> None:
    """In place."""
    path.write_text(text)


def sed(path: Path, text: str, n: int) -> None:
    """The real `sed -i`."""
    subprocess.run(["sed", "-i", f"s/KEY_B[0-9]/KEY_B{n}/", path], check=True)


def delete_and_create(path: Path, text: str, n: int) -> None:
    """Gone, and back."""
    path.unlink()
    path.write_text(text)


def tear(path: Path, text: str) -> None:
    """Half of it first: a valid profile with one target less. The whole follows within 0.1 s."""
    path.write_text(text.rpartition("      b:")[0])
    time.sleep(0.08)
    path.write_text(text)


async def test_watch(folder: Path, any_ffmpeg: str, text: Text, sink: RtmpSink) -> None:
    """With --watch every edit is applied, however it is made, and touches what it changes and no more; with
    --log json every line is an object.
    """
    (folder / "profiles").mkdir()
    path = folder / "profiles" / "p.yaml"
    swap(path, text(), 0)
    options = ("--watch", "--log", "json", "--ffmpeg", any_ffmpeg)
    async with running("profiles/p.yaml", *options, folder=folder, variables=KEYS) as show:
        before = pids(await show.live(UNITS))
        for n, edit in enumerate((swap, swap, rename, write, sed, delete_and_create), 1):
            edit(path, text(n), n)
            await published(sink, f"canary-b{n}")
            after = pids(await show.live(UNITS))
            assert {"b"} == {name for name in before if before[name] != after[name]}, edit.__name__
            before = after
        # Torn, and the same as before in the end: nothing happens. Torn, and another in the end: just that.
        tear(path, text(6))
        tear(path, text(7))
        await published(sink, "canary-b7")
        await show.live(UNITS)
        # A mistake is said and changes nothing; the next edit mends it.
        path.write_text(text(8) + "more: true\n")
        status = await show.is_so(lambda status: bool(status.error))
        assert "unknown key 'more'" in status.error
        assert all(unit.state is State.LIVE for unit in status.units)
        rename(path, text(8), 8)
        await published(sink, "canary-b8")
        await show.is_so(lambda status: not status.error)
        await show.live(UNITS)
        show.signal(signal.SIGTERM)
        assert 0 == await show.ended()
    assert_unbroken(sink)
    assert {"canary-a", *(f"canary-b{n}" for n in range(9))} == {c.stream for c in sink.connections}
    entries = [json.loads(line) for line in show.lines]
    assert [{"time", "level", "path", "message"}] * len(entries) == [entry.keys() for entry in entries]
    changes = [
        e["message"].partition(":")[0] for e in entries if e["message"].startswith(("stop ", "restart "))
    ]
    assert ["restart groups.source.targets.b"] * 8 == changes
    assert_clean(show.said)


async def test_watch_waits_for_what_is_enabled(
    folder: Path, any_ffmpeg: str, text: Text, sink: RtmpSink
) -> None:
    """With --watch a disabled profile is waited for, and a folder that is deleted stops nothing."""
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / "p.yaml").write_text(text(enabled=False))
    options = ("--watch", "--ffmpeg", any_ffmpeg)
    async with running(profiles / "p.yaml", *options, folder=folder, variables=KEYS) as show:
        await show.says("nothing is enabled in this profile: nothing runs")
        (profiles / "p.yaml").write_text(text())
        await show.live(UNITS)
        shutil.rmtree(profiles)
        assert await show.status()
        show.signal(signal.SIGINT)
        assert 0 == await show.ended()
    assert_clean(show.said)


# On a terminal.


class Terminal:
    """A terminal of its own, with what is written to it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("4H", 30, 120, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self._data = bytearray()
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self._data += os.read(self.ours, 65536)

    @property
    def shown(self) -> str:
        """Everything that was written, with what steers the terminal."""
        return self._data.decode(errors="replace")

    def take(self) -> None:
        """In the child: make it the controlling terminal, so that ctrl-C is a signal."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def close(self) -> None:
        """Let go."""
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        os.close(self.theirs)


async def test_on_a_terminal(folder: Path, any_ffmpeg: str, text: Text, farewells: list[str]) -> None:
    """On a terminal the table is drawn; ctrl-C ends the show in order, and the terminal is as it was."""
    (folder / "p.yaml").write_text(text())
    terminal = Terminal()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.theirs)
    options = {"preexec_fn": terminal.take, "start_new_session": True, **streams}
    variables = {**KEYS, "TERM": "xterm-256color"}
    try:
        async with running(
            "p.yaml", "--ffmpeg", any_ffmpeg, folder=folder, variables=variables, **options
        ) as show:
            await show.live(UNITS)
            await until(lambda: terminal.shown.count("live") >= UNITS, "a table of what is live")
            words = ("state", "kbit/s", "input", "source", "show")
            await until(lambda: all(word in terminal.shown for word in words), "every column and unit")
            os.write(terminal.ours, b"\x03")
            assert 0 == await show.ended()
        await until(lambda: terminal.shown.count("\x1b[?25h") > 0, "the cursor")
        assert terminal.shown.rindex("\x1b[?25h") > terminal.shown.rindex("\x1b[?25l")
        assert terminal.shown.count("\x1b[?1049h") == terminal.shown.count("\x1b[?1049l")
        assert terminal.before == termios.tcgetattr(terminal.theirs)
        assert_clean(terminal.shown)
    finally:
        terminal.close()
    await said_farewell(farewells)
