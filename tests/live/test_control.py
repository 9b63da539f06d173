"""The controller on real parts: its processes, its signals, and what a platform sees of it all."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream import __version__
from spiritstream.errors import ExitCode
from tests.live.arrivals import Connection
from tests.live.media import MediaLibrary
from tests.live.processes import alive, kill, until
from tests.live.program import Home, call
from tests.live.served import Served, serving
from tests.live.sinks import RtmpSink, rtmp_sink

KEY = "canary-of-the-controller"
# A hiccup of a busy machine is shorter; a sender that starts anew takes longer, and makes a connection.
GAP_S = 1.5
SMALL = "    video: {codec: h264, encoder: software, size: 320x180, bitrate: 400k, preset: ultrafast}\n"


@pytest.fixture
async def served(any_ffmpeg: str) -> AsyncIterator[Served]:
    """A place for controllers, of a name short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as folder:
        async with serving(Home(Path(folder), {"SHOW_KEY": KEY}), any_ffmpeg) as found:
            yield found


def show(name: str, file: Path, sink: RtmpSink, *targets: str, more: str = "") -> str:
    """A profile's text: a playlist to some streams of one sink."""
    lines = [f'      {one}: {{url: "{sink.url()}/{name}-{one}", key: {{env: SHOW_KEY}}}}' for one in targets]
    head = f"version: 1\nname: {name}\n{more}input: {{files: [{file}]}}\nsender: native\n"
    return head + "groups:\n  source:\n    targets:\n" + "\n".join(lines) + "\n"


async def test_a_folder_is_made_true_and_edits_touch_only_what_they_change(
    served: Served, media: MediaLibrary, sink: RtmpSink
) -> None:
    """An added target goes on air while the first goes on; a broken file changes nothing and is reported."""
    clip = media.h264(seconds=5)
    served.write("a.yaml", show("a", clip, sink, "one"))
    await served.begin()
    await served.live("a", "one")
    served.write("a.yaml", show("a", clip, sink, "one", "two"))
    await served.live("a", "one", "two")
    (runner,) = served.runners().values()
    served.write("a.yaml", show("a", clip, sink, "one", "two", more="nonsense: 1\n"))
    broken = await served.is_so("a", lambda found: not found["valid"])
    assert any("nonsense" in text for text in broken["findings"])
    served.write("a.yaml", show("a", clip, sink, "two"))
    await served.live("a", "two")
    first, second = sink.connections
    assert (True, None) == (first.closed_at is not None, second.closed_at)
    assert {"a": runner} == served.runners()
    served.write("a.yaml", show("a", clip, sink, "two", more="enabled: false\n"))
    await until(lambda: not served.runners(), "with nothing wanted, nothing runs")


async def test_a_killed_controller_loses_no_byte(served: Served, media: MediaLibrary, sink: RtmpSink) -> None:
    """kill -9, a while alone, a new one: one connection, every frame in order, no gap; nothing restarts."""
    served.write("a.yaml", show("a", media.h264(seconds=5), sink, "one"))
    await served.begin()
    await served.live("a", "one")
    before = served.runners()
    await served.kill()
    connection = await sink.wait_media(sink.connections[0].media_count + 60)
    await served.begin()
    found = await served.live("a", "one")
    await sink.wait_media(connection.media_count + 60)
    assert before == served.runners()
    assert 1 == len(sink.connections)
    assert found["revision_wanted"] == found["revision_applied"]
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert times == sorted(times)
    assert max(b - a for a, b in pairwise(times)) <= 100
    assert connection.longest_gap_s() < GAP_S


def goes_on(connection: Connection) -> None:
    """Nothing that was sent on it is missing, nothing came twice, nothing was late."""
    times = [frame.timestamp_ms for frame in connection.frames()]
    assert times == sorted(set(times))
    assert max(b - a for a, b in pairwise(times)) <= 100
    assert connection.longest_gap_s() < GAP_S
    assert connection.closed_at is None


STATE, RUN = "xdg_state_home/spiritstream", "xdg_runtime_dir/spiritstream"


@pytest.mark.timeout(180)
async def test_killed_at_whatever_it_does_it_loses_no_byte(
    served: Served, media: MediaLibrary, sink: RtmpSink
) -> None:
    """A first start, and an edit, by controllers that are each killed one step later: one connection each."""
    clip = media.h264(seconds=5)
    served.write("a.yaml", show("a", clip, sink, "one"))
    for effect in (f"link {RUN}/_controller.sock", f"rename {STATE}/profiles/a.json", "after spawn runner a"):
        assert -signal.SIGKILL == await served.begin_to_die(effect), served.said()
    assert -signal.SIGKILL == await served.begin_to_die("after send apply"), served.said()
    first = await sink.wait_media(30, timeout_s=30)
    runners = served.runners()
    served.write("a.yaml", show("a", clip, sink, "one", "two"))
    for effect in (f"open {STATE}/profiles/.a.json.#.tmp", "send apply", "after send apply"):
        assert -signal.SIGKILL == await served.begin_to_die(effect), served.said()
    second = await sink.wait_media(30, n=2, timeout_s=30)
    await served.begin()
    found = await served.live("a", "one", "two")
    await sink.wait_media(first.media_count + 60)
    assert runners == served.runners()
    assert [first, second] == sink.connections
    assert ("", found["revision_wanted"]) == (found["held"], found["revision_applied"])
    goes_on(first)
    goes_on(second)


NEXT = """\
import spiritstream, spiritstream.wire
spiritstream.__version__ = "99.1"
spiritstream.wire.PROTOCOL += {}
"""


@pytest.mark.parametrize("newer", [0, 1], ids=["same-protocol", "other-protocol"])
async def test_an_upgrade_loses_no_byte(
    served: Served, media: MediaLibrary, sink: RtmpSink, newer: int
) -> None:
    """The next version takes the runner over as it is, and edits it; one that speaks otherwise reports it."""
    clip = media.h264(seconds=5)
    served.write("a.yaml", show("a", clip, sink, "one"))
    await served.begin()
    await served.live("a", "one")
    before = served.runners()
    await served.kill()
    (served.home.made("next") / "sitecustomize.py").write_text(NEXT.format(newer))
    source = served.home.environment["PYTHONPATH"]
    served.home.extra["PYTHONPATH"] = f"{served.home.made('next')}{os.pathsep}{source}"
    await served.begin()
    served.write("a.yaml", show("a", clip, sink, "one", "two"))
    if newer:
        # Only a program of that version can ask it.
        while b"spiritstream restart a" not in (said := await call(served.home, "status", "a")).out:
            assert served.process is not None and served.process.returncode is None, served.said()
        assert __version__.encode() in said.out
    else:
        assert __version__ == (await served.live("a", "one", "two"))["version"]
    connection = await sink.wait_media(sink.connections[0].media_count + 60)
    assert before == served.runners()
    assert 2 - newer == len(sink.connections)
    goes_on(connection)


async def test_an_edit_of_one_show_is_not_seen_at_anothers_platform(
    served: Served, media: MediaLibrary
) -> None:
    """Targets more and less, an encoder, nonsense, off: the other one's stream goes on, unbroken."""
    clip = media.h264(seconds=5)
    async with rtmp_sink() as edited, rtmp_sink() as beside:
        served.write("a.yaml", show("a", clip, edited, "one"))
        served.write("b.yaml", show("b", clip, beside, "one"))
        await served.begin()
        await asyncio.gather(served.live("a", "one"), served.live("b", "one"))
        runner = served.runners()["b"]
        served.write("a.yaml", show("a", clip, edited, "one", "two"))
        await served.live("a", "one", "two")
        served.write("a.yaml", show("a", clip, edited, "two", more="nonsense: 1\n"))
        await served.is_so("a", lambda found: not found["valid"])
        served.write("a.yaml", show("a", clip, edited, "two").replace("  source:\n", f"  source:\n{SMALL}"))
        await served.live("a", "two")
        served.write("a.yaml", show("a", clip, edited, "two", more="enabled: false\n"))
        await until(lambda: "a" not in served.runners(), "the edited show ends", 20)
        connection = await beside.wait_media(beside.connections[0].media_count + 60)
        assert {"b": runner} == served.runners()
        assert [connection] == beside.connections
        goes_on(connection)


async def test_a_controller_that_is_told_to_end_leaves_the_shows(
    served: Served, media: MediaLibrary, sink: RtmpSink
) -> None:
    """SIGTERM ends it with 0, in order; its successor can end everything."""
    served.write("a.yaml", show("a", media.h264(seconds=5), sink, "one"))
    await served.begin()
    await served.live("a", "one")
    assert ExitCode.DONE == await served.kill(signal.SIGTERM)
    assert not (served.runtime / "_controller.sock").exists()
    (runner,) = served.runners().values()
    count = sink.connections[0].media_count
    await sink.wait_media(count + 30)
    process = await served.begin()
    await served.live("a", "one")
    await served.ask("down")
    assert ExitCode.DONE == await asyncio.wait_for(process.wait(), 15)
    assert not alive(runner)
    assert ["FCUnpublish", "deleteStream"] == sink.connections[0].goodbyes


async def test_a_killed_runner_is_back_and_its_neighbour_notices_nothing(
    served: Served, media: MediaLibrary
) -> None:
    """kill -9 of one show's runner: a new one with the same profile; the other show streams on."""
    clip = media.h264(seconds=5)
    async with rtmp_sink() as hit, rtmp_sink() as beside:
        served.write("a.yaml", show("a", clip, hit, "one"))
        served.write("b.yaml", show("b", clip, beside, "one"))
        await served.begin()
        await asyncio.gather(served.live("a", "one"), served.live("b", "one"))
        old = served.runners()
        kill(old["a"])
        await hit.wait_media(30, n=2)
        new = served.runners()
        assert (True, True) == (old["a"] != new["a"], old["b"] == new["b"])
        assert 1 == len(beside.connections)
        assert beside.connections[0].longest_gap_s() < GAP_S


async def test_two_controllers_cannot_run(served: Served) -> None:
    """The second one says so, with 75, and does the first no harm."""
    await served.begin()
    await served.ask("look")
    said = await call(served.home, "serve", "--profiles", served.profiles)
    assert ExitCode.BUSY == said.code
    assert b"runs already" in said.err
    await served.ask("status")


async def test_what_it_leaves_on_disk_is_for_nobody_else(
    served: Served, media: MediaLibrary, sink: RtmpSink
) -> None:
    """Folders 0700, files and sockets 0600; the key is in no file, no log and no command line."""
    served.write("a.yaml", show("a", media.h264(seconds=5), sink, "one"))
    await served.begin()
    await served.live("a", "one")
    state = Path(served.home.environment["XDG_STATE_HOME"]) / "spiritstream"
    found = [state, served.runtime, *state.rglob("*"), *served.runtime.rglob("*")]
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in found}
    assert {} == {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    files = [path for path in [*state.rglob("*"), served.log] if path.is_file()]
    assert [] == [path for path in files if KEY.encode() in path.read_bytes()]
    (runner,) = served.runners().values()
    seen = Path(f"/proc/{runner}/cmdline").read_bytes() + Path(f"/proc/{runner}/environ").read_bytes()
    assert KEY.encode() not in seen
    assert KEY not in str(await served.ask("status"))
    assert os.getuid() == (served.runtime / "a.sock").stat().st_uid
